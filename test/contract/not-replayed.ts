/** An exchange of the recordings that no contract test plays against the sandbox. */
export interface NotReplayed {
  /** Below the recordings: `koji/session.jsonl`. */
  readonly file: string;
  /** Counted from 1, the head of the file being the first; left out, none of the file is played. */
  readonly lines?: readonly number[];
  readonly reason: string;
}

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
  { file: 'koji/paging.jsonl', lines: [31], reason: 'what the authors of the hub wrote about a method' },
];

/** Whether a line of a file is to be played. */
export function isReplayed(file: string, line: number): boolean {
  return !NOT_REPLAYED.some(
    (entry) => entry.file === file && (entry.lines === undefined || entry.lines.includes(line)),
  );
}
