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

/** Log-normal around the median (one draw in six is above 1.6 times of it), cut at both ends. */
export function delayOf(delay: Delay, uniform: number): number {
  const spread = 0.47;
  const value = delay.median * Math.exp(spread * normalQuantile(uniform));
  return Math.min(delay.most, Math.max(delay.least, value));
}

/** Acklam's idea in its simplest useful form: the logistic approximation of the normal quantile, good to 0.02 in the middle. */
function normalQuantile(uniform: number): number {
  const p = Math.min(1 - 1e-9, Math.max(1e-9, uniform));
  return Math.log(p / (1 - p)) / 1.702;
}
