import { expect, test } from 'vitest';
import { cronTimes, everComes, isCron } from '../../src/core/cron.ts';

const at = (text: string) => Date.parse(text);

function after(text: string, zone: string, moment: string, count: number): string[] {
  const cron = cronTimes(text, zone);
  const times: string[] = [];
  for (let time = at(moment); times.length < count; ) {
    time = cron.next(time);
    times.push(new Date(time).toISOString().replace(':00.000Z', 'Z'));
  }
  return times;
}

test('lists, ranges, steps and names are read', () => {
  expect(after('0,30 8-9 1-31/10 jan,MAR mon-fri', 'UTC', '2026-01-01T08:10Z', 4)).toEqual([
    '2026-01-01T08:30Z',
    '2026-01-01T09:00Z',
    '2026-01-01T09:30Z',
    '2026-01-02T08:00Z',
  ]);
});

test('a step from a number goes on to the end, and Sunday is 0 and 7', () => {
  expect(after('5/40 0 * * 7', 'UTC', '2026-11-21T00:00Z', 3)).toEqual(
    after('5,45 0 * * 0', 'UTC', '2026-11-21T00:00Z', 3),
  );
});

test('a fixed time that spring leaves out is due at the first one that there is', () => {
  expect(after('30 2,14 * * *', 'Europe/Prague', '2026-03-28T12:00Z', 3)).toEqual([
    '2026-03-28T13:30Z',
    '2026-03-29T01:00Z',
    '2026-03-29T12:30Z',
  ]);
});

test('a fixed time that comes twice in autumn is due once', () => {
  expect(after('30 2 * * *', 'Europe/Prague', '2026-10-24T12:00Z', 2)).toEqual([
    '2026-10-25T00:30Z',
    '2026-10-26T01:30Z',
  ]);
});

test('a line with a wildcard goes through both hours of autumn', () => {
  expect(after('*/30 * * * *', 'Europe/Prague', '2026-10-25T00:00Z', 4)).toEqual([
    '2026-10-25T00:30Z',
    '2026-10-25T01:00Z',
    '2026-10-25T01:30Z',
    '2026-10-25T02:00Z',
  ]);
});

test('those before a moment leave it out itself, and are there in order', () => {
  const cron = cronTimes('0 * * * *', 'UTC');
  expect(cron.previous(2, at('2026-11-21T08:00Z'))).toEqual([
    at('2026-11-21T06:00Z'),
    at('2026-11-21T07:00Z'),
  ]);
  expect(cron.previous(1, at('2026-11-21T08:00Z') + 1)).toEqual([at('2026-11-21T08:00Z')]);
});

test.each(['0 6,18 * * mon-fri', ' 5/15 * * * * ', '0 0 29 2 *', '0 0 30 2 1', '0 0 L * *'])(
  '"%s" is a cron line',
  (text) => {
    expect(isCron(text) && everComes(text)).toBe(true);
  },
);

test.each([
  '',
  '* * * *',
  '* * * * * *',
  '@daily',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '* * * * 8',
  '5-1 * * * *',
  '*/0 * * * *',
  'a * * * *',
  '1-2-3 * * * *',
  '1- * * * *',
  ', * * * *',
])('"%s" is no cron line', (text) => {
  expect(isCron(text)).toBe(false);
});

test.each(['0 0 30 2 *', '0 0 31 2,4,6 *'])('"%s" is a cron line that never comes', (text) => {
  expect(isCron(text)).toBe(true);
  expect(everComes(text)).toBe(false);
});
