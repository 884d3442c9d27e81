import { createHash } from 'node:crypto';
import { FAULT, generic, KojiFault, pythonFault } from './faults.ts';
import type { Hub } from './hub.ts';
import { adler32, assertUploadFolder } from './methods/system-methods.ts';
import { type Caller, keepCallNumber } from './sessions.ts';
import { ownEntry, repr, type Value } from './value.ts';

const DIGESTS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  adler32,
  md5: (bytes) => createHash('md5').update(bytes).digest('hex'),
  sha1: (bytes) => createHash('sha1').update(bytes).digest('hex'),
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
};

/** Longest upload that is kept, in bytes; the hub's disk is larger than this memory. */
const LONGEST_UPLOAD = 256 * 1024 * 1024;

function readOffset(text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) {
    throw pythonFault('ValueError', `invalid literal for int() with base 10: ${repr(text)}`);
  }
  const offset = Number(text);
  if (offset < 0) throw pythonFault('OSError', '[Errno 22] Invalid argument');
  if (offset > LONGEST_UPLOAD) throw pythonFault('OSError', '[Errno 28] No space left on device');
  return offset;
}

/** One chunk of a file, as the command sends it: the query says where it belongs. */
export function upload(hub: Hub, caller: Caller, query: URLSearchParams, chunk: Buffer): Value {
  if (caller.session === undefined) {
    throw new KojiFault(FAULT.notAllowed, 'you must be logged-in to upload a file');
  }
  const name = query.get('filename');
  if (name === null) throw pythonFault('KeyError', "'filename'", 'filename');
  const folder = query.get('filepath') ?? '';
  assertUploadFolder(folder);
  const verify = query.get('fileverify');
  const digest = verify === null ? undefined : ownEntry(DIGESTS, verify);
  if (verify !== null && digest === undefined) throw generic(`Unsupported verify type: ${verify}`);
  const volume = query.get('volume');
  if (volume !== null && volume !== 'DEFAULT') throw generic(`No such entry in table volume: ${volume}`);

  const path = `${folder}/${name}`;
  const offset = readOffset(query.get('offset') ?? '0');
  const known = hub.uploads.get(path);
  if (known !== undefined && offset === 0 && query.get('overwrite') === null) {
    throw generic(`upload path exists: /mnt/koji/work/${path}`);
  }
  const before = offset === 0 ? Buffer.alloc(0) : (known?.bytes ?? Buffer.alloc(0));
  const bytes = Buffer.alloc(Math.max(before.length, offset + chunk.length));
  before.copy(bytes);
  chunk.copy(bytes, offset);
  hub.uploads.set(path, { bytes, written: hub.now() });
  keepCallNumber(caller);
  return {
    size: chunk.length,
    fileverify: verify,
    offset,
    ...(digest === undefined ? {} : { hexdigest: digest(chunk) }),
  };
}
