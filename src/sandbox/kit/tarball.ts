import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** A source tarball; the same name gives the same bytes on every machine. */
export interface Tarball {
  readonly file: string;
  readonly bytes: Buffer;
  readonly sha512: string;
}

/** What `sources` of a package names when the sandbox starts; in the lookaside from the start. */
export function firstTarball(pkg: string): Tarball {
  const file = `${pkg}.tar.gz`;
  const readme = Buffer.from(`${pkg}: a package without content, for tries and tests.\n`);
  const padding = Buffer.alloc((512 - (readme.length % 512)) % 512);
  const tar = Buffer.concat([header(`${pkg}/README`, readme.length), readme, padding, Buffer.alloc(1024)]);
  // Stored, not compressed: the bytes, and with them the first commits, do not depend on the version of zlib.
  const bytes = gzipSync(tar, { level: 0 });
  bytes[9] = 255;
  return { file, bytes, sha512: createHash('sha512').update(bytes).digest('hex') };
}

function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  block.write(path, 0, 100);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
