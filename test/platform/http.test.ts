import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { nodeHttp } from '../../src/platform/http.ts';

const http = nodeHttp({ userAgent: 'packprobe/1.2.3 (+https://example.org/)' });
const never = new AbortController().signal;
const servers: Server[] = [];

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

test('every status is a result, and every request says who asks', async () => {
  const url = await serve((request, response) => {
    response.writeHead(503, { 'content-type': 'text/html' }).end(request.headers['user-agent']);
  });
  await expect(http({ url }, never)).resolves.toMatchObject({
    status: 503,
    headers: { 'content-type': 'text/html' },
    body: 'packprobe/1.2.3 (+https://example.org/)',
  });
});

test('a refused connection is unavailable and says why', async () => {
  const url = await serve(() => {});
  await new Promise((resolve) => servers.pop()?.close(resolve));
  await expect(http({ url }, never)).rejects.toMatchObject({
    code: 'HTTP_UNREACHABLE',
    kind: 'unavailable',
    evidence: { reason: 'ECONNREFUSED' },
  });
});

test('a connection that is cut is unavailable', async () => {
  const url = await serve((request) => request.socket.destroy());
  await expect(http({ url }, never)).rejects.toMatchObject({ code: 'HTTP_UNREACHABLE', kind: 'unavailable' });
});

test('silence is unavailable after the limit', async () => {
  const url = await serve(() => {});
  await expect(http({ url, limitMs: 50 }, never)).rejects.toMatchObject({ code: 'HTTP_TIMED_OUT' });
});

test('an answer without end is malformed', async () => {
  const url = await serve((_, response) => {
    const chunk = Buffer.alloc(1024 * 1024);
    const more = () => {
      while (response.write(chunk));
      response.once('drain', more);
    };
    more();
  });
  await expect(http({ url }, never)).rejects.toMatchObject({ code: 'HTTP_TOO_LARGE', kind: 'malformed' });
});

test('an abort is what is thrown', async () => {
  const url = await serve(() => {});
  const controller = new AbortController();
  const reason = new Error('enough');
  const asking = http({ url }, controller.signal);
  controller.abort(reason);
  await expect(asking).rejects.toBe(reason);
});
