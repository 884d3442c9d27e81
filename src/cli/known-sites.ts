import type { Config } from '../core/config.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import type { RunSummary, Store } from '../core/store.ts';
import { nearest } from '../core/suggest.ts';
import type { Host } from './host.ts';
import { dataDir, type PlaceOptions } from './places.ts';
import { runningSandboxes } from './sandbox-fault.ts';
import { loadSites, type SiteOptions } from './sites.ts';
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
  // A sandbox has no file, also where the configuration says what runs in it.
  const named = (env === undefined ? Object.keys(config.environments) : [env]).filter(
    (name) => name !== 'sandbox',
  );
  const written = named.length === 0 ? [] : (await loadSites({ ...places, env: named }, config, host)).sites;
  const wantsSandboxes = env === undefined || env === 'sandbox';
  if (!wantsSandboxes) return written;
  const names = new Set(written.map(({ environment }) => environment.name));
  const sandboxes = await liveSandboxes(places, config, store, host);
  return [...written, ...sandboxes.filter(({ environment }) => !names.has(environment.name))];
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

/**
 * The sandbox that `serve` runs probes in, else the one that the newest run of an environment was in, where it lives, else that of the data folder.
 * Its probes are those that `serve` runs in it.
 */
async function liveSandboxes(
  places: PlaceOptions,
  config: Config,
  store: Store,
  host: Host,
): Promise<readonly Site[]> {
  const controls = new Set<string>();
  const service = await store.leases.current();
  const served = service?.ended_at === null ? (service.served?.environments ?? []) : [];
  for (const { control } of served) {
    if (control !== null && !(await host.isSandboxGone(control))) controls.add(control);
  }
  const newest =
    controls.size > 0
      ? new Map<string, RunSummary[]>()
      : Map.groupBy(await store.list({ limit: NEWEST_RUNS }), ({ environment }) => environment);
  for (const [run] of newest.values()) {
    const stored = run && (await store.find(run.run_id)).run;
    const control = stored?.header.control;
    if (control !== undefined && !(await host.isSandboxGone(control))) controls.add(control);
  }
  if (controls.size === 0) {
    // One that `serve` has started, and nothing has run in it yet.
    const running = await runningSandboxes(dataDir(places, host), host);
    if (running.length === 1) for (const control of running) controls.add(control);
  }
  const sites: Site[] = [];
  for (const control of controls) {
    await using sandbox = await host.joinSandbox(control);
    const { environment } = sandbox;
    sites.push(...(await loadSites(places, config, host, { control, environment })).sites);
  }
  return sites;
}
