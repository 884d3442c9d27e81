import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Environment, Secret } from '../core/environment.ts';
import { Fault } from '../core/fault.ts';
import type { Exec } from '../core/ports.ts';
import type { CommandRecord } from '../core/run.ts';
import type { Files } from '../core/step.ts';
import { processExec } from './exec.ts';
import { diskFault, filesBelow, replaceFile } from './files.ts';
import { RUN_MARK } from './processes.ts';

export interface HomeFile {
  readonly path: string;
  readonly content: string;
  readonly mode?: number;
}

export interface WorkplacesOptions {
  /** Every workplace is a folder below it. */
  readonly dir: string;
  /** The process's own environment: PATH, and the variables that secrets name. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The whole environment of commands that run with this HOME. */
  readonly commandEnvironment: (
    environment: Environment,
    home: string,
    path: string,
  ) => Readonly<Record<string, string>>;
  /** What stands in HOME from the start. */
  readonly homeFiles: (environment: Environment) => readonly HomeFile[];
}

interface PlaceOptions {
  readonly name: string;
  readonly run: string;
  readonly former?: readonly string[];
  readonly environment: Environment;
  readonly started?: (command: CommandRecord) => Promise<void>;
}

interface Place {
  readonly dir: string;
  readonly former: readonly string[];
  readonly home: string;
  readonly exec: Exec;
  readonly files: Files;
  secretFile(secret: Secret): Promise<string>;
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Makes folders in which a run or an undo works, each with a HOME of its own: two `bodhi` in one HOME corrupt its token file. */
export function workplacesBelow({ dir, env, commandEnvironment, homeFiles }: WorkplacesOptions) {
  const remove = (name: string) =>
    rm(join(dir, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => {});

  async function takeOver(former: readonly string[], name: string): Promise<void> {
    // Twice: an owner before us that wakes up in its own take-over moves it once, from behind us to before us.
    for (const folder of [...former, ...former]) {
      if (await renamed(join(dir, folder), join(dir, name))) return;
    }
  }

  async function open({ name, run, former, environment, started }: PlaceOptions): Promise<Place> {
    const place = join(dir, name);
    const home = join(place, 'home');
    try {
      if (former === undefined) await rm(place, { recursive: true, force: true, maxRetries: 3 });
      else await takeOver(former, name);
      await mkdir(home, { recursive: true, mode: 0o700 });
      for (const { path, content, mode } of homeFiles(environment)) {
        await mkdir(dirname(join(home, path)), { recursive: true });
        // Its mode is set also where it is there already: a volume may have been opened up since.
        await replaceFile(join(home, path), content, mode);
      }
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw diskFault(`cannot make the work folder ${place}`, error);
    }
    return {
      dir: place,
      former: (former ?? []).map((folder) => join(dir, folder)),
      home,
      files: filesBelow(place),
      exec: processExec({
        environment: {
          ...commandEnvironment(environment, home, env['PATH'] ?? DEFAULT_PATH),
          [RUN_MARK]: run,
        },
        cwd: place,
        ...(started === undefined ? {} : { started }),
      }),
      async secretFile(secret) {
        if ('file' in secret) return secret.file;
        const value = env[secret.env];
        if (value === undefined) throw unset(secret.env);
        const file = join(home, '.secrets', secret.env);
        await filesBelow(home).write(file, decoded(value), { mode: 0o600 });
        return file;
      },
    };
  }

  return { open, remove };
}

/** False where there is none. A rename is whole or not at all, whenever we are killed. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

function decoded(value: string): string | Uint8Array {
  return value.startsWith('base64:') ? Buffer.from(value.slice('base64:'.length), 'base64') : value;
}

function unset(name: string): Fault {
  return new Fault(`the environment variable ${name} is not set`, {
    code: 'SECRET_MISSING',
    kind: 'prober',
    evidence: { variable: name },
    hint: `Set ${name}, or name a file in the environment file: {file: PATH}.`,
  });
}
