import { type Config, readConfig, readEnvironment } from '../core/config.ts';
import type { Environment } from '../core/environment.ts';
import { type Probe, readProbe } from '../core/probe.ts';
import { type Procedures, readProcedures } from '../core/procedures.ts';
import { readScenario, type Scenario } from '../core/scenario.ts';
import { nearest } from '../core/suggest.ts';
import type { Host } from './host.ts';
import { UsageError } from './usage-error.ts';

/** Options that say where things are; every command takes those that concern it. */
export interface PlaceOptions {
  readonly config?: string;
  readonly data?: string;
}

export interface ProbeFile {
  readonly file: string;
  readonly text: string;
  readonly probe: Probe;
}

/** `--data`, `PACKPROBE_DATA_DIR`, else `$XDG_STATE_HOME/packprobe`. */
export function dataDir({ data }: PlaceOptions, { env, cwd }: Host): string {
  // A variable of a shell that is not set: what follows would be done to other data.
  if (data === '') throw new UsageError('--data is empty', 'Name the folder, or leave --data out.');
  const state = env['XDG_STATE_HOME'] || join(env['HOME'] ?? cwd, '.local/state');
  return absolute(cwd, data || env['PACKPROBE_DATA_DIR'] || join(state, 'packprobe'));
}

/** The folder of the configuration: that of `--config` or `PACKPROBE_CONFIG`, `/etc/packprobe`, that of a checkout, the one that ships. */
export async function configDirs(options: PlaceOptions, host: Host): Promise<readonly string[]> {
  const named = options.config || host.env['PACKPROBE_CONFIG'] || undefined;
  const own = named === undefined ? [] : [dirOf(absolute(host.cwd, named))];
  return [...own, '/etc/packprobe', join(host.cwd, 'config'), join(host.packageDir, 'config')];
}

export async function configFile(options: PlaceOptions, host: Host): Promise<string | undefined> {
  const named = options.config || host.env['PACKPROBE_CONFIG'] || undefined;
  if (named !== undefined) {
    const file = absolute(host.cwd, named);
    if (!(await host.exists(file))) throw new UsageError(`there is no configuration file ${file}`);
    return file;
  }
  return firstThere(
    (await configDirs(options, host)).map((dir) => join(dir, 'packprobe.yaml')),
    host,
  );
}

export async function loadConfig(options: PlaceOptions, host: Host): Promise<Config> {
  const file = await configFile(options, host);
  return file === undefined
    ? readConfig('packprobe.yaml', '{}')
    : readConfig(file, await host.readText(file));
}

/** A probe by its name, or by the path of its file. */
export async function loadProbe(name: string, options: PlaceOptions, host: Host): Promise<ProbeFile> {
  const file = await locate('probe', name, await probeDirs(options, host), host);
  const text = await host.readText(file);
  return { file, text, probe: readProbe(shortPath(host.cwd, file), text) };
}

async function probeDirs(options: PlaceOptions, host: Host): Promise<readonly string[]> {
  const dirs = await configDirs(options, host);
  return [...new Set(dirs.flatMap((dir) => [join(dir, 'probes'), join(dirOf(dir), 'probes')]))];
}

/** Names of all probes that can be found. */
export async function probeNames(options: PlaceOptions, host: Host): Promise<readonly string[]> {
  return namesIn(await probeDirs(options, host), host);
}

export interface EnvironmentFile {
  readonly file: string;
  readonly text: string;
  readonly environment: Environment;
}

/** An environment by its name, or by the path of its file. */
export async function loadEnvironment(
  name: string,
  options: PlaceOptions,
  host: Host,
): Promise<EnvironmentFile> {
  const dirs = (await configDirs(options, host)).map((dir) => join(dir, 'environments'));
  const file = await locate('environment', name, dirs, host);
  const text = await host.readText(file);
  return { file, text, environment: readEnvironment(shortPath(host.cwd, file), text) };
}

/** `procedures.yaml`, the first that is found; none is no fault. */
export async function loadProcedures(
  options: PlaceOptions,
  host: Host,
): Promise<{ readonly file: string | undefined; readonly procedures: Procedures }> {
  const file = await firstThere(
    (await configDirs(options, host)).map((dir) => join(dir, 'procedures.yaml')),
    host,
  );
  if (file === undefined) return { file, procedures: {} };
  return { file, procedures: readProcedures(shortPath(host.cwd, file), await host.readText(file)) };
}

/** A scenario by its name, or by the path of its file. */
export async function loadScenario(
  name: string,
  options: PlaceOptions,
  host: Host,
): Promise<{ readonly file: string; readonly scenario: Scenario }> {
  const dirs = (await configDirs(options, host)).map((dir) => join(dir, 'scenarios'));
  const file = await locate('scenario', name, dirs, host);
  return {
    file,
    scenario: readScenario(shortPath(host.cwd, file), await host.readText(file), await faultNames(host)),
  };
}

/** What a scenario may name. */
export async function faultNames(host: Host): Promise<readonly string[]> {
  return (await host.sandboxFaults()).map(({ name }) => name);
}

async function locate(what: string, name: string, dirs: readonly string[], host: Host): Promise<string> {
  if (name.includes('/') || /\.ya?ml$/.test(name)) {
    const file = absolute(host.cwd, name);
    if (await host.exists(file)) return file;
    throw new UsageError(`there is no ${what} file ${file}`);
  }
  const file = await firstThere(
    dirs.map((dir) => join(dir, `${name}.yaml`)),
    host,
  );
  if (file !== undefined) return file;
  const known = await namesIn(dirs, host);
  const near = nearest(name, known);
  throw new UsageError(
    `there is no ${what} "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    known.length === 0
      ? `Give the path of its file.`
      : `Known: ${known.join(', ')}. Or give the path of its file.`,
  );
}

export async function namesIn(dirs: readonly string[], host: Host): Promise<readonly string[]> {
  const names = await Promise.all(dirs.map((dir) => host.listFiles(dir).catch(() => [])));
  const yaml = names.flat().filter((name) => name.endsWith('.yaml'));
  return [...new Set(yaml.map((name) => name.slice(0, -'.yaml'.length)))].sort();
}

async function firstThere(files: readonly string[], host: Host): Promise<string | undefined> {
  for (const file of files) if (await host.exists(file)) return file;
  return undefined;
}

export function join(dir: string, name: string): string {
  return `${dir.replace(/\/+$/, '')}/${name}`;
}

export function dirOf(path: string): string {
  return path.replace(/\/+[^/]*\/*$/, '') || '/';
}

/** As a person in this folder would name it. */
export function shortPath(cwd: string, file: string): string {
  return file.startsWith(`${cwd}/`) ? file.slice(cwd.length + 1) : file;
}

export function absolute(cwd: string, path: string): string {
  return path.startsWith('/') ? path : join(cwd, path);
}
