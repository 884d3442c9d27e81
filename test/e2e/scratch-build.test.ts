import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EffectRecord, RunRecord } from '../../src/core/run.ts';
import { breaking, hastyProbe, heldBy } from '../support/faulty-run.ts';
import { freshDir, packprobe, start, startSandbox, type TestSandbox } from '../support/packprobe.ts';
import { withTool } from '../support/tools.ts';

type Shown = RunRecord & { readonly ledger: readonly EffectRecord[] };

const place = freshDir();
const data = join(place.dir, 'data');
let sandbox: TestSandbox;
let probe: string;

beforeAll(async () => {
  sandbox = await startSandbox(place.dir, 300);
  probe = hastyProbe(place.dir, {}, 'scratch-build');
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

async function shown(runId: string): Promise<Shown> {
  return JSON.parse((await packprobe(['runs', 'show', runId, '--json', '--data', data])).stdout);
}

/** What everybody sees of the package: all its branches. */
async function branches(): Promise<string> {
  const { systems, packages } = (await sandbox.environment()) as {
    readonly systems: Readonly<Record<string, { readonly url: string }>>;
    readonly packages: { readonly single: string };
  };
  const url = `${systems['dist-git']?.url}/rpms/${packages.single}.git`;
  return execFileSync('git', ['ls-remote', url], { encoding: 'utf8' });
}

test('the probe passes, pushes nothing and leaves nothing', async () => {
  const before = await branches();
  const { code, stdout, stderr } = await packprobe([
    ...['run', probe, '--url', sandbox.control, '--json', '--data', data],
  ]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { run_id } = JSON.parse(stdout) as RunRecord;
  const { steps, ledger, fault } = await shown(run_id);
  expect(fault).toBeUndefined();
  expect(steps.map(({ id, system, outcome }) => `${id} ${system} ${outcome}`)).toEqual([
    'login fas passed',
    'clone dist-git passed',
    'build koji passed',
  ]);
  expect(steps.at(-1)?.outputs['rpms']).toEqual([
    expect.stringMatching(/^dummy-test-package-gloster-1\.0-1\.fc44\.noarch\.rpm$/),
  ]);
  expect(ledger.map(({ kind, state }) => `${kind} ${state}`)).toEqual(['koji-task struck']);
  expect(await sandbox.holdings(run_id)).toEqual([]);
  expect(await branches()).toBe(before);
});

test('a run that is killed while Koji builds goes on with its task', async () => {
  const running = start(['run', probe, '--url', sandbox.control, '--data', data]);
  const id = /^run +(\S+)/.exec(await running.said(/^run +\S/))?.[1] ?? '';
  await running.said(/^started +build /);
  while ((await sandbox.holdings(id)).length === 0) await setTimeout(20);
  const [held] = await sandbox.holdings(id);
  running.child.kill('SIGKILL');
  await running.ended;
  const resumed = await packprobe(['runs', 'resume', id, '--data', data]);
  expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
  const { steps, outcome } = await shown(id);
  expect(outcome).toBe('passed');
  expect(held).toMatchObject({ id: String(steps.at(-1)?.outputs['task_id']) });
  expect(await heldBy(sandbox, id)).toEqual([]);
});

test.each([
  ['koji:builder-disk-full', /No space left on device/],
  ['koji:says-done-early', /was closed, but its packages are not built/],
])('with %s it fails, charged to koji, and leaves nothing', async (name, proof) => {
  let ended: Awaited<ReturnType<typeof packprobe>>;
  {
    await using _broken = await breaking(sandbox, [name]);
    ended = await packprobe(['run', probe, '--url', sandbox.control, '--data', data]);
  }
  const id = /^run +(\S+)/m.exec(ended.stderr)?.[1] ?? '';
  expect({ code: ended.code, held: await heldBy(sandbox, id) }).toEqual({ code: 1, held: [] });
  expect(ended.stdout).toContain('charged to koji (');
  expect(ended.stdout).toMatch(proof);
});

withTool('clients', 'the real clients walk it, too', async () => {
  const own = join(place.dir, 'real');
  const { code, stdout, stderr } = await packprobe([
    ...['run', probe, '--env', 'sandbox', '--clients', 'real', '--speed', '120', '--json', '--data', own],
  ]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'passed' });
});
