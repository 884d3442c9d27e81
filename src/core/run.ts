import type { Phase, Subject } from './event.ts';
import type { FaultData, Outcome, StepOutcome } from './fault.ts';
import type { Json, JsonObject } from './json.ts';
import type { Release } from './release.ts';
import type { UndoStep } from './step.ts';
import type { Charge } from './system.ts';

/** One try of a step, from 1. All times: epoch ms and milliseconds of the environment's clock. */
export interface AttemptRecord {
  readonly attempt: number;
  readonly started_at: number;
  readonly duration_ms: number;
  readonly outcome: Outcome;
  readonly fault?: FaultData;
}

/** A part of a step that the system tells apart, from the system's own stamps. `arch` where it was one of several side by side. */
export interface PhaseRecord {
  readonly phase: Exclude<Phase, 'ended'>;
  readonly started_at: number;
  readonly duration_ms: number;
  readonly arch?: string;
}

export interface StepRecord {
  readonly id: string;
  readonly name: string;
  readonly uses: string;
  readonly system: Charge;
  readonly outcome: StepOutcome;
  /** Undefined for a step that was skipped. */
  readonly started_at?: number;
  readonly duration_ms: number;
  /** When another process went on with it, after the one before had been killed: its duration then also tells how long nobody was at work. */
  readonly resumed_at?: readonly number[];
  readonly normal_ms?: number;
  readonly attempts: readonly AttemptRecord[];
  readonly phases: readonly PhaseRecord[];
  readonly inputs: JsonObject;
  readonly outputs: JsonObject;
  readonly fault?: FaultData;
  /** Why it was skipped. */
  readonly reason?: string;
}

/** A finished run: an immutable value. Undo, late truth and verdicts are rows beside it. */
export interface RunRecord {
  readonly run_id: string;
  readonly probe: string;
  readonly environment: string;
  readonly package: string;
  readonly branch: string;
  readonly release: Release | null;
  readonly params: JsonObject;
  readonly started_at: number;
  readonly ended_at: number;
  readonly duration_ms: number;
  readonly outcome: Outcome;
  /** The fault of the first step that did not pass. */
  readonly fault?: FaultData;
  readonly steps: readonly StepRecord[];
  /** What the run followed. */
  readonly subjects: readonly Subject[];
  /** Versions of the commands it used: `git` → `2.39.5`. */
  readonly versions: Readonly<Record<string, string>>;
  readonly packprobe: string;
  readonly retry_of?: string;
}

/**
 * - `intended`: on disk before it is made; what became of it is not known yet
 * - `made`: it is there
 * - `kept`: it cannot be undone and is no leftover (a commit, a tarball)
 * - `undone`: it is gone
 * - `struck`: nothing to undo: it was never made, or has become something that must be left alone
 */
export type EffectState = 'intended' | 'made' | 'kept' | 'undone' | 'struck';

/** A row of the ledger: one thing that a run makes in somebody else's system. */
export interface EffectRecord {
  readonly effect_id: number;
  readonly run_id: string;
  readonly environment: string;
  readonly package: string;
  readonly step: string;
  readonly kind: string;
  readonly key: string;
  readonly system: Charge;
  readonly state: EffectState;
  readonly undoable: boolean;
  /** What finds it again: see `Effect.sought`. */
  readonly sought: Json;
  readonly intended_at: number;
  readonly made_at: number | null;
  readonly identity: Json;
  readonly undo: UndoStep | null;
  readonly undo_attempts: number;
  readonly undone_at: number | null;
  /** What the last undo saw: its outcome, the state before and after, or its fault. */
  readonly undo_evidence: JsonObject | null;
}

/** A process that holds a run: unique on its host until the next boot. */
export interface Owner {
  readonly host: string;
  readonly boot_id: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, as /proc tells it: a pid alone is used again. */
  readonly start: number;
}

/** A command that a run has started; survivors of a killed runner are found by it. */
export interface CommandRecord {
  readonly boot_id: string;
  readonly pid: number;
  readonly start: number;
  readonly command: string;
}
