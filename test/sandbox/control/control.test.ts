import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type ControlOptions, openControl } from '../../../src/sandbox/control/control.ts';
import { faultBoard } from '../../../src/sandbox/faults/fault-board.ts';
import { type TestKit, testKit } from '../kit/test-kit.ts';

async function opened(kit: TestKit, options: Partial<ControlOptions> = {}) {
  const control = await openControl(kit, {
    environment: () => ({ name: 'sandbox' }),
    urls: () => ({ koji: 'http://127.0.0.1:1' }),
    faults: faultBoard(kit, new Map()),
    stop: () => undefined,
    ...options,
  });
  const ask = async (method: string, path: string) => {
    const answer = await fetch(`${control.url}${path}`, { method });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
  return { ...control, ask, [Symbol.asyncDispose]: () => control.close() };
}

test('the environment comes as YAML, and as JSON where that is asked', async () => {
  await using kit = await testKit();
  await using control = await opened(kit);
  const yaml = await control.ask('GET', '/environment');
  expect(yaml.type).toContain('yaml');
  expect(parse(yaml.text)).toEqual({ name: 'sandbox' });
  expect(JSON.parse((await control.ask('GET', '/environment?format=json')).text)).toEqual({
    name: 'sandbox',
  });
  expect((await control.ask('GET', '/environment?format=toml')).status).toBe(400);
});

test('the truth of a build and the holdings of a run are told', async () => {
  await using kit = await testKit();
  await using control = await opened(kit);
  kit.truth('bash-5.3-1.fc44', 'build', 1_790_000_000_000);
  kit.holdings((run) => [{ system: 'koji', kind: 'side-tag', id: `f44-build-side-${run}`, state: 'open' }]);
  expect(JSON.parse((await control.ask('GET', '/truth?nvr=bash-5.3-1.fc44')).text)).toEqual({
    nvr: 'bash-5.3-1.fc44',
    events: { build: 1_790_000_000_000 },
  });
  expect(JSON.parse((await control.ask('GET', '/holdings?run=7')).text)).toEqual({
    run: '7',
    holdings: [{ system: 'koji', kind: 'side-tag', id: 'f44-build-side-7', state: 'open' }],
  });
  expect((await control.ask('GET', '/truth')).status).toBe(400);
  expect((await control.ask('GET', '/holdings')).status).toBe(400);
});

test('the world is told without passwords', async () => {
  await using kit = await testKit();
  await using control = await opened(kit);
  const { text } = await control.ask('GET', '/world');
  expect(JSON.parse(text)).toMatchObject({
    stage: 'sandbox',
    packager: 'packprobe',
    clock: { epoch: kit.clock.epoch, start: kit.clock.start, speed: 60 },
  });
  expect(text).not.toContain('"password"');
});

test('an unknown fault is a 404 that names it', async () => {
  await using kit = await testKit();
  await using control = await opened(kit);
  for (const method of ['PUT', 'DELETE']) {
    expect(await control.ask(method, '/faults/no-such')).toMatchObject({
      status: 404,
      text: '{"error":"this sandbox has no fault no-such; it has: none"}',
    });
  }
  expect((await control.ask('GET', '/faults')).text).toBe('{"faults":[]}');
});

test('a fault is switched on and off, and never reaches the control port', async () => {
  await using kit = await testKit();
  const dead = {
    name: 'all-dead',
    system: 'koji',
    says: 'Every system cuts the connection.',
    outcome: 'failed' as const,
    charge: 'koji' as const,
    hooks: { wire: () => ({ answer: 'drop' as const }) },
  };
  await using control = await opened(kit, { faults: faultBoard(kit, new Map([[dead.name, dead]])) });
  expect((await control.ask('PUT', '/faults/all-dead')).status).toBe(200);
  expect(kit.hooks.wire('koji', { method: 'GET', path: '/' })).toEqual({ answer: 'drop' });
  expect(JSON.parse((await control.ask('GET', '/faults')).text)).toEqual({
    faults: [
      {
        name: 'all-dead',
        system: 'koji',
        says: 'Every system cuts the connection.',
        outcome: 'failed',
        charge: 'koji',
        active: true,
      },
    ],
  });
  expect((await control.ask('DELETE', '/faults/all-dead')).status).toBe(200);
  expect(kit.hooks.wire('koji', { method: 'GET', path: '/' })).toBeUndefined();
});

test('a stop is answered before it is done', async () => {
  await using kit = await testKit();
  let stopped = 0;
  await using control = await opened(kit, { stop: () => void stopped++ });
  expect((await control.ask('POST', '/stop')).status).toBe(202);
  await expect.poll(() => stopped).toBe(1);
});
