import { type Parsed, parseOptions, type Specs, UsageError } from '../common/options.ts';
import { Exit, type Run } from '../common/stand-in.ts';
import { type Hub, HubError } from './hub.ts';
import type { Profile } from './profile.ts';

/** Global options that stand before the command. */
export interface GlobalOptions {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly noauth: boolean;
  readonly forceAuth: boolean;
  readonly quiet: boolean;
}

/** What a command of `koji` works with. */
export interface Context {
  readonly run: Run;
  readonly hub: Hub;
  readonly profile: Profile;
  readonly globals: GlobalOptions;
  readonly argv: readonly string[];
  /** Usage text of the command, without the hint of the option parser. */
  readonly usage: string;
}

/** A command's exit code. */
export type Command = (context: Context) => Promise<number>;

const COMMAND_HINT = '(Specify the --help global option for a list of other help options)';

/** Ends the command as optparse does: usage and error on standard error, exit 2, no logout. */
export function usageError({ run, usage }: Pick<Context, 'run' | 'usage'>, text: string): Exit {
  run.warn(`Usage: ${usage}\n${COMMAND_HINT}\n\nkoji: error: ${text}`);
  return new Exit(2);
}

export function parseArgs<const S extends Specs>(context: Context, specs: S): Parsed<S> {
  if (context.argv.some((word) => word === '--help' || word === '-h')) {
    context.run.print(
      `Usage: ${context.usage}\n${COMMAND_HINT}\n\nOptions:\n  -h, --help  show this help message and exit`,
    );
    throw new Exit(0);
  }
  try {
    return parseOptions(context.argv, specs);
  } catch (error) {
    if (error instanceof UsageError) throw usageError(context, optparseText(error));
    throw error;
  }
}

export function optparseText({ problem, option }: UsageError): string {
  switch (problem) {
    case 'unknown':
      return `no such option: ${option}`;
    case 'value missing':
      return `${option} option requires 1 argument`;
    case 'value not taken':
      return `${option} option does not take a value`;
    case 'ambiguous':
      return `ambiguous option: ${option}`;
  }
}

/** Logs in as options and profile ask, then checks the API version. Without any way to log in the command ends. */
export async function activate({ run, hub, profile, globals }: Context): Promise<void> {
  const { authtype } = profile;
  if (!globals.noauth && authtype !== 'noauth') {
    if (authtype === 'password' || (authtype === undefined && globals.user !== undefined)) {
      if (globals.user === undefined) throw new HubError('KeyError', "'user'");
      await hub.login({ user: globals.user, password: globals.password });
    } else if (authtype === 'kerberos' || authtype === undefined) {
      const { keytab: file, principal } = profile;
      await hub.gssapiLogin(file === undefined ? undefined : { file, principal });
    } else {
      run.warn('Unable to log in, no authentication methods available');
      throw new Exit(1);
    }
  }
  await ensureConnection({ run, hub });
}

const API_VERSION = 1;

/** First call of nearly every command. */
export async function ensureConnection({ run, hub }: Pick<Context, 'run' | 'hub'>): Promise<void> {
  try {
    const version = await hub.call('getAPIVersion');
    if (version !== API_VERSION) {
      run.warn(`WARNING: The server is at API version ${version} and the client is at ${API_VERSION}`);
    }
  } catch (error) {
    if (!(error instanceof HubError) || error.python !== 'ConnectionError') throw error;
    run.warn('Error: Unable to connect to server');
    throw new Exit(1);
  }
}

/** For commands that only read: a login only when it is forced or the command speaks of `--mine`. */
export async function connect(context: Context): Promise<void> {
  const mine = context.argv.includes('--mine');
  if (context.globals.forceAuth || (mine && !context.globals.noauth)) await activate(context);
  else await ensureConnection(context);
}

/** Whether a task is waited for: without a word only where a person sits at a terminal, which a stand-in never has. */
export function waits(options: { readonly wait?: boolean | undefined }): boolean {
  return options.wait === true;
}

/** What koji says on Ctrl-C while it watches. */
export function interruptedWatch(run: Run): (openTasks: readonly string[]) => void {
  return (openTasks) => {
    run.print("Tasks still running. You can continue to watch with the 'koji watch-task' command.");
    run.print('Running Tasks:');
    run.print(openTasks.join('\n'));
  };
}
