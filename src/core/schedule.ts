/** Why a run is, or was to be, started. */
export type Cause = 'schedule' | 'request' | 'retry' | 'confirm';

/** Why a due time has no run. */
export const SKIP_REASONS = ['overlap', 'maintenance', 'outage', 'load', 'paused', 'missed'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** `waiting` until it has a run or a reason. */
export type DueState = 'waiting' | 'started' | 'skipped';

/** What asks for a run. All times: epoch ms of the environment's clock. */
export interface NewDue {
  /** See `scopeOf`. */
  readonly scope: string;
  readonly environment: string;
  readonly probe: string;
  /** One row for each (scope, probe, due_at). */
  readonly due_at: number;
  readonly cause: Cause;
  /** The run that is tried again or confirmed. */
  readonly of?: string;
  /** Who asked; of a request. */
  readonly by?: string;
}

/** A row of the schedule: one due time of one probe, and what became of it. */
export interface Due extends Omit<NewDue, 'of' | 'by'> {
  readonly due_id: number;
  readonly of: string | null;
  readonly by: string | null;
  readonly state: DueState;
  readonly reason: SkipReason | null;
  /** What more there is to say of the reason: the run that was still going, the entry of the calendar. */
  readonly note: string | null;
  readonly run_id: string | null;
  /** When it got its run or its reason. */
  readonly decided_at: number | null;
}

/** An operator's word that probes are not started. Times: epoch ms of the host. */
export interface Pause {
  readonly pause_id: number;
  readonly environment: string;
  /** Null: every probe of the environment. */
  readonly probe: string | null;
  readonly reason: string;
  readonly by: string;
  readonly from: number;
  /** Null: until somebody ends it. */
  readonly until: number | null;
  readonly ended_at: number | null;
  readonly ended_by: string | null;
}

/** The schedule as it is stored. Every write is there for a process that is killed the next moment. */
export interface Dues {
  /** Adds those due times that have no row yet, and gives these; of two processes that claim one, one gets it. */
  claim(dues: readonly NewDue[]): Promise<readonly Due[]>;
  /** Adds due times that passed without a run, each with its reason; those that have a row already are left as they are. */
  addSkipped(dues: readonly NewDue[], reason: SkipReason, note: string | null, at: number): Promise<void>;
  /** In the order of their due times. */
  waiting(): Promise<readonly Due[]>;
  /** Says why a waiting one gets no run; nothing where it waits no more. Counts into `packprobe_schedule_skips_total`. */
  skip(due_id: number, reason: SkipReason, note: string | null, at: number): Promise<void>;
  /** The newest due time of cause `schedule`. */
  lastScheduled(scope: string, probe: string): Promise<Due | undefined>;
  find(due_id: number): Promise<Due | undefined>;
  /** The one that a run was started for; undefined of a run of the command line. */
  ofRun(run_id: string): Promise<Due | undefined>;
  /** Newest first. */
  list(filter: {
    readonly environment?: string;
    readonly probe?: string;
    readonly state?: DueState;
    /** Only rows older than this one: for the next page. */
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly Due[]>;
  /** How many steps of this action were begun in the environment since then, of all runs; for limits by the day. */
  startedWith(scope: string, uses: string, since: number): Promise<number>;
  pause(pause: Pick<Pause, 'environment' | 'probe' | 'reason' | 'by' | 'from' | 'until'>): Promise<Pause>;
  endPause(pause_id: number, by: string, at: number): Promise<Pause | undefined>;
  /** Those that nobody has ended; their time may be over. */
  pauses(): Promise<readonly Pause[]>;
}

/** What becomes of runs in a period of the calendar: not started; run, marked and left out of uptime; as always. */
export type Treatment = 'skip' | 'leave_out' | 'count';
export type PeriodKind = 'outage' | 'maintenance' | 'freeze' | 'mass_rebuild' | 'branching';

/** One period of the calendar, wherever it was told. Times: epoch ms. */
export interface Period {
  /** Tells it apart where it is told again. */
  readonly id: string;
  readonly kind: PeriodKind;
  readonly from: number;
  readonly to: number;
  readonly treatment: Treatment;
  /** Empty: all. */
  readonly environments: readonly string[];
  readonly systems: readonly string[];
  readonly note: string;
  readonly link: string | null;
  /** `config`, or the name of the feed. */
  readonly source: string;
}

/** Stored beside a run that lay in a period whose runs are left out. */
export type LeftOut = Pick<Period, 'kind' | 'note' | 'link' | 'source'>;
