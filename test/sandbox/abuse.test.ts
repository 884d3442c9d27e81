import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { rpcClient } from './koji/client.ts';

const PKG = 'dummy-test-package-gloster';

let parent: string;
let sandbox: Sandbox;
const troubles: string[] = [];

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'packprobe-abuse-'));
  sandbox = await openSandbox({
    dir: join(parent, 'sandbox'),
    speed: 300,
    trouble: (where, error) => void troubles.push(`${where}: ${error}`),
  });
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(parent, { recursive: true });
});

/** Every address that listens, without a path. */
function origins(): readonly (readonly [string, string])[] {
  return Object.entries({ ...sandbox.urls, control: sandbox.controlUrl }).map(
    ([name, url]) => [name, new URL(url).origin] as const,
  );
}

/** An address of each system that a client reads. */
const READ: Readonly<Record<string, string>> = {
  'dist-git': `/rpms/${PKG}.git/info/refs?service=git-upload-pack`,
  lookaside: `/repo/pkgs/rpms/${PKG}/none`,
  koji: '/kojihub',
  resultsdb: '/api/v2.0/results',
  waiverdb: '/api/v1.0/waivers/',
  greenwave: '/api/v1.0/policies',
  bodhi: '/updates/',
  id_provider: '/openidc/.well-known/openid-configuration',
  datagrepper: '/v2/search',
  control: '/world',
};

/** Sends bytes as they are; the first line of the answer, empty when the connection was closed without one. */
function sendRaw(origin: string, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(origin, bytes);
    let answer = '';
    socket.on('data', (part) => {
      answer += part.toString('latin1');
      if (answer.includes('\r\n')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''));
  });
}

function open(origin: string, bytes: string): Socket {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  socket.write(Buffer.from(bytes, 'latin1'));
  return socket;
}

async function assertAlive(): Promise<void> {
  for (const [name, origin] of origins()) {
    const answer = await fetch(origin + READ[name]);
    await answer.body?.cancel();
    expect(`${name} ${answer.status < 500}`).toBe(`${name} true`);
  }
  expect(troubles).toEqual([]);
}

const HEAD = 'HTTP/1.1\r\nHost: x\r\nConnection: close\r\n';

test.each<{ title: string; bytes: string }>([
  { title: 'no HTTP at all', bytes: 'junk\r\n\r\n' },
  { title: 'a TLS hello', bytes: '\x16\x03\x01\x00\xc8\x01\x00\x00\r\n\r\n' },
  { title: 'a length that is no number', bytes: `POST / ${HEAD}Content-Length: abc\r\n\r\n` },
  { title: 'chunks that are none', bytes: `POST / ${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n` },
  { title: 'a path of 40 kB', bytes: `GET ${'/a'.repeat(20_000)} ${HEAD}\r\n` },
  { title: 'a path that does not decode', bytes: `GET /%zz%ff ${HEAD}\r\n` },
  { title: 'two slashes', bytes: `GET // ${HEAD}\r\n` },
  { title: 'a path with an empty host', bytes: `GET ///:@/ ${HEAD}\r\n` },
  { title: 'the address of somebody else', bytes: `GET http://evil.invalid/x ${HEAD}\r\n` },
  { title: 'a header of bytes', bytes: `GET / ${HEAD}Accept: \xff\x80\r\nOrigin: \xff\r\n\r\n` },
  {
    title: 'a content type that is none',
    bytes: `POST / ${HEAD}Content-Type: nonsense\r\nContent-Length: 2\r\n\r\n{}`,
  },
])('$title is answered or cut off by every system, and troubles nobody', async ({ bytes }) => {
  for (const [, origin] of origins())
    expect(await sendRaw(origin, bytes)).toMatch(/^(HTTP\/1\.1 \d{3} .*)?$/);
  await assertAlive();
});

const BODIES: readonly string[] = [
  '',
  '{',
  '[]',
  'null',
  '"x"',
  '{"__proto__":{"x":1},"constructor":5}',
  '{"subject":[{"item":null}],"builds":{"a":[1]}}',
  '<?xml version="1.0"?><methodCall>',
  '<a>&#x110000;</a>',
  '\u0000\u0001',
  'a=b&a=c&__proto__=x',
  '['.repeat(20_000),
  '<a>'.repeat(20_000),
];

