import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a folder and those above it, for this user alone: keys will be in it. Node's own recursive mkdir never ends where a folder cannot hold any, as in /proc. */
export async function makeFolder(dir: string): Promise<void> {
  if (existsSync(dir)) return;
  if (dirname(dir) !== dir) await makeFolder(dirname(dir));
  await mkdir(dir, { mode: 0o700 }).catch((error: unknown) => {
    // Somebody else may have been faster.
    if (!existsSync(dir)) throw error;
  });
}
