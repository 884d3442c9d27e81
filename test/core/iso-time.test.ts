import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime, parseIsoTime } from '../../src/core/iso-time.ts';

test('every moment is written as ISO 8601 and read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
      expect(isoTime(ms)).toBe(new Date(ms).toISOString());
      expect(parseIsoTime(isoTime(ms))).toBe(ms);
    }),
  );
});

test.each([
  ['2026-11-21T22:15Z', Date.UTC(2026, 10, 21, 22, 15)],
  ['2026-11-21T22:15:07Z', Date.UTC(2026, 10, 21, 22, 15, 7)],
  ['2028-02-29', Date.UTC(2028, 1, 29)],
])('%s is a moment', (text, ms) => {
  expect(parseIsoTime(text)).toBe(ms);
});

test.each([
  '',
  'yesterday',
  '2026-02-29',
  '2026-13-01',
  '2026-00-10',
  '2026-04-31T00:00Z',
  '2026-11-21T24:00Z',
  '2026-11-21T10:60Z',
  '2026-11-21T10:00',
  '2026-11-21T10:00+01:00',
])('%j is no moment in UTC', (text) => {
  expect(parseIsoTime(text)).toBeUndefined();
});
