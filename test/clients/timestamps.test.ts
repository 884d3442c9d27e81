import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoUtc, stampOf, stampOfSeconds, utcMs } from '../../src/clients/timestamps.ts';

test.each([
  ['Bodhi', '2026-11-21 11:19:00', Date.UTC(2026, 10, 21, 11, 19, 0)],
  ['ResultsDB', '2026-11-21T11:07:07.647187', Date.UTC(2026, 10, 21, 11, 7, 7, 647)],
  ['ResultsDB on the full second', '2026-11-21T11:07:07', Date.UTC(2026, 10, 21, 11, 7, 7)],
  ['Koji', '2023-11-14 22:13:20.123456+00:00', Date.UTC(2023, 10, 14, 22, 13, 20, 123)],
  ['a header with an offset', '2026-11-20T02:00:00+02:00', Date.UTC(2026, 10, 20, 0, 0, 0)],
  ['a header with Z', '2024-02-29T23:59:59Z', Date.UTC(2024, 1, 29, 23, 59, 59)],
])('%s is read as UTC', (_whose, text, ms) => {
  expect(utcMs(text)).toBe(ms);
});

test.each(['', 'yesterday', '2026-11-21', '11:19:00'])('%j is no timestamp', (text) => {
  expect(utcMs(text)).toBeUndefined();
});

test('a stamp in whole seconds covers its second, one with a fraction is exact', () => {
  const second = Date.UTC(2026, 10, 21, 11, 19, 0);
  expect(stampOf('2026-11-21 11:19:00')).toEqual({ earliest: second, latest: second + 1000 });
  expect(stampOf('2026-11-21T11:19:00.250000')).toEqual({ earliest: second + 250, latest: second + 250 });
  expect(stampOfSeconds(1795259126.40844)).toEqual({ earliest: 1795259126408, latest: 1795259126409 });
});

test('every moment is written and read back unchanged', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
      expect(utcMs(isoUtc(ms))).toBe(ms);
      expect(isoUtc(ms)).toBe(`${new Date(ms).toISOString().slice(0, -1)}000`);
    }),
  );
});
