import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readEnvironment } from '../../../src/core/config.ts';
import { ConfigError } from '../../../src/core/config-error.ts';
import type { Environment } from '../../../src/core/environment.ts';
import { asFault } from '../../../src/core/fault.ts';
import type { Json } from '../../../src/core/json.ts';
import { planProbe } from '../../../src/core/planner.ts';
import { readProbe } from '../../../src/core/probe.ts';
import type { Action, StepContext } from '../../../src/core/step.ts';
import { nodeHttp } from '../../../src/platform/http.ts';
import request from '../../../src/steps/http/request.ts';
import { type ContextOptions, stepContext, testEnvironment } from '../../support/step-context.ts';

const http = nodeHttp({ userAgent: 'packprobe/1.2.3 (+https://example.org/)' });
const SECRET = 'marker-secret-7f3a';
const servers: Server[] = [];
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(`${tmpdir()}/packprobe-request-`);
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await rm(dir, { recursive: true, force: true });
});

interface Asked {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function serve(answer: RequestListener) {
  const asked: Asked[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method, url, headers } = incoming;
    asked.push({ line: `${method} ${url}`, headers, body: Buffer.concat(chunks).toString() });
    await answer(incoming, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, asked };
}

const json =
  (value: unknown, status = 200, type = 'application/json'): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value));

const send = (given: object, options: Partial<ContextOptions> = {}) =>
  request.run(request.input.parse(given), stepContext({ dir, http, ...options }));

const fault = (given: object, options: Partial<ContextOptions> = {}) =>
  send(given, options).then(
    () => expect.unreachable('it was as expected'),
    (error: unknown) => asFault(error),
  );

function environmentWithToken(systems: object = {}): Environment {
  const environment = testEnvironment(systems);
  const file = join(dir, 'token');
  return { ...environment, identity: { ...environment.identity, tokens: { forge: { file } } } };
}

describe('an answer as expected', () => {
  test('is given on as status, headers, text and JSON', async () => {
    const { url, asked } = await serve(json({ state: 'open', list: [1] }));
    const output = await send({ url: `${url}/api?x=1` });
    expect(output).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"state":"open","list":[1]}',
      json: { state: 'open', list: [1] },
    });
    expect(asked[0]).toMatchObject({
      line: 'GET /api?x=1',
      headers: { 'user-agent': 'packprobe/1.2.3 (+https://example.org/)' },
    });
  });

  test('that is no JSON gives null for it', async () => {
    const { url } = await serve((_, response) => void response.end('pong'));
    expect(await send({ url })).toMatchObject({ body: 'pong', json: null });
  });

  test('may be one of several statuses, also one that is no success', async () => {
    const { url } = await serve((_, response) => void response.writeHead(503).end());
    expect((await send({ url, expect: { status: [404, 503] } })).status).toBe(503);
    expect((await send({ url, expect: { status: 503 } })).status).toBe(503);
  });

  test('is cut to what a record can hold, and judged as a whole', async () => {
    const { url } = await serve(json({ long: 'é'.repeat(50_000), end: true }));
    const output = await send({ url, expect: { json: { end: true }, contains: '"end":true' } });
    expect(Buffer.byteLength(output.body)).toBeLessThanOrEqual(64 * 1024);
    expect(output.json).toBeNull();
  });

  test('holds no cookie and no token', async () => {
    const secrets = { 'set-cookie': 'session=1', 'x-csrf-token': '1', 'x-auth-token': '1' };
    const { url } = await serve(
      (_, response) => void response.writeHead(200, { ...secrets, 'x-request': 'a' }).end(),
    );
    const { headers } = await send({ url });
    expect(headers).toMatchObject({ 'x-request': 'a' });
    for (const name of Object.keys(secrets)) expect(headers).not.toHaveProperty(name);
  });

  test('may hold more than the JSON that is expected, in mappings and in lists', async () => {
    const { url } = await serve(json({ a: { b: 1, c: 2 }, list: [{ id: 1 }, { id: 2, more: 3 }] }));
    await expect(send({ url, expect: { json: { a: { b: 1 }, list: [{ id: 2 }] } } })).resolves.toBeDefined();
  });
});

