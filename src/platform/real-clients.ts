import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';

/** The packager's commands that a sandbox can run in their real form, all of them or none. */
export const REAL_CLIENTS = ['koji', 'bodhi', 'fedpkg'] as const;

export type RealClientName = (typeof REAL_CLIENTS)[number];

export interface RealClients {
  /** Absolute paths. */
  readonly found: Readonly<Partial<Record<RealClientName, string>>>;
  readonly missing: readonly RealClientName[];
}

interface FindOptions {
  /** PATH of the host; undefined is an empty one. */
  readonly path: string | undefined;
  /** The folder of the installed package, whose `.clients/bin` comes behind PATH. */
  readonly packageDir: string;
  /** Stands in the first lines of a command that a sandbox wrote: a shell set up for one sandbox has its stand-ins in PATH. */
  readonly notWith: string;
}

/** How much of a file is looked at for the mark. Bytes. */
const HEAD = 256;

/** Looks for the files alone: whether a command works is told when it is used, for one that is started costs half a second. */
export async function findRealClients({ path = '', packageDir, notWith }: FindOptions): Promise<RealClients> {
  const folders = [...path.split(delimiter).filter((part) => part !== ''), join(packageDir, '.clients/bin')];
  const found: Partial<Record<RealClientName, string>> = {};
  for (const name of REAL_CLIENTS) {
    for (const folder of folders) {
      const file = resolve(folder, name);
      if (!(await isProgram(file)) || (await beginsWith(file, notWith))) continue;
      found[name] = file;
      break;
    }
  }
  return { found, missing: REAL_CLIENTS.filter((name) => found[name] === undefined) };
}

/** Whether a command of this name is in PATH. */
export async function isInPath(name: string, path = ''): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    if (folder !== '' && (await isProgram(join(folder, name)))) return true;
  }
  return false;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function beginsWith(file: string, mark: string): Promise<boolean> {
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    return buffer.toString('latin1', 0, bytesRead).includes(mark);
  } catch {
    // One that may be run but not read is none of ours.
    return false;
  }
}
