import { expect, test } from 'vitest';
import { heldClock } from '../../../src/sandbox/kit/clock.ts';
import { delayOf, draw } from '../../../src/sandbox/kit/draw.ts';
import { EPOCH, testKit } from './test-kit.ts';

test('a message reaches who subscribed to its topic, and nobody of a topic that only ends alike', async () => {
  await using kit = await testKit();
  const heard: string[] = [];
  kit.subscribe('git.receive', (message) => void heard.push(message.topic));
  kit.publish('pagure.git.receive', {});
  kit.publish('git.receive', {});
  await kit.settled();
  expect(heard).toEqual(['org.fedoraproject.sandbox.git.receive']);
});

test('consumers hear messages one at a time in the order of publishing', async () => {
  await using kit = await testKit();
  const heard: string[] = [];
  kit.subscribe('buildsys.tag', async ({ body }) => {
    heard.push(`begin ${body['n']}`);
    await Promise.resolve();
    heard.push(`end ${body['n']}`);
  });
  kit.publish('buildsys.tag', { n: 1 });
  kit.publish('buildsys.tag', { n: 2 });
  await kit.settled();
  expect(heard).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
});

test('a consumer that throws is told to the operator and hears the next message', async () => {
  await using kit = await testKit();
  const heard: unknown[] = [];
  kit.subscribe('buildsys.tag', ({ body }) => {
    heard.push(body['n']);
    if (body['n'] === 1) throw new Error('no such build');
  });
  kit.publish('buildsys.tag', { n: 1 });
  kit.publish('buildsys.tag', { n: 2 });
  await kit.settled();
  expect(heard).toEqual([1, 2]);
  expect(kit.troubles).toEqual(['a consumer of buildsys.tag: Error: no such build']);
});

test('CI speaks with the prefix of CentOS, and times on the wire are whole seconds', async () => {
  await using kit = await testKit();
  kit.publish('ci.koji-build.test.queued', {});
  expect(kit.archive[0]?.topic).toBe('org.centos.sandbox.ci.koji-build.test.queued');
  expect(kit.archive[0]?.headers['sent-at']).toMatch(/^2026-11-17T08:\d\d:\d\d\+00:00$/);
});

test('a timer fires in sandbox time, and one that throws does not end the process', async () => {
  await using kit = await testKit({ speed: 300 });
  const fired = await new Promise<number>((resolve) => {
    kit.clock.after(1_000, () => {
      throw new Error('broken rule');
    });
    kit.clock.after(3_000, () => resolve(kit.clock.now()));
  });
  expect(fired).toBeGreaterThanOrEqual(EPOCH + 3_000);
  expect(kit.troubles).toEqual(['a timer of the sandbox: Error: broken rule']);
});

test('a periodic rule acts at its times, also after it threw once', async () => {
  const troubles: unknown[] = [];
  const clock = heldClock({ epoch: EPOCH, speed: 300, trouble: (_where, error) => troubles.push(error) });
  const times: number[] = [];
  clock.every(10_000, 4_000, () => {
    times.push(clock.now() - EPOCH);
    if (times.length === 1) throw new Error('broken rule');
  });
  await clock.runTo(EPOCH + 25_000);
  expect(times).toEqual([4_000, 14_000, 24_000]);
  expect(troubles).toEqual([new Error('broken rule')]);
});

test('a draw depends on seed, point and subject alone', () => {
  expect(draw('1', 'koji.build', 'bash')).toBe(draw('1', 'koji.build', 'bash'));
  expect(draw('1', 'koji.build', 'bash')).not.toBe(draw('2', 'koji.build', 'bash'));
});

test('half of all delays are below the median and none is outside the bounds', () => {
  const delay = { least: 10, median: 60, most: 200 };
  expect(delayOf(delay, 0.5)).toBeCloseTo(60);
  expect(delayOf(delay, 0)).toBe(10);
  expect(delayOf(delay, 1)).toBe(200);
});

test('a few delays are long: one in ten beyond twice the usual, one in a hundred beyond four times', () => {
  const delay = { least: 60_000, median: 95_000, most: 600_000 };
  const drawn = Array.from({ length: 5000 }, (_, i) => delayOf(delay, draw('1', 'delay', String(i))));
  const share = (bound: number) => drawn.filter((one) => one > bound).length / drawn.length;
  expect(share(95_000)).toBeCloseTo(0.5, 1);
  expect(share(167_000)).toBeGreaterThan(0.05);
  expect(share(330_000)).toBeLessThan(0.02);
  expect(Math.max(...drawn)).toBe(600_000);
});

test('a clock that is held acts in the order of its times, with rest between, and goes on from its epoch', async () => {
  const clock = heldClock({ epoch: EPOCH, speed: 300, from: EPOCH - 3_600_000 });
  const seen: [string, number][] = [];
  const note = (name: string) => seen.push([name, clock.now() - EPOCH]);
  clock.after(2_000_000, () => {
    note('second');
    void Promise.resolve().then(() => Promise.resolve().then(() => note('what it set off')));
  });
  clock.after(1_000_000, () => note('first'));
  clock.after(2_000_001, () => note('third'));
  clock.after(3_600_000 + 3_000, () => note('after its release'));
  await clock.runTo(EPOCH);
  expect(seen).toEqual([
    ['first', -2_600_000],
    ['second', -1_600_000],
    ['what it set off', -1_600_000],
    ['third', -1_599_999],
  ]);
  expect(clock.now()).toBe(EPOCH);
  clock.release();
  await expect.poll(() => seen.length).toBe(5);
  expect(seen[4]?.[1]).toBeGreaterThanOrEqual(3_000);
  clock.close();
});
