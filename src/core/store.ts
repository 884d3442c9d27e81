import type { Audit } from './audit.ts';
import type { Digests, LateWatch, Verdict } from './digest.ts';
import type { Report, Subject } from './event.ts';
import type { Fault, FaultData, Outcome, StepOutcome } from './fault.ts';
import type { Incidents } from './incident.ts';
import type { Json, JsonObject } from './json.ts';
import type { Leases } from './lease.ts';
import type { Outbox } from './notice.ts';
import type { Observations } from './observations.ts';
import type { Pages } from './pages.ts';
import type { Release } from './release.ts';
import type {
  AttemptRecord,
  CommandRecord,
  EffectRecord,
  EffectState,
  Owner,
  PhaseRecord,
  RunRecord,
} from './run.ts';
import type { Dues, LeftOut } from './schedule.ts';
import type { UndoStep } from './step.ts';
import type { Charge } from './system.ts';
import type { Totals } from './totals.ts';

/** All that a run needs to be entered again, stored at its start. Secrets are references here. */
export interface RunHeader {
  readonly run_id: string;
  readonly probe: string;
  readonly environment: string;
  /** What its news belong to: see `scopeOf`. */
  readonly scope: string;
  readonly package: string;
  readonly branch: string;
  readonly params: JsonObject;
  /** The probe file as it was, and its name. */
  readonly definition: { readonly file: string; readonly text: string };
  /** The environment as it was resolved. */
  readonly environment_definition: JsonObject;
  readonly started_at: number;
  readonly deadline_at: number;
  readonly packprobe: string;
  /** Control address of the sandbox that it runs in: who resumes it must know whether that is still there. */
  readonly control?: string;
  readonly retry_of?: string;
}

/** `executing` until it has a record, `finalizing` while it still holds something, if only its work folder. */
export type RunState = 'executing' | 'finalizing' | 'finished';

export interface RunSummary {
  readonly run_id: string;
  readonly probe: string;
  readonly environment: string;
  readonly package: string;
  readonly state: RunState;
  readonly owner: Owner;
  readonly outcome: Outcome | null;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly fault: FaultData | null;
  /** How many things it still holds in other systems. */
  readonly leftovers: number;
  /** It lay in a period whose runs do not count. */
  readonly left_out: LeftOut | null;
  readonly retry_of: string | null;
}

export interface StepProgress {
  readonly index: number;
  readonly step: string;
  readonly uses: string;
  readonly system: Charge;
  readonly outcome: StepOutcome | null;
  /** Why it was skipped. */
  readonly reason: string | null;
  readonly started_at: number | null;
  readonly deadline_at: number | null;
  readonly resumed_at: readonly number[];
  readonly duration_ms: number | null;
  readonly inputs: JsonObject | null;
  readonly outputs: JsonObject | null;
  readonly fault: FaultData | null;
  readonly phases: readonly PhaseRecord[];
  /** The last may still be under way: without outcome. */
  readonly attempts: readonly AttemptProgress[];
}

export interface AttemptProgress extends Omit<AttemptRecord, 'outcome'> {
  readonly outcome: Outcome | null;
}

/** A run as the journal holds it, finished or not. */
export interface StoredRun {
  readonly header: RunHeader;
  readonly state: RunState;
  readonly owner: Owner;
  readonly fence: number;
  /**
   * It was under way when the backup was made that this store was restored from: what it has made since is not known, so that it cannot be gone on
   * with.
   */
  readonly restored: boolean;
  readonly release: Release | null;
  readonly versions: Readonly<Record<string, string>>;
  readonly steps: readonly StepProgress[];
  readonly effects: readonly EffectRecord[];
  readonly subjects: readonly Subject[];
  /** All that its processes have started; most have ended. */
  readonly commands: readonly CommandRecord[];
  readonly record: RunRecord | null;
  readonly left_out: LeftOut | null;
  readonly verdicts: readonly Verdict[];
}

