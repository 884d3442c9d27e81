import { expect, test } from 'vitest';
import { lostMessages } from '../../src/cli/lost-messages.ts';

const chain = (nvr: string, lost: readonly 'ci_queued'[]) => ({
  nvr,
  update: undefined,
  points: [],
  hops: [],
  proven: [],
  lost_messages: lost,
});

test('messages that never came are told with their build, and charge nobody', () => {
  const told = lostMessages([chain('a-1-1', []), chain('b-1-1', ['ci_queued'])], (_, text) => text);
  expect(told).toEqual(['Messages that never came, noted against messaging:\n  b-1-1: ci_queued']);
});

test('where none was lost nothing is told', () => {
  expect(lostMessages([chain('a-1-1', [])], (_, text) => text)).toEqual([]);
});
