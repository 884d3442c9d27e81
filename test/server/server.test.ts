import { once } from 'node:events';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { selfSigned } from '../support/receivers.ts';
import { withTool } from '../support/tools.ts';
import { type ServerWorld, serverWorld, TOKEN } from './world.ts';

let world: ServerWorld;
beforeEach(async () => {
  world = await serverWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('health', () => {
  test('live and ready tell each check with its age', async () => {
    expect(await world.ask('/healthz/live')).toMatchObject({
      status: 200,
      json: { ok: true, checks: [{ name: 'loop', ok: true, text: 'comes round', age_ms: null }] },
    });
    expect((await world.ask('/healthz/ready')).json.checks).toEqual([
      { name: 'database', ok: true, text: 'takes writes', age_ms: 12 },
    ]);
  });

  test.each([
    [
      'one bad check',
      async () => [
        { name: 'tick', ok: false, text: 'is old', age_ms: 99_000 },
        { name: 'b', ok: true, text: '', age_ms: 1 },
      ],
    ],
    ['no check at all', async () => []],
    ['a check that throws', async () => Promise.reject(new Error('secret inside'))],
  ])('%s is not ready', async (_, readiness) => {
    await using other = await serverWorld({ readiness });
    const answer = await other.ask('/healthz/ready');
    expect(answer.status).toBe(503);
    expect(answer.json.ok).toBe(false);
    expect(answer.text).not.toContain('secret');
  });

  test('readiness that never comes and obeys no signal is told as not ready', async () => {
    await using other = await serverWorld({ readiness: () => new Promise(() => {}) });
    const asked = other.ask('/healthz/ready');
    // Two at once are one look.
    const again = other.ask('/healthz/ready');
    while (other.clock.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
    await other.clock.advance(5_000);
    expect((await asked).status).toBe(503);
    expect((await again).json.checks[0]).toMatchObject({ name: 'readiness', ok: false });
  });
});

describe('metrics', () => {
  test('the form that is asked for is handed on, and the type comes back', async () => {
    const answer = await world.ask('/metrics', { headers: { accept: 'application/openmetrics-text' } });
    expect(answer.text).toBe('# application/openmetrics-text\n');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('the probe of the only environment that has it needs no environment', async () => {
    expect((await world.ask('/probe?probe=single-build')).text).toContain('# test/single-build');
    expect(await world.ask('/probe?probe=single-buidl')).toMatchObject({
      status: 404,
      json: { message: 'there is no probe "single-buidl"; did you mean "single-build"?' },
    });
    expect((await world.ask('/probe?probe=single-build&environment=tset')).json.message).toBe(
      'there is no environment "tset"; did you mean "test"?',
    );
  });
});

describe('what is refused', () => {
  test.each([
    ['/api/v1/runs?enviroment=test', 400, 'there is no parameter "enviroment"; did you mean "environment"?'],
    ['/api/v1/runs?limit=0', 400, '"limit": a whole number from 1 to 200'],
    ['/api/v1/runs?limit=201', 400, '"limit": a whole number from 1 to 200'],
    ['/api/v1/runs?limit=many', 400, '"limit": a whole number from 1 to 200'],
    ['/api/v1/runs?outcome=good', 400, '"outcome": one of passed, failed, errored, cancelled'],
    ['/api/v1/runs?since=yesterday', 400, '"since": a time in UTC such as `2026-11-21T08:00Z`'],
    ['/api/v1/runs?before=%27%3B--', 400, '"before": `next` of the page before'],
    [
      '/api/v1/runs?environment=a&environment=b',
      400,
      '"environment": Invalid input: expected string, received array',
    ],
    ['/probe', 400, 'the parameter "probe" is missing'],
    ['/api/v1/runs/zzzz', 400, '"id": the id of a run, or its beginning: hexadecimal digits and dashes'],
    ['/api/v1/runs/019a0000', 404, 'there is no run "019a0000"'],
    ['/api/v1/runz', 404, 'there is no GET /api/v1/runz; did you mean /api/v1/runs?'],
    ['/healthz/live?verbose=1', 400, 'there is no parameter "verbose"'],
  ])('%s: %i %s', async (path, status, message) => {
    const answer = await world.ask(path);
    expect(answer).toMatchObject({ status, json: { message } });
    expect(Object.keys(answer.json)).toEqual(['error', 'message', 'hint']);
  });

  test('what breaks inside is told without what is inside, and logged with it', async () => {
    await using other = await serverWorld({
      metrics: {
        render: () => Promise.reject(new Error('/secret/path is gone')),
        probe: () => Promise.reject(new Error('no')),
      },
    });
    const answer = await other.ask('/metrics');
    expect(answer).toMatchObject({ status: 500, json: { error: 'internal', hint: 'Its log says why.' } });
    expect(answer.text).not.toContain('secret');
    expect(other.logged.join('\n')).toContain('/secret/path is gone');
  });

  test('a body above 64 KiB, one that is no JSON, one of another type, and one with a prototype', async () => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const send = (body: string, more = {}) =>
      world.ask('/api/v1/schedule/pause', { method: 'POST', headers: { ...headers, ...more }, body });
    expect((await send(JSON.stringify({ reason: 'x'.repeat(65_600) }))).status).toBe(413);
    expect((await send('{"reason":')).status).toBe(400);
    expect((await send('reason=x', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(
      415,
    );
    expect((await send('reason', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await send('{"__proto__":{"reason":"x"}}')).status).toBe(400);
    expect((await send('[]')).status).toBe(400);
    expect((await send('null')).status).toBe(400);
    expect(await world.store.dues.pauses()).toEqual([]);
  });
});

describe('the door', () => {
  const writes = [
    ['POST', '/api/v1/probes/test/single-build/run'],
    ['POST', '/api/v1/runs/019a9000/cancel'],
    ['POST', '/api/v1/schedule/pause'],
    ['POST', '/api/v1/schedule/unpause'],
    ['POST', '/api/v1/incidents/019a9000-0000-7000-8000-000000000000/acknowledge'],
    ['POST', '/api/v1/incidents/019a9000-0000-7000-8000-000000000000/close'],
    ['PUT', '/api/v1/incidents/019a9000-0000-7000-8000-000000000000/ticket'],
    ['GET', '/api/v1/audit'],
  ] as const;

  test.each(writes)('%s %s needs a token', async (method, path) => {
    const answer = await world.ask(path, { method });
    expect(answer).toMatchObject({ status: 401, json: { error: 'unauthorized' } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="packprobe"');
    const wrong = await world.ask(path, { method, headers: { authorization: `Bearer ${TOKEN}x` } });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(await world.store.audit.list(10)).toEqual([]);
    expect(world.nudges()).toBe(0);
  });

  test.each([
    ['none', new Map()],
    ['an empty one', new Map([['ops', '\n']])],
  ])('with %s configured nobody gets in, and is told how to', async (_, tokens) => {
    await using other = await serverWorld({ tokens: async () => tokens });
    for (const authorization of ['Bearer ', 'Bearer x', '']) {
      const answer = await other.ask('/api/v1/schedule/pause', {
        method: 'POST',
        headers: { authorization },
      });
      expect(answer).toMatchObject({ status: 403, json: { error: 'no_tokens' } });
      expect(answer.json.hint).toContain('tokens');
    }
  });

  test('who fails ten times in a minute has to wait, and reads on meanwhile', async () => {
    const fail = () => world.ask('/api/v1/audit', { headers: { authorization: 'Bearer wrong' } });
    const statuses = [];
    for (let time = 0; time < 12; time += 1) statuses.push((await fail()).status);
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
    expect(statuses.slice(10)).toEqual([429, 429]);
    const right = await world.ask('/api/v1/audit', { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(right.status).toBe(429);
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await world.ask('/api/v1/runs')).status).toBe(200);
  });

  test('no token is ever logged', async () => {
    await world.write('POST', '/api/v1/probes/test/single-build/run');
    await world.ask('/api/v1/audit', { headers: { authorization: 'Bearer some-wrong-secret' } });
    expect(world.logged.length).toBeGreaterThan(2);
    expect(world.logged.join('\n')).not.toMatch(new RegExp(`${TOKEN}|some-wrong-secret`));
  });
});

describe('the wire', () => {
  test('no banner, and headers that browsers heed', async () => {
    const { headers } = await world.ask('/api/v1/runs');
    expect(headers.get('server')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  test('too many requests of one address are slowed down', async () => {
    const { headers } = await world.ask('/healthz/live');
    expect(Number(headers.get('x-ratelimit-limit'))).toBe(1200);
    const missing = await world.ask('/nothing-here');
    expect(Number(missing.headers.get('x-ratelimit-remaining'))).toBeLessThan(1200);
    expect(missing.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('clients that say nothing, half a request or read nothing do not keep it from closing', async () => {
    const port = Number(new URL(world.server.url).port);
    const sockets = [
      '',
      'GET /metrics HTTP/1.1\r\nHost: x\r\n',
      'GET /api/v1/runs HTTP/1.1\r\nHost: x\r\n\r\n',
    ].map((text) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(text);
      return socket.pause();
    });
    await Promise.all(sockets.map((socket: Socket) => once(socket, 'connect')));
    expect((await world.ask('/healthz/live')).status).toBe(200);
    const closing = world.server.close();
    await new Promise((resolve) => setImmediate(resolve));
    await world.clock.advance(1_000);
    await closing;
    await expect(world.ask('/healthz/live')).rejects.toThrow();
    for (const socket of sockets) socket.destroy();
  });

  test('a request that hangs inside is cut a second after close', async () => {
    let asked = () => {};
    const began = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await using other = await serverWorld({
      metrics: {
        render: () => {
          asked();
          return new Promise(() => {});
        },
        probe: () => new Promise(() => {}),
      },
    });
    const hanging = other.ask('/metrics').then(
      () => 'answered',
      () => 'cut',
    );
    await began;
    const closing = other.server.close();
    await new Promise((resolve) => setImmediate(resolve));
    await other.clock.advance(1_000);
    await closing;
    expect(await hanging).toBe('cut');
  });

  test('a port that is taken is said with what to do', async () => {
    const port = Number(new URL(world.server.url).port);
    await expect(serverWorld({ listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `cannot listen on 127.0.0.1 port ${port}: something else listens there`,
    });
  });
});

describe('TLS', () => {
  withTool('openssl', 'speaks it alone, and takes a renewed certificate without a pause', async () => {
    const [first, second] = [selfSigned(), selfSigned()];
    await using secure = await serverWorld({ tls: first });
    expect(secure.server.url).toMatch(/^https:/);
    const ask = (ca: string) =>
      new Promise<string | undefined>((resolve) => {
        request(`${secure.server.url}/healthz/live`, { ca, agent: false }, (response) => {
          response.resume().on('end', () => resolve(String(response.headers['strict-transport-security'])));
        })
          .on('error', () => resolve(undefined))
          .end();
      });
    expect(await ask(first.cert)).toContain('max-age=');
    // A certificate that nobody has signed, and for no address of ours.
    await secure.server.answers(new AbortController().signal);
    expect(await ask(second.cert)).toBeUndefined();
    secure.server.renewTls(second);
    expect(await ask(second.cert)).toContain('max-age=');
    expect(await ask(first.cert)).toBeUndefined();
    expect(() => secure.server.renewTls({ cert: 'none', key: 'none' })).toThrow();
    expect(await ask(second.cert)).toContain('max-age=');
  });
});
