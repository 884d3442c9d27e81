import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Logger } from '../../src/core/ports.ts';
import { readProbe } from '../../src/core/probe.ts';
import { nodeHttp } from '../../src/platform/http.ts';
import { askItself } from '../../src/server/ask-itself.ts';
import { deadMan } from '../../src/service/readiness.ts';
import request from '../../src/steps/http/request.ts';
import { serverWorld } from '../server/world.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ROOT } from '../support/sources.ts';
import { silentLogger, stepContext } from '../support/step-context.ts';

const EVERY_MS = 10_000;
const GOOD = { name: 'scheduler', ok: true, text: 'goes round', age_ms: 0 } as const;

/** A listener that takes every request and answers none. */
async function hanging() {
  const asked = Promise.withResolvers<string>();
  const server = createServer((incoming) => asked.resolve(incoming.url ?? ''));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: asked.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Where a server was that has closed its listener. */
async function closedUrl(): Promise<string> {
  await using world = await serverWorld();
  return world.server.url;
}

/** The dead man of a service in which all is well but, maybe, its listener. */
function calling(listener: (signal: AbortSignal) => Promise<void>) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const next = { call: Promise.withResolvers<void>(), warning: Promise.withResolvers<unknown>() };
  let calls = 0;
  const log: Logger = { ...silentLogger, warn: (fields) => next.warning.resolve(fields) };
  const running = deadMan({
    everyMs: EVERY_MS,
    readiness: { own: () => [GOOD] },
    listener,
    async call() {
      calls += 1;
      next.call.resolve();
    },
    clock,
    log,
  }).run(stop.signal);
  return {
    clock,
    called: () => next.call.promise,
    warned: () => next.warning.promise,
    calls: () => calls,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

const badListener = (text: string) => ({
  checks: [{ name: 'listener', ok: false, text: expect.stringContaining(text), age_ms: null }],
});

/** What the probe of a second packprobe asks of the first. */
async function watched(url: string, signal: AbortSignal): Promise<unknown> {
  const file = 'probes/watch-packprobe.yaml';
  const { steps } = readProbe(file, readFileSync(`${ROOT}/${file}`, 'utf8'));
  const given = JSON.parse(JSON.stringify(steps[0]?.with).replace('${{ params.url }}', url));
  const http = nodeHttp({ userAgent: 'packprobe/1.2.3 (+https://example.org/)' });
  return request.run(request.input.parse(given), stepContext({ dir: '/nowhere', http, signal }));
}

/** The health check of the image, on another port. */
function healthcheck(url: string) {
  const containerfile = readFileSync(`${ROOT}/Containerfile`, 'utf8');
  const [, command = '[]'] = /^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$/m.exec(containerfile) ?? [];
  const [, ...args] = JSON.parse(command) as string[];
  const ended = Promise.withResolvers<number | null>();
  const child = execFile(
    process.execPath,
    args.map((arg) => arg.replace(/http:\/\/[^/]+/, url)),
    () => ended.resolve(child.exitCode),
  );
  return { child, ended: ended.promise };
}

const NEVER = new AbortController().signal;

describe('stop the listener: no path shows green', () => {
  test('the dead man is called while it answers, and not once it is closed', async () => {
    const world = await serverWorld();
    await using man = calling(world.server.answers);
    await man.clock.advance(EVERY_MS);
    await man.called();
    expect(man.calls()).toBe(1);
    await world[Symbol.asyncDispose]();
    await man.clock.advance(EVERY_MS);
    expect(await man.warned()).toEqual(badListener('ECONNREFUSED'));
    expect(man.calls()).toBe(1);
  });

  test('the dead man is not called while it takes requests and answers none', async () => {
    await using hung = await hanging();
    await using man = calling((signal) => askItself(hung.url, signal));
    await man.clock.advance(EVERY_MS);
    expect(await hung.asked).toBe('/healthz/live');
    await man.clock.advance(5000);
    expect(await man.warned()).toEqual(badListener('does not answer in time'));
    expect(man.calls()).toBe(0);
  });

  test('a second packprobe with watch-packprobe does not pass', async () => {
    const checks = ['leader', 'database', 'scheduler', 'clock'].map((name) => ({ ...GOOD, name }));
    await using world = await serverWorld({ readiness: async () => checks });
    expect(await watched(world.server.url, NEVER)).toMatchObject({ status: 200 });
    await expect(watched(await closedUrl(), NEVER)).rejects.toMatchObject({ code: 'HTTP_UNREACHABLE' });
    await using hung = await hanging();
    const limit = new AbortController();
    const watching = watched(hung.url, limit.signal);
    expect(await hung.asked).toBe('/healthz/ready');
    limit.abort(new Error('the step ran out of time'));
    await expect(watching).rejects.toThrow('the step ran out of time');
  });

  test('the health check of the image fails, or is still waiting when it is ended', async () => {
    await using world = await serverWorld();
    expect(await healthcheck(world.server.url).ended).toBe(0);
    expect(await healthcheck(await closedUrl()).ended).toBe(1);
    await using hung = await hanging();
    const waiting = healthcheck(hung.url);
    expect(await hung.asked).toBe('/healthz/ready');
    expect(waiting.child.exitCode).toBeNull();
    waiting.child.kill();
    expect(await waiting.ended).not.toBe(0);
  });
});
