import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { SYSTEMS } from '../../../src/core/system.ts';
import { discoverFaults } from '../../../src/sandbox/faults/declared.ts';
import { openSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';

const faults = await discoverFaults();

async function opened(options: { readonly faults?: readonly string[] } = {}) {
  const parent = await mkdtemp(join(tmpdir(), 'packprobe-faults-'));
  const sandbox = await openSandbox({ dir: join(parent, 'sandbox'), ...options });
  return {
    ...sandbox,
    dir: join(parent, 'sandbox'),
    turn: (method: 'PUT' | 'DELETE', name: string) =>
      fetch(`${sandbox.controlUrl}/faults/${name}`, { method }),
    async [Symbol.asyncDispose]() {
      await sandbox[Symbol.asyncDispose]();
      await rm(parent, { recursive: true });
    },
  };
}

async function activeIn({ controlUrl }: Pick<Sandbox, 'controlUrl'>): Promise<readonly string[]> {
  const answer = await fetch(`${controlUrl}/faults`);
  const told = (await answer.json()) as {
    readonly faults: readonly { readonly name: string; readonly active: boolean }[];
  };
  expect(told.faults.map(({ name }) => name)).toEqual([...faults.keys()]);
  return told.faults.filter(({ active }) => active).map(({ name }) => name);
}

describe.each([...faults.values()])('$name', ({ name, system, says, outcome, charge }) => {
  test('sits in a system, says in one sentence what is broken, and charges somebody unless the run passes', () => {
    expect(SYSTEMS).toContain(system);
    expect(name).toMatch(new RegExp(`^${system}:[a-z0-9]+(-[a-z0-9]+)*$`));
    expect(says).toMatch(/^[A-Z].{20,110}\.$/);
    expect(charge === null).toBe(outcome === 'passed');
    expect(charge === 'own').toBe(outcome === 'errored');
    if (outcome === 'failed') expect(SYSTEMS).toContain(charge);
  });
});

test('every fault is switched on and off while the sandbox runs', async () => {
  await using sandbox = await opened();
  for (const name of faults.keys()) expect((await sandbox.turn('PUT', name)).status).toBe(200);
  expect(await activeIn(sandbox)).toEqual([...faults.keys()]);
  for (const name of faults.keys()) expect((await sandbox.turn('DELETE', name)).status).toBe(200);
  expect(await activeIn(sandbox)).toEqual([]);
});

test('a sandbox begins with the faults that it is told, and refuses one that it does not know', async () => {
  await using sandbox = await opened({ faults: ['waiverdb:http-500', 'ci:silent'] });
  expect(await activeIn(sandbox)).toEqual(['ci:silent', 'waiverdb:http-500']);
  expect((await fetch(`${sandbox.urls.waiverdb}/api/v1.0/about`)).status).toBe(500);
  expect((await fetch(`${sandbox.urls.greenwave}/api/v1.0/about`)).status).toBe(200);
  await sandbox.turn('DELETE', 'waiverdb:http-500');
  expect((await fetch(`${sandbox.urls.waiverdb}/api/v1.0/about`)).status).toBe(200);
  await expect(opened({ faults: ['ci:slow'] })).rejects.toThrow('the sandbox has no fault ci:slow');
});

test('a system without its database answers what needs none', async () => {
  await using sandbox = await opened({ faults: ['resultsdb:database-down', 'waiverdb:database-down'] });
  const status = async (system: 'resultsdb' | 'waiverdb', path: string) =>
    (await fetch(`${sandbox.urls[system]}${path}`)).status;
  expect(await status('resultsdb', '/api/v2.0/results')).toBe(500);
  expect(await status('resultsdb', '/api/v2.0/')).toBe(300);
  expect(await status('waiverdb', '/api/v1.0/waivers/')).toBe(500);
  expect(await status('waiverdb', '/api/v1.0/about')).toBe(200);
});

test('a dead KDC gives no ticket, and gives one again when the fault is off', async () => {
  await using sandbox = await opened({ faults: ['fas:kdc-down'] });
  const kinit = () =>
    promisify(execFile)(
      join(sandbox.dir, 'bin/kinit'),
      ['-k', '-t', join(sandbox.dir, 'packager.keytab'), 'packprobe@SANDBOX.INVALID'],
      { env: { ...process.env, KRB5CCNAME: `FILE:${join(sandbox.dir, 'cache')}` } },
    ).then(
      () => 'a ticket',
      (error: { readonly stderr: string }) => error.stderr,
    );
  expect(await kinit()).toContain("Cannot contact any KDC for realm 'SANDBOX.INVALID'");
  await sandbox.turn('DELETE', 'fas:kdc-down');
  expect(await kinit()).toBe('a ticket');
});

describe('an answer that is not the true one', () => {
  const stamps = (text: string) => text.match(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|\b1\d{9}\b/g) ?? [];

  test('a clock that is off moves every time by an hour, and nothing else', async () => {
    await using sandbox = await opened();
    const url = `${sandbox.urls.bodhi}/releases/?name=F44`;
    const whole = await (await fetch(url)).text();
    await sandbox.turn('PUT', 'bodhi:clock-off');
    const answer = await fetch(url);
    const moved = await answer.text();
    const blank = (text: string) => stamps(text).reduce((left, stamp) => left.replace(stamp, ''), text);
    expect(blank(moved)).toBe(blank(whole));
    const ahead = Date.parse(answer.headers.get('date') ?? '') - Date.now();
    expect(ahead).toBeGreaterThan(3_590_000);
    expect(ahead).toBeLessThan(3_601_000);
  });

  test('a cache repeats what it said, of each question its own, until it is switched off', async () => {
    await using sandbox = await opened();
    const post = () =>
      fetch(`${sandbox.urls.resultsdb}/api/v2.0/results`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          testcase: 'a',
          outcome: 'PASSED',
          data: { item: 'x-1-1', type: 'koji_build' },
        }),
      });
    const count = async (query: string) => {
      const answer = await fetch(`${sandbox.urls.resultsdb}/api/v2.0/results?${query}`);
      return ((await answer.json()) as { readonly data: readonly unknown[] }).data.length;
    };
    await sandbox.turn('PUT', 'resultsdb:old-answers');
    expect(await count('item=x-1-1')).toBe(0);
    expect((await post()).status).toBe(201);
    expect(await count('item=x-1-1')).toBe(0);
    expect(await count('item=x-1-1&limit=5')).toBe(1);
    await sandbox.turn('DELETE', 'resultsdb:old-answers');
    expect(await count('item=x-1-1')).toBe(1);
  });

  test('a session that expires once expires once more when the fault is switched on again', async () => {
    await using sandbox = await opened();
    const login = async () => (await fetch(`${sandbox.urls.bodhi}/oidc/login-token`)).text();
    for (let time = 1; time <= 2; time += 1) {
      await sandbox.turn('PUT', 'bodhi:token-refused-once');
      expect(await login()).toContain('InvalidTokenError');
      expect(await login()).toContain('MissingAuthorizationError');
      await sandbox.turn('DELETE', 'bodhi:token-refused-once');
    }
  });

  test('of two faults at one request the one that was switched on first has the word', async () => {
    await using sandbox = await opened({ faults: ['greenwave:http-502', 'greenwave:http-503'] });
    const status = async () => (await fetch(`${sandbox.urls.greenwave}/api/v1.0/about`)).status;
    expect(await status()).toBe(502);
    await sandbox.turn('DELETE', 'greenwave:http-502');
    expect(await status()).toBe(503);
  });
});
