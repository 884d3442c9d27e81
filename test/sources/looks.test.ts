import { expect, test } from 'vitest';
import { bracket } from '../../src/sources/looks.ts';

test('what only looking told lies between two looks, widened by what the clock is worth', () => {
  expect(bracket(1000, 4000, 60)).toEqual({ earliest: 940, latest: 4060 });
  expect(bracket(undefined, 4000, 60)).toEqual({ earliest: undefined, latest: 4060 });
});

test('a clock that was set back makes no bracket of negative width', () => {
  expect(bracket(5000, 4000, 0)).toEqual({ earliest: 4000, latest: 4000 });
});
