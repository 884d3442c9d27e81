import { type Config, readConfig } from '../core/config.ts';
import { ConfigError, type FileFault } from '../core/config-error.ts';
import { checkRules, forecastText, type RuledSite } from '../core/rule-forecast.ts';
import { formatPath, type Path, readYaml } from '../core/yaml-document.ts';
import type { Host } from './host.ts';
import { configDirs, join, namesIn, type PlaceOptions } from './places.ts';
import { loadSites } from './sites.ts';
import { UsageError } from './usage-error.ts';

export interface Checked {
  readonly faults: readonly FileFault[];
  /** What the rules come to, one line for each environment and rule. */
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
  let sites: readonly RuledSite[];
  try {
    sites = await sitesOf(config, places, host);
  } catch (error) {
    if (error instanceof ConfigError) return { faults: error.faults, notes: [] };
    if (error instanceof UsageError) return { faults: [blame(['environments'], error.message)], notes: [] };
    throw error;
  }
  const { forecasts, faults } = checkRules(config.incidents, sites);
  return {
    faults: faults.map(({ path, message }) => blame(['incidents', ...path], message)),
    notes: forecasts.map(forecastText),
  };
}

/** Throws a ConfigError where the rules of a configuration make no sense at the rates of the probes that are served. */
export function assertRulesFit(
  given: Omit<ConfigFile, 'path'>,
  config: Pick<Config, 'incidents'>,
  sites: readonly RuledSite[],
): void {
  const blame = blaming(given);
  const { faults } = checkRules(config.incidents, sites);
  if (faults.length > 0) {
    throw new ConfigError(faults.map(({ path, message }) => blame(['incidents', ...path], message)));
  }
}

function blaming({ file, text }: Omit<ConfigFile, 'path'>): (path: Path, message: string) => FileFault {
  const document = readYaml(file, text);
  return (path, message) => ({ file, ...document.placeOf(path), path: formatPath(path), message });
}

async function sitesOf(config: Config, places: PlaceOptions, host: Host): Promise<readonly RuledSite[]> {
  const load = async (env: readonly string[]): Promise<readonly RuledSite[]> => {
    const { sites } = await loadSites({ ...places, env }, config, host);
    return sites.map(({ environment, probes }) => ({ name: environment.name, probes }));
  };
  const named = Object.keys(config.environments);
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
