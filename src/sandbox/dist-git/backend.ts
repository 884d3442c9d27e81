import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GIT_ENV } from './git.ts';

export interface BackendCall {
  /** Folder above `rpms/`. */
  readonly root: string;
  /** `/rpms/NAME.git/info/refs`. */
  readonly path: string;
  readonly user: string;
}

/** Answers through the real `git http-backend`, a CGI program; resolves when it has ended. */
export async function answerByBackend(
  request: FastifyRequest,
  reply: FastifyReply,
  { root, path, user }: BackendCall,
): Promise<void> {
  const header = (name: string) => request.headers[name]?.toString() ?? '';
  const hung = new AbortController();
  const backend = execa('git', ['http-backend'], {
    env: {
      ...GIT_ENV,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: header('git-protocol'),
      REQUEST_METHOD: request.method,
      PATH_INFO: path,
      QUERY_STRING: request.url.split('?')[1] ?? '',
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: request.headers['content-length'],
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      REMOTE_USER: user,
      REMOTE_ADDR: '127.0.0.1',
    },
    encoding: 'buffer',
    buffer: { stdout: false },
    reject: false,
    cancelSignal: hung.signal,
    killDescendants: true,
  });
  reply.hijack();
  // A client that goes away must not leave a process that waits for it; it may have gone already.
  const leave = () => {
    if (!reply.raw.writableFinished) hung.abort();
  };
  reply.raw.once('close', leave);
  if (reply.raw.destroyed) leave();
  const [, , result] = await Promise.all([
    pipeline(request.raw, backend.stdin).catch(() => undefined),
    pipeline(
      backend.stdout,
      async function* (source: AsyncIterable<Buffer>) {
        let head = Buffer.alloc(0);
        let inBody = false;
        for await (const chunk of source) {
          if (inBody) {
            yield chunk;
            continue;
          }
          head = Buffer.concat([head, chunk]);
          const end = head.indexOf('\r\n\r\n');
          if (end < 0) continue;
          inBody = true;
          writeHead(reply, head.subarray(0, end).toString());
          yield head.subarray(end + 4);
        }
        if (!inBody) reply.raw.writeHead(500);
      },
      reply.raw,
    ).catch(leave),
    backend,
  ]);
  if (result.failed && !hung.signal.aborted && !reply.raw.writableFinished) reply.raw.destroy();
}

function writeHead(reply: FastifyReply, head: string): void {
  let status = 200;
  const headers: Record<string, string> = {};
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else headers[name] = value;
  }
  reply.raw.writeHead(status, headers);
}
