import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { openAlarm } from '../../src/schedule/alarm.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

/** A sleep on two clocks, and whether it is over. */
function asleep() {
  const [one, other] = [new FakeClock(), new FakeClock()];
  const stop = new AbortController();
  const alarm = openAlarm();
  let isOver = false;
  const sleep = () => {
    isOver = false;
    void alarm
      .sleep(
        [
          { clock: one, ms: 1000 },
          { clock: other, ms: 2000 },
        ],
        stop.signal,
      )
      .then(() => {
        isOver = true;
      });
    return settle();
  };
  const left = () => one.waiting + other.waiting + getEventListeners(stop.signal, 'abort').length;
  return { one, other, stop, alarm, sleep, left, isOver: () => isOver };
}

test.each([
  ['the first clock comes to its time', ({ one }: ReturnType<typeof asleep>) => one.advance(1000)],
  ['the second one does', ({ other }: ReturnType<typeof asleep>) => other.advance(2000)],
  ['somebody rings', ({ alarm }: ReturnType<typeof asleep>) => alarm.ring()],
  ['it is stopped', ({ stop }: ReturnType<typeof asleep>) => stop.abort()],
])('it ends when %s, and leaves no timer and no listener', async (_what, act) => {
  const world = asleep();
  await world.sleep();
  await world.one.advance(999);
  expect(world.isOver()).toBe(false);
  await act(world);
  await settle();
  expect(world.isOver()).toBe(true);
  expect(world.left()).toBe(0);
});

test('a ring before the sleep ends it at once, and only this one', async () => {
  const world = asleep();
  world.alarm.ring();
  await world.sleep();
  expect(world.isOver()).toBe(true);
  await world.sleep();
  expect(world.isOver()).toBe(false);
  world.stop.abort();
  await settle();
});
