import type { WriteStatistics } from '../core/store.ts';

/** Upper bounds of how long a write may have taken; a last bucket takes what is longer. Seconds. */
export const WRITE_BOUNDS = [0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1, 5] as const;

/** Counts how long writes take, from the wait for the database to the commit. */
export interface WriteMeter {
  /** Calls `write`, and counts it where it succeeds. */
  measure<Result>(write: () => Result): Result;
  /** A transaction begins, and calls what it gets when it is committed. */
  begin(): () => void;
  read(): WriteStatistics;
}

/** @param now a clock that never jumps, in milliseconds */
export function writeMeter(now: () => number): WriteMeter {
  const buckets = Array.from({ length: WRITE_BOUNDS.length + 1 }, () => 0);
  let count = 0;
  let sum = 0;

  function begin(): () => void {
    const from = now();
    return () => {
      const seconds = (now() - from) / 1000;
      const at = WRITE_BOUNDS.findIndex((bound) => seconds <= bound);
      const bucket = at === -1 ? WRITE_BOUNDS.length : at;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count += 1;
      sum += seconds;
    };
  }

  return {
    begin,
    measure(write) {
      const done = begin();
      const result = write();
      done();
      return result;
    },
    read: () => ({ bounds: WRITE_BOUNDS, buckets: [...buckets], count, sum }),
  };
}
