import { expect, test } from 'vitest';
import { openClock } from '../../src/platform/clock.ts';

const never = new AbortController().signal;

test('a sandbox clock shows its epoch at its start and runs as fast as it says', async () => {
  const start = performance.timeOrigin + performance.now();
  const clock = openClock({ epoch: 1_000_000, start, speed: 300 });
  const before = clock.now();
  await clock.sleep(3_000, never);
  const passed = clock.now() - before;
  expect(before).toBeGreaterThanOrEqual(1_000_000);
  expect(passed).toBeGreaterThanOrEqual(3_000);
  expect(clock.fromHost(start + 1_000)).toBe(1_000_000 + 300_000);
  expect(clock.blurMs).toBe(300);
});

test('a sleep ends with the reason of the abort, at once when it came before', async () => {
  const clock = openClock();
  const reason = new Error('enough');
  const controller = new AbortController();
  const asleep = clock.sleep(60_000, controller.signal);
  controller.abort(reason);
  await expect(asleep).rejects.toBe(reason);
  await expect(clock.sleep(60_000, controller.signal)).rejects.toBe(reason);
});

test('a deadline aborts with its reason, and never once it is disposed', async () => {
  const clock = openClock();
  const reason = new Error('late');
  const kept = clock.deadline(5, () => reason);
  const dropped = clock.deadline(5, () => reason);
  dropped[Symbol.dispose]();
  await clock.sleep(30, never);
  expect(kept.signal.reason).toBe(reason);
  expect(dropped.signal.aborted).toBe(false);
});

test('a wait longer than a timer of Node can take does not fire at once', async () => {
  const clock = openClock();
  using deadline = clock.deadline(2 ** 40, () => new Error('late'));
  await clock.sleep(20, never);
  expect(deadline.signal.aborted).toBe(false);
});
