import { logTime } from '../common/local-time.ts';
import { parseOptions, UsageError } from '../common/options.ts';
import { Exit, Interrupted, type Run, standIn } from '../common/stand-in.ts';
import {
  activate,
  type Command,
  type Context,
  connect,
  ensureConnection,
  optparseText,
  parseArgs,
} from './context.ts';
import { GSSAPI_HINT, HubError, openHub } from './hub.ts';
import { ProfileError, readProfile } from './profile.ts';
import { NoSuchTask } from './watch.ts';

/** The client that is imitated. */
const VERSION = '1.36.1';

const GREETINGS = ['hello', 'hi', 'moshimoshi', 'ciao', 'bonjour', 'hej', 'ahoj', 'hallo', 'szia', 'aloha'];
/** What `hello` answers: in a random language, as the real one. */
const ANSWERS = [
  'hello',
  'hi',
  'bonjour',
  'guten tag',
  'hola',
  'ahoj',
  'jó napot',
  'olá',
  'dzień dobry',
  'привет',
  'こんにちは',
];

interface Entry {
  readonly usage: string;
  /** Loads the command when it is asked for: a run starts it hundreds of times. */
  readonly load: () => Promise<Command>;
}

const BUILD_USAGE = `koji build [options] <target> <srpm path or scm url>

The first option is the build target, not to be confused with the destination
tag (where the build eventually lands) or build tag (where the buildroot
contents are pulled from).

You can list all available build targets using the 'koji list-targets' command.
More detail can be found in the documentation.
https://docs.pagure.org/koji/HOWTO/#package-organization`;

const CALL_USAGE = `koji call [options] <name> [<arg> ...]

<arg> values of the form NAME=VALUE are treated as keyword arguments
Note, that you can use global option --noauth for anonymous calls here
`;

const LATEST_BUILD_USAGE = `koji latest-build [options] <tag> <package> [<package> ...]

The first option should be the name of a tag, not the name of a build target.
If you want to know the latest build in buildroots for a given build target,
then you should use the name of the build tag for that target. You can find
this value by running 'koji list-targets --name=<target>'

More information on tags and build targets can be found in the documentation.
https://docs.pagure.org/koji/HOWTO/#package-organization`;

