import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/core/duration.ts';
import { formatNvr, parseNvr } from '../../src/core/nvr.ts';
import { formatSize, parseSize } from '../../src/core/size.ts';

test('an NVR that is written and read again is the same', () => {
  const nvr = fc.record({
    name: fc.stringMatching(/^[A-Za-z0-9][\w.+-]{0,20}$/),
    version: fc.stringMatching(/^[\w.+~^]{1,12}$/),
    release: fc.stringMatching(/^[\w.+~^]{1,12}$/),
  });
  fc.assert(
    fc.property(nvr, (each) => {
      expect(parseNvr(formatNvr(each))).toEqual(each);
    }),
  );
});

test('a duration that is written is read again, to the second below a day and to the minute above', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 * 86_400_000 }), (ms) => {
      const again = parseDuration(formatDuration(ms));
      expect(Math.abs((again ?? Number.NaN) - ms)).toBeLessThanOrEqual(ms < 86_400_000 ? 500 : 60_000);
    }),
  );
});

test('any text is a duration of finite length or none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{1,5}[msh]{1,2}$/)), (text) => {
      const ms = parseDuration(text);
      expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
    }),
  );
});

test('a size that is written is read again within a twentieth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 }), (bytes) => {
      const again = parseSize(formatSize(bytes)) ?? Number.NaN;
      expect(Math.abs(again - bytes)).toBeLessThanOrEqual(bytes / 20);
    }),
  );
});
