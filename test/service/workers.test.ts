import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scopeOf } from '../../src/core/environment.ts';
import { Fault } from '../../src/core/fault.ts';
import type { ProbePlan } from '../../src/core/plan.ts';
import type { Owner } from '../../src/core/run.ts';
import type { Due } from '../../src/core/schedule.ts';
import { environmentFacts } from '../../src/core/scope.ts';
import type { SiteProbe } from '../../src/core/site.ts';
import type { RunJournal, Store } from '../../src/core/store.ts';
import { openWorkers } from '../../src/service/workers.ts';
import type { World } from '../../src/service/world.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { site } from '../support/schedule-world.ts';
import { silentLogger, testEnvironment } from '../support/step-context.ts';
import { headerOf, OWNER, recordOf, storeWorld } from '../support/store-world.ts';

const DEAD: Owner = { ...OWNER, pid: 6 };
const ELSEWHERE: Owner = { ...OWNER, host: 'elsewhere', pid: 5 };

/** The end of a step whose wait ran out, and that is watched on for ever. */
const RAN_OUT: Parameters<RunJournal['stepEnded']>[0] = {
  index: 0,
  step: 'build',
  uses: 'koji/build',
  system: 'koji',
  outcome: 'failed',
  duration_ms: 1,
  outputs: {},
  phases: [],
  attempts: [],
  watched_until: Number.MAX_SAFE_INTEGER,
};

