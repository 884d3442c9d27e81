import { describe, expect, test } from 'vitest';
import { stateOf } from '../../src/core/system-state.ts';

const HOUR = 3_600_000;
const NOW = 1000 * HOUR;
const known = {
  now: NOW,
  last_good: NOW - HOUR,
  last_bad: null,
  intervalMs: HOUR,
  hasOpenIncident: false,
} as const;

describe('the state of a system', () => {
  test.each([
    ['good evidence that is young', {}, 'operational'],
    ['an old failure before it', { last_bad: NOW - 2 * HOUR }, 'operational'],
    ['a failure after it that nobody has confirmed', { last_bad: NOW - HOUR / 2 }, 'failing'],
    ['nothing but a failure', { last_good: null, last_bad: NOW - HOUR }, 'failing'],
    ['an open incident, though the last run was good', { hasOpenIncident: true }, 'failing'],
    ['evidence of just 2.5 intervals ago', { last_good: NOW - 2.5 * HOUR }, 'operational'],
    ['evidence older than that', { last_good: NOW - 2.5 * HOUR - 1 }, 'unknown'],
    [
      'an open incident whose evidence is old',
      { last_good: null, last_bad: NOW - 3 * HOUR, hasOpenIncident: true },
      'unknown',
    ],
    ['no evidence at all', { last_good: null }, 'unknown'],
    ['no probe that would speak of it by itself', { intervalMs: undefined }, 'unknown'],
  ] as const)('%s', (_, changes, expected) => {
    expect(stateOf({ ...known, ...changes })).toBe(expected);
  });
});
