import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { metInside } from '../../../src/sandbox/kit/inside.ts';
import type { Hooks, OpenSystem } from '../../../src/sandbox/kit/kit.ts';
import { listen, systemServer } from '../../../src/sandbox/kit/server.ts';
import { type TestKit, testKit } from './test-kit.ts';

let kit: TestKit;
let system: OpenSystem;

beforeEach(async () => {
  kit = await testKit();
  const server = systemServer(kit, 'koji');
  server.get('/', (_request, reply) => reply.header('x-own', 'kept').send({ answer: 'ünïcode' }));
  server.get('/raw', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(201, { 'content-type': 'application/x-git' });
    reply.raw.write(Buffer.from([0, 255, 10]));
    reply.raw.end(Buffer.from([128]));
  });
  system = await listen(server);
});

afterEach(async () => {
  await system.close();
  await kit[Symbol.asyncDispose]();
});

/** What a client sees, its connection kept alive by nobody. */
function ask(path = '/', waitMs = 5000) {
  return new Promise<{ status: number; headers: Record<string, unknown>; bytes: Buffer } | string>(
    (resolve) => {
      const asked = request(`${system.url}${path}`, { agent: false, timeout: waitMs }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', (error: NodeJS.ErrnoException) =>
          resolve(`cut after ${Buffer.concat(parts).length}: ${error.code}`),
        );
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes: Buffer.concat(parts) }),
        );
      });
      asked.on('timeout', () => {
        asked.destroy();
        resolve('silence');
      });
      asked.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      asked.end();
    },
  );
}

async function breakWith(hooks: Partial<Hooks>): Promise<void> {
  kit.faults.set('broken', { name: 'broken', hooks });
  await kit.switched();
}

async function mend(): Promise<void> {
  kit.faults.clear();
  await kit.switched();
}

describe('a fault on the wire', () => {
  test('closes the port, and opens it again where it was', async () => {
    await breakWith({ refuses: (asked) => asked === 'koji' });
    expect(await ask()).toBe('ECONNREFUSED');
    await mend();
    expect(await ask()).toMatchObject({ status: 200 });
  });

  test('of another system changes nothing', async () => {
    await breakWith({ refuses: (asked) => asked === 'bodhi' });
    expect(await ask()).toMatchObject({ status: 200, headers: { 'x-own': 'kept' } });
  });

  test('never says a word', async () => {
    await breakWith({ wire: () => ({ answer: 'hang' }) });
    expect(await ask('/', 200)).toBe('silence');
  });

  test('closes the connection before an answer, or in the middle of it', async () => {
    await breakWith({ wire: () => ({ answer: 'drop' }) });
    expect(await ask()).toBe('ECONNRESET');
    await breakWith({ wire: () => ({ answer: 'cut' }) });
    expect(await ask()).toBe('cut after 11: ECONNRESET');
    expect(await ask('/raw')).toBe('cut after 2: ECONNRESET');
  });

  test('changes an answer that the system has given, with the length that it then has', async () => {
    await breakWith({
      wire: () => ({
        alter: (answer) => ({ ...answer, status: 203, body: answer.body.replace('ünïcode', 'é') }),
      }),
    });
    const altered = await ask();
    expect(altered).toMatchObject({
      status: 203,
      headers: { 'x-own': 'kept', 'content-length': '15', 'content-type': 'application/json; charset=utf-8' },
    });
    expect(altered).toMatchObject({ bytes: Buffer.from('{"answer":"é"}') });
  });

  test('leaves every byte of an answer that is no text', async () => {
    await breakWith({ wire: () => ({ alter: (answer) => answer }) });
    expect(await ask('/raw')).toMatchObject({ status: 201, bytes: Buffer.from([0, 255, 10, 128]) });
  });

  test('is met by whoever reaches the system from inside, too', async () => {
    const met = () => metInside(kit.hooks, 'koji', { method: 'GET', path: '/' });
    expect(met()).toEqual({ delayMs: 0 });
    await breakWith({ refuses: () => true });
    expect(met()).toEqual({ delayMs: 0, answer: 'drop' });
    await breakWith({ wire: () => ({ answer: 'hang' }) });
    expect(met()).toEqual({ delayMs: Number.POSITIVE_INFINITY });
    await breakWith({ wire: () => ({ answer: 'cut' }) });
    expect(met()).toEqual({ delayMs: 0, answer: 'drop', isHeard: true });
  });

  test('is asked from inside without an answer that nobody gave', async () => {
    const alter = () => {
      throw new Error('altered what was never said');
    };
    await breakWith({ wire: () => ({ alter }) });
    expect(metInside(kit.hooks, 'koji', { method: 'GET', path: '/' })).toEqual({ delayMs: 0, alter });
  });
});
