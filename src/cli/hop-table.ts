import { formatDuration } from '../core/duration.ts';
import type { Chain, HopRecord } from '../evidence/hops.ts';
import { table } from './style.ts';

/** `12m 40s ± 30s`: the middle of the interval and half its width; without the width where it is less than a tenth of a second. */
export function intervalText({ shortest_ms, longest_ms }: HopRecord): string {
  const half = (longest_ms - shortest_ms) / 2;
  const middle = formatDuration(shortest_ms + half);
  return half < 50 ? middle : `${middle} ± ${formatDuration(half)}`;
}

/** The hops of one build, each with who is charged, how long it took and who told. */
export function hopTable(chain: Chain): string {
  return table([
    ['hop', 'charged to', 'took', 'told by'],
    ...chain.hops.map((hop) => [hop.hop, hop.system, intervalText(hop), hop.source]),
  ]);
}