describe('what is sent', () => {
  test('JSON has its content type, and headers go along', async () => {
    const { url, asked } = await serve(json({}, 201));
    await send({ url, method: 'POST', json: { a: [1] }, headers: { 'X-Run': '7' } });
    expect(asked[0]).toMatchObject({
      line: 'POST /',
      body: '{"a":[1]}',
      headers: { 'content-type': 'application/json', 'x-run': '7' },
    });
  });

  test('text goes as it stands, with the content type that the probe gives', async () => {
    const { url, asked } = await serve(json({}));
    await send({
      url,
      method: 'PUT',
      body: 'a=b',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect(asked[0]).toMatchObject({
      body: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  });

  test.each([
    ['pagure', {}, `token ${SECRET}`],
    ['gitlab', {}, `Bearer ${SECRET}`],
    ['pagure', { token_scheme: 'Bearer' }, `Bearer ${SECRET}`],
  ])('the token of a %s forge goes as Authorization (%o)', async (kind, given, authorization) => {
    await writeFile(join(dir, 'token'), `${SECRET}\n`);
    const { url, asked } = await serve(json({}));
    const env = environmentWithToken({ forge: { kind, url } });
    await send({ url, token: 'forge', ...given }, { env });
    expect(asked[0]?.headers.authorization).toBe(authorization);
  });

  test('a token that the server sends back is in no output and no evidence', async () => {
    await writeFile(join(dir, 'token'), SECRET);
    const echo: RequestListener = (incoming, response) =>
      void response
        .writeHead(incoming.url === '/bad' ? 400 : 200, { 'x-echo': incoming.headers.authorization ?? '' })
        .end(JSON.stringify({ sent: incoming.headers.authorization }));
    const { url } = await serve(echo);
    const env = environmentWithToken();
    const output = await send({ url, token: 'forge' }, { env });
    expect(output.json).toEqual({ sent: 'Bearer ***' });
    const refused = await fault({ url: `${url}/bad`, token: 'forge' }, { env });
    expect(JSON.stringify([output, refused.message, refused.evidence])).not.toContain(SECRET);
  });

  test.each([
    ['no-such', 'TOKEN_NOT_CONFIGURED'],
    ['forge', 'TOKEN_UNUSABLE'],
  ])('a token %s that cannot be sent is our trouble', async (token, code) => {
    await writeFile(join(dir, 'token'), 'two words\n');
    const { url, asked } = await serve(json({}));
    expect(await fault({ url, token }, { env: environmentWithToken() })).toMatchObject({
      code,
      kind: 'prober',
    });
    expect(asked).toEqual([]);
  });
});

describe('an answer that is not as expected', () => {
  test.each([
    [503, 'REQUEST_UNAVAILABLE', 'unavailable'],
    [429, 'REQUEST_UNAVAILABLE', 'unavailable'],
    [404, 'REQUEST_REFUSED', 'rejected'],
    [204, 'REQUEST_REFUSED', 'rejected'],
  ])('by its status %i is %s, charged to whom the step speaks for', async (status, code, kind) => {
    const { url } = await serve((_, response) => void response.writeHead(status).end());
    const found = await fault({ url: `${url}/x`, expect: { status: [200, 201] } });
    expect(found).toMatchObject({ code, kind, system: undefined, evidence: { status, method: 'GET' } });
    expect(found.message).toBe(`GET ${url}/x was answered with ${status} instead of 200 or 201`);
  });

  test('leaves no query in the evidence', async () => {
    const { url } = await serve((_, response) => void response.writeHead(400).end());
    const found = await fault({ url: `${url}/x?key=${SECRET}` });
    expect(found.evidence['url']).toBe(`${url}/x`);
    expect(JSON.stringify([found.message, found.evidence])).not.toContain(SECRET);
  });

  test('by its content is rejected, and says what differs', async () => {
    const { url } = await serve(json({ a: { state: 'open' }, list: [1] }));
    const messages = await Promise.all(
      [{ a: { state: 'closed' } }, { b: 1 }, { list: [2] }, { list: { x: 1 } }].map(
        async (expected) => (await fault({ url, expect: { json: expected } })).message,
      ),
    );
    expect(messages.map((message) => message.replace(`GET ${url}/: `, ''))).toEqual([
      'json.a.state is "open", expected "closed"',
      'json.b is missing, expected 1',
      'json.list does not hold 2',
      'json.list is [1], expected {"x":1}',
    ]);
    expect(await fault({ url, expect: { contains: 'nothing' } })).toMatchObject({
      code: 'REQUEST_CONTENT',
      kind: 'rejected',
    });
  });

  test.each([
    ['HTML', '<html>', 'text/html'],
    ['JSON that calls itself text', '{}', 'text/plain'],
    ['JSON that was cut off', '{"a":', 'application/json'],
  ])('by being %s is malformed where JSON is expected', async (_, body, type) => {
    const { url } = await serve(
      (__, response) => void response.writeHead(200, { 'content-type': type }).end(body),
    );
    expect(await fault({ url, expect: { json: {} } })).toMatchObject({
      code: 'REQUEST_MALFORMED',
      kind: 'malformed',
    });
  });

  test('because there is nobody is unavailable', async () => {
    const { url } = await serve(() => {});
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await fault({ url })).toMatchObject({
      code: 'HTTP_UNREACHABLE',
      kind: 'unavailable',
      system: undefined,
    });
  });

  test('because it did not come in time is unavailable', async () => {
    const { url } = await serve(() => {});
    expect(await fault({ url, limit: '1s' })).toMatchObject({ code: 'HTTP_TIMED_OUT', kind: 'unavailable' });
  });
});

describe('a redirect', () => {
  const to =
    (location: string): RequestListener =>
    ({ url = '' }, response) =>
      void (url === '/there'
        ? response.end('arrived')
        : response.writeHead(302, { location: location.replace('HOST', 'localhost') }).end());

  test('on the same host is followed', async () => {
    const { url } = await serve(to('/there'));
    expect(await send({ url })).toMatchObject({ status: 200, body: 'arrived' });
  });

  test('to another host is not followed, and no login goes there', async () => {
    await writeFile(join(dir, 'token'), SECRET);
    const other = await serve(json({}));
    const { url } = await serve(to(`http://HOST:${other.port}/login?next=1`));
    const found = await fault({ url, token: 'forge' }, { env: environmentWithToken() });
    expect(found).toMatchObject({
      code: 'REQUEST_REFUSED',
      evidence: { status: 302, location: `http://localhost:${other.port}/login` },
    });
    expect(other.asked).toEqual([]);
  });

  test('to another port of the same host is not followed', async () => {
    const other = await serve(json({}));
    const { url } = await serve(to(`${other.url}/there`));
    expect((await fault({ url })).evidence).toMatchObject({ status: 302 });
    expect(other.asked).toEqual([]);
  });

  test('that is expected, or answers what is no mere read, is the answer', async () => {
    const { url, asked } = await serve(to('/there'));
    expect((await send({ url, expect: { status: 302 } })).headers['location']).toBe('/there');
    expect((await send({ url, method: 'POST', body: 'x', expect: { status: 302 } })).status).toBe(302);
    expect(asked.map(({ line }) => line)).toEqual(['GET /', 'POST /']);
  });

  test('to what is no address is the answer', async () => {
    const { url } = await serve(to('http://['));
    expect((await fault({ url })).evidence).toMatchObject({ status: 302, location: 'no address' });
  });

  test('in a circle ends', async () => {
    const { url, asked } = await serve(to('/again'));
    expect((await fault({ url })).evidence).toMatchObject({ status: 302 });
    expect(asked).toHaveLength(6);
  });
});

describe('a request that may not be repeated', () => {
  test('is written down before it is sent, and no leftover', async () => {
    const { url } = await serve(json({}));
    const context = stepContext({ dir, http });
    await request.run(request.input.parse({ url, method: 'POST', json: {} }), context);
    expect(context.undos).toEqual([]);
    const answer = { status: 201, headers: {}, body: 'kept', json: null };
    const kept = { 'http-request': { answer, unmet: null } };
    expect(await send({ url, method: 'POST', json: {} }, { effects: kept })).toEqual(answer);
  });

  /** What a run keeps of a request, as its next life finds it in the store. */
  async function keptOf(given: object): Promise<Partial<ContextOptions>> {
    const kept: Json[] = [];
    const context = stepContext({ dir, http });
    const effect: StepContext['effect'] = async (spec) => {
      const identity = await spec.make(context.signal, null as never);
      kept.push(JSON.parse(JSON.stringify(identity)));
      return identity;
    };
    await request.run(request.input.parse(given), { ...context, effect }).catch(() => undefined);
    return { effects: { 'http-request': kept[0] as Json } };
  }

  test('is judged after a resume as it was when its whole answer was at hand', async () => {
    const { url, asked } = await serve(json({ long: 'x'.repeat(70_000), end: true }));
    const good = { url, method: 'POST', json: {}, expect: { json: { end: true }, contains: '"end":true' } };
    const bad = { ...good, expect: { json: { end: false } } };
    const [afterGood, afterBad] = [await keptOf(good), await keptOf(bad)];
    expect(await send(good, afterGood)).toMatchObject({ status: 200, json: null });
    expect(await fault(bad, afterBad)).toMatchObject({
      code: 'REQUEST_CONTENT',
      kind: 'rejected',
      message: `POST ${url}/: json.end is true, expected false`,
    });
    expect(asked).toHaveLength(2);
  });

  test('is not sent again where nobody knows whether it was', async () => {
    const { url, asked } = await serve(json({}));
    const lost = { effects: { 'http-request': 'lost' } };
    expect(await fault({ url, method: 'POST', json: {} }, lost)).toMatchObject({
      code: 'REQUEST_UNCERTAIN',
      kind: 'prober',
    });
    expect(asked).toEqual([]);
    await send({ url, method: 'PUT', json: {}, repeatable: true }, lost);
    expect(asked).toHaveLength(1);
  });
});

describe('the probe file', () => {
  const actions = new Map([
    ['http/request', { uses: 'http/request', definition: request } as unknown as Action],
  ]);
  const environment = readEnvironment(
    'e.yaml',
    `name: test
systems:
  dist-git: { url: "https://src.example.org" }
  forge: { kind: pagure, url: "https://src.example.org" }
  lookaside: { url: "https://src.example.org/repo/pkgs" }
  bodhi: { url: "https://bodhi.example.org" }
  resultsdb: { url: "https://results.example.org/api/v2.0" }
identity: { user: me, principal: me@EXAMPLE.ORG, keytab: { file: /k } }
contact: https://example.org
`,
  );
  const planned = (steps: string) => {
    const probe = readProbe('p.yaml', `name: a\nsteps:\n${steps}`);
    try {
      return { steps: planProbe({ probe, actions, environment }).steps, faults: [] };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { steps: [], faults: error.faults.map(({ message }) => message) };
    }
  };
  const one = (given: string, more = '') => planned(`  - uses: http/request\n${more}    with: ${given}\n`);

  test.each([
    ['bodhi', '{ url: "https://bodhi.example.org/updates/?rows=1" }'],
    ['bodhi', '{ url: "${{ env.systems.bodhi.url }}/releases/" }'],
    ['bodhi', '{ url: "${{ env.systems.bodhi.url }}/updates/${{ run.id }}" }'],
    ['lookaside', '{ url: "https://src.example.org/repo/pkgs/rpms" }'],
    ['resultsdb', '{ url: "https://results.example.org/" }'],
  ])('charges %s where the address is its', (system, given) => {
    expect(one(given).steps[0]?.system).toBe(system);
  });

  test('must say who is charged where the address belongs to nobody, or to two', () => {
    for (const url of ['https://elsewhere.example.org/', 'https://src.example.org/api/0/x']) {
      expect(one(`{ url: "${url}" }`).faults).toEqual([
        'http/request needs `system:` here, for what it asks belongs to no one system of environment test',
      ]);
      expect(one(`{ url: "${url}" }`, '    system: forge\n').steps[0]?.system).toBe('forge');
    }
  });

  test('tries a read three times, and anything else once unless it says otherwise', () => {
    const url = 'url: "https://bodhi.example.org/x"';
    const attempts = (given: string) => one(`{ ${url}, ${given} }`).steps[0]?.attempts;
    expect(attempts('method: HEAD')).toBe(3);
    expect(attempts('method: POST')).toBe(1);
    expect(attempts('method: DELETE, repeatable: true')).toBe(3);
    expect(one(`{ ${url}, method: POST }`, '    retry: { attempts: 2 }\n').faults).toEqual([
      'http/request cannot be repeated; expected 1, got 2',
    ]);
  });

  test('does not send the answer of one request with the next', () => {
    const { steps } = planned(
      `  - { id: a, uses: http/request, with: { url: "https://bodhi.example.org/a" } }
  - { id: b, uses: http/request, with: { url: "https://bodhi.example.org/\${{ steps.a.json.name }}" } }
`,
    );
    expect([...(steps[1]?.inputs.keys() ?? [])]).toEqual(['url']);
  });

  test.each([
    ['a login in a header', '{ url: "https://bodhi.example.org/", headers: { Authorization: token x } }'],
    ['a cookie', '{ url: "https://bodhi.example.org/", headers: { cookie: a=b } }'],
    ['a key of an API', '{ url: "https://bodhi.example.org/", headers: { X-Api-Key: token x } }'],
    ['the token of a job', '{ url: "https://bodhi.example.org/", headers: { JOB-TOKEN: token x } }'],
    ['a login in the address', '{ url: "https://me:pass@bodhi.example.org/" }'],
    ['another scheme', '{ url: "file:///etc/passwd" }'],
    ['both body and json', '{ url: "https://bodhi.example.org/", method: POST, body: a, json: {} }'],
    ['a body of a read', '{ url: "https://bodhi.example.org/", body: a }'],
    ['an unknown expectation', '{ url: "https://bodhi.example.org/", expect: { staus: 200 } }'],
  ])('with %s is refused', (_, given) => {
    const { faults } = one(given);
    expect(faults).toHaveLength(1);
    expect(faults[0]).not.toMatch(/token x|a=b|pass@/);
  });
});
