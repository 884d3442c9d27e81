import fc from 'fast-check';
import { expect, test } from 'vitest';
import { civilOf, epochOf, isoOf } from '../../src/core/civil.ts';

const seconds = fc.integer({ min: -2_000_000_000, max: 8_000_000_000 });

test('parts of a moment and its epoch are the same thing said twice', () => {
  fc.assert(
    fc.property(seconds, (second) => {
      const civil = civilOf(second * 1000);
      expect(epochOf(civil)).toBe(second * 1000);
      expect(isoOf(second * 1000)).toBe(new Date(second * 1000).toISOString().replace('.000Z', 'Z'));
    }),
  );
});
