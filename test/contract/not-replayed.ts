/** An exchange of the recordings that no contract test plays against the sandbox. */
export interface NotReplayed {
  /** Below the recordings: `koji/session.jsonl`. */
  readonly file: string;
  /** Counted from 1, the head of the file being the first; left out, none of the file is played. */
  readonly lines?: readonly number[];
  readonly reason: string;
}

const PAGURE = [
  'cached-merge-status',
  'commits-branches-flags',
  'fork-race',
  'fork-refusals',
  'git-over-http',
  'happy-path',
  'issues',
  'merge-refusals',
  'merge-score-and-after',
  'messages-of-the-flow',
  'pull-request-flags',
  'pull-request-list-paging',
  'pull-request-new-refusals',
  'pull-request-update-close-comment',
  'same-project-and-alias',
  'web-merge-check-and-signoff',
  'worker-down',
] as const;

/** All that is not played, each with its reason: what is not in this list is. */
export const NOT_REPLAYED: readonly NotReplayed[] = [
  {
    file: 'koji/assigned.jsonl',
    lines: [8],
    reason: 'of three builders two had stopped and one went on working',
  },
  { file: 'koji/assigned.jsonl', lines: [17], reason: 'a task whose times a hand wrote into the database' },
  {
    file: 'koji/cli-upload.jsonl',
    lines: [22],
    reason: 'arches that stand in an uploaded source package, of which the recording has the name alone',
  },
  {
    file: 'koji/hosts.jsonl',
    lines: [21],
    reason: 'a builder that logged in and never worked: here builders do not come over the wire',
  },
  {
    file: 'koji/world-setup.jsonl',
    reason: 'how the recorded world was made: the tests make it by calls of their own',
  },
  ...['amqp-tls-login', 'amqp-queue-rules'].map((name) => ({
    file: `messaging/${name}.jsonl`,
    reason: 'a broker: the sandbox has no bus yet',
  })),
  ...PAGURE.map((name) => ({ file: `pagure/${name}.jsonl`, reason: 'a forge: the sandbox has none yet' })),
  { file: 'koji/paging.jsonl', lines: [31], reason: 'what the authors of the hub wrote about a method' },
];

/** Whether a line of a file is to be played. */
export function isReplayed(file: string, line: number): boolean {
  return !NOT_REPLAYED.some(
    (entry) => entry.file === file && (entry.lines === undefined || entry.lines.includes(line)),
  );
}
