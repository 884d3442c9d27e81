import { createHash } from 'node:crypto';

/** A number in [0, 1) that depends on (seed, point, subject) alone, so that a run can be played again. */
export function draw(seed: string, point: string, subject: string): number {
  const digest = createHash('sha256').update(`${seed}\n${point}\n${subject}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** A delay: half of all draws are below `median`, none outside `[least, most]`. Milliseconds of sandbox time. */
export interface Delay {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

/** Half of all draws lie on each side of the median, close to it more often than far from it. */
export function delayOf({ least, median, most }: Delay, uniform: number): number {
  const distance = Math.abs(2 * uniform - 1) ** 1.7;
  return uniform < 0.5 ? median - (median - least) * distance : median + (most - median) * distance;
}
