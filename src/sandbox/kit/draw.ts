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

/** Share of draws beyond which a wait is cut to `most`: one in a thousand. */
const RARE = 0.999;

/**
 * What people wait for: most waits lie about the median, a few are long, one in a thousand is `most`. Above `least` the logarithms of the
 * waits are spread as those of queues and builds are, in the shape of a bell.
 */
export function delayOf({ least, median, most }: Delay, uniform: number): number {
  const usual = median - least;
  if (usual <= 0) return uniform < 0.5 ? median : median + (most - median) * (2 * uniform - 1) ** 4;
  const spread = Math.log((most - least) / usual) / bellQuantile(RARE);
  return Math.min(most, least + usual * Math.exp(spread * bellQuantile(uniform)));
}

/** Where a share of a standard normal distribution lies below, to three digits (Abramowitz and Stegun 26.2.23). */
function bellQuantile(share: number): number {
  if (share === 0.5) return 0;
  if (share === 0) return Number.NEGATIVE_INFINITY;
  const t = Math.sqrt(-2 * Math.log(Math.max(share < 0.5 ? share : 1 - share, 1e-12)));
  const above =
    t -
    (2.515517 + 0.802853 * t + 0.010328 * t * t) /
      (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
  return share < 0.5 ? -above : above;
}
