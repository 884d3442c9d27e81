import { type Config, readConfig } from '../core/config.ts';
import { ConfigError, type FileFault } from '../core/config-error.ts';
import { formatDuration } from '../core/duration.ts';
import type { Schedule } from '../core/probe.ts';
import { checkRules, forecastText, type RuledSite } from '../core/rule-forecast.ts';
import type { Site } from '../core/site.ts';
import { formatPath, type Path, readYaml } from '../core/yaml-document.ts';
import type { Host } from './host.ts';
import { checkNames } from './name-check.ts';
import { configDirs, join, loadEnvironment, loadProbe, namesIn, type PlaceOptions } from './places.ts';
import { loadSites } from './sites.ts';
import { UsageError } from './usage-error.ts';

export interface Checked {
  readonly faults: readonly FileFault[];
  /** What the rules come to, one line for each environment and rule; and which schedules are slowed. */
  readonly notes: readonly string[];
}

interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  /** As messages call it. */
  readonly file: string;
  readonly text: string;
}

/** Whether a configuration that can be read also makes sense: what it names is there, and its rules of incidents fit the rates of its probes. */
export async function checkConfig(given: ConfigFile, options: PlaceOptions, host: Host): Promise<Checked> {
  const config = readConfig(given.file, given.text);
  const blame = blaming(given);
  const places = { ...options, config: given.path };
  const names = (await checkNames(config, places, host)).map(({ path, message }) => blame(path, message));
  const missing = await missingOf(config, places, host, blame);
  if (missing.length > 0) return { faults: [...names, ...missing], notes: [] };
  let sites: readonly CheckedSite[];
  try {
    sites = await sitesOf(config, places, host);
  } catch (error) {
    if (error instanceof ConfigError) return { faults: [...names, ...error.faults], notes: [] };
    if (error instanceof UsageError) {
      return { faults: [...names, blame(['environments'], error.message)], notes: [] };
    }
    throw error;
  }
  const { forecasts, faults } = checkRules(config.incidents, sites);
  return {
    faults: [...names, ...faults.map(({ path, message }) => blame(['incidents', ...path], message))],
    notes: [...forecasts.map(forecastText), ...slowed(config, sites)],
  };
}

/**
 * Throws a ConfigError where a configuration makes no sense: rules that do not fit the rates of the probes that are served, messages about
 * environments that do not exist.
 */
export async function assertConfigFits(
  given: Omit<ConfigFile, 'path'>,
  config: Config,
  sites: readonly RuledSite[],
  options: PlaceOptions,
  host: Host,
): Promise<void> {
  const blame = blaming(given);
  const served = sites.map(({ name }) => name);
  const names = await checkNames(config, options, host, served);
  const rules = checkRules(config.incidents, sites).faults;
  const faults = [
    ...names.map(({ path, message }) => blame(path, message)),
    ...rules.map(({ path, message }) => blame(['incidents', ...path], message)),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
}

/** Environments and probes that are named and not there: all of them, each at its place. */
async function missingOf(
  config: Config,
  places: PlaceOptions,
  host: Host,
  blame: (path: Path, message: string) => FileFault,
): Promise<readonly FileFault[]> {
  const faults: FileFault[] = [];
  const told = (path: Path, error: unknown) => {
    // What is wrong inside of a file is told by whoever checks that file.
    if (error instanceof UsageError) faults.push(blame(path, error.message));
  };
  for (const [name, { probes }] of Object.entries(config.environments)) {
    if (name !== 'sandbox') {
      await loadEnvironment(name, places, host).catch((error) => told(['environments', name], error));
    }
    for (const [probe, { enabled }] of Object.entries(probes)) {
      if (!enabled) continue;
      const path = ['environments', name, 'probes', probe];
      await loadProbe(probe, places, host).catch((error) => told(path, error));
    }
  }
  return faults;
}

function blaming({ file, text }: Omit<ConfigFile, 'path'>): (path: Path, message: string) => FileFault {
  const document = readYaml(file, text);
  return (path, message) => ({ file, ...document.placeOf(path), path: formatPath(path), message });
}

type CheckedSite = RuledSite & Pick<Site, 'probes'>;

function slowed(config: Config, sites: readonly CheckedSite[]): readonly string[] {
  return sites.flatMap(({ name, probes }) =>
    [...probes.values()].flatMap((probe) => {
      const note = slowedText(probe.schedule, config.schedule.min_interval);
      return note === undefined ? [] : [`${name}/${probe.name}: ${note}`];
    }),
  );
}

/** What becomes of a schedule that is faster than the service allows; undefined where it is not. */
export function slowedText(schedule: Schedule | undefined, minIntervalMs: number): string | undefined {
  if (schedule?.every === undefined || schedule.every >= minIntervalMs) return undefined;
  const least = formatDuration(minIntervalMs).replace(/ 00s$/, '');
  return `\`every: ${formatDuration(schedule.every)}\` is slowed to ${least} by \`schedule.min_interval\``;
}

async function sitesOf(config: Config, places: PlaceOptions, host: Host): Promise<readonly CheckedSite[]> {
  const load = async (env: readonly string[]): Promise<readonly CheckedSite[]> => {
    const { sites } = await loadSites({ ...places, env }, config, host);
    return sites.map(({ environment, probes }) => ({ name: environment.name, probes }));
  };
  // A sandbox has no file; its probes are known when it runs.
  const named = Object.keys(config.environments).filter((name) => name !== 'sandbox');
  if (named.length > 0) return load(named);
  // It says nothing of what is served: then it is judged by what ships, as far as that can be read.
  const dirs = (await configDirs(places, host)).map((dir) => join(dir, 'environments'));
  const [first] = await namesIn(dirs, host);
  if (first === undefined) return [];
  return load([first]).catch((error: unknown) => {
    if (error instanceof ConfigError || error instanceof UsageError) return [];
    throw error;
  });
}
