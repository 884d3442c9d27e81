import type { Config } from '../core/config.ts';
import { readEnvironment } from '../core/config.ts';
import { dueKey, dueTimes } from '../core/due-times.ts';
import { type Environment, scopeOf } from '../core/environment.ts';
import { resolveParams } from '../core/params.ts';
import { planProbe } from '../core/planner.ts';
import type { Clock } from '../core/ports.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import type { Action } from '../core/step.ts';
import type { Charge } from '../core/system.ts';
import type { Host } from './host.ts';
import { loadEnvironment, loadProbe, type PlaceOptions, probeNames } from './places.ts';
import { overridesOf, targetOf } from './target.ts';
import { UsageError } from './usage-error.ts';

/** What narrows or widens what the configuration says. */
export interface SiteOptions extends PlaceOptions {
  /** Only these environments; one that the configuration does not name runs every probe that has a schedule. */
  readonly env?: readonly string[];
  /** Only these probes. */
  readonly probe?: readonly string[];
}

/** A sandbox as an environment: its file and where it is controlled. */
export interface SandboxSite {
  readonly control: string;
  /** YAML. */
  readonly environment: string;
}

export interface Sites {
  readonly sites: readonly Site[];
  /** All that was read: when one of them changes, it is read again. */
  readonly files: readonly string[];
}

/** Every environment with its probes as the files say it now. Throws a ConfigError or a UsageError with what is wrong. */
export async function loadSites(
  options: SiteOptions,
  config: Config,
  host: Host,
  sandbox?: SandboxSite,
): Promise<Sites> {
  const actions = await host.actions();
  const named = options.env ?? (sandbox === undefined ? Object.keys(config.environments) : []);
  const files: string[] = [];
  const sites: Site[] = [];
  const known = await confirmations(options, host);
  for (const name of named) {
    const found = await loadEnvironment(name, options, host);
    files.push(found.file);
    sites.push(await openSite(found.environment, undefined));
  }
  if (sandbox !== undefined) {
    const file = `${sandbox.control}/environment`;
    sites.push(await openSite(readEnvironment(file, sandbox.environment), sandbox.control));
  }
  for (const { environment } of sites) {
    if (sites.filter((one) => one.environment.name === environment.name).length === 1) continue;
    throw new UsageError(
      `two environments have the name ${environment.name}: nobody could tell their runs apart`,
      'Give each environment file a `name` of its own.',
    );
  }
  if (sites.length === 0) {
    throw new UsageError(
      'the configuration names no environment: there is nothing to serve',
      'Add `environments:` to packprobe.yaml, or say --env NAME, or --env sandbox to try it out.',
    );
  }
  return { sites, files };

  async function openSite(environment: Environment, control: string | undefined): Promise<Site> {
    const clock = await host.openClock(environment.clock);
    const entry = config.environments[environment.name];
    const probes = new Map<string, SiteProbe>();
    for (const name of await namesOf(entry)) {
      const probe = await openProbe(name, {
        environment,
        config,
        options,
        actions,
        clock,
        probes: known,
        host,
      });
      files.push(probe.file);
      // One that the configuration does not name and that says nothing itself is for `run`.
      if (entry === undefined && options.probe === undefined && probe.site.schedule === undefined) continue;
      probes.set(name, probe.site);
    }
    await withConfirming(probes, { environment, config, options, actions, clock, probes: known, host });
    return {
      environment,
      scope: scopeOf(environment),
      clock,
      control,
      probes,
      maxRuns: entry?.max_runs,
    };
  }

  async function namesOf(entry: Config['environments'][string] | undefined): Promise<readonly string[]> {
    if (options.probe !== undefined) return options.probe;
    // One that the configuration does not name and that has no schedule itself is for `run`.
    if (entry === undefined) return scheduledNames(options, host);
    return Object.entries(entry.probes)
      .filter(([, { enabled }]) => enabled)
      .map(([name]) => name);
  }
}

async function scheduledNames(options: PlaceOptions, host: Host): Promise<readonly string[]> {
  const names = await probeNames(options, host);
  const probes = await Promise.all(names.map((name) => loadProbe(name, options, host)));
  return probes.filter(({ probe }) => probe.schedule !== undefined).map(({ probe }) => probe.name);
}

async function confirmations(
  options: PlaceOptions,
  host: Host,
): Promise<ReadonlyMap<string, string | undefined>> {
  const names = await probeNames(options, host);
  const probes = await Promise.all(names.map((name) => loadProbe(name, options, host)));
  return new Map(probes.map(({ probe }) => [probe.name, probe.confirm_with]));
}

interface Place {
  readonly environment: Environment;
  readonly config: Config;
  readonly options: PlaceOptions;
  readonly actions: ReadonlyMap<string, Action>;
  readonly clock: Clock;
  /** What each probe that can be found is confirmed with. */
  readonly probes: ReadonlyMap<string, string | undefined>;
  readonly host: Host;
}

/** A probe that only confirms others is known, too; it has no schedule of its own unless the configuration gives it one. */
async function withConfirming(probes: Map<string, SiteProbe>, place: Place): Promise<void> {
  for (const { confirm_with } of [...probes.values()]) {
    if (confirm_with === undefined || probes.has(confirm_with)) continue;
    const { site } = await openProbe(confirm_with, place);
    probes.set(confirm_with, { ...site, schedule: undefined, intervalMs: undefined });
  }
}

async function openProbe(
  name: string,
  { environment, config, options, actions, clock, probes, host }: Place,
): Promise<{ readonly file: string; readonly site: SiteProbe }> {
  const { file, text, probe } = await loadProbe(name, options, host);
  const overrides = overridesOf({}, config, environment, probe.name);
  const given = config.environments[environment.name]?.probes[probe.name]?.params ?? {};
  const texts = Object.entries(given).map(([key, value]) => [key, String(value)] as const);
  const source = `environments.${environment.name}.probes.${probe.name}.params`;
  const params = resolveParams(probe, Object.fromEntries(texts), source);
  const plan = planProbe({ probe, actions, params, environment, overrides, probes });
  const { schedule, confirm_with } = plan.probe;
  const times =
    schedule === undefined
      ? undefined
      : dueTimes(schedule, dueKey(environment.name, probe.name), config.schedule.min_interval);
  const systems = new Set<Charge>(plan.steps.map(({ system }) => system));
  return {
    file,
    site: {
      name: probe.name,
      plan,
      definition: { file, text },
      ...targetOf(plan, environment),
      schedule,
      intervalMs: times?.intervalMs(clock.now()),
      confirm_with,
      systems: [...systems],
    },
  };
}