const COMMANDS: Readonly<Record<string, Entry>> = {
  build: { usage: BUILD_USAGE, load: async () => (await import('./build.ts')).build },
  call: {
    usage: CALL_USAGE,
    load: async () => (await import('./call.ts')).call,
  },
  moshimoshi: { usage: 'koji moshimoshi [options]', load: async () => hello },
  version: { usage: 'koji version', load: async () => version },
  'watch-task': {
    usage: 'koji watch-task [options] <task id> [<task id> ...]',
    load: async () => (await import('./task-commands.ts')).watchTask,
  },
  taskinfo: {
    usage: 'koji taskinfo [options] <task_id> [<task_id> ...]',
    load: async () => (await import('./task-commands.ts')).taskInfo,
  },
  'list-tasks': {
    usage: 'koji list-tasks [options]',
    load: async () => (await import('./task-commands.ts')).listTasks,
  },
  resubmit: {
    usage: 'koji resubmit [options] <task_id>',
    load: async () => (await import('./task-commands.ts')).resubmit,
  },
  buildinfo: {
    usage: 'koji buildinfo [options] <n-v-r> [<n-v-r> ...]',
    load: async () => (await import('./builds.ts')).buildInfo,
  },
  'list-tags': {
    usage: 'koji list-tags [options] [pattern]',
    load: async () => (await import('./builds.ts')).listTags,
  },
  'list-tagged': {
    usage: 'koji list-tagged [options] <tag> [<package>]',
    load: async () => (await import('./builds.ts')).listTagged,
  },
  'latest-build': {
    usage: LATEST_BUILD_USAGE,
    load: async () => (await import('./builds.ts')).latestBuild,
  },
  'list-targets': {
    usage: 'koji list-targets [options]',
    load: async () => (await import('./builds.ts')).listTargets,
  },
  'list-builds': {
    usage: 'koji list-builds [options]',
    load: async () => (await import('./builds.ts')).listBuilds,
  },
  'list-history': {
    usage: 'koji list-history [options]',
    load: async () => (await import('./history.ts')).listHistory,
  },
  'list-hosts': {
    usage: 'koji list-hosts [options]',
    load: async () => (await import('./hosts.ts')).listHosts,
  },
  cancel: {
    usage: 'koji cancel [options] <task_id|build> [<task_id|build> ...]',
    load: async () => (await import('./tag.ts')).cancel,
  },
  'tag-build': {
    usage: 'koji tag-build [options] <tag> <pkg> [<pkg> ...]',
    load: async () => (await import('./tag.ts')).tagBuild,
  },
  'untag-build': {
    usage: 'koji untag-build [options] <tag> <pkg> [<pkg> ...]',
    load: async () => (await import('./tag.ts')).untagBuild,
  },
  'wait-repo': {
    usage: 'koji wait-repo [options] <tag>',
    load: async () => (await import('./wait-repo.ts')).waitRepo,
  },
  'add-sidetag': {
    usage: 'koji add-sidetag [options] <basetag>',
    load: async () => (await import('./side-tags.ts')).addSideTag,
  },
  'remove-sidetag': {
    usage: 'koji remove-sidetag [options] <sidetag> ...',
    load: async () => (await import('./side-tags.ts')).removeSideTag,
  },
  'list-sidetags': {
    usage: 'koji list-sidetags [options]',
    load: async () => (await import('./side-tags.ts')).listSideTags,
  },
};

const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'cancel-task': 'cancel',
    cxl: 'cancel',
    'tag-pkg': 'tag-build',
    tag: 'tag-build',
    'untag-pkg': 'untag-build',
    untag: 'untag-build',
    'latest-pkg': 'latest-build',
    'watch-tasks': 'watch-task',
    'list-commands': 'help',
    ...Object.fromEntries(GREETINGS.map((word) => [word, 'moshimoshi'])),
  }),
);

const GLOBALS = {
  profile: { names: ['-p', '--profile'], takes: 'value' },
  config: { names: ['-c', '--config'], takes: 'value' },
  server: { names: ['-s', '--server'], takes: 'value' },
  weburl: { names: ['--weburl'], takes: 'value' },
  topurl: { names: ['--topurl'], takes: 'value' },
  topdir: { names: ['--topdir'], takes: 'value' },
  authtype: { names: ['--authtype'], takes: 'value' },
  noauth: { names: ['--noauth'] },
  force_auth: { names: ['--force-auth'] },
  user: { names: ['--user'], takes: 'value' },
  password: { names: ['--password'], takes: 'value' },
  keytab: { names: ['--keytab'], takes: 'value' },
  principal: { names: ['--principal'], takes: 'value' },
  quiet: { names: ['-q', '--quiet'] },
  debug: { names: ['-d', '--debug'] },
  help: { names: ['-h', '--help'] },
} as const;

/** The `koji` command of the Koji client. */
export const koji = standIn(async (run) => {
  const { options, args } = globalOptions(run);
  const [word, ...argv] = args;
  if (options.help === true) {
    run.print('Usage: koji [global-options] command [command-options-and-arguments]');
    return 0;
  }
  const dashed = word?.replaceAll('_', '-');
  const name = dashed === undefined ? 'help' : (ALIASES.get(dashed) ?? dashed);
  const profile = configure(run, options);
  const entry = COMMANDS[name];
  if (entry === undefined || !Object.hasOwn(COMMANDS, name)) {
    const { COMMAND_LIST } = await import('./help-text.ts');
    run.write('stdout', COMMAND_LIST);
    if (name === 'help') return 0;
    logError(run, `Unknown command: ${word}`);
    return 1;
  }
  const command = await entry.load();
  const hub = openHub(run, profile);
  const globals = {
    user: options.user,
    password: options.password,
    noauth: options.noauth === true,
    forceAuth: options.force_auth === true,
    quiet: options.quiet === true,
  };
  try {
    const exit = await command({ run, hub, profile, globals, argv, usage: entry.usage }).catch(
      (error: unknown) => {
        if (error instanceof Interrupted || error instanceof NoSuchTask) return 1;
        if (!(error instanceof HubError)) throw error;
        tell(run, error);
        return 1;
      },
    );
    await hub.logout().catch(() => undefined);
    return exit;
  } finally {
    hub.close();
  }
});

