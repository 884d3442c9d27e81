import type { FaultData, Outcome, StepOutcome } from './fault.ts';
import type { RunState, RunSummary } from './store.ts';
import type { Charge } from './system.ts';

/**
 * A part of a list. It may hold fewer than were asked for, even none, and still not be the last: a filter that fits little looks through no more
 * rows at once than can be done in a moment.
 */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** What the next part is asked with as `before`; null behind the last. */
  readonly next: string | null;
}

interface Filter {
  readonly environment?: string;
  readonly probe?: string;
  readonly system?: Charge;
  /** Began then or later. Epoch ms of the environment's clock. */
  readonly since?: number;
  /** `next` of the page before. */
  readonly before?: string;
  readonly limit: number;
}

export interface RunFilter extends Filter {
  readonly state?: RunState;
  readonly outcome?: Outcome;
}

export interface StepFilter extends Filter {
  readonly outcome?: StepOutcome;
  /** Name of an action, such as `koji/build`. */
  readonly uses?: string;
}

/** A step of some run, without what only the run itself is read for. Epoch ms of the environment's clock. */
export interface StepRow {
  readonly run_id: string;
  readonly environment: string;
  readonly probe: string;
  readonly index: number;
  readonly step: string;
  readonly uses: string;
  readonly system: Charge;
  /** Null while it is under way. */
  readonly outcome: StepOutcome | null;
  readonly reason: string | null;
  readonly started_at: number | null;
  readonly duration_ms: number | null;
  readonly attempts: number;
  readonly fault: FaultData | null;
}

/** History in parts, newest first: no question takes long, however much is stored. */
export interface Pages {
  /** `system`: who is charged with the run's fault. Throws a RangeError where `before` is no cursor. */
  runs(filter: RunFilter): Promise<Page<RunSummary>>;
  /** Those that have begun or were skipped; of one run the last first. Throws a RangeError where `before` is no cursor. */
  steps(filter: StepFilter): Promise<Page<StepRow>>;
  /** The run of a probe that ended last. */
  lastEnded(scope: string, probe: string): Promise<RunSummary | undefined>;
  /** What there are runs of, in the order of the names. It goes through the whole of an index: for who has found nothing, not for every question. */
  names(): Promise<readonly RunName[]>;
}

/** A probe and where it has run. */
export interface RunName {
  readonly environment: string;
  readonly probe: string;
}
