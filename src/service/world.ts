import type { Environment } from '../core/environment.ts';
import type { JsonObject } from '../core/json.ts';
import type { ProbePlan } from '../core/plan.ts';
import type { RunHeader } from '../core/store.ts';
import type { CloseOptions, RunOptions } from '../engine/run-options.ts';

/** What all runs in one environment share, for as long as the service lives. */
export interface World {
  readonly close: Omit<CloseOptions, 'tell' | 'suspend' | 'plan'>;
  readonly walk: Pick<RunOptions, 'watch' | 'versionsOf' | 'attribute' | 'lookIfGone'>;
  /** The environment as expressions see it. */
  readonly env: JsonObject;
  /** Control address of the sandbox that it is. */
  readonly control: string | undefined;
  /** Aborts when all runs in it have to end: it is gone for ever. */
  readonly stop: AbortSignal;
}

/** Opens worlds when they are first asked for; one for each environment as it is resolved. */
export interface Worlds {
  of(environment: Environment, control: string | undefined): Promise<World>;
  /** That of a stored run, and whether it is gone for ever. */
  ofRun(header: RunHeader): Promise<{ readonly world: World; readonly gone: boolean }>;
  /** The plan as it was when the run began. Throws where this version cannot read it any more. */
  planOf(header: RunHeader): Promise<ProbePlan>;
}
