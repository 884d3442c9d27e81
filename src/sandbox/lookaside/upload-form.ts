import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { FastifyRequest } from 'fastify';
import { readMultipart } from './multipart.ts';

/** A file that came with a form, in a temporary place. */
export interface ReceivedFile {
  readonly filename: string | undefined;
  readonly path: string;
  readonly size: number;
  readonly sha512: string;
}

/** An upload form that has been read to its end. Disposing removes what of its files was not moved away. */
export interface UploadForm extends AsyncDisposable {
  /** All values of a field, in their order. */
  values(name: string): readonly string[];
  readonly file: ReceivedFile | undefined;
}

/** Reads the form of a request; the file goes to `dir` piece by piece. */
export async function readUploadForm(request: FastifyRequest, dir: string): Promise<UploadForm> {
  const type = request.headers['content-type'] ?? '';
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  const fields = new Map<string, Buffer[][]>();
  const files: { filename: string | undefined; path: string; size: number; out: WriteStream }[] = [];
  const hash = createHash('sha512');

  if (boundary !== undefined) {
    try {
      await readMultipart(request.raw, boundary, ({ name, filename }) => {
        if (name !== 'file') {
          const chunks: Buffer[] = [];
          fields.set(name, [...(fields.get(name) ?? []), chunks]);
          return (chunk) => void chunks.push(Buffer.from(chunk));
        }
        const path = join(dir, `upload-${randomUUID()}`);
        const file = { filename, path, size: 0, out: createWriteStream(path) };
        const first = files.push(file) === 1;
        return async (chunk) => {
          file.size += chunk.length;
          if (first) hash.update(chunk);
          if (!file.out.write(chunk)) await once(file.out, 'drain');
        };
      });
    } finally {
      for (const { out } of files) {
        out.end();
        await finished(out);
      }
    }
  } else if (type.startsWith('application/x-www-form-urlencoded')) {
    const chunks: Buffer[] = [];
    for await (const chunk of request.raw) chunks.push(chunk as Buffer);
    for (const [name, value] of new URLSearchParams(Buffer.concat(chunks).toString())) {
      fields.set(name, [...(fields.get(name) ?? []), [Buffer.from(value)]]);
    }
  } else {
    request.raw.resume();
  }

  const [file] = files;
  return {
    values: (name) => (fields.get(name) ?? []).map((chunks) => Buffer.concat(chunks).toString()),
    file:
      file === undefined
        ? undefined
        : { filename: file.filename, path: file.path, size: file.size, sha512: hash.digest('hex') },
    async [Symbol.asyncDispose]() {
      await Promise.all(files.map(({ path }) => rm(path, { force: true })));
    },
  };
}
