import { configSchema, readConfig, readEnvironment } from '../core/config.ts';
import { ConfigError, type FileFault, formatFault } from '../core/config-error.ts';
import { planProbe } from '../core/planner.ts';
import { readProbe } from '../core/probe.ts';
import { readProcedures } from '../core/procedures.ts';
import { readScenario } from '../core/scenario.ts';
import type { SchemaKind } from '../core/schema.ts';
import type { Action } from '../core/step.ts';
import { readYaml } from '../core/yaml-document.ts';
import { EXIT, type Host } from './host.ts';
import {
  absolute,
  configDirs,
  configFile,
  dirOf,
  faultNames,
  join,
  loadConfig,
  type PlaceOptions,
  shortPath,
} from './places.ts';
import { checkConfig, slowedText } from './rule-check.ts';

export interface ValidateOptions extends PlaceOptions {
  readonly json?: boolean;
}

/** `packprobe validate [FILE…]`: all faults of all files in one pass; without a file everything that `run` would find. */
export async function validateCommand(
  given: readonly string[],
  options: ValidateOptions,
  host: Host,
): Promise<number> {
  const files =
    given.length > 0 ? given.map((file) => absolute(host.cwd, file)) : await everyFile(options, host);
  const known = {
    actions: await host.actions(),
    faults: await faultNames(host),
    probes: await confirmations(files, options, host),
  };
  const faults: FileFault[] = [];
  const notes = new Map<string, readonly string[]>();
  const unread: string[] = [];
  for (const file of files) {
    if (!(await host.exists(file))) {
      faults.push({
        file: shortPath(host.cwd, file),
        line: 1,
        column: 1,
        path: '',
        message: 'there is no such file',
      });
      continue;
    }
    const text = await host.readText(file);
    const found = faultsOf(shortPath(host.cwd, file), text, known);
    faults.push(...found);
    if (found.length > 0) {
      if (kindOf(file, text) === 'config') unread.push(shortPath(host.cwd, file));
      continue;
    }
    if (kindOf(file, text) === 'probe') {
      const note = slowedText(readProbe(file, text).schedule, await minInterval(options, host));
      if (note !== undefined) notes.set(file, [note]);
    }
    if (kindOf(file, text) !== 'config') continue;
    const checked = await checkConfig({ path: file, file: shortPath(host.cwd, file), text }, options, host);
    const told = new Set(faults.map(formatFault));
    faults.push(...checked.faults.filter((fault) => !told.has(formatFault(fault))));
    notes.set(file, checked.notes);
  }
  if (options.json === true) {
    const forecasts = [...notes.values()].flat();
    host.stdout.write(`${JSON.stringify({ files, faults, forecasts }, undefined, 2)}\n`);
  } else if (faults.length > 0) {
    host.stderr.write(`${new ConfigError(faults).message}\n`);
    if (unread.length > 0)
      host.stderr.write(`The names and rules of ${unread.join(', ')} are checked once this is mended.\n`);
  } else {
    const lines = files.flatMap((file) => [
      `${shortPath(host.cwd, file)}: good\n`,
      ...(notes.get(file) ?? []).map((note) => `  ${note}\n`),
    ]);
    host.stdout.write(lines.join(''));
  }
  return faults.length > 0 ? EXIT.usage : EXIT.passed;
}

/** Of the configuration that is found, where that can be read, else of one that says nothing. */
async function minInterval(options: PlaceOptions, host: Host): Promise<number> {
  const config = await loadConfig(options, host).catch((error: unknown) => {
    if (error instanceof ConfigError) return readConfig('packprobe.yaml', '');
    throw error;
  });
  return config.schedule.min_interval;
}

/** What files may name. */
interface Known {
  readonly actions: ReadonlyMap<string, Action>;
  /** Of a sandbox. */
  readonly faults: readonly string[];
  /** What each probe is confirmed with. */
  readonly probes: ReadonlyMap<string, string | undefined>;
}

