import { expect, test } from 'vitest';
import type { Store } from '../../src/core/store.ts';
import { openScheduler } from '../../src/schedule/scheduler.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { limitsOf, SILENT, site } from '../support/schedule-world.ts';
import { headerOf, OWNER, recordOf, storeWorld } from '../support/store-world.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 17, 8);

/** A scheduler over a real database, whose runs end when they are told to. */
function open(store: Store, clock: FakeClock, overlap = 'skip') {
  const stop = new AbortController();
  const ends: (() => Promise<void>)[] = [];
  const schedule = { every: '1h', jitter: '0s', overlap };
  const scheduler = openScheduler({
    sites: [site(clock, { a: { schedule, package: 'shared' }, b: { package: 'shared' } })],
    limits: limitsOf(),
    dues: store.dues,
    hostClock: clock,
    log: SILENT,
    periodAt: () => undefined,
    launch({ due_id, scope, environment, due_at }, _site, { name: probe, package: pkg }) {
      const over = Promise.withResolvers<void>();
      const run_id = `run-of-${due_id}`;
      const what = { probe, environment, scope, package: pkg, started_at: due_at };
      const started = store
        .begin(headerOf(run_id, what), OWNER, () => true, due_id)
        .then((journal) => {
          ends.push(async () => {
            await journal.finish(recordOf(run_id, { probe, environment, package: pkg, started_at: due_at }));
            await journal.letGo();
            over.resolve();
            await until(() => scheduler.active().length === 0);
          });
        });
      return { started, ended: over.promise };
    },
  });
  const loop = scheduler.run(stop.signal);
  return {
    scheduler,
    ends,
    async kill() {
      stop.abort();
      await loop;
    },
  };
}

/** The database answers in its own time. */
async function until(isThere: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1000 && !(await isThere()); turn += 1) await settle();
  expect(await isThere()).toBe(true);
}

async function rows(store: Store): Promise<string[]> {
  const all = await store.dues.list({ limit: 100 });
  return all
    .toReversed()
    .map(({ probe, due_at, state, reason }) => `${probe}@${(due_at - START) / HOUR} ${reason ?? state}`);
}

test('what a killed scheduler left is gone on with, each due time once', async () => {
  await using world = storeWorld();
  const { store } = world;
  const clock = new FakeClock(START);
  const first = open(store, clock);
  await until(() => first.scheduler.tick() !== undefined);
  await clock.advance(HOUR);
  await until(() => first.ends.length === 1);
  await first.ends[0]?.();
  await first.kill();
  await clock.advance(2.5 * HOUR);

  const second = open(store, clock);
  await until(() => second.ends.length === 1);
  expect(await rows(store)).toEqual(['a@1 started', 'a@2 missed', 'a@3 started']);
  await clock.advance(HOUR / 2);
  await until(async () => (await rows(store)).length === 4);
  expect((await rows(store)).at(-1)).toBe('a@4 overlap');
  expect((await store.dues.list({ limit: 1 }))[0]?.note).toBe('run run-of-3 still went');
  await second.kill();
});

test('a package that a run of somebody else holds is waited for', async () => {
  await using world = storeWorld();
  const { store } = world;
  const clock = new FakeClock(START);
  const there = { scope: 'staging', environment: 'staging', package: 'shared' };
  const theirs = await store.begin(headerOf('theirs', there), OWNER, () => true);
  const { scheduler, ends, kill } = open(store, clock);
  await store.dues.claim([
    { scope: 'staging', environment: 'staging', probe: 'b', due_at: START, cause: 'request', by: 'ann' },
  ]);
  scheduler.nudge();
  await until(() => scheduler.tick() !== undefined && scheduler.active().length === 0);
  expect(await rows(store)).toEqual(['b@0 waiting']);
  await theirs.finish(recordOf('theirs', there));
  await theirs.letGo();
  await clock.advance(10_000);
  await until(() => ends.length === 1);
  expect(await rows(store)).toEqual(['b@0 started']);
  await kill();
});
