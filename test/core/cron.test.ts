import { expect, test } from 'vitest';
import { parseCron } from '../../src/core/cron.ts';

test('lists, ranges, steps and names are read', () => {
  expect(parseCron('0,30 8-10 1-31/10 jan,MAR mon-fri')).toEqual({
    minutes: [0, 30],
    hours: [8, 9, 10],
    days: [1, 11, 21, 31],
    months: [1, 3],
    weekdays: [1, 2, 3, 4, 5],
    eitherDay: true,
  });
});

test('a step from a number goes on to the end, and Sunday is 0 and 7', () => {
  expect(parseCron('5/20 * * * 7,0')).toMatchObject({
    minutes: [5, 25, 45],
    weekdays: [0],
    eitherDay: false,
  });
});

test.each([
  '',
  '* * * *',
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
  '0 0 30 2 *',
])('"%s" is no cron line', (text) => {
  expect(parseCron(text)).toBeUndefined();
});
