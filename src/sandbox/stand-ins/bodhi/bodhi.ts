import { type Exit, Interrupted, type StandIn, standIn } from '../common/stand-in.ts';
import { usageError } from './click.ts';
import { Crash, Refused } from './errors.ts';
import { type BodhiRun, type BodhiVersion, habitsOf } from './version.ts';

type Command = (run: BodhiRun, argv: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Readonly<Record<string, () => Promise<Command>>>>> = {
  updates: {
    new: async () => (await import('./save.ts')).newUpdate,
    edit: async () => (await import('./save.ts')).editUpdate,
    query: async () => (await import('./updates.ts')).queryUpdates,
    request: async () => (await import('./updates.ts')).requestUpdate,
    comment: async () => (await import('./updates.ts')).commentUpdate,
    waive: async () => (await import('./updates.ts')).waiveUpdate,
    download: async () => (await import('./download.ts')).downloadUpdates,
    'trigger-tests': async () => (await import('./updates.ts')).triggerTests,
  },
  releases: {
    info: async () => (await import('./releases.ts')).releaseInfo,
    list: async () => (await import('./releases.ts')).listReleases,
    requirements: async () => (await import('./releases.ts')).releaseRequirements,
  },
  overrides: {
    query: async () => (await import('./overrides.ts')).queryOverrides,
    save: async () => (await import('./overrides.ts')).saveOverride,
  },
  composes: { list: async () => (await import('./releases.ts')).listComposes },
};

/** The `bodhi` command of one version of bodhi-client. */
export function imitateBodhi(version: BodhiVersion): StandIn {
  const habits = habitsOf(version);
  return standIn((run) => main({ ...run, habits }));
}

/** The newest that is known. */
export const bodhi = imitateBodhi('26.4.0');

async function main(run: BodhiRun): Promise<number> {
  const [group, command, ...argv] = run.argv;
  if (group === '--version') {
    run.print(run.habits.version);
    return 0;
  }
  if (group === undefined || group === '--help') return help(run, '', group === undefined ? 2 : 0);
  const commands = Object.hasOwn(COMMANDS, group) ? COMMANDS[group] : undefined;
  if (commands === undefined) throw await noSuch(run, '', group);
  if (command === undefined || command === '--help') return help(run, group, command === undefined ? 2 : 0);
  const known = Object.hasOwn(commands, command) && (command !== 'requirements' || run.habits.requirements);
  const load = known ? commands[command] : undefined;
  if (load === undefined) {
    const { helpOf } = await import('./help-text.ts');
    const asked = argv.includes('--help') ? helpOf(`${group} ${command}`, run.habits) : undefined;
    if (asked === undefined) throw await noSuch(run, group, command);
    run.write('stdout', asked);
    return 0;
  }
  try {
    return await (await load())(run, argv);
  } catch (error) {
    if (error instanceof Refused) {
      run.warn(error.message);
      return 2;
    }
    if (error instanceof Crash) {
      run.warn(error.traceback);
      return 1;
    }
    if (error instanceof Interrupted) {
      run.warn('\nAborted!');
      return 1;
    }
    throw error;
  }
}

async function noSuch(run: BodhiRun, path: string, word: string): Promise<Exit> {
  const [{ helpOf }, { guessed }] = await Promise.all([
    import('./help-text.ts'),
    import('./close-matches.ts'),
  ]);
  const commands = helpOf(path, run.habits)?.split('Commands:\n')[1] ?? '';
  const known = [...commands.matchAll(/^ {2}([\w-]+)/gm)].map(([, name = '']) => name);
  const text = word.startsWith('-')
    ? `No such option '${word}'.${guessed(word, ['--help', '--version'])}`
    : `No such command '${word}'.${guessed(word, known)}`;
  return usageError(run, path, '[OPTIONS] COMMAND [ARGS]...', text);
}

async function help(run: BodhiRun, path: string, exit: number): Promise<number> {
  const { helpOf } = await import('./help-text.ts');
  const text = helpOf(path, run.habits) ?? `Usage: bodhi ${path} [OPTIONS] COMMAND [ARGS]...\n`;
  run.write(exit === 0 ? 'stdout' : 'stderr', text);
  return exit;
}
