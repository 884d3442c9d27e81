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
    file: 'clients/fedpkg-1.70-build-scratch-srpm-nowait.json',
    reason: 'makes a source package by rpmbuild, which the stand-in does without',
  },
];

/** Whether a line of a file is to be played. */
export function isReplayed(file: string, line: number): boolean {
  return !NOT_REPLAYED.some(
    (entry) => entry.file === file && (entry.lines === undefined || entry.lines.includes(line)),
  );
}
