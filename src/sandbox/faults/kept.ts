/** Drops what is over, of a map whose entries came in the order in which they end: a sandbox that runs for days keeps no more than it repeats. */
export function dropOver(kept: Map<string, { readonly until: number }>, now: number): void {
  for (const [key, { until }] of kept) {
    if (until > now) return;
    kept.delete(key);
  }
}
