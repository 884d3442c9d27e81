import { describe, expect, test } from 'vitest';
import { dueOf, ended, headerOf, OWNER, recordOf, SCOPE, storeWorld } from '../support/store-world.ts';

const skips = (reason: string, sum: number) => ({
  metric: 'packprobe_schedule_skips_total',
  labels: { environment: 'test', probe: 'single-build', reason },
  sum,
});

test('a due time that was claimed is not claimed again, and keeps its time to the last digit', async () => {
  await using world = storeWorld();
  const { dues } = world.store;
  const odd = 1_763_764_215_123.4568;
  expect(await dues.claim([dueOf(10), dueOf(odd)])).toMatchObject([
    { due_id: 1, due_at: 10, state: 'waiting', of: null, by: null, run_id: null, decided_at: null },
    { due_id: 2, due_at: odd },
  ]);
  const again = await dues.claim([dueOf(odd), dueOf(10, { probe: 'rawhide' }), dueOf(10)]);
  expect(again).toMatchObject([{ probe: 'rawhide' }]);
  expect(await dues.claim([])).toEqual([]);
});

test('what waits comes in the order of its times, and waits no more once it has a reason', async () => {
  await using world = storeWorld();
  const { dues, totals } = world.store;
  await dues.claim([dueOf(30), dueOf(10), dueOf(20, { cause: 'request', by: 'ann' })]);
  expect((await dues.waiting()).map(({ due_at }) => due_at)).toEqual([10, 20, 30]);
  await dues.skip(2, 'overlap', 'run-1 was still going', 40);
  await dues.skip(2, 'paused', null, 50);
  expect(await dues.find(2)).toMatchObject({
    state: 'skipped',
    reason: 'overlap',
    note: 'run-1 was still going',
    decided_at: 40,
  });
  expect((await dues.waiting()).map(({ due_at }) => due_at)).toEqual([20, 30]);
  expect(await totals.all()).toMatchObject([skips('overlap', 1)]);
});

test('due times that passed are added with their reason, and counted once', async () => {
  await using world = storeWorld();
  const { dues, totals } = world.store;
  await dues.claim([dueOf(10)]);
  await dues.addSkipped([dueOf(10), dueOf(20), dueOf(30)], 'missed', 'nobody served', 99);
  await dues.addSkipped([dueOf(20), dueOf(40)], 'missed', 'nobody served', 100);
  const states = (await dues.list({ limit: 9 })).map(({ due_at, state, reason }) => [due_at, state, reason]);
  expect(states).toEqual([
    [40, 'skipped', 'missed'],
    [30, 'skipped', 'missed'],
    [20, 'skipped', 'missed'],
    [10, 'waiting', null],
  ]);
  expect(await totals.all()).toMatchObject([skips('missed', 3)]);
});

test('the newest due time of the schedule is not moved by what was asked for', async () => {
  await using world = storeWorld();
  const { dues } = world.store;
  expect(await dues.lastScheduled(SCOPE, 'single-build')).toBeUndefined();
  await dues.claim([dueOf(10), dueOf(20), dueOf(25, { cause: 'request' }), dueOf(99, { probe: 'rawhide' })]);
  expect(await dues.lastScheduled(SCOPE, 'single-build')).toMatchObject({ due_at: 20 });
});

test('a list is filtered, and goes on below the last row of the page before', async () => {
  await using world = storeWorld();
  const { dues } = world.store;
  await dues.claim([1, 2, 3, 4].map((at) => dueOf(at)));
  await dues.claim([dueOf(5, { probe: 'rawhide' }), dueOf(6, { environment: 'other', scope: 'other@1' })]);
  await dues.skip(2, 'load', null, 9);
  const ids = async (filter: Omit<Parameters<typeof dues.list>[0], 'limit'>) =>
    (await dues.list({ ...filter, limit: 2 })).map(({ due_id }) => due_id);
  expect(await ids({})).toEqual([6, 5]);
  expect(await ids({ before: 5 })).toEqual([4, 3]);
  expect(await ids({ environment: 'test' })).toEqual([5, 4]);
  expect(await ids({ probe: 'single-build', state: 'waiting', before: 4 })).toEqual([3, 1]);
});

