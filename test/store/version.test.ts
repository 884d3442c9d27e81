import { expect, test } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { OWNER, storeWorld } from '../support/store-world.ts';

const labels = { environment: 'test', probe: 'single-build', outcome: 'passed' };

test('the version moves with what this process writes and with what others write, and else stays', async () => {
  await using world = storeWorld();
  await using other = openStore(world.file);
  const before = world.store.version();
  await world.store.totals.all();
  expect(world.store.version()).toBe(before);
  await world.store.totals.add([{ metric: 'packprobe_runs_total', labels, value: 1 }]);
  const after = world.store.version();
  expect(after).not.toBe(before);
  await other.audit.add({ at: 1, who: 'ann', through: 'api', action: 'run.start', subject: 'p', detail: '' });
  expect(world.store.version()).not.toBe(after);
});

test('a sign of life is no news', async () => {
  await using world = storeWorld();
  const { leases } = world.store;
  const service = await leases.take(OWNER, undefined, 1000);
  if (service === undefined) throw new Error('nobody else serves');
  const before = world.store.version();
  expect(await leases.beat(service.service_id, 2000)).toBe(true);
  expect(await leases.beat(service.service_id, 3000)).toBe(true);
  expect(world.store.version()).toBe(before);
  await leases.end(service.service_id, 4000);
  expect(world.store.version()).not.toBe(before);
});

test.each(['this process', 'another one'])('who wants to know is told of what %s writes', async (who) => {
  await using world = storeWorld();
  await using other = openStore(world.file);
  const { promise, resolve } = Promise.withResolvers<void>();
  using watching = world.store.onWrite(resolve);
  expect(watching).toBeDefined();
  const writer = who === 'another one' ? other : world.store;
  await writer.totals.add([{ metric: 'packprobe_runs_total', labels, value: 1 }]);
  await promise;
});
