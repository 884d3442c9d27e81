import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { SYSTEMS } from '../../../src/core/system.ts';
import { discoverFaults } from '../../../src/sandbox/faults/declared.ts';
import { openSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';
import { readSource } from '../../support/sources.ts';

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

test('docs/sandbox.md has every fault, with the same outcome and charge', () => {
  const rows = [
    ...readSource('docs/sandbox.md').matchAll(/^\| `([a-z-]+:[a-z0-9-]+)` \| (\w+) \| ([\w–-]+) \|/gm),
  ].map(([, name, outcome, charge]) => `${name} ${outcome} ${charge}`);
  const declared = [...faults.values()].map(
    ({ name, outcome, charge }) => `${name} ${outcome} ${charge ?? '–'}`,
  );
  expect(rows.sort()).toEqual(declared.sort());
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
