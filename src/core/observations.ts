import type { SystemRow } from './incident.ts';
import type { Charge } from './system.ts';

/** A run that has not ended, or that has and still holds something. Times: epoch ms of the environment's clock. */
export interface ActiveRun {
  readonly run_id: string;
  readonly scope: string;
  readonly environment: string;
  readonly probe: string;
  readonly state: 'executing' | 'finalizing';
  readonly started_at: number;
  /** Steps that are under way, of a run that is executing. */
  readonly steps: readonly {
    readonly step: string;
    readonly system: Charge;
    readonly started_at: number;
  }[];
}

/** What runs that have ended left behind in one system. */
export interface Leftovers extends Pick<SystemRow, 'scope' | 'environment' | 'system'> {
  readonly count: number;
  /** When the oldest was made, epoch ms of the environment's clock. */
  readonly oldest: number;
}

/** Cheap looks at the store for those who ask every few seconds: none grows with the history. */
export interface Observations {
  /** In the order of their ids. */
  active(): Promise<readonly ActiveRun[]>;
  /** Without what is kept for a wait that is watched on. */
  leftovers(): Promise<readonly Leftovers[]>;
  /** The oldest row of the schedule; undefined where the probe was never due. */
  firstDue(scope: string, probe: string): Promise<number | undefined>;
}