test('no body makes a system answer with an error of its own', async () => {
  const paths = ['/', ...Object.values(READ), '/updates/x/request', '/api/v1.0/decision', '/openidc/Token'];
  const types = [
    'application/json',
    'text/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ];
  for (const [, origin] of origins()) {
    const sends = paths.flatMap((path) =>
      BODIES.flatMap((body, index) => {
        const headers = { 'content-type': types[index % types.length] ?? '' };
        return fetch(origin + path, { method: 'POST', headers, body, redirect: 'manual' });
      }),
    );
    for (const answer of await Promise.all(sends)) await answer.body?.cancel();
  }
  await assertAlive();
});

test.each([
  ['getNextRelease', [null]],
  ['getTag', [{ id: 1.5 }]],
  ['listTasks', [{ owner: [] }, { order: {}, limit: 'x' }]],
  ['queryHistory', [{ __starstar: true, tables: [1] }]],
  ['multiCall', [[{ methodName: 'multiCall', params: [[{ methodName: 'multiCall', params: 1 }]] }]]],
])('the hub answers %s with odd arguments by a fault', async (method, params) => {
  const koji = rpcClient(sandbox.urls.koji);
  await koji
    .call(method, params)
    .catch((error: unknown) => expect(error).toMatchObject({ code: expect.any(Number) }));
  await assertAlive();
});

test.each(['zzz', '-5', '99999999999999'])(
  'a chunk at %s is refused, whatever it would take',
  async (offset) => {
    const koji = rpcClient(sandbox.urls.koji);
    const session = await koji.login('packprobe', 'sandbox');
    const { text } = await koji.send('abc', {
      path: `/kojihub?filename=a&filepath=cli-build%2F1.abcdefgh&offset=${offset}`,
      headers: {
        'content-type': 'application/octet-stream',
        'koji-session-id': String(session.id),
        'koji-session-key': session.key,
      },
    });
    expect(text).toContain('<fault>');
    await assertAlive();
  },
);

test('requests of many megabytes are refused or read, in time', async () => {
  const koji = rpcClient(sandbox.urls.koji);
  const many = '<param><value><int>1</int></value></param>'.repeat(90_000);
  const call = `<?xml version="1.0"?><methodCall><methodName>getTag</methodName><params>${many}</params></methodCall>`;
  expect((await koji.send(call)).text).toContain('<fault>');
  const body = `{"a":"${'x'.repeat(70 * 1024 * 1024)}"}`;
  const answer = await fetch(`${sandbox.urls.greenwave}/api/v1.0/decision`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  }).then(
    ({ status }) => status,
    () => 'cut off',
  );
  expect([413, 400, 'cut off']).toContain(answer);
  await assertAlive();
});

test('clients that are slow or go away hold nobody up', async () => {
  const sockets = origins().flatMap(([, origin]) => [
    open(origin, 'GET / HTT'),
    open(
      origin,
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{',
    ),
  ]);
  for (const socket of sockets) socket.on('error', () => undefined);
  await assertAlive();
  for (const [name, origin] of origins()) {
    const gone = open(origin, `GET ${READ[name]} HTTP/1.1\r\nHost: x\r\n\r\n`);
    gone.on('error', () => undefined);
    await new Promise((resolve) => gone.once('connect', resolve));
    gone.destroy();
  }
  for (const socket of sockets) socket.destroy();
  await assertAlive();
});

test('fifty requests at once are all answered by each system', async () => {
  for (const [name, origin] of origins()) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(origin + READ[name])));
    const statuses = await Promise.all(
      answers.map(async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      }),
    );
    expect(new Set(statuses).size).toBe(1);
    expect(statuses[0]).toBeLessThan(500);
  }
  expect(troubles).toEqual([]);
});

test('of two pushes to one branch at once the first wins and the other is refused', async () => {
  const identity = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@b',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@b',
  };
  const env = {
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...identity,
  };
  const works = ['one', 'two'].map((name) => join(parent, name));
  const git = (work: string, ...args: string[]) =>
    execa('git', ['-C', work, ...args], { env, reject: false });
  for (const work of works) {
    await execa('git', ['clone', '-q', '-b', 'f44', `${sandbox.urls['dist-git']}/rpms/${PKG}.git`, work], {
      env,
    });
    await writeFile(join(work, 'note'), work);
    await git(work, 'add', 'note');
    await git(work, 'commit', '-q', '-m', 'Race');
  }
  const pushes = await Promise.all(works.map((work) => git(work, 'push')));
  expect(pushes.map(({ exitCode }) => exitCode).toSorted()).toEqual([0, 1]);
  const lost = pushes.findIndex(({ exitCode }) => exitCode === 1);
  expect(pushes[lost]?.stderr).toMatch(/\[(remote )?rejected\]/);
  expect((await git(works[lost] ?? '', 'pull', '-q', '--no-rebase', '-X', 'ours')).exitCode).toBe(0);
  expect((await git(works[lost] ?? '', 'push')).exitCode).toBe(0);
  await assertAlive();
});
