import { resolve } from 'node:path';
import { parseOptions, UsageError } from '../common/options.ts';
import { Interrupted, type Run, standIn } from '../common/stand-in.ts';
import { HubError } from '../koji/hub.ts';
import { argumentError } from './arguments.ts';
import { type Context, type GlobalOptions, Refused, readConfig, readSettings } from './settings.ts';

/** The library behind the command that is imitated. */
const VERSION = '1.70';

type Command = (context: Context, argv: readonly string[]) => Promise<number>;

/** Loads each command when it is asked for: a run starts them hundreds of times. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  clone: async () => (await import('./clone.ts')).clone,
  'switch-branch': async () => (await import('./work-tree.ts')).switchBranch,
  push: async () => (await import('./work-tree.ts')).push,
  pull: async () => (await import('./work-tree.ts')).pull,
  commit: async () => (await import('./work-tree.ts')).commit,
  giturl: async () => (await import('./work-tree.ts')).gitUrl,
  verrel: async () => (await import('./work-tree.ts')).verrel,
  sources: async () => (await import('./sources.ts')).sources,
  'new-sources': async () => (await import('./sources.ts')).newSources,
  upload: async () => (await import('./sources.ts')).upload,
  build: async () => (await import('./build.ts')).build,
  'scratch-build': async () => {
    const { build } = await import('./build.ts');
    return (context, argv) => build(context, argv, true);
  },
  'request-side-tag': async () => (await import('./side-tags.ts')).requestSideTag,
  'list-side-tags': async () => (await import('./side-tags.ts')).listSideTags,
  'remove-side-tag': async () => (await import('./side-tags.ts')).removeSideTag,
  'pre-push-check': async () => (await import('./pre-push.ts')).prePushCheck,
  // git asks it for a password; without a login in a browser it has none.
  gitcred: async () => async () => 0,
};

const ALIASES: ReadonlyMap<string, string> = new Map(Object.entries({ co: 'clone', ci: 'commit' }));

const GLOBALS = {
  config: { names: ['-C', '--config'], takes: 'value' },
  user_config: { names: ['--user-config'], takes: 'value' },
  release: { names: ['--release', '--dist'], takes: 'value' },
  name: { names: ['--name', '--module-name'], takes: 'value' },
  namespace: { names: ['--namespace'], takes: 'value' },
  user: { names: ['--user'], takes: 'value' },
  password: { names: ['--password'], takes: 'value' },
  runas: { names: ['--runas'], takes: 'value' },
  path: { names: ['--path'], takes: 'value' },
  quiet: { names: ['-q'] },
  verbose: { names: ['-v', '--verbose'] },
  debug: { names: ['-d', '--debug'] },
  dry_run: { names: ['--dry-run'] },
  version: { names: ['--version'] },
  help: { names: ['-h', '--help'] },
} as const;

/** The `fedpkg` command: a thin layer over pyrpkg. */
export const fedpkg = standIn(async (run) => {
  const { options, args } = parseGlobals(run);
  const [word, ...argv] = args;
  if (options.version === true) {
    run.print(`fedpkg ${VERSION}`);
    return 0;
  }
  if (options.help === true) return help(run, 0);
  const config = readConfig(run, options.config, options.user_config);
  if (word === undefined) return help(run, 1);
  const name = ALIASES.get(word) ?? word;
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    if (name === 'help') return help(run, 0);
    run.warn(`fedpkg: error: argument {help,build,clone,…}: invalid choice: '${word}'`);
    return 2;
  }
  const globals: GlobalOptions = {
    config: options.config,
    release: options.release,
    name: options.name,
    namespace: options.namespace,
    user: options.user,
    password: options.password,
    quiet: options.quiet === true,
  };
  try {
    const command = await load();
    const say = (line: string) => {
      if (!globals.quiet) run.print(line);
    };
    const path = resolve(run.cwd, options.path ?? '.');
    return await command({ run, settings: readSettings(config), globals, path, say }, argv);
  } catch (error) {
    // The real one swallows Ctrl-C.
    if (error instanceof Interrupted) return 0;
    if (!(error instanceof Refused) && !(error instanceof HubError)) throw error;
    run.warn(`Could not execute ${name.replaceAll('-', '_')}: ${error.message}`);
    return 1;
  }
});

function parseGlobals(run: Run) {
  try {
    return parseOptions(run.argv, GLOBALS, { leading: true });
  } catch (error) {
    if (error instanceof UsageError) throw argumentError({ run }, error);
    throw error;
  }
}

async function help(run: Run, exit: number): Promise<number> {
  const { HELP } = await import('./help-text.ts');
  run.write('stdout', HELP);
  return exit;
}