export interface LookRecord {
  readonly source: string;
  readonly kind: string;
  readonly key: string;
  readonly first: number;
  readonly last: number;
  /** The last one that did not fail; null where all did. */
  readonly last_good: number | null;
  readonly count: number;
  /** Stretches in which looking failed, from the first failed look to the next good one; `to` is null while it fails. */
  readonly failing: readonly {
    readonly from: number;
    readonly to: number | null;
    readonly message: string;
  }[];
}

export interface EffectIntent {
  readonly step: string;
  readonly kind: string;
  readonly key: string;
  readonly system: Charge;
  readonly intended_at: number;
  /** Whether it will have an undo; what cannot be undone is no leftover. */
  readonly undoable: boolean;
  readonly sought: Json;
}

/**
 * The journal of one run, held by its owner. Every write carries the fence: after a take-over each of them throws the Fault `RUN_TAKEN_OVER`. What
 * was written is there for a process that is killed the next moment; `intend` is on disk before it returns, also through a power cut.
 */
export interface RunJournal {
  readonly run_id: string;
  /** How many owners the run has had, this one included. */
  readonly fence: number;
  /** Begins the step and its first attempt. */
  stepStarted(step: {
    readonly index: number;
    readonly step: string;
    readonly uses: string;
    readonly system: Charge;
    readonly inputs: JsonObject;
    readonly started_at: number;
    readonly deadline_at: number;
  }): Promise<void>;
  /** A later life of the run goes on with a step that was under way. */
  stepResumed(index: number, at: number): Promise<void>;
  /** All attempts so far: when one has ended that another follows, and when that begins. The last one ends with its step. */
  attempted(index: number, attempts: readonly AttemptProgress[]): Promise<void>;
  stepEnded(step: {
    readonly index: number;
    readonly step: string;
    readonly uses: string;
    readonly system: Charge;
    readonly outcome: StepOutcome;
    readonly duration_ms: number;
    readonly outputs: JsonObject;
    readonly phases: readonly PhaseRecord[];
    readonly fault?: FaultData;
    readonly reason?: string;
    /** None where it was skipped. */
    readonly attempts: readonly AttemptRecord[];
    /** Its wait ran out and is watched on until then: the late watch begins with the end of the step, both or neither. Epoch ms. */
    readonly watched_until?: number;
  }): Promise<void>;
  release(release: Release): Promise<void>;
  versions(versions: Readonly<Record<string, string>>): Promise<void>;
  /** What is known of this effect, from this or an earlier life of the run. */
  effect(step: string, kind: string, key: string): Promise<EffectRecord | undefined>;
  intend(intent: EffectIntent): Promise<EffectRecord>;
  made(effect: number, identity: Json, undo: UndoStep | null, at: number): Promise<void>;
  follow(subjects: readonly Subject[]): Promise<void>;
  /** One that has ended is not told: nobody else will ever have its number and its start. */
  commandStarted(command: CommandRecord): Promise<void>;
  /** The run has ended: its record is stored and never changes; on disk before it returns. It is `finalizing` until `letGo`. */
  finish(record: RunRecord): Promise<void>;
  /** Says of a row of the ledger what became of it. */
  settle(effect: number, settlement: Settlement): Promise<void>;
  /** Says that nobody is at work on it any more: when the ledger holds nothing, and nothing is watched, the run is `finished`; else it rests. */
  letGo(): Promise<void>;
  /** Somebody is at work on it again. */
  wake(): Promise<void>;
  /** No write is done from now on: the run stays as it is for whoever goes on with it. `lost` aborts with the reason. */
  leave(reason: Fault): void;
  /** Aborts with that Fault at the first write that is refused because somebody else has taken the run over. */
  readonly lost: AbortSignal;
}

/** What became of an effect: with `identity` and `undo` where they were only found now. */
export interface Settlement {
  readonly state: EffectState;
  readonly at: number;
  readonly evidence: JsonObject;
  readonly identity?: Json;
  readonly undo?: UndoStep;
}

/** A run of an earlier life, and the journal to go on with it. */
export interface TakenRun {
  readonly run: StoredRun;
  readonly journal: RunJournal;
}

