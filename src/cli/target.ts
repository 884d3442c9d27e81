import type { Config } from '../core/config.ts';
import type { Environment } from '../core/environment.ts';
import type { ProbePlan } from '../core/plan.ts';
import type { ProbeOverrides } from '../core/planner.ts';
import { UsageError } from './usage-error.ts';

export interface TargetOptions {
  readonly package?: string;
  readonly branch?: string;
}

/** The command line wins over the service's file, that over the probe, that over the environment's `packages`. */
export function overridesOf(
  options: TargetOptions,
  config: Config,
  { name }: Pick<Environment, 'name'>,
  probe: string,
): ProbeOverrides {
  const service = config.environments[name]?.probes[probe];
  return {
    package: options.package ?? service?.package,
    branch: options.branch ?? service?.branch,
    schedule: service?.schedule,
    objective: service?.objective,
  };
}

export interface Target {
  readonly package: string;
  readonly branch: string;
}

/** What the run is about; a probe without a package cannot run. */
export function targetOf({ probe }: ProbePlan, environment: Pick<Environment, 'name'>): Target {
  if (probe.package === undefined) {
    throw new UsageError(
      `no test package for ${probe.name} on ${environment.name}`,
      'Add --package NAME, or packages.single to the environment file.',
    );
  }
  return { package: probe.package, branch: probe.branch };
}