let world: ReturnType<typeof storeWorld>;
beforeEach(() => {
  world = storeWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

/** Workers on a real store, in an environment that is gone where a test says so. */
function workersOn(
  store: Store,
  {
    gone = false,
    endSurvivors = async () => 0,
  }: { readonly gone?: boolean; readonly endSurvivors?: () => Promise<number> } = {},
) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const environment = testEnvironment();
  const broke: unknown[] = [];
  const opened = {
    close: {
      environment,
      actions: new Map(),
      login: 'fas/login',
      store,
      endSurvivors,
      gone: gone ? AbortSignal.abort() : new AbortController().signal,
      workplaces: { open: async () => Promise.reject(new Error('no place')), remove: async () => {} },
      clock,
      ids: { uuid: () => 'run-new', random: () => 0.5 },
      log: silentLogger,
    },
    walk: {
      watch: { follow: async () => {}, release() {} },
      versionsOf: async () => ({}),
      attribute: async () => undefined,
      lookIfGone: async () => undefined,
    },
    env: environmentFacts(environment),
    control: undefined,
    stop: stop.signal,
  } as unknown as World;
  const workers = openWorkers({
    store,
    worlds: {
      of: async () => opened,
      ofRun: async () => ({ world: opened, gone }),
      planOf: async () => {
        throw new Fault('no plan', { code: 'PROBE_INVALID', kind: 'prober' });
      },
    },
    owner: OWNER,
    isAlive: (owner, unseenAreDead) =>
      owner.pid === ELSEWHERE.pid ? !unseenAreDead : owner.pid !== DEAD.pid,
    log: silentLogger,
    version: '0.1.0',
    suspend: new AbortController().signal,
    adopted: () => {},
    broke: (_, error) => broke.push(error),
  });
  return { workers, stop, broke, clock };
}

const recoveries = async (store: Store) =>
  (await store.totals.all())
    .filter(({ metric }) => metric === 'packprobe_recoveries_total')
    .map(({ labels, sum }) => [labels['how'], sum]);

describe('recoveries', () => {
  test('a run of a dead process that cannot be gone on with is counted as closed', async () => {
    const { store } = world;
    await store.begin(headerOf('run-1'), DEAD, () => true);
    const { workers } = workersOn(store, { gone: true });
    await workers.adopt();
    await workers.idle();
    expect((await store.find('run-1')).run?.record).toMatchObject({ outcome: 'errored' });
    expect(await recoveries(store)).toEqual([['closed', 1]]);
  });

  test('what is left of a run of a dead process is counted once, however often it is tried again', async () => {
    const { store } = world;
    const journal = await store.begin(headerOf('run-1'), DEAD, () => true);
    const { effect_id } = await journal.intend({
      step: 'build',
      kind: 'koji-task',
      key: '',
      system: 'koji',
      intended_at: 1,
      undoable: true,
      sought: null,
    });
    await journal.made(effect_id, 7, { uses: 'koji/cancel-task', with: { task_id: 7 } }, 2);
    await journal.finish(recordOf('run-1', { outcome: 'failed' }));
    const { workers, clock } = workersOn(store);
    for (let round = 0; round < 3; round += 1) {
      await workers.adopt();
      await workers.idle();
      await clock.advance(24 * 3_600_000);
    }
    const effect = (await store.find('run-1')).run?.effects[0];
    expect(effect?.undo_attempts).toBe(3);
    expect(await recoveries(store)).toEqual([['adopted', 1]]);
  });
});

test('all runs of a dead process are taken over before the first of them is gone on with', async () => {
  const { store } = world;
  for (const name of ['one', 'two', 'three']) {
    await store.begin({ ...headerOf(`run-${name}`), package: name }, DEAD, () => true);
  }
  const owners: unknown[] = [];
  const { workers } = workersOn(store, {
    async endSurvivors() {
      const unfinished = await store.list({ unfinished: true, limit: 10 });
      owners.push(unfinished.filter(({ owner }) => owner.pid === OWNER.pid).length);
      return 0;
    },
  });
  await workers.adopt();
  await workers.idle();
  expect(owners[0]).toBe(3);
  expect(owners).toHaveLength(3);
});

test('a run of a process that cannot be seen is left to it until long behind its limit, and then taken over', async () => {
  const { store } = world;
  const { workers, clock } = workersOn(store, { gone: true });
  const deadline_at = clock.now() + 3_600_000;
  await store.begin({ ...headerOf('run-1'), deadline_at }, ELSEWHERE, () => true);
  const record = async () => {
    await workers.adopt();
    await workers.idle();
    return (await store.find('run-1')).run?.record;
  };
  expect(await record()).toBeNull();
  await clock.advance(3_600_000 + 60_000);
  expect(await record()).toBeNull();
  await clock.advance(3_600_000);
  expect(await record()).toMatchObject({ outcome: 'errored' });
});

test.each([
  ['whose probe cannot be read any more', { gone: false }, 'no plan'],
  ['whose environment is gone', { gone: true }, 'the sandbox of this run ended in the middle of it'],
])('a late watch %s ends, and its run with it', async (_, options, why) => {
  const { store } = world;
  const journal = await store.begin(headerOf('run-1'), DEAD, () => true);
  await journal.stepEnded(RAN_OUT);
  await journal.finish(recordOf('run-1', { outcome: 'failed' }));
  const { workers } = workersOn(store, options);
  await workers.adopt();
  await workers.idle();
  expect((await store.find('run-1')).run).toMatchObject({
    state: 'finished',
    verdicts: [{ step: 'build', says: 'never_came', text: `it was watched no longer: ${why}` }],
  });
});

test('a run that is closed behind a wait that ran out is watched no longer', async () => {
  const { store } = world;
  const journal = await store.begin(headerOf('run-1'), DEAD, () => true);
  await journal.stepEnded(RAN_OUT);
  const { workers } = workersOn(store, { gone: true });
  await workers.adopt();
  await workers.idle();
  expect((await store.find('run-1')).run).toMatchObject({
    state: 'finished',
    record: { outcome: 'errored' },
    verdicts: [],
  });
});

/** A due time whose probe has no steps. */
async function dueRun(store: Store) {
  const scope = scopeOf(testEnvironment());
  const served = { ...site(new FakeClock(), { empty: {} }), environment: testEnvironment(), scope };
  const known = served.probes.get('empty') as SiteProbe;
  const plan = { probe: { name: 'empty', params: {}, timeoutMs: 1000 }, steps: [] } as unknown as ProbePlan;
  const [due] = await store.dues.claim([
    { scope, environment: 'test', probe: 'empty', due_at: 1, cause: 'schedule' },
  ]);
  return { due: due as Due, served, probe: { ...known, plan } };
}

test('a run that is kept out by its package leaves no listener behind', async () => {
  const { store } = world;
  const { due, served, probe } = await dueRun(store);
  await store.begin(headerOf('run-1', { scope: served.scope, package: probe.package }), OWNER, () => true);
  const { workers, stop } = workersOn(store);
  const { started, ended } = workers.launch(due, served, probe);
  await expect(started).rejects.toMatchObject({ code: 'PACKAGE_HELD' });
  await ended;
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
});

test('a store that cannot be read when a late watch is to begin is a fault of ours, and no more', async () => {
  const { store } = world;
  const unreadable: Store = {
    ...store,
    late: { ...store.late, of: async (run_id) => ({ run_id, step: 'build', until: 1 }) },
    list: async () => {
      throw new Fault('disk I/O error', { code: 'STORE_FAILED', kind: 'prober' });
    },
  };
  const { due, served, probe } = await dueRun(store);
  const { workers, broke } = workersOn(unreadable);
  await workers.launch(due, served, probe).ended;
  await settle();
  expect(broke).toMatchObject([{ code: 'STORE_FAILED' }]);
});
