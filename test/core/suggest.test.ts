import { expect, test } from 'vitest';
import { nearest } from '../../src/core/suggest.ts';

const KEYS = ['id', 'name', 'uses', 'with', 'timeout', 'retry', 'if', 'continue_on_failure', 'always'];

test.each([
  ['timout', 'timeout'],
  ['tiemout', 'timeout'],
  ['user', 'uses'],
  ['continueOnFailure', 'continue_on_failure'],
  ['continue-on-failure', 'continue_on_failure'],
  ['Name', 'name'],
])('%s was meant to be %s', (typed, meant) => {
  expect(nearest(typed, KEYS)).toBe(meant);
});

test.each(['environment', 'zzz', ''])('nothing near is said of "%s"', (typed) => {
  expect(nearest(typed, ['timeout', 'retry', 'always'])).toBeUndefined();
});
