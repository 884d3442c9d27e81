import type { Config } from '../core/config.ts';
import type { Environment } from '../core/environment.ts';
import type { Probe } from '../core/probe.ts';
import { UsageError } from './usage-error.ts';

export interface Target {
  readonly package: string;
  readonly branch: string;
}

export interface TargetOptions {
  readonly options: { readonly package?: string; readonly branch?: string };
  readonly probe: Probe;
  readonly config: Config;
  readonly environment: Environment;
}

/** The command line wins over the service's file, that over the probe, that over the environment's `packages`. */
export function resolveTarget({ options, probe, config, environment }: TargetOptions): Target {
  const override = config.environments?.[environment.name]?.probes?.[probe.name];
  const pkg = options.package ?? override?.package ?? probe.package ?? environment.packages.single;
  if (pkg === undefined) {
    throw new UsageError(
      `no test package for ${probe.name} on ${environment.name}`,
      'Add --package NAME, or packages.single to the environment file.',
    );
  }
  return { package: pkg, branch: options.branch ?? override?.branch ?? probe.branch ?? 'stable' };
}
