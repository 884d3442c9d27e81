import type { Argument, Command, Option } from 'commander';
import { completionScript, type Shell } from './completion-scripts.ts';
import { EXIT, type Host } from './host.ts';
import { configDirs, dataDir, dirOf, join, namesIn, type PlaceOptions } from './places.ts';

/** `packprobe completion SHELL`: the script that a shell reads once. */
export async function completionCommand(shell: Shell, { stdout }: Host): Promise<number> {
  stdout.write(completionScript(shell));
  return EXIT.passed;
}

/** Runs that are offered; who wants an older one knows its id. */
const MOST_RUNS = 20;

/** What can stand at a place. A candidate is a text, and what is said of it where a shell shows that. */
interface Offer {
  readonly candidates: readonly (readonly [string, string])[];
  /** Paths are good there, too, or where no candidate fits. */
  readonly files?: 'too' | 'else';
}

const NOTHING: Offer = { candidates: [] };

/**
 * `packprobe __complete -- WORD…`: what the last word may become, one a line, with a tab before what is said of it; `:files` where the shell
 * is to add paths. Silent where something goes wrong: nobody waits for an error behind a tab key.
 */
export async function completeCommand(
  program: Command,
  words: readonly string[],
  host: Host,
): Promise<number> {
  const current = words.at(-1) ?? '';
  const { candidates, files } = await offerFor(program, words, host).catch(() => NOTHING);
  const fitting = candidates.filter(([text]) => text.startsWith(current));
  const lines = fitting.map(([text, about]) => (about === '' ? text : `${text}\t${about}`));
  const withFiles = files === 'too' || (files === 'else' && fitting.length === 0);
  host.stdout.write([...lines, ...(withFiles ? [':files'] : [])].map((line) => `${line}\n`).join(''));
  return EXIT.passed;
}

/** How far the words before the last one lead into the tree of commands. */
interface Position {
  readonly command: Command;
  readonly places: PlaceOptions;
  /** The option whose value comes next. */
  readonly open: Option | undefined;
  /** Arguments that the command has already. */
  readonly given: number;
  /** Behind `--` there are no options any more. */
  readonly plain: boolean;
}

function positionOf(program: Command, words: readonly string[]): Position {
  let at: Position = { command: program, places: {}, open: undefined, given: 0, plain: false };
  for (const word of words) {
    const { command, open, given } = at;
    if (open !== undefined) at = { ...at, open: undefined, places: placesWith(at.places, open, word) };
    else if (!at.plain && word === '--') at = { ...at, plain: true };
    else if (!at.plain && word.startsWith('-')) {
      const [flag = '', ...value] = word.split('=');
      const option = optionsOf(command).find(({ long, short }) => long === flag || short === flag);
      const takes = option?.required === true || option?.optional === true;
      if (option !== undefined && takes && value.length > 0)
        at = { ...at, places: placesWith(at.places, option, value.join('=')) };
      else if (takes) at = { ...at, open: option };
    } else {
      const below = given > 0 ? undefined : command.commands.find((one) => one.name() === word);
      at = below === undefined ? { ...at, given: given + 1 } : { ...at, command: below };
    }
  }
  return at;
}

function placesWith(places: PlaceOptions, { long }: Option, value: string): PlaceOptions {
  if (long === '--config') return { ...places, config: value };
  return long === '--data' ? { ...places, data: value } : places;
}

async function offerFor(program: Command, words: readonly string[], host: Host): Promise<Offer> {
  const current = words.at(-1) ?? '';
  const { command, places, open, given, plain } = positionOf(program, words.slice(0, -1));
  const world = { host, places, current };
  if (open !== undefined) return valuesOf(open, world);
  const assigned = plain ? undefined : /^(--[\w-]+)=(.*)$/s.exec(current);
  if (assigned !== null && assigned !== undefined) {
    const option = optionsOf(command).find(({ long }) => long === assigned[1]);
    if (option === undefined) return NOTHING;
    const { candidates, files } = await valuesOf(option, { ...world, current: assigned[2] ?? '' });
    const whole = candidates.map(([text, about]) => [`${assigned[1]}=${text}`, about] as const);
    return { candidates: whole, ...(files === undefined ? {} : { files }) };
  }
  if (!plain && current.startsWith('-')) {
    const options = optionsOf(command).flatMap((option) => {
      const about = summaryOf(option.description);
      return [option.long, current === '-' ? option.short : undefined].flatMap((flag) =>
        flag == null ? [] : [[flag, about] as const],
      );
    });
    return { candidates: options };
  }
  const commands = given > 0 ? [] : command.createHelp().visibleCommands(command);
  const argument = command.registeredArguments[given] ?? lastVariadic(command);
  const values = argument === undefined ? NOTHING : await argumentsOf(command, argument, world);
  const names = commands.map((one) => [one.name(), one.summary() || summaryOf(one.description())] as const);
  return { ...values, candidates: [...names, ...values.candidates] };
}

