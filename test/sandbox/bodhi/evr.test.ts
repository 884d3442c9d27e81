import { describe, expect, test } from 'vitest';
import { compareEvr, compareRpmText, evrOf } from '../../../src/sandbox/bodhi/evr.ts';

describe('the order of versions is that of rpm', () => {
  test.each([
    ['1.0', '1.0', 0],
    ['1.0', '1.1', -1],
    ['1.10', '1.9', 1],
    ['1.0~rc1', '1.0', -1],
    ['1.0^git1', '1.0', 1],
    ['1.0^git1', '1.0.1', -1],
    ['1.a', '1.1', -1],
    ['1.01', '1.1', 0],
    ['2.fc43', '10.fc43', -1],
    ['1_0', '1.0', 0],
  ])('%s against %s is %i', (left, right, order) => {
    expect(compareRpmText(left, right)).toBe(order);
    expect(compareRpmText(right, left)).toBe(-order + 0);
  });

  test('an epoch outweighs every version', () => {
    expect(compareEvr(evrOf({ nvr: 'a-1-1', epoch: 1 }), evrOf({ nvr: 'a-9-9', epoch: 0 }))).toBe(1);
  });
});
