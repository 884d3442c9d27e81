import { type ChainEvent, HOP_DEFINITIONS, type Hop } from '../core/chain.ts';
import type { Event } from '../core/event.ts';
import { FACT, KIND } from '../core/facts.ts';
import type { JsonObject } from '../core/json.ts';
import type { LookRecord } from '../core/store.ts';
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

/** Which source alone can tell of an event; those of CI are told by messages and by results, an announcement by messages only. */
const TOLD_BY: Partial<Readonly<Record<ChainEvent, System>>> = {
  build: 'koji',
  candidate_tag: 'koji',
  signing_tag: 'koji',
  signed: 'koji',
  final_tag: 'koji',
  update: 'bodhi',
  announced: 'datagrepper',
  gate: 'bodhi',
  result: 'resultsdb',
  decision: 'greenwave',
};

/** Hops that somebody begins who hears a message of what came before; the others need no message. */
const BEGUN_BY: Partial<Readonly<Record<Hop, readonly ChainEvent[]>>> = {
  sign: ['signing_tag'],
  ci_queue: ['announced'],
  result: ['ci_complete'],
};

/**
 * Who is charged when a wait ran out of time: the first hop on the way that has no event from any source; or, where the one system that could
 * have told could not be asked to the end, that system; or messaging, where the message was lost that whoever is silent had to hear. What came
 * later proves those before it: a lost announcement is none if CI has run.
 */
export function chargeFor(
  uses: string,
  chain: Chain,
  looks: readonly LookRecord[],
): { readonly system: System; readonly evidence: JsonObject } | undefined {
  const way = WAITS[uses];
  if (way === undefined) return undefined;
  const heard = new Set([...chain.points.map(({ event }) => event), ...chain.proven]);
  const last = way.findLastIndex((event) => heard.has(event));
  const silent = way[last + 1];
  const hop = HOP_DEFINITIONS.find(({ to }) => to === silent);
  if (silent === undefined || hop === undefined) return undefined;
  const blind = new Map(looks.flatMap(blindness));
  const teller = TOLD_BY[silent];
  const unheard = BEGUN_BY[hop.hop]?.find((event) => chain.lost_messages.includes(event));
  return {
    system:
      teller !== undefined && blind.has(teller) ? teller : unheard === undefined ? hop.system : 'messaging',
    evidence: {
      silent_hop: hop.hop,
      missing: silent,
      last_heard: way[last] ?? 'build',
      nvr: chain.nvr,
      ...(unheard === undefined ? {} : { lost_message: unheard }),
      ...(chain.update === undefined ? {} : { update: chain.update }),
      ...(blind.size === 0 ? {} : { could_not_be_asked: Object.fromEntries(blind) }),
    },
  };
}

/** Actions that wait for the task of a build. */
const BUILDS: readonly string[] = ['koji/build', 'koji/scratch-build'];

/** What is known of a build that has not ended, where it is the build that was waited for: how far its task has come. */
export function unfinishedBuild(
  uses: string,
  events: readonly Event[],
): { readonly system: System; readonly evidence: JsonObject } | undefined {
  if (!BUILDS.includes(uses)) return undefined;
  const last = events.findLast(({ subject, fact }) => subject.kind === KIND.task && fact !== FACT.asked);
  if (last === undefined) return undefined;
  return { system: 'koji', evidence: { task_id: Number(last.subject.key), last_heard: last.fact } };
}

/** A source whose last look failed, and why. */
function blindness({ source, failing }: LookRecord): readonly (readonly [string, string])[] {
  const last = failing.at(-1);
  return last?.to === null ? [[source, last.message]] : [];
}
