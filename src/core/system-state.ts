import { EVIDENCE_INTERVALS } from './site.ts';

/** What is known of a system when somebody asks. Times: epoch ms of the environment's clock. */
export interface SystemKnowledge {
  readonly now: number;
  /** The newest evidence for it and against it; null where there is none. */
  readonly last_good: number | null;
  readonly last_bad: number | null;
  /** See `intervalOf`; undefined where no probe speaks for it by itself. */
  readonly intervalMs: number | undefined;
  readonly hasOpenIncident: boolean;
}

export type KnownState = 'operational' | 'failing' | 'unknown';

/**
 * The state that every face of packprobe shows. Old evidence says nothing, not even that an incident goes on. A failure that nobody has confirmed yet
 * shows here, too: people are woken by incidents, and whoever looks wants to know now.
 */
export function stateOf(knowledge: SystemKnowledge): KnownState {
  const { now, last_good, last_bad, intervalMs, hasOpenIncident } = knowledge;
  const newest = newestEvidence(knowledge);
  if (newest === undefined || intervalMs === undefined) return 'unknown';
  if (now - newest > EVIDENCE_INTERVALS * intervalMs) return 'unknown';
  const isBad = last_bad !== null && (last_good === null || last_bad >= last_good);
  return hasOpenIncident || isBad ? 'failing' : 'operational';
}

/** When anything was last said of it; undefined where nothing ever was. */
export function newestEvidence({
  last_good,
  last_bad,
}: Pick<SystemKnowledge, 'last_good' | 'last_bad'>): number | undefined {
  const all = [last_good, last_bad].filter((at) => at !== null);
  return all.length === 0 ? undefined : Math.max(...all);
}
