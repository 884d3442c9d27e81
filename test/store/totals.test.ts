import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RUN_BUCKETS } from '../../src/core/metrics.ts';
import type { Increment, Total } from '../../src/core/totals.ts';
import { storeWorld } from '../support/store-world.ts';

const labels = { environment: 'test', probe: 'single-build', outcome: 'passed' };

test('the labels of a series may come in any order', async () => {
  await using world = storeWorld();
  const { totals } = world.store;
  await totals.add([{ metric: 'packprobe_runs_total', labels, value: 1 }]);
  const turned = Object.fromEntries(Object.entries(labels).toReversed());
  await totals.add([{ metric: 'packprobe_runs_total', labels: turned, value: 2 }]);
  expect(await totals.all()).toEqual([
    { metric: 'packprobe_runs_total', labels, sum: 3, count: 0, buckets: [], exemplar: null },
  ]);
});

test('an observation falls into the first bucket that takes it, its bound included', async () => {
  await using world = storeWorld();
  const { totals } = world.store;
  const seen = (value: number) => ({ metric: 'packprobe_run_duration_seconds', labels, value });
  await totals.add([seen(60), seen(60.5)]);
  await totals.add([seen(1e9)]);
  const [total] = await totals.all();
  const expected = [...RUN_BUCKETS, Number.POSITIVE_INFINITY].map((bound) => {
    if (bound === 60 || bound === 120) return 1;
    return bound === Number.POSITIVE_INFINITY ? 1 : 0;
  });
  expect(total).toMatchObject({ count: 3, sum: 60 + 60.5 + 1e9, buckets: expected });
});

test('the newest exemplar stays where the next step has none', async () => {
  await using world = storeWorld();
  const { totals } = world.store;
  const step = { metric: 'packprobe_runs_total', labels, value: 1 };
  const exemplar = { run_id: 'run-1', value: 1, at: 1_763_764_215_123.4568 };
  await totals.add([
    { ...step, exemplar: { ...exemplar, run_id: 'run-0' } },
    { ...step, exemplar },
  ]);
  await totals.add([step]);
  expect(await totals.all()).toMatchObject([{ sum: 3, exemplar }]);
});

test('a metric that nobody has defined is a defect, and nothing is added', async () => {
  await using world = storeWorld();
  const { totals } = world.store;
  const known = { metric: 'packprobe_runs_total', labels, value: 1 };
  await expect(totals.add([known, { ...known, metric: 'packprobe_made_up_total' }])).rejects.toThrow(
    'packprobe_made_up_total',
  );
  expect(await totals.all()).toEqual([]);
});

const increments = fc.array(
  fc.record({
    metric: fc.constantFrom('packprobe_runs_total', 'packprobe_run_duration_seconds'),
    labels: fc.record({
      probe: fc.constantFrom('a', 'ü "quoted"'),
      outcome: fc.constantFrom('passed', 'failed'),
    }),
    value: fc.integer({ min: 0, max: 50_000 }),
  }),
  { maxLength: 40 },
);

test('totals are the sum of the increments, in whatever order and portions they come', async () => {
  await fc.assert(
    fc.asyncProperty(increments, fc.infiniteStream(fc.integer({ min: 1, max: 7 })), async (all, sizes) => {
      await using world = storeWorld();
      await using other = storeWorld();
      await world.store.totals.add(all);
      const rest = all.toReversed();
      for (const size of sizes) {
        if (rest.length === 0) break;
        await other.store.totals.add(rest.splice(0, size));
      }
      const totals = await world.store.totals.all();
      expect(await other.store.totals.all()).toEqual(totals);
      expect(totals.map(shown).toSorted()).toEqual(expected(all).toSorted());
    }),
    { numRuns: 25 },
  );
});

const shown = ({ metric, labels, sum, count, buckets }: Total) =>
  JSON.stringify([
    metric,
    labels['probe'],
    labels['outcome'],
    sum,
    count,
    buckets.reduce((a, b) => a + b, 0),
  ]);

function expected(all: readonly Increment[]): readonly string[] {
  const groups = Object.values(
    Object.groupBy(all, ({ metric, labels }) => `${metric} ${labels['probe']} ${labels['outcome']}`),
  );
  return groups.flatMap((group = []) => {
    const [first] = group;
    if (first === undefined) return [];
    const observed = first.metric === 'packprobe_runs_total' ? 0 : group.length;
    const sum = group.reduce((so_far, { value }) => so_far + value, 0);
    return [
      JSON.stringify([first.metric, first.labels['probe'], first.labels['outcome'], sum, observed, observed]),
    ];
  });
}
