import type { Report, Subject } from '../../src/core/event.ts';
import type { JsonObject } from '../../src/core/json.ts';

const START = Date.UTC(2026, 10, 17, 8, 0, 0);

/** A report that somebody made: `at` is in seconds after 2026-11-17 08:00 UTC. */
export function reportOf(
  subject: Subject,
  fact: string,
  { at = 0, data = {} }: { readonly at?: number; readonly data?: JsonObject } = {},
): Report {
  const ms = START + at * 1000;
  return {
    subject,
    fact,
    earliest: ms,
    latest: ms,
    source: 'api',
    system: 'koji',
    seen_at: ms,
    data,
  };
}
