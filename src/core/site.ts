import type { Environment } from './environment.ts';
import type { ProbePlan } from './plan.ts';
import type { Clock } from './ports.ts';
import type { Schedule } from './probe.ts';
import type { Charge } from './system.ts';

/** A probe as `serve` runs it in one environment. A reload makes new ones; runs in flight keep theirs. */
export interface SiteProbe {
  readonly name: string;
  readonly plan: ProbePlan;
  /** The probe file as it was read. */
  readonly definition: { readonly file: string; readonly text: string };
  readonly package: string;
  readonly branch: string;
  /** Undefined: only started when somebody asks, or to confirm another. */
  readonly schedule: Schedule | undefined;
  /** Typical time between two due times; of `cron` the longest gap within a fortnight. Undefined without a schedule. Milliseconds. */
  readonly intervalMs: number | undefined;
  readonly confirm_with: string | undefined;
  /** Everybody that one of its steps is charged to. */
  readonly systems: readonly Charge[];
}

/** One environment as `serve` knows it. */
export interface Site {
  readonly environment: Environment;
  readonly scope: string;
  readonly clock: Clock;
  /** Control address of the sandbox that it is. */
  readonly control?: string | undefined;
  /** By name. */
  readonly probes: ReadonlyMap<string, SiteProbe>;
  /** Runs that go there at the same time; undefined: no more than in total. */
  readonly maxRuns: number | undefined;
}

/** How long a system may give no evidence before nobody knows how it is: in its intervals. */
export const EVIDENCE_INTERVALS = 2.5;

/** The shortest interval of the probes that speak for a system; undefined where none does by itself. Milliseconds. */
export function intervalOf(site: Pick<Site, 'probes'>, system: Charge): number | undefined {
  const all = [...site.probes.values()]
    .filter(({ systems, intervalMs }) => intervalMs !== undefined && systems.includes(system))
    .map(({ intervalMs }) => intervalMs as number);
  return all.length === 0 ? undefined : Math.min(...all);
}

/** What one check of readiness found. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
  /** Milliseconds since what it is based on; null where it was looked at just now. */
  readonly age_ms: number | null;
}
