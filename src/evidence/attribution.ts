import { type ChainEvent, HOP_DEFINITIONS } from '../core/chain.ts';
import type { JsonObject } from '../core/json.ts';
import type { System } from '../core/system.ts';
import type { Chain } from './hops.ts';

/** The events that lie between a build and what a step of this action waits for, in their order. */
const WAITS: Readonly<Record<string, readonly ChainEvent[]>> = {
  'koji/wait-tag': ['candidate_tag'],
  'bodhi/wait-update': ['candidate_tag', 'update'],
  'signing/wait-signed': ['candidate_tag', 'update', 'signing_tag', 'signed'],
  'ci/wait-queued': ['update', 'announced', 'ci_queued'],
  'ci/wait-running': ['update', 'announced', 'ci_queued', 'ci_running'],
  'ci/wait-complete': ['update', 'announced', 'ci_queued', 'ci_running', 'ci_complete'],
  'resultsdb/wait-result': ['update', 'announced', 'ci_queued', 'ci_running', 'ci_complete', 'result'],
  'greenwave/wait-decision': [
    'update',
    'announced',
    'ci_queued',
    'ci_running',
    'ci_complete',
    'result',
    'decision',
  ],
  'bodhi/wait-status': [
    'update',
    'announced',
    'ci_queued',
    'ci_running',
    'ci_complete',
    'result',
    'decision',
    'gate',
  ],
};

/**
 * Who was silent when a wait ran out of time: the first hop on the way that has no event from any source. What came later proves those before
 * it: a lost announcement is none if CI has run.
 */
export function firstSilent(
  uses: string,
  chain: Chain,
): { readonly system: System; readonly evidence: JsonObject } | undefined {
  const way = WAITS[uses];
  if (way === undefined) return undefined;
  const heard = new Set(chain.points.map(({ event }) => event));
  const last = way.findLastIndex((event) => heard.has(event));
  const silent = way[last + 1];
  const hop = HOP_DEFINITIONS.find(({ to }) => to === silent);
  if (silent === undefined || hop === undefined) return undefined;
  return {
    system: hop.system,
    evidence: {
      silent_hop: hop.hop,
      missing: silent,
      last_heard: way[last] ?? 'build',
      nvr: chain.nvr,
      ...(chain.update === undefined ? {} : { update: chain.update }),
    },
  };
}
