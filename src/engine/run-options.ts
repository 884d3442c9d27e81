import type { Environment } from '../core/environment.ts';
import type { Fault, FaultData } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { PlannedStep, ProbePlan, Scope } from '../core/plan.ts';
import type { Clock, Exec, Http, Ids, Logger } from '../core/ports.ts';
import type { Owner } from '../core/run.ts';
import type { Action } from '../core/step.ts';
import type { Store } from '../core/store.ts';
import type { Tell } from './progress.ts';
import type { Attribute } from './step-runner.ts';
import type { Watch } from './watch.ts';
import type { OpenWorkplace, Workplace } from './workplace.ts';

/** All that one execution of a probe needs of the world. */
export interface RunOptions {
  readonly plan: ProbePlan;
  /** The probe file as it is, stored with the run. */
  readonly definition: { readonly file: string; readonly text: string };
  readonly environment: Environment;
  /** The environment as JSON, secrets as references. */
  readonly environmentDefinition: JsonObject;
  readonly package: string;
  readonly branch: string;
  readonly params: JsonObject;
  /** What templates see under `env` and `probe`. */
  readonly roots: Pick<Scope, 'env' | 'probe' | 'params'>;
  readonly actions: ReadonlyMap<string, Action>;
  readonly login: string;
  readonly store: Store;
  readonly owner: Owner;
  readonly isAlive: (owner: Owner) => boolean;
  /** Aborts when the whole environment is gone for ever (a sandbox of our own that died): nothing of the run is left to take away. */
  readonly gone: AbortSignal;
  readonly watch: Watch;
  readonly openWorkplace: OpenWorkplace;
  /** Versions of those of these commands that it knows; best effort, beside the run. */
  readonly versionsOf: (
    commands: readonly string[],
    exec: Exec,
    signal: AbortSignal,
  ) => Promise<Readonly<Record<string, string>>>;
  readonly attribute: (run: string, step: PlannedStep, fault: Fault) => ReturnType<Attribute>;
  readonly clock: Clock;
  readonly http: Http;
  readonly ids: Ids;
  readonly log: Logger;
  readonly tell: Tell;
  /** Aborts with a Fault of kind `cancelled`. */
  readonly signal: AbortSignal;
  readonly packprobe: string;
}

/** The run's own folder, or why there is none; removed once. */
export interface Place extends AsyncDisposable {
  readonly workplace: Workplace | undefined;
  readonly fault: FaultData | undefined;
}
