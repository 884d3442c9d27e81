import { expect, test } from 'vitest';
import { byId, discard, indexed, indexedByAll, nextId } from '../../../src/sandbox/kit/rows.ts';

const rowsOf = (...ids: readonly number[]) => ids.map((id) => ({ id, kind: id % 2 === 0 ? 'even' : 'odd' }));

test('a row is found by its number also when older ones are gone', () => {
  const rows = rowsOf(1, 2, 3, 4, 5, 6);
  expect(byId(rows, 4)?.id).toBe(4);
  discard(rows, ({ id }) => id < 4);
  expect(rows.map(({ id }) => id)).toEqual([4, 5, 6]);
  expect([1, 3, 4, 6, 7].map((id) => byId(rows, id)?.id)).toEqual([undefined, undefined, 4, 6, undefined]);
});

test('numbers count on when all rows are to go', () => {
  const rows = rowsOf(1, 2, 3);
  discard(rows, () => true);
  expect(nextId(rows)).toBe(4);
  expect(nextId([])).toBe(1);
});

test('an index follows rows that come and rows that go', () => {
  const byKind = indexed((row: { kind: string }) => row.kind);
  const rows = rowsOf(1, 2, 3);
  const ids = (kind: string) => byKind(rows, kind).map((row) => (row as unknown as { id: number }).id);
  expect(ids('odd')).toEqual([1, 3]);
  rows.push(...rowsOf(4, 5));
  expect([ids('odd'), ids('even'), ids('none')]).toEqual([[1, 3, 5], [2, 4], []]);
  discard(rows, ({ id }) => id < 3);
  rows.push(...rowsOf(6, 7));
  expect([ids('odd'), ids('even')]).toEqual([
    [3, 5, 7],
    [4, 6],
  ]);
});

test('a row with one key twice is found once', () => {
  const byWord = indexedByAll((row: { words: readonly string[] }) => row.words);
  const rows = [{ words: ['a', 'b', 'a'] }, { words: ['b'] }];
  expect([byWord(rows, 'a').length, byWord(rows, 'b').length]).toEqual([1, 2]);
});
