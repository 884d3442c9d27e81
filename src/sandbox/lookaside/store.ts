import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface StoredFile {
  readonly path: string;
  readonly size: number;
  /** Epoch ms, sandbox time. */
  readonly modifiedMs: number;
}

/** Files of the lookaside by package, name and hash. Nothing is ever deleted or overwritten. */
export interface LookasideStore {
  find(pkg: string, file: string, sha512: string): StoredFile | undefined;
  /** Moves a file in; its hash has been checked. */
  adopt(
    upload: StoredFile & { readonly pkg: string; readonly file: string; readonly sha512: string },
  ): Promise<void>;
  store(pkg: string, file: string, bytes: Uint8Array, modifiedMs: number): Promise<string>;
}

export function lookasideStore(dir: string): LookasideStore {
  const files = new Map<string, StoredFile>();
  const key = (pkg: string, file: string, sha512: string) => JSON.stringify([pkg, file, sha512]);
  const place = async (pkg: string, file: string, sha512: string) => {
    const path = join(dir, 'rpms', pkg, file, 'sha512', sha512, file);
    await mkdir(dirname(path), { recursive: true });
    return path;
  };
  return {
    find: (pkg, file, sha512) => files.get(key(pkg, file, sha512)),
    async adopt({ pkg, file, sha512, path: from, size, modifiedMs }) {
      const path = await place(pkg, file, sha512);
      await rename(from, path);
      files.set(key(pkg, file, sha512), { path, size, modifiedMs });
    },
    async store(pkg, file, bytes, modifiedMs) {
      const sha512 = createHash('sha512').update(bytes).digest('hex');
      const path = await place(pkg, file, sha512);
      await writeFile(path, bytes);
      files.set(key(pkg, file, sha512), { path, size: bytes.length, modifiedMs });
      return sha512;
    },
  };
}
