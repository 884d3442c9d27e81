/**
 * How a Node is started that waits for months: compiled code and wide spaces for the young cost it more memory than they save it time. `--no-opt` and
 * its like can be said to a Node that runs, the space for the young and the one heap that all threads share cannot.
 */
export const THRIFT: readonly string[] = [
  '--optimize-for-size',
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  '--max-semi-space-size=1',
  '--bytecode-old-age=1',
  '--expose-gc',
];

/** Gives back what is not needed any more, in some 50 ms, such as what only a start needs; without those flags it does nothing. */
export function giveBack(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

export const THRIFTY_MALLOC: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
};
