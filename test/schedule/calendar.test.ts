import { expect, test } from 'vitest';
import type { Period, Treatment } from '../../src/core/schedule.ts';
import { openClock } from '../../src/platform/clock.ts';
import { openCalendar } from '../../src/schedule/calendar.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { site } from '../support/schedule-world.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 21, 12);

const period = (source: string, treatment: Treatment, from = NOW): Period => ({
  id: source,
  kind: 'outage',
  from,
  to: from + HOUR,
  treatment,
  environments: [],
  systems: [],
  note: 'racks move',
  link: null,
  source,
});

test.each([
  { config: 'skip', feed: 'leave_out', strictest: 'config' },
  { config: 'count', feed: 'leave_out', strictest: 'status' },
] as const)('$config of the configuration and $feed of a feed: $strictest', ({ config, feed, strictest }) => {
  const calendar = openCalendar(
    () => [period('config', config)],
    () => [period('status', feed)],
  );
  expect(calendar.at(site(new FakeClock(), {}), ['koji'], NOW)?.source).toBe(strictest);
});

test('in a sandbox the configuration speaks of its time, a feed of ours', () => {
  const epoch = Date.UTC(2026, 10, 17, 8);
  const there = site(openClock({ epoch, start: NOW, speed: 60 }), {});
  const config = openCalendar(
    () => [period('config', 'skip', epoch)],
    () => [],
  );
  const feeds = openCalendar(
    () => [],
    () => [period('status', 'skip')],
  );
  // Two hours there are two minutes here.
  expect(config.at(there, ['koji'], epoch + 2 * HOUR)).toBeUndefined();
  expect(config.over(there, ['koji'], epoch + HOUR / 2, epoch + 2 * HOUR)).toBeDefined();
  expect(feeds.at(there, ['koji'], epoch + 2 * HOUR)).toBeDefined();
  expect(feeds.at(there, ['koji'], epoch + 61 * HOUR)).toBeUndefined();
});
