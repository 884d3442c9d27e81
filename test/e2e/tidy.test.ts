import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSandbox } from '../../src/sandbox/sandbox.ts';
import { browser } from '../sandbox/bodhi/browser.ts';
import {
  countMade,
  dataOf,
  type KillPoint,
  ONE_OF_EACH,
  processesOf,
  query,
  rowsOf,
  type Stage,
  startWatched,
  storedRun,
  updatesOf,
} from '../support/kills.ts';
import {
  type Ended,
  freshDir,
  packprobe,
  start,
  startSandbox,
  type TestSandbox,
} from '../support/packprobe.ts';

const GLOSTER = 'dummy-test-package-gloster';

/** A run that was killed at this point, and whose work folder is gone with it; its id. */
async function lostAt(stage: Stage, point: KillPoint): Promise<string> {
  const { code, stderr } = await startWatched(stage, point).ended;
  expect({ code, stderr: code === null ? '' : stderr }).toEqual({ code: null, stderr: '' });
  rmSync(join(dataOf(stage), 'work'), { recursive: true });
  return storedRun(stage)?.run_id ?? '';
}

function tidy(stage: Stage, ...args: readonly string[]): Promise<Ended> {
  return packprobe(['tidy', ...args, '--data', dataOf(stage)]);
}

function ledgerOf(stage: Stage): readonly Record<string, unknown>[] {
  return query(stage, 'select kind, state from effects order by effect_id');
}

async function shown(stage: Stage, id: string): Promise<unknown> {
  return JSON.parse((await packprobe(['runs', 'show', id, '--json', '--data', dataOf(stage)])).stdout);
}

async function onStage(act: (stage: Stage) => Promise<void>): Promise<void> {
  using place = freshDir();
  await using sandbox = await startSandbox(place.dir, 300);
  await act({ dir: place.dir, sandbox, start });
}

describe('a run that was killed behind its update, and whose work folder is gone', () => {
  const place = freshDir();
  let sandbox: TestSandbox;
  let stage: Stage;
  let id: string;
  let owner: { readonly pid: number };
  let alias: string | undefined;
  beforeAll(async () => {
    sandbox = await startSandbox(place.dir, 300);
    stage = { dir: place.dir, sandbox, start };
    id = await lostAt(stage, { at: 'made update', when: 'after' });
    owner = JSON.parse(String(query(stage, 'select owner from runs')[0]?.['owner']));
    alias = (await updatesOf(stage))[0]?.alias;
  });
  afterAll(async () => {
    await sandbox[Symbol.asyncDispose]();
    place[Symbol.dispose]();
  });

  const run = () => stage.start(['run', 'single-build', '--url', sandbox.control, '--data', dataOf(stage)]);

  test('holds its package: a new run is refused, and told which run it is and both ways out', async () => {
    const { code, stderr } = await run().ended;
    expect(code).toBe(3);
    expect(stderr).toContain(
      `run ${id} was interrupted and still holds ${GLOSTER} in sandbox (PACKAGE_HELD)`,
    );
    expect(stderr).toContain(`packprobe runs resume ${id}`);
    expect(stderr).toContain(`packprobe tidy ${id}`);
  });

  test('is left as it is by --dry-run, which says what would be done', async () => {
    const before = { rows: rowsOf(stage), holdings: await sandbox.holdings(id) };
    const { code, stdout } = await tidy(stage, '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain(`run ${id} of single-build on sandbox, package ${GLOSTER}, was interrupted`);
    expect(stdout).toContain('would be closed as errored');
    expect(stdout).toContain(`update ${alias} would be undone with bodhi/obsolete`);
    expect({ rows: rowsOf(stage), holdings: await sandbox.holdings(id) }).toEqual(before);
    expect(before.holdings).not.toEqual([]);
  });

  test('says the same as data with --json', async () => {
    const { code, stdout } = await tidy(stage, id, '--dry-run', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        run_id: id,
        package: GLOSTER,
        state: 'interrupted',
        effects: [
          { kind: 'update', identity: alias, result: null },
          { kind: 'koji-task', identity: '1', result: null },
        ],
      },
    ]);
  });

  test('is closed as errored by tidy, which takes away what it made', async () => {
    const { code, stdout } = await tidy(stage);
    expect(code).toBe(0);
    expect(stdout).toContain(`update ${alias} is undone: update_status obsolete`);
    expect(await sandbox.holdings(id)).toEqual([]);
    expect(await updatesOf(stage)).toMatchObject([{ alias, status: 'obsolete' }]);
    expect(await shown(stage, id)).toMatchObject({
      state: 'finished',
      outcome: 'errored',
      // The process that died, not the one that tidies.
      fault: { code: 'RUN_ABANDONED', system: 'own', evidence: { pid: owner.pid } },
    });
    const listed = await packprobe(['runs', 'list', '--data', dataOf(stage)]);
    expect(listed.stdout).toMatch(/errored/);
    expect(processesOf(stage, id)).toEqual([]);
  });

  test('leaves no folder either: one that a late process has made since is removed, others are not', async () => {
    const work = join(dataOf(stage), 'work');
    const others = 'another-1';
    for (const name of [id, `${id}-1`, `${id}-undo-2`, others])
      mkdirSync(join(work, name, 'home'), { recursive: true });
    const { code, stderr } = await tidy(stage);
    expect(code).toBe(0);
    expect(stderr).toContain(`removed the work folder ${id}-1: its run has ended`);
    expect(readdirSync(work)).toEqual([others]);
  });

  test('holds nothing any more: tidy has nothing to do, and a new run starts', async () => {
    const again = await tidy(stage);
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toContain('nothing to tidy');
    const running = run();
    await running.said(/^started +login/);

    const beside = await tidy(stage);
    expect(beside.code).toBe(0);
    expect(beside.stdout).toContain('is at work: left alone');
    expect(running.child.exitCode).toBeNull();
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
  });
});

