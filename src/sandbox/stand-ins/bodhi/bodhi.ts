import { type Exit, Interrupted, type Run, standIn } from '../common/stand-in.ts';
import { usageError } from './click.ts';
import { Crash, Refused } from './errors.ts';

/** The client that is imitated. */
const VERSION = '26.4.0';

type Command = (run: Run, argv: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Readonly<Record<string, () => Promise<Command>>>>> = {
  updates: {
    new: async () => (await import('./save.ts')).newUpdate,
    edit: async () => (await import('./save.ts')).editUpdate,
    query: async () => (await import('./updates.ts')).queryUpdates,
    request: async () => (await import('./updates.ts')).requestUpdate,
    comment: async () => (await import('./updates.ts')).commentUpdate,
    waive: async () => (await import('./updates.ts')).waiveUpdate,
    'trigger-tests': async () => (await import('./updates.ts')).triggerTests,
  },
  releases: {
    info: async () => (await import('./releases.ts')).releaseInfo,
    list: async () => (await import('./releases.ts')).listReleases,
    requirements: async () => (await import('./releases.ts')).releaseRequirements,
  },
  overrides: { query: async () => (await import('./releases.ts')).queryOverrides },
  composes: { list: async () => (await import('./releases.ts')).listComposes },
};

/** The `bodhi` command of bodhi-client. */
export const bodhi = standIn(async (run) => {
  const [group, command, ...argv] = run.argv;
  if (group === '--version') {
    run.print(VERSION);
    return 0;
  }
  if (group === undefined || group === '--help') return help(run, '', group === undefined ? 2 : 0);
  const commands = Object.hasOwn(COMMANDS, group) ? COMMANDS[group] : undefined;
  if (commands === undefined) throw noSuch(run, '', group);
  if (command === undefined || command === '--help') return help(run, group, command === undefined ? 2 : 0);
  const load = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (load === undefined) throw noSuch(run, group, command);
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
});

function noSuch(run: Run, path: string, word: string): Exit {
  const text = word.startsWith('-') ? `No such option '${word}'.` : `No such command '${word}'.`;
  return usageError(run, path, '[OPTIONS] COMMAND [ARGS]...', text);
}

async function help(run: Run, path: string, exit: number): Promise<number> {
  const { HELP } = await import('./help-text.ts');
  const text = HELP[path] ?? `Usage: bodhi ${path} [OPTIONS] COMMAND [ARGS]...\n`;
  run.write(exit === 0 ? 'stdout' : 'stderr', text);
  return exit;
}