function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

function lastVariadic(command: Command): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return last?.variadic === true ? last : undefined;
}

/** The first part of a description: what comes behind it a list of candidates has no place for. */
function summaryOf(text: string): string {
  return text.split(/[.;](?:\s|$)|\n| \(/)[0]?.trim() ?? '';
}

interface World {
  readonly host: Host;
  readonly places: PlaceOptions;
  /** What stands there already. */
  readonly current: string;
}

type Values = (world: World) => Promise<Offer>;

const named =
  (folder: string, more: readonly (readonly [string, string])[] = []): Values =>
  async ({ host, places }) => {
    const dirs = (await configDirs(places, host)).flatMap((dir) =>
      folder === 'probes' ? [join(dir, folder), join(dirOf(dir), folder)] : [join(dir, folder)],
    );
    const names = (await namesIn([...new Set(dirs)], host)).map((name) => [name, ''] as const);
    return { candidates: [...more, ...names], files: 'else' };
  };

const faults: Values = async ({ host }) => ({
  candidates: (await host.sandboxFaults()).map(({ name, says }) => [name, summaryOf(says)]),
});

/** As short as tells them apart; longer where the beginning that is there already is longer. */
const runs: Values = async ({ host, places, current }) => {
  const file = join(dataDir(places, host), 'packprobe.db');
  if (!(await host.exists(file))) return NOTHING;
  await using store = await host.openStore(file);
  const listed = await store.list({ limit: MOST_RUNS + 1 });
  const ids = listed.map(({ run_id }) => run_id);
  const candidates = listed.slice(0, MOST_RUNS).map(({ run_id, probe, outcome }) => {
    const length = Array.from({ length: run_id.length }, (_, at) => at + 1).find(
      (to) => to >= 8 && ids.every((id) => id === run_id || !id.startsWith(run_id.slice(0, to))),
    );
    const short = run_id.slice(0, Math.max(length ?? run_id.length, current.length));
    return [short, `${probe} ${outcome ?? 'unfinished'}`] as const;
  });
  return { candidates };
};

const incidents: Values = async ({ host, places }) => {
  const file = join(dataDir(places, host), 'packprobe.db');
  if (!(await host.exists(file))) return NOTHING;
  await using store = await host.openStore(file);
  const listed = await store.incidents.list({ limit: MOST_RUNS });
  return {
    candidates: listed.map(
      ({ incident_id, system, environment, state }) =>
        [incident_id, `${system} on ${environment}, ${state}`] as const,
    ),
  };
};

const words =
  (list: () => Promise<readonly string[]>): Values =>
  async () => ({ candidates: (await list()).map((text) => [text, '']) });

const files: Values = async () => ({ candidates: [], files: 'too' });

/** Values that stand in no definition of an option: they are looked up. */
const OPTION_VALUES: Readonly<Record<string, Values>> = {
  '--env': named('environments', [['sandbox', 'a small distribution on this machine']]),
  '--probe': named('probes'),
  '--scenario': named('scenarios'),
  '--fault': faults,
  '--branch': words(async () => ['stable', 'rawhide']),
  '--state': words(async () => (await import('./incidents.ts')).INCIDENT_STATES),
  '--system': words(async () => (await import('../core/system.ts')).SYSTEMS),
  '--outcome': words(async () => (await import('./runs-list.ts')).OUTCOMES),
};

const ARGUMENT_VALUES: Readonly<Record<string, Values>> = {
  probe: named('probes'),
  run: runs,
  incident: incidents,
  kind: words(async () => (await import('../core/schema.ts')).SCHEMA_KINDS),
  'fault name': faults,
};

/** What an option calls its value tells whether it is a path. */
const PATHS = /<(file|dir)>|\[(file|dir)\]/;

async function valuesOf(option: Option, world: World): Promise<Offer> {
  if (option.argChoices !== undefined) return { candidates: option.argChoices.map((text) => [text, '']) };
  const values = OPTION_VALUES[option.long ?? ''];
  if (values !== undefined) return values(world);
  return PATHS.test(option.flags) ? files(world) : NOTHING;
}

async function argumentsOf(command: Command, argument: Argument, world: World): Promise<Offer> {
  if (argument.argChoices !== undefined) return { candidates: argument.argChoices.map((text) => [text, '']) };
  const name = argument.name();
  const values = ARGUMENT_VALUES[`${command.parent?.name()} ${name}`] ?? ARGUMENT_VALUES[name];
  if (values !== undefined) return values(world);
  return name === 'file' || name === 'dir' ? files(world) : NOTHING;
}
