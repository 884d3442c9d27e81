import type { Outcome } from './fault.ts';
import type { RunRecord } from './run.ts';

/** A run in the foreground, for those who collect the numbers of runs that no service made. */
export interface FinishedRun {
  readonly record: RunRecord;
  readonly timeoutMs: number;
  /** The probe file as it was. */
  readonly definition: string;
  /** Ends of the last runs of this probe there, this one included. Epoch ms of the environment's clock. */
  readonly lastEnds: Readonly<Partial<Record<Outcome, number>>>;
  /** See `Clock.toHost`. */
  readonly toHost: (epochMs: number) => number;
}