describe('a run that begins for a due time', () => {
  test('makes it started, with its id', async () => {
    await using world = storeWorld();
    const { dues } = world.store;
    await dues.claim([dueOf(10)]);
    await world.store.begin(headerOf('run-1'), OWNER, () => true, 1);
    expect(await dues.find(1)).toMatchObject({ state: 'started', run_id: 'run-1', decided_at: 1000.5 });
  });

  test('is refused where that is decided, and is no run then', async () => {
    await using world = storeWorld();
    const { store } = world;
    await store.dues.claim([dueOf(10), dueOf(20)]);
    await store.begin(headerOf('run-1'), OWNER, () => true, 1);
    await store.dues.skip(2, 'paused', null, 5);
    const begun = (run_id: string, due: number) => store.begin(headerOf(run_id), OWNER, () => true, due);
    await expect(begun('run-2', 1)).rejects.toMatchObject({
      code: 'DUE_DECIDED',
      kind: 'prober',
      message: 'due time 1 waits no more: it was started as run run-1',
    });
    await expect(begun('run-3', 2)).rejects.toThrow('it was skipped: paused');
    await expect(begun('run-4', 3)).rejects.toThrow('it is not in the schedule');
    expect((await store.list({ limit: 9 })).map(({ run_id }) => run_id)).toEqual(['run-1']);
  });

  test('on a package that is held leaves it waiting', async () => {
    await using world = storeWorld();
    const { store } = world;
    await store.dues.claim([dueOf(10)]);
    await store.begin(headerOf('run-1', { package: 'gloster' }), OWNER, () => true);
    const second = store.begin(headerOf('run-2', { package: 'gloster' }), OWNER, () => true, 1);
    await expect(second).rejects.toMatchObject({ code: 'PACKAGE_HELD' });
    expect(await store.dues.waiting()).toMatchObject([{ due_id: 1, state: 'waiting', run_id: null }]);
  });
});

test('steps of an action are counted from a moment on, whenever their runs began', async () => {
  await using world = storeWorld();
  const { store } = world;
  const built = async (run_id: string, at: readonly number[], scope = SCOPE) => {
    const journal = await store.begin(headerOf(run_id, { scope }), OWNER, () => true);
    for (const [index, started_at] of at.entries()) {
      await journal.stepStarted({
        index,
        step: `build-${index}`,
        uses: 'koji/build',
        system: 'koji',
        inputs: {},
        started_at,
        deadline_at: 9999,
      });
    }
    return journal;
  };
  const before = await built('run-1', [100]);
  await before.finish(recordOf('run-1', { ended_at: 150 }));
  const across = await built('run-2', [180, 210]);
  await across.finish(recordOf('run-2', { ended_at: 250 }));
  await built('run-3', [220]);
  await built('run-4', [220], 'other@1');
  expect(await store.dues.startedWith(SCOPE, 'koji/build', 200)).toBe(2);
  expect(await store.dues.startedWith(SCOPE, 'koji/build', 0)).toBe(4);
  expect(await store.dues.startedWith(SCOPE, 'koji/scratch-build', 0)).toBe(0);
});

test('a pause lasts until somebody ends it, once', async () => {
  await using world = storeWorld();
  const { dues } = world.store;
  const all = { environment: 'test', probe: null, reason: 'mass rebuild', by: 'ann', from: 1, until: null };
  const one = { ...all, probe: 'rawhide', until: 9 };
  expect(await dues.pause(all)).toEqual({ ...all, pause_id: 1, ended_at: null, ended_by: null });
  await dues.pause(one);
  expect(await dues.pauses()).toHaveLength(2);
  expect(await dues.endPause(1, 'bob', 5)).toMatchObject({ ended_at: 5, ended_by: 'bob' });
  expect(await dues.endPause(1, 'eve', 6)).toBeUndefined();
  expect(await dues.pauses()).toMatchObject([one]);
});

test('a run that is tried again is listed with what it is a retry of', async () => {
  await using world = storeWorld();
  await ended(world.store, 'run-1', { outcome: 'errored' });
  await world.store.begin(headerOf('run-2', { retry_of: 'run-1' }), OWNER, () => true);
  expect((await world.store.list({ limit: 9 })).map(({ retry_of }) => retry_of)).toEqual(['run-1', null]);
});