function globalOptions(run: Run) {
  try {
    return parseOptions(run.argv, GLOBALS, { leading: true });
  } catch (error) {
    if (error instanceof UsageError) throw globalUsage(run, optparseText(error));
    throw error;
  }
}

function globalUsage(run: Run, text: string): Exit {
  run.warn(
    `Usage: koji [global-options] command [command-options-and-arguments]\n\nCommon commands: build, download-build, help, latest-build, list-targets, search\n\nkoji: error: ${text}`,
  );
  return new Exit(2);
}

function configure(run: Run, options: ReturnType<typeof globalOptions>['options']) {
  try {
    const profile = readProfile(run, options.profile ?? 'koji', options.config);
    return {
      ...profile,
      server: options.server ?? profile.server,
      weburl: options.weburl ?? profile.weburl,
      topurl: options.topurl ?? profile.topurl,
      topdir: options.topdir ?? profile.topdir,
      authtype: options.authtype ?? profile.authtype,
      principal: options.principal ?? profile.principal,
      keytab: options.keytab ?? profile.keytab,
    };
  } catch (error) {
    if (error instanceof ProfileError) throw globalUsage(run, error.message);
    throw error;
  }
}

function tell(run: Run, error: HubError): void {
  if (error.python !== 'GSSAPIAuthError') {
    logError(run, `${error.python}: ${error.message}`);
    return;
  }
  if (error.message === '') {
    logError(run, 'GSSAPIAuthError: unable to obtain a session');
    return;
  }
  logError(run, `${error.message}\n${GSSAPI_HINT}`);
  logError(run, `GSSAPIAuthError: unable to obtain a session ${error.message}\n${GSSAPI_HINT}`);
}

function logError(run: Run, text: string): void {
  run.warn(`${logTime(new Date())} [ERROR] koji: ${text}`);
}

/** `koji hello`: the cheapest login check. */
async function hello(context: Context): Promise<number> {
  const { run, hub, profile, globals } = context;
  parseArgs(context, {});
  await activate(context);
  const user = (await hub.call('getLoggedInUser')) as { readonly name: string } | null;
  if (user === null) run.print('Not authenticated');
  const greeting = ANSWERS[Math.floor(Math.random() * ANSWERS.length)];
  run.print(`${greeting}, ${user?.name ?? 'anonymous user'}!`);
  run.print('');
  run.print(`You are using the hub at ${profile.server} (Koji ${await hub.version()})`);
  if (user !== null && !globals.noauth) {
    const { authtype } = profile;
    const byPassword = authtype === 'password' || (authtype === undefined && globals.user !== undefined);
    const how = byPassword ? 'password' : 'GSSAPI';
    run.print(`Authenticated via ${how}`);
  }
  return 0;
}

async function version(context: Context): Promise<number> {
  const { run, hub } = context;
  run.print(`Client: ${VERSION}`);
  await connectForVersion(context);
  run.print(`Hub:    ${await hub.call('getKojiVersion')}`);
  return 0;
}

/** Never logs in, unless it is forced. */
function connectForVersion(context: Context): Promise<void> {
  return context.globals.forceAuth ? connect(context) : ensureConnection(context);
}
