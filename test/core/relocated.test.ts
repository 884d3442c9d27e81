import { expect, test } from 'vitest';
import { relocated } from '../../src/core/relocated.ts';

const FORMER = ['/data/work/RUN-2', '/data/work/RUN-1', '/data/work/RUN'];

function moved(text: string): string {
  return relocated(text, FORMER, '/data/work/RUN-3');
}

test.each([
  ['the folder itself', '/data/work/RUN-1', '/data/work/RUN-3'],
  ['a file in it', '/data/work/RUN-2/foo/foo.spec', '/data/work/RUN-3/foo/foo.spec'],
  ['the folder before each owner had its own', '/data/work/RUN/foo', '/data/work/RUN-3/foo'],
  [
    'a path inside of a text',
    'file=/data/work/RUN-1/a:/data/work/RUN-2',
    'file=/data/work/RUN-3/a:/data/work/RUN-3',
  ],
])('%s is named where it is now', (_, text, expected) => {
  expect(moved(text)).toBe(expected);
});

test.each([
  ['the folder of a later owner', '/data/work/RUN-12/foo'],
  ['that of an undo', '/data/work/RUN-undo-1'],
  ['the one where it is now', '/data/work/RUN-3/foo'],
  ['one that begins alike', '/data/work/RUN-1.old/foo'],
  ['a name without its folder', 'RUN-1/foo'],
])('%s stays', (_, text) => {
  expect(moved(text)).toBe(text);
});

test('texts at any depth are moved, all else is as it was', () => {
  const value = { dir: '/data/work/RUN-1', of: [1, null, true, { x: ['/data/work/RUN-2/x'] }], n: 'foo-1-2' };
  expect(relocated(value, FORMER, '/data/work/RUN-3')).toEqual({
    dir: '/data/work/RUN-3',
    of: [1, null, true, { x: ['/data/work/RUN-3/x'] }],
    n: 'foo-1-2',
  });
});

test('a folder is not a pattern, and neither is its new name', () => {
  expect(relocated('/a.b/R-1 /axb/R-1', ['/a.b/R-1'], '/a.b/$&')).toBe('/a.b/$& /axb/R-1');
});

test('where there was no folder before, the value is the same one', () => {
  const value = { dir: '/data' };
  expect(relocated(value, [], '/other')).toBe(value);
});
