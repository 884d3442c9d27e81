/** Where something stands in a file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One mistake in a file that a person wrote. */
export interface FileFault {
  /** As it was named to us; `--set` and its like for what came from the command line. */
  readonly file: string;
  /** From 1; 0 where the source has no lines (an option of the command line). */
  readonly line: number;
  readonly column: number;
  /** `steps[3].with.nvr`; empty for the whole file. */
  readonly path: string;
  /** What is wrong, in words that follow the path: `unknown input`. */
  readonly message: string;
  /** What would have been right, such as ``a duration such as `90s` ``. */
  readonly expected?: string;
  /** The nearest right name. */
  readonly did_you_mean?: string;
}

/** `probes/x.yaml:12:7: steps[3].with.nvrs: unknown input; did you mean "nvr"?` */
export function formatFault(fault: FileFault): string {
  const place = fault.line === 0 ? fault.file : `${fault.file}:${fault.line}:${fault.column}`;
  const path = fault.path === '' ? '' : ` ${fault.path}:`;
  const hint = fault.did_you_mean === undefined ? '' : `; did you mean "${fault.did_you_mean}"?`;
  return `${place}:${path} ${fault.message}${hint}`;
}

/** Everything that is wrong with the files that were read, ordered by file and place; its message is one line for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly FileFault[];

  constructor(faults: readonly FileFault[]) {
    const sorted = faults.toSorted(byPlace);
    super(sorted.map(formatFault).join('\n'));
    this.faults = sorted;
  }
}

function byPlace(a: FileFault, b: FileFault): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