/** Of the probes to check and those beside them, and of those that `run` would find; the first of a name counts. */
async function confirmations(
  files: readonly string[],
  options: PlaceOptions,
  host: Host,
): Promise<ReadonlyMap<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  const folders = new Set<string>();
  const read = async (file: string) => {
    const text = await host.readText(file).catch(() => '');
    if (!isProbe(file, text)) return;
    folders.add(dirOf(file));
    const { name, confirm_with } = readProbe(file, text);
    if (!found.has(name)) found.set(name, confirm_with);
  };
  for (const file of files) await read(file);
  for (const folder of await probeDirs(options, host)) folders.add(folder);
  for (const file of await yamlFilesIn(folders, host)) await read(file);
  return found;
}

function faultsOf(file: string, text: string, known: Known): readonly FileFault[] {
  try {
    check(file, text, known);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

function check(file: string, text: string, known: Known): void {
  switch (kindOf(file, text)) {
    case 'probe':
      planProbe({ probe: readProbe(file, text), actions: known.actions, probes: known.probes });
      return;
    case 'procedures':
      readProcedures(file, text);
      return;
    case 'environment':
      readEnvironment(file, text);
      return;
    case 'scenario':
      readScenario(file, text, known.faults);
      return;
    case 'config':
      readConfig(file, text);
      return;
    case undefined:
      if (readYaml(file, text).broken) throw new ConfigError(readYaml(file, text).faults);
      throw new ConfigError([{ file, line: 1, column: 1, path: '', message: NEITHER }]);
  }
}

/** What a file is stands in it: a probe has steps, an environment has systems, the service's file has its own keys. */
function kindOf(file: string, text: string): SchemaKind | undefined {
  const has = (...keys: readonly string[]) => hasKey(text, keys);
  if (isProbe(file, text)) return 'probe';
  if (has('procedures')) return 'procedures';
  if (has('systems', 'identity')) return 'environment';
  if (has('events', 'releases', 'packagers') || /(^|\/)scenarios\//.test(file)) return 'scenario';
  if (has(...Object.keys(configSchema.shape)) || /(^|\/)packprobe\.ya?ml$/.test(file)) return 'config';
  return undefined;
}

function hasKey(text: string, keys: readonly string[]): boolean {
  return new RegExp(`^(${keys.join('|')})\\s*:`, 'm').test(text);
}

function isProbe(file: string, text: string): boolean {
  return hasKey(text, ['steps']) || /(^|\/)probes\//.test(file);
}

const NEITHER =
  'neither a probe (`steps`), nor an environment (`systems`), nor a scenario (`events`), nor `procedures`, nor the configuration of the service';

async function everyFile(options: PlaceOptions, host: Host): Promise<readonly string[]> {
  const dirs = await configDirs(options, host);
  const folders = dirs.flatMap((dir) => [join(dir, 'environments'), join(dir, 'scenarios')]);
  const config = await configFile(options, host);
  const found = await yamlFilesIn([...folders, ...(await probeDirs(options, host))], host);
  const procedures: string[] = [];
  for (const dir of new Set(dirs)) {
    const file = join(dir, 'procedures.yaml');
    if (await host.exists(file)) procedures.push(file);
  }
  return [...new Set([...(config === undefined ? [] : [config]), ...procedures, ...found])];
}

async function probeDirs(options: PlaceOptions, host: Host): Promise<readonly string[]> {
  const dirs = await configDirs(options, host);
  return dirs.flatMap((dir) => [join(dir, 'probes'), join(dirOf(dir), 'probes')]);
}

async function yamlFilesIn(folders: Iterable<string>, host: Host): Promise<readonly string[]> {
  const files: string[] = [];
  for (const folder of new Set(folders)) {
    const names = await host.listFiles(folder).catch(() => []);
    files.push(...names.filter((name) => /\.ya?ml$/.test(name)).map((name) => join(folder, name)));
  }
  return files;
}
