import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export interface Tarball {
  readonly bytes: Uint8Array;
  readonly sha512: string;
}

export interface TarballOptions {
  /** What `%setup` expects inside. */
  readonly folder: string;
  /** Text of the one file, `README`. */
  readonly readme: string;
  /** Its time, epoch ms. */
  readonly at: number;
}

/** A gzipped tar of one small file. Pure: the lookaside keeps every upload for ever, so a second call must give the same bytes. */
export function sourceTarball({ folder, readme, at }: TarballOptions): Tarball {
  const content = Buffer.from(readme);
  const tar = Buffer.concat([
    header({ path: `${folder}/`, size: 0, type: '5', mode: 0o755, at }),
    header({ path: `${folder}/README`, size: content.length, type: '0', mode: 0o644, at }),
    content,
    Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
    // Two empty blocks end an archive.
    Buffer.alloc(2 * BLOCK),
  ]);
  const bytes = gzipSync(tar, { level: 9 });
  return { bytes, sha512: createHash('sha512').update(bytes).digest('hex') };
}

const BLOCK = 512;

interface Member {
  readonly path: string;
  readonly size: number;
  readonly type: '0' | '5';
  readonly mode: number;
  readonly at: number;
}

/** A header of the ustar format (POSIX.1-1988). */
function header({ path, size, type, mode, at }: Member): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  block.write(path, 0, 100);
  block.write(octal(mode, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(Math.floor(at / 1000), 12), 136);
  // The sum counts its own field as blanks.
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