/** What a backup holds. */
export interface BackupReport {
  readonly bytes: number;
  readonly runs: number;
  /** Those among them that were under way: what they made afterwards is not in it. */
  readonly unfinished: number;
}

/** Waits that ran out and are watched on, each from the end of its step: see `RunJournal.stepEnded`. */
export interface LateWatches {
  of(run_id: string): Promise<LateWatch | undefined>;
  /** Without a verdict: there is nothing to be known. */
  drop(run_id: string): Promise<void>;
  /** The verdict and the end of the watch, together. */
  end(verdict: Verdict): Promise<void>;
}

/** Durations of writes: how many took at most so long; the last bucket is `+Inf`. Not cumulative. */
export interface WriteStatistics {
  readonly bounds: readonly number[];
  readonly buckets: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** Where runs, their journals, the ledger and what was heard are kept. */
export interface Store extends AsyncDisposable {
  /**
   * Changes whenever something was written to the database, by whatever process, but for signs of life of our own: while it stays, nothing has to be
   * read again. Asked all day, it costs next to nothing.
   */
  version(): string;
  /**
   * Calls back soon after anything was written, by whatever process, until disposed; often for nothing, and after some trouble never more: who must
   * know asks for the version now and then. Undefined where nobody can tell.
   */
  onWrite(act: () => void): Disposable | undefined;
  /**
   * A new run, owned from its first moment. Throws the Fault `PACKAGE_HELD` where an unfinished run holds the same package, whether or not its owner
   * lives: two on one branch would break each other's push or build. One that has ended and rests holds nothing that the next would break.
   * @param due_id the waiting row of the schedule that it is for: `DUE_DECIDED` where that waits no more
   */
  begin(
    header: RunHeader,
    owner: Owner,
    isAlive: (owner: Owner) => boolean,
    due_id?: number,
  ): Promise<RunJournal>;
  /**
   * Goes on with an unfinished run under a raised fence: from now on its former owner can write no more. Throws the Fault `RUN_OWNED` where that one
   * lives, `RUN_FINISHED` where there is nothing to go on with; of two at once one wins, the other finds a living owner.
   * @param run_id whole
   */
  takeOver(run_id: string, owner: Owner, isAlive: (owner: Owner) => boolean): Promise<TakenRun>;
  list(filter: {
    readonly unfinished?: boolean;
    readonly probe?: string;
    readonly environment?: string;
    readonly outcome?: Outcome;
    readonly limit: number;
  }): Promise<readonly RunSummary[]>;
  /** By whole id, or by a beginning that fits only one; the ids that fit where there are several. */
  find(id: string): Promise<{ readonly run?: StoredRun; readonly candidates: readonly string[] }>;
  addReports(scope: string, reports: readonly Report[]): Promise<void>;
  reportsOf(scope: string, subjects: readonly Subject[]): Promise<readonly Report[]>;
  noteLooks(
    scope: string,
    source: string,
    subjects: readonly Subject[],
    at: number,
    failure?: string,
  ): Promise<void>;
  looksOf(scope: string, subjects: readonly Subject[]): Promise<readonly LookRecord[]>;
  /** Asks whoever is at work on an unfinished run to cancel it. False where there is none to ask. */
  askToCancel(run_id: string, by: string): Promise<boolean>;
  /** Runs that somebody wants to be cancelled and that have not ended. */
  toCancel(): Promise<readonly { readonly run_id: string; readonly by: string }[]>;
  readonly leases: Leases;
  readonly dues: Dues;
  readonly digests: Digests;
  readonly totals: Totals;
  readonly incidents: Incidents;
  readonly outbox: Outbox;
  readonly late: LateWatches;
  readonly audit: Audit;
  readonly observations: Observations;
  readonly pages: Pages;
  /** Size of the database with its logs. Bytes. */
  size(): Promise<number>;
  /** How many writes took how long since it was opened. Seconds, by upper bound. */
  writes(): WriteStatistics;
  /** Writes all of it as it is now to a new file, on disk before it returns; runs go on meanwhile. Never overwrites, never leaves half a file. */
  backup(file: string): Promise<BackupReport>;
}
