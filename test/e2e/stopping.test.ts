import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunRecord } from '../../src/core/run.ts';
import {
  freshDir,
  packprobe,
  processesWith,
  processIdsWith,
  start,
  startSandbox,
} from '../support/packprobe.ts';

test('Ctrl-C in a wait cancels: the update is obsoleted, nothing is left, exit 130', async () => {
  using place = freshDir();
  const data = join(place.dir, 'data');
  await using sandbox = await startSandbox(place.dir, 120);
  const junit = join(place.dir, 'junit.xml');
  const args = ['run', 'single-build', '--url', sandbox.control, '--json', '--junit', junit, '--data', data];
  const running = start(args);
  await running.said(/^started +wait-complete/);
  running.child.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  const run = JSON.parse(stdout) as RunRecord;
  expect(code).toBe(130);
  expect(run.outcome).toBe('cancelled');
  expect(run.fault).toMatchObject({ code: 'RUN_CANCELLED', kind: 'cancelled' });
  expect(run.steps.filter(({ outcome }) => outcome === 'cancelled').map(({ id }) => id)).toEqual([
    'wait-complete',
  ]);
  expect(run.steps.at(-1)).toMatchObject({ outcome: 'skipped', reason: 'the run was stopped' });
  const steps = run.steps.length;
  expect(readFileSync(junit, 'utf8')).toMatch(
    new RegExp(
      `<testsuite name="single-build" tests="${steps}" failures="0" errors="1" [\\s\\S]*<error type="RUN_CANCELLED"`,
    ),
  );
  expect(stderr).toMatch(/update FEDORA-\S+ is undone: .*obsolete/);
  expect(await sandbox.holdings(run.run_id)).toEqual([]);
  expect(readdirSync(join(data, 'work'))).toEqual([]);
});

test('Ctrl-C in a build cancels its task', async () => {
  using place = freshDir();
  const data = join(place.dir, 'data');
  await using sandbox = await startSandbox(place.dir, 60);
  const running = start(['run', 'single-build', '--url', sandbox.control, '--json', '--data', data]);
  await running.said(/^started +build/);
  await running.said(/^(started|run) /);
  // The task exists when the sandbox knows of something that the run holds.
  const id = /run +(\S+)/.exec(await running.said(/^run /))?.[1] ?? '';
  await expect.poll(() => sandbox.holdings(id), { timeout: 30_000, interval: 50 }).not.toEqual([]);
  running.child.kill('SIGTERM');
  const { code, stderr } = await running.ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(/koji-task \d+ is undone: task_state canceled/);
  expect(await sandbox.holdings(id)).toEqual([]);
});

test('a second Ctrl-C leaves at once and names what cleans up', async () => {
  using place = freshDir();
  const data = join(place.dir, 'data');
  await using sandbox = await startSandbox(place.dir, 60);
  const running = start(['run', 'single-build', '--url', sandbox.control, '--data', data]);
  await running.said(/^started +build/);
  running.child.kill('SIGINT');
  await running.said(/^stopping/);
  running.child.kill('SIGINT');
  const { code, stderr } = await running.ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(/packprobe tidy/);
});

test('a sandbox that run started ends when run is killed', async () => {
  using place = freshDir();
  const data = join(place.dir, 'data');
  const running = start([
    'run',
    'single-build',
    '--env',
    'sandbox',
    '--clients',
    'stand-ins',
    '--data',
    data,
  ]);
  await running.said(/^started +build/);
  expect(processesWith(place.dir).length).toBeGreaterThan(1);
  running.child.kill('SIGKILL');
  await running.ended;
  await expect.poll(() => processesWith(`${data}/sandbox-`), { timeout: 20_000 }).toEqual([]);
  await expect
    .poll(() => readdirSync(data).filter((name) => name.startsWith('sandbox-')), { timeout: 20_000 })
    .toEqual([]);
  const { stdout } = await packprobe(['runs', 'list', '--data', data]);
  expect(stdout).toContain('interrupted');
});

test('a sandbox of our own that dies makes the run ours, not Koji’s, and leaves nothing', async () => {
  using place = freshDir();
  const data = join(place.dir, 'data');
  const running = start([
    'run',
    'single-build',
    '--env',
    'sandbox',
    '--clients',
    'stand-ins',
    '--json',
    '--data',
    data,
  ]);
  await running.said(/^started +build/);
  const [pid] = processIdsWith(`${data}/sandbox-`);
  process.kill(pid ?? 0, 'SIGKILL');
  const { code, stdout } = await running.ended;
  const run = JSON.parse(stdout) as RunRecord;
  expect(code).toBe(3);
  expect(run).toMatchObject({ outcome: 'errored', fault: { code: 'SANDBOX_GONE', system: 'own' } });
  expect(readdirSync(data).filter((name) => name.startsWith('sandbox-'))).toEqual([]);
  const shown = await packprobe(['runs', 'show', run.run_id, '--json', '--data', data]);
  expect(JSON.parse(shown.stdout)).toMatchObject({ state: 'finished' });
});

test('Ctrl-C in the submission of a build leaves no task', async () => {
  using place = freshDir();
  const data = join(place.dir, 'data');
  await using sandbox = await startSandbox(place.dir, 60);
  const running = start(['run', 'single-build', '--url', sandbox.control, '--json', '--data', data]);
  await running.said(/^started +build/);
  running.child.kill('SIGINT');
  const { code, stdout } = await running.ended;
  const run = JSON.parse(stdout) as RunRecord;
  expect(code).toBe(130);
  expect(await sandbox.holdings(run.run_id)).toEqual([]);
  const shown = JSON.parse((await packprobe(['runs', 'show', run.run_id, '--json', '--data', data])).stdout);
  expect(shown).toMatchObject({ state: 'finished' });
});

test('two runs on one package: the second is refused and says which holds it', async () => {
  using place = freshDir();
  const data = join(place.dir, 'data');
  await using sandbox = await startSandbox(place.dir, 60);
  const first = start(['run', 'single-build', '--url', sandbox.control, '--data', data]);
  const id = /run +(\S+)/.exec(await first.said(/^run /))?.[1] ?? 'none';
  const second = await packprobe(['run', 'single-build', '--url', sandbox.control, '--data', data]);
  expect(second.code).toBe(3);
  expect(second.stderr).toContain(`run ${id} is still at work on dummy-test-package-gloster`);
  first.child.kill('SIGINT');
  expect((await first.ended).code).toBe(130);
});
