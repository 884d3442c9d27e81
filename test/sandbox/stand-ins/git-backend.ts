import { spawn } from 'node:child_process';
import type http from 'node:http';
import { GIT_ENV } from './git-env.ts';

/** Lets the real git answer a request of its smart protocol, from the repositories below `root`; whoever asks may push. */
export async function answerByGit(
  request: http.IncomingMessage,
  body: Buffer,
  response: http.ServerResponse,
  root: string,
): Promise<void> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://git');
  const { headers } = request;
  const child = spawn('git', ['http-backend'], {
    env: {
      ...GIT_ENV,
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'alice',
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // Where nothing is to be read git may have gone before.
  child.stdin.on('error', () => {});
  child.stdin.end(body);
  const parts: Buffer[] = [];
  for await (const part of child.stdout) parts.push(part as Buffer);
  const answer = Buffer.concat(parts);
  const end = answer.indexOf('\r\n\r\n');
  for (const line of answer.subarray(0, end).toString().split('\r\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(answer.subarray(end + 4));
}
