import type { Config } from '../core/config.ts';
import { dueKey, dueTimes } from '../core/due-times.ts';
import { type Environment, scopeOf } from '../core/environment.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import type { RunHeader, Store } from '../core/store.ts';
import { nearest } from '../core/suggest.ts';
import type { Host } from './host.ts';
import { loadSites, type SiteOptions } from './sites.ts';
import { planOf } from './stored-run.ts';
import { UsageError } from './usage-error.ts';

/** So many of the newest runs are looked through for sandboxes. */
const NEWEST_RUNS = 50;

export interface KnownSiteOptions extends Omit<SiteOptions, 'env' | 'probe'> {
  readonly env?: string;
}

/** The environments that the configuration names, or the one that is asked for; and sandboxes that live, by what has run in them. */
export async function knownSites(
  { env, ...places }: KnownSiteOptions,
  config: Config,
  store: Store,
  host: Host,
): Promise<readonly Site[]> {
  const named = env === undefined ? Object.keys(config.environments) : env === 'sandbox' ? [] : [env];
  const written = named.length === 0 ? [] : (await loadSites({ ...places, env: named }, config, host)).sites;
  const wantsSandboxes = env === undefined || env === 'sandbox';
  return wantsSandboxes ? [...written, ...(await liveSandboxes(config, store, host))] : written;
}

/** One of these by its name. */
export function siteNamed(sites: readonly Site[], name: string): Site {
  const site = sites.find(({ environment }) => environment.name === name);
  if (site !== undefined) return site;
  const known = sites.map(({ environment }) => environment.name);
  const near = nearest(name, known);
  throw new UsageError(
    `there is no environment "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    known.length === 0 ? 'No environment is configured.' : `Known: ${known.join(', ')}.`,
  );
}

export function probeNamed({ environment, probes }: Site, name: string): SiteProbe {
  const probe = probes.get(name);
  if (probe !== undefined) return probe;
  const near = nearest(name, probes.keys());
  throw new UsageError(
    `${environment.name} has no probe "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    `Known: ${[...probes.keys()].join(', ')}.`,
  );
}

async function liveSandboxes(config: Config, store: Store, host: Host): Promise<readonly Site[]> {
  const headers: RunHeader[] = [];
  for (const { run_id, environment } of await store.list({ limit: NEWEST_RUNS })) {
    if (config.environments[environment] !== undefined) continue;
    const { run } = await store.find(run_id);
    if (run?.header.control !== undefined) headers.push(run.header);
  }
  const sites: Site[] = [];
  for (const [control, all] of Map.groupBy(headers, (header) => header.control ?? '')) {
    const [first] = all;
    if (first === undefined || (await host.isSandboxGone(control))) continue;
    const environment = first.environment_definition as unknown as Environment;
    const clock = await host.openClock(environment.clock);
    const probes = new Map<string, SiteProbe>();
    for (const header of all) {
      if (!probes.has(header.probe))
        probes.set(header.probe, await probeOf(header, config, clock.now(), host));
    }
    sites.push({ environment, scope: scopeOf(environment), clock, control, probes, maxRuns: undefined });
  }
  return sites;
}

async function probeOf(header: RunHeader, config: Config, now: number, host: Host): Promise<SiteProbe> {
  const plan = await planOf(header, host);
  const { schedule, confirm_with } = plan.probe;
  const key = dueKey(header.environment, header.probe);
  return {
    name: header.probe,
    plan,
    definition: header.definition,
    package: header.package,
    branch: header.branch,
    schedule,
    intervalMs: schedule && dueTimes(schedule, key, config.schedule.min_interval).intervalMs(now),
    confirm_with,
    systems: [...new Set(plan.steps.map(({ system }) => system))],
  };
}
