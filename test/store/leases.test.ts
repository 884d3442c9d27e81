import { expect, test } from 'vitest';
import { OWNER, storeWorld } from '../support/store-world.ts';

const other = { ...OWNER, pid: 8 };

test('the first takes the lease of nobody, the second only over the first as it was last seen', async () => {
  await using world = storeWorld();
  const { leases } = world.store;
  expect(await leases.current()).toBeUndefined();
  const first = await leases.take(OWNER, undefined, 10);
  expect(first).toEqual({
    service_id: 1,
    owner: OWNER,
    began_at: 10,
    beat_at: 10,
    beats: 0,
    ended_at: null,
    served: null,
  });
  expect(await leases.take(other, undefined, 11)).toBeUndefined();
  expect(await leases.beat(1, 12)).toBe(true);
  expect(await leases.take(other, first, 13)).toBeUndefined();
  const seen = await leases.current();
  expect(seen).toMatchObject({ beats: 1, beat_at: 12 });
  expect(await leases.take(other, seen, 14)).toMatchObject({ service_id: 2, owner: other, beats: 0 });
});

test('who was taken over gives no sign of life any more, and is told so', async () => {
  await using world = storeWorld();
  const { leases } = world.store;
  const first = await leases.take(OWNER, undefined, 10);
  await leases.take(other, first, 20);
  expect(await leases.beat(1, 30)).toBe(false);
  expect(await leases.beat(2, 30)).toBe(true);
  expect(await leases.before(2)).toEqual([OWNER]);
  expect(await leases.before(1)).toEqual([]);
});

test('who has left can be taken over at once, and does not come back under the same number', async () => {
  await using world = storeWorld();
  const { leases } = world.store;
  const first = await leases.take(OWNER, undefined, 10);
  await leases.end(1, 20);
  expect(await leases.current()).toMatchObject({ ended_at: 20 });
  expect(await leases.beat(1, 21)).toBe(false);
  expect(await leases.take(other, first, 22)).toMatchObject({ service_id: 2 });
});

test('what a service runs is known to others, and a later one begins with nothing told', async () => {
  await using world = storeWorld();
  const { leases } = world.store;
  const first = await leases.take(OWNER, undefined, 10);
  const served = {
    configuration: '/etc/packprobe/packprobe.yaml',
    environments: [{ name: 'test', scope: 'test@1', probes: ['single-build'], control: null }],
  };
  await leases.tellServed(1, served);
  expect((await leases.current())?.served).toEqual(served);
  await leases.end(1, 20);
  const seen = await leases.current();
  expect(await leases.take(other, seen ?? first, 30)).toMatchObject({ service_id: 2, served: null });
});
