import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changelogDate, timeOfRunId } from '../../src/clients/calendar.ts';
import { isoOf } from '../../src/core/civil.ts';

const seconds = fc.integer({ min: -2_000_000_000, max: 8_000_000_000 });

test('changelog dates carry the weekday and month of the C locale', () => {
  fc.assert(
    fc.property(seconds, (second) => {
      const [weekday, day, month, year] = new Date(second * 1000).toUTCString().replace(',', '').split(' ');
      expect(changelogDate(second * 1000)).toBe(`${weekday} ${month} ${day} ${year}`);
    }),
  );
});

test('a run id tells when it was made', () => {
  expect(isoOf(timeOfRunId('019a9000-0000-7000-8000-000000000001'))).toBe('2025-11-17T04:08:30Z');
});
