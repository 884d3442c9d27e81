import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
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

test('a posted form is fetched behind a redirect, and a login is not carried to another host', async () => {
  const seen: unknown[] = [];
  const other = await serve((request, response) => {
    seen.push([request.method, request.url, request.headers.authorization, request.headers['content-type']]);
    response.end('there');
  });
  const url = await serve((_, response) => response.writeHead(302, { location: `${other}/new` }).end());
  const headers = { Authorization: 'Bearer marker', 'content-type': 'text/plain' };
  await expect(http({ url, method: 'POST', headers, body: 'x' }, never)).resolves.toMatchObject({
    status: 200,
    body: 'there',
  });
  expect(seen).toEqual([['GET', '/new', undefined, undefined]]);
});

test('a redirect is the answer itself where it is asked for, and one that leads in a circle is unavailable', async () => {
  const url = await serve((_, response) => response.writeHead(307, { location: '/again' }).end());
  await expect(http({ url, redirects: 'manual' }, never)).resolves.toMatchObject({
    status: 307,
    headers: { location: '/again' },
  });
  await expect(http({ url }, never)).rejects.toMatchObject({ code: 'HTTP_UNREACHABLE' });
});

test('a packed answer is unpacked', async () => {
  const url = await serve((request, response) => {
    const body = request.method === 'HEAD' ? undefined : gzipSync('packed');
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
  });
  await expect(http({ url }, never)).resolves.toMatchObject({ body: 'packed' });
  await expect(http({ url, method: 'HEAD' }, never)).resolves.toMatchObject({ body: '' });
});

test('an answer that ends before its end is unavailable', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half', () => response.destroy());
  });
  await expect(http({ url }, never)).rejects.toMatchObject({ code: 'HTTP_UNREACHABLE' });
});

test('a body goes out in bytes, with its length', async () => {
  const url = await serve(async (request, response) => {
    const body = (await request.setEncoding('utf8').toArray()).join('');
    response.end(`${request.headers['content-length']} ${body}`);
  });
  await expect(http({ url, method: 'POST', body: 'grün' }, never)).resolves.toMatchObject({ body: '5 grün' });
});