/** Of the world, a user who is not the owner of the update: whose karma counts. */
const TESTER = { name: 'autopen', password: 'sandbox', groups: [] };

describe.concurrent('tidy', () => {
  test('leaves an update alone that has become stable meanwhile, and strikes it', {
    timeout: 600_000,
  }, async ({ expect }) => {
    using place = freshDir();
    // The nightly push at 00:14 is not far.
    const epoch = Date.UTC(2026, 10, 17, 21, 30);
    await using inside = await openSandbox({ dir: join(place.dir, 'sandbox'), speed: 300, epoch });
    const sandbox = outsideOf(inside.controlUrl);
    const stage: Stage = { dir: place.dir, sandbox, start };
    const id = await lostAt(stage, { at: 'made update', when: 'after' });
    const [update] = await updatesOf(stage);
    const alias = update?.alias ?? '';

    const urls = { url: inside.urls.bodhi, idpUrl: inside.urls.id_provider };
    const tester = browser(urls, TESTER);
    await tester.login();
    await tester.csrf();
    const voted = await tester.post('/comments/', { update: alias, text: 'works for me', karma: '1' });
    expect(voted.status).toBe(200);
    const owner = browser(urls, { name: 'packprobe', password: 'sandbox', groups: [] });
    await owner.login();
    await owner.csrf();
    const statusOf = async () => (await updatesOf(stage))[0]?.status;
    // Bodhi takes the request when the tests have passed.
    for (;;) {
      const { status } = await owner.post(`/updates/${alias}/request`, { request: 'stable' });
      if (status === 200) break;
      await pause(200);
    }
    await expect.poll(statusOf, { timeout: 500_000, interval: 200 }).toBe('stable');

    const { code, stdout } = await tidy(stage);
    expect(stdout).toContain(`update ${alias} needs no undo: update_status stable`);
    expect(code).toBe(0);
    expect(await statusOf()).toBe('stable');
    expect(ledgerOf(stage)).toContainEqual({ kind: 'update', state: 'struck' });
    expect(await shown(stage, id)).toMatchObject({ state: 'finished', outcome: 'errored' });
  });
});

describe.concurrent('tidy after a run that had only intended', () => {
  test('a build, which Koji had taken: finds the task by its commit and cancels it', ({ expect }) =>
    onStage(async (stage) => {
      const id = await lostAt(stage, { at: 'made koji-task', when: 'before' });
      expect(ledgerOf(stage).at(-1)).toEqual({ kind: 'koji-task', state: 'intended' });
      const { code, stdout } = await tidy(stage, '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject([
        { run_id: id, state: 'interrupted', effects: [{ kind: 'koji-task', identity: '1' }] },
      ]);
      expect(await stage.sandbox.holdings(id)).toEqual([]);
      expect((await countMade(stage)).build_tasks).toBe(1);
    }));

  test('a build, which was never submitted: strikes it, and makes none', ({ expect }) =>
    onStage(async (stage) => {
      await lostAt(stage, { at: 'intend koji-task', when: 'after' });
      const { code, stdout } = await tidy(stage);
      expect(code).toBe(0);
      expect(stdout).toMatch(/koji-task needs no undo: it was never made/);
      expect(ledgerOf(stage).at(-1)).toEqual({ kind: 'koji-task', state: 'struck' });
      expect((await countMade(stage)).build_tasks).toBe(0);
    }));

  test('an update, while Bodhi is down: keeps it in the ledger and says so; when Bodhi is back it is gone', ({
    expect,
  }) =>
    onStage(async (stage) => {
      const id = await lostAt(stage, { at: 'made update', when: 'before' });
      await fetch(`${stage.sandbox.control}/faults/bodhi:http-500`, { method: 'PUT' });
      const down = await tidy(stage);
      expect(down.code).toBe(1);
      expect(down.stdout).toMatch(/update is LEFT BEHIND: .*bodhi/i);
      expect(down.stdout).toContain('closed as errored');
      expect(down.stderr).toContain(
        `1 thing left behind: try again with packprobe tidy --data ${dataOf(stage)}`,
      );
      expect(ledgerOf(stage).at(-1)).toEqual({ kind: 'update', state: 'intended' });
      const resumed = await packprobe(['runs', 'resume', id, '--data', dataOf(stage)]);
      expect(resumed.code).toBe(3);
      expect(resumed.stdout).toContain('Left behind:\n  update\nTake it away: packprobe tidy');

      await fetch(`${stage.sandbox.control}/faults/bodhi:http-500`, { method: 'DELETE' });
      expect(await stage.sandbox.holdings(id)).not.toEqual([]);
      const up = await tidy(stage);
      expect(up.code).toBe(0);
      expect(up.stdout).toMatch(/update FEDORA-\S+ is undone: update_status obsolete/);
      expect(await stage.sandbox.holdings(id)).toEqual([]);
      expect(await countMade(stage)).toEqual(ONE_OF_EACH);
      expect(ledgerOf(stage).at(-1)).toEqual({ kind: 'update', state: 'undone' });
    }));
});

function outsideOf(control: string): TestSandbox {
  const get = async (path: string) => (await fetch(`${control}${path}`)).json();
  return {
    control,
    environment: () => get('/environment?format=json') as Promise<Record<string, unknown>>,
    truth: async (nvr) => ((await get(`/truth?nvr=${nvr}`)) as { events: Record<string, number> }).events,
    holdings: async (run) => ((await get(`/holdings?run=${run}`)) as { holdings: unknown[] }).holdings,
    [Symbol.asyncDispose]: async () => {},
  };
}
