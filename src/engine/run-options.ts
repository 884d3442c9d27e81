import type { Environment } from '../core/environment.ts';
import type { Fault, FaultData } from '../core/fault.ts';
import type { PlannedStep, ProbePlan, Scope } from '../core/plan.ts';
import type { Clock, Exec, Http, Ids, Logger } from '../core/ports.ts';
import type { CommandRecord, Owner } from '../core/run.ts';
import type { Action } from '../core/step.ts';
import type { RunHeader, Store } from '../core/store.ts';
import type { Tell } from './progress.ts';
import type { Attribute } from './step-runner.ts';
import type { Watch } from './watch.ts';
import type { Workplace, Workplaces } from './workplace.ts';

/** What is run: stored at its start with all that it takes to enter it again. */
export type NewRun = Pick<
  RunHeader,
  | 'definition'
  | 'environment_definition'
  | 'package'
  | 'branch'
  | 'params'
  | 'control'
  | 'retry_of'
  | 'packprobe'
>;

/** What it takes to end a run, with or without having walked through it: to store it and to take away what it made. */
export interface CloseOptions {
  readonly environment: Environment;
  readonly actions: ReadonlyMap<string, Action>;
  /** The action that logs in, where this environment has a login. */
  readonly login: string;
  readonly store: Store;
  /** Ends what a killed process left running for this run; gives how many there were. */
  readonly endSurvivors: (run: string, commands: readonly CommandRecord[]) => Promise<number>;
  /** Aborts when the whole environment is gone for ever (a sandbox that has ended): nothing of the run is left to take away. */
  readonly gone: AbortSignal;
  /** Aborts when this process leaves the run to the next one: no outcome, no undo. What runs it rejects with `RUN_SUSPENDED`. */
  readonly suspend: AbortSignal;
  readonly workplaces: Workplaces;
  readonly clock: Clock;
  readonly http: Http;
  readonly ids: Ids;
  readonly log: Logger;
  readonly tell: Tell;
  /** Of a run that is closed without being walked through: the steps that it never came to, where that can still be told. */
  readonly plan?: ProbePlan;
}

/** All that one execution of a probe needs of the world. */
export interface RunOptions extends CloseOptions {
  readonly plan: ProbePlan;
  /** What templates see under `env` and `probe`. */
  readonly roots: Pick<Scope, 'env' | 'probe' | 'params'>;
  readonly owner: Owner;
  readonly isAlive: (owner: Owner) => boolean;
  readonly watch: Watch;
  /** Versions of those of these commands that it knows; best effort, beside the run. */
  readonly versionsOf: (
    commands: readonly string[],
    exec: Exec,
    signal: AbortSignal,
  ) => Promise<Readonly<Record<string, string>>>;
  readonly attribute: (run: string, step: PlannedStep, fault: Fault) => ReturnType<Attribute>;
  /** Aborts `gone` where that is so by now, and gives the fault to end the run with: asked before a system is blamed. */
  readonly lookIfGone: () => Promise<Fault | undefined>;
  /** Whether somebody stays to watch on where a wait runs out: then what it waits for is not taken away yet. */
  readonly watchOn: boolean;
  /** Aborts with a Fault of kind `cancelled`. */
  readonly signal: AbortSignal;
}

/** The run's own folder, or why there is none. */
export interface Place {
  readonly workplace: Workplace | undefined;
  readonly fault: FaultData | undefined;
}
