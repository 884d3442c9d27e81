import { chmod, mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Fault } from '../core/fault.ts';
import type { Files } from '../core/step.ts';

/** Files below one folder, on the real disk. */
export function filesBelow(dir: string): Files {
  const at = (path: string) => resolve(dir, path);
  return {
    read: (path) => readFile(at(path), 'utf8').catch(asDiskFault('read', path)),
    async write(path, content, { mode } = {}) {
      try {
        await mkdir(dirname(at(path)), { recursive: true });
        const known = await presentAt(at(path));
        await replaceFile(known?.file ?? at(path), content, mode ?? known?.mode);
      } catch (error) {
        asDiskFault('write', path)(error);
      }
    },
    exists: (path) =>
      stat(at(path)).then(
        () => true,
        () => false,
      ),
    list: (path) => readdir(at(path)).then((names) => names.sort(), asDiskFault('list', path)),
    remove: (path) => rm(at(path), { recursive: true, force: true }).catch(asDiskFault('remove', path)),
  };
}

/** The file that is there, behind links, and its mode. */
async function presentAt(
  path: string,
): Promise<{ readonly file: string; readonly mode: number } | undefined> {
  try {
    const file = await realpath(path);
    return { file, mode: (await stat(file)).mode & 0o7777 };
  } catch {
    return undefined;
  }
}

/**
 * Writes beside the file and puts it in its place: whoever reads it meanwhile sees the old content or the new. Who still has the old one open, in a
 * process that was believed dead, writes into a file that nobody reads any more.
 * @param mode of the new file, from its first moment; without it that of any new file
 */
export async function replaceFile(file: string, content: string | Uint8Array, mode?: number): Promise<void> {
  // Collectors read what ends as the file does: this must not.
  const beside = `${file}.${process.pid}.new`;
  try {
    // What a process of our number has left, and perhaps still holds open, is not written into.
    await rm(beside, { force: true });
    await writeFile(beside, content, { flag: 'wx', ...(mode === undefined ? {} : { mode }) });
    // The mask of the process has taken from it.
    if (mode !== undefined) await chmod(beside, mode);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

function asDiskFault(verb: string, path: string): (error: unknown) => never {
  return (error) => {
    throw diskFault(`cannot ${verb} ${path}`, error);
  };
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space, or choose another data folder with --data.',
  EDQUOT: 'The quota is used up: free some space, or choose another data folder with --data.',
  EROFS: 'The file system is read-only: choose a data folder that can be written with --data.',
  EACCES: 'Give this user the right to write there, or choose another data folder with --data.',
  EPERM: 'Give this user the right to write there, or choose another data folder with --data.',
};

/** A fault of our disk, with what to do about it. */
export function diskFault(what: string, error: unknown): Fault {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
  return new Fault(`${what}: ${code}`, {
    code: code === 'ENOSPC' || code === 'EDQUOT' ? 'DISK_FULL' : 'DISK_FAILED',
    kind: 'prober',
    evidence: { error: code },
    hint: HINTS[code] ?? 'Look at the data folder: does it exist, can this user write there?',
    cause: error,
  });
}
