import { dirname, join } from 'node:path';
import { commandEnvironment } from '../../../src/clients/home.ts';
import type { Environment } from '../../../src/core/environment.ts';
import { Fault } from '../../../src/core/fault.ts';
import { firstOf } from '../../../src/core/first-of.ts';
import type { Command, CommandResult, Exec } from '../../../src/core/ports.ts';
import type { Workplaces } from '../../../src/engine/workplace.ts';
import { RUN_MARK } from '../../../src/platform/processes.ts';
import { REALM_VARIABLE } from '../../../src/sandbox/stand-ins/krb/realm.ts';
import { isStandInName, type StandInName, standIns } from '../../../src/sandbox/stand-ins/stand-ins.ts';
import { packagerOf, soakWorld } from './world.ts';

const DEFAULT_LIMIT_MS = 120_000;
const GONE_MS = 7000;

/**
 * Workplaces whose packager commands are answered in this process by the stand-ins' own functions, which ask the sandbox over HTTP as ever. `git`
 * stays a process, also the one that `fedpkg` starts. What a killed process was asking for is cut off in the middle of the connection.
 */
export function answeringInProcess(
  workplaces: Workplaces,
  env: Readonly<Record<string, string | undefined>>,
): Workplaces {
  return {
    remove: workplaces.remove,
    async open(options) {
      const place = await workplaces.open(options);
      const { environment } = options;
      const variables = {
        ...commandEnvironment(environment, place.home, env['PATH'] ?? ''),
        [RUN_MARK]: options.run,
        [REALM_VARIABLE]: join(sandboxDir(environment), 'realm.json'),
      };
      const added = addedBy(environment);
      const exec: Exec = (command, signal) =>
        isStandInName(command.file)
          ? answered({ command, name: command.file, cwd: place.dir, variables, added }, signal)
          : place.exec(command, signal);
      return { ...place, exec };
    },
  };
}

/** Where the sandbox of an environment keeps what its commands read. */
function sandboxDir({ identity: { keytab } }: Environment): string {
  if (!('file' in keytab)) throw new Error('the environment is not that of a sandbox');
  return dirname(keytab.file);
}

type Added = Readonly<Partial<Record<StandInName, readonly string[]>>>;

/** What the commands that a sandbox writes put before the caller's arguments. */
function addedBy(environment: Environment): Added {
  const { user, password } = packagerOf(soakWorld(0));
  const login = ['--user', user, '--password', password];
  return { koji: login, fedpkg: ['-C', join(sandboxDir(environment), 'fedpkg.conf'), ...login] };
}

interface Call {
  readonly command: Command;
  readonly name: StandInName;
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly added: Added;
}

/** Keeps what `Exec` promises: the reason of an abort, and a Fault at the command's own limit. */
async function answered(
  { command, name, cwd, variables, added }: Call,
  signal: AbortSignal,
): Promise<CommandResult> {
  signal.throwIfAborted();
  const { args, limitMs = DEFAULT_LIMIT_MS } = command;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  using stop = firstOf(signal, limit.signal);
  const run = standIns[name](
    [...(added[name] ?? []), ...args],
    command.cwd ?? cwd,
    { ...variables, ...command.env },
    { signal: stop.signal },
  );
  const result = await Promise.race([run, goneAfter(stop.signal)]).finally(() => clearTimeout(timer));
  if (signal.aborted) throw signal.reason;
  if (limit.signal.aborted || result === undefined) throw timedOut(command, limitMs);
  const { exit, stdout, stderr } = result;
  return { command, exit, signal: undefined, stdout, stderr, truncated: false };
}

/** Resolves so long after the abort as a process may take to be gone: one that is being ended may still make what it was asked for. */
function goneAfter(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => void setTimeout(resolve, GONE_MS, undefined).unref(), {
      once: true,
    });
  });
}

function timedOut({ file }: Command, limitMs: number): Fault {
  const seconds = Math.round(limitMs / 1000);
  return new Fault(`${file} did not end within ${seconds} s and was stopped`, {
    code: 'COMMAND_TIMED_OUT',
    kind: 'unavailable',
    evidence: { command: file, limit_s: seconds },
  });
}
