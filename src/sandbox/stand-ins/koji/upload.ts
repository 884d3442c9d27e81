import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Run } from '../common/stand-in.ts';
import { type Hub, HubError } from './hub.ts';

/** Bytes that one request carries. */
const BLOCK = 1024 * 1024;

/** Called before the first block with nothing, then behind each block. */
export type Progress = (sent: number, size: number) => void;

/** Sends a file into a folder of its own on the hub, whose path there is given back. */
export async function uploadFile(
  run: Run,
  hub: Hub,
  file: string,
  progress: Progress = () => undefined,
): Promise<string> {
  const content = read(run, file);
  const folder = `cli-build/${Date.now() / 1000}.${randomBytes(12)
    .toString('base64')
    .replace(/[^A-Za-z]/g, 'x')
    .slice(0, 8)}`;
  const name = basename(file);
  progress(0, content.length);
  // An empty file still takes one request.
  for (let offset = 0; offset < Math.max(content.length, 1); offset += BLOCK) {
    const block = content.subarray(offset, offset + BLOCK);
    const { size, hexdigest } = await hub.uploadBlock({ folder, name, offset, block });
    if (size !== block.length) {
      throw new HubError('GenericError', `server returned wrong chunk size: ${size} != ${block.length}`);
    }
    const sum = adler32(block);
    if (hexdigest !== sum) {
      throw new HubError('GenericError', `upload checksum failed: ${hexdigest} != ${sum}`);
    }
    progress(offset + block.length, content.length);
  }
  const stored = (await hub.call('checkUpload', folder, name)) as { readonly size: number } | null;
  if (stored === null) throw new HubError('GenericError', `File upload failed: ${folder}/${name}`);
  if (stored.size !== content.length) {
    const text = `Uploaded file is wrong length: ${folder}/${name}, ${stored.size} != ${content.length}`;
    throw new HubError('GenericError', text);
  }
  return `${folder}/${name}`;
}

function read(run: Run, file: string): Buffer {
  try {
    return readFileSync(resolve(run.cwd, file));
  } catch {
    throw new HubError('FileNotFoundError', `[Errno 2] No such file or directory: '${file}'`);
  }
}

function adler32(bytes: Buffer): string {
  let [low, high] = [1, 0];
  for (const byte of bytes) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return ((high * 0x10000 + low) >>> 0).toString(16).padStart(8, '0');
}
