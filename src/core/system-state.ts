import { EVIDENCE_INTERVALS } from './site.ts';

/** What is known of a system when somebody asks. Times: epoch ms of the environment's clock. */
export interface SystemKnowledge {
  readonly now: number;
  /** End of the newest run that spoke for or against it; undefined where none did. */
  readonly newest: number | undefined;
  /** See `intervalOf`; undefined where no probe speaks for it by itself. */
  readonly intervalMs: number | undefined;
  readonly hasOpenIncident: boolean;
}

export type KnownState = 'operational' | 'failing' | 'unknown';

/** The state that every face of packprobe shows: old evidence says nothing, not even that an incident goes on. */
export function stateOf({ now, newest, intervalMs, hasOpenIncident }: SystemKnowledge): KnownState {
  if (newest === undefined || intervalMs === undefined) return 'unknown';
  if (now - newest > EVIDENCE_INTERVALS * intervalMs) return 'unknown';
  return hasOpenIncident ? 'failing' : 'operational';
}
