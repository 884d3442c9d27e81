import { expect, test, vi } from 'vitest';
import { sharedPlans } from '../../src/cli/shared-plans.ts';
import type { ProbePlan } from '../../src/core/plan.ts';
import type { RunHeader } from '../../src/core/store.ts';

const headerOf = (change: Partial<RunHeader> = {}) =>
  ({
    definition: { file: 'p.yaml', text: 'name: p' },
    params: {},
    environment_definition: { name: 'staging' },
    package: 'a',
    branch: 'rawhide',
    ...change,
  }) as RunHeader;

/** Gives a new plan each time that it is asked. */
const planned = () =>
  vi.fn(async (header: RunHeader) => ({ probe: { package: header.package } }) as ProbePlan);

test('runs of one probe and package have one plan, whatever else differs between them', async () => {
  const planOf = sharedPlans(planned());
  const first = await planOf(headerOf({ run_id: 'one', started_at: 1 }));
  expect(await planOf(headerOf({ run_id: 'two', started_at: 2 }))).toBe(first);
});

test.each<Partial<RunHeader>>([
  { definition: { file: 'p.yaml', text: 'name: q' } },
  { definition: { file: 'q.yaml', text: 'name: p' } },
  { params: { a: 1 } },
  { environment_definition: { name: 'production' } },
  { package: 'b' },
  { branch: 'f43' },
])('another %j is another plan', async (change) => {
  const planOf = sharedPlans(planned());
  expect(await planOf(headerOf(change))).not.toBe(await planOf(headerOf()));
});

test('one that could not be made is made again', async () => {
  const make = planned().mockRejectedValueOnce(new Error('no'));
  const planOf = sharedPlans(make);
  await expect(planOf(headerOf())).rejects.toThrow('no');
  expect(await planOf(headerOf())).toBeDefined();
});

test('only those that were asked for last are kept', async () => {
  const make = planned();
  const planOf = sharedPlans(make, 2);
  for (const pkg of ['a', 'b', 'a', 'c', 'a']) await planOf(headerOf({ package: pkg }));
  expect(make).toHaveBeenCalledTimes(3);
  await planOf(headerOf({ package: 'b' }));
  expect(make).toHaveBeenCalledTimes(4);
});
