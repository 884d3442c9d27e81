import { describe, expect, test } from 'vitest';
import { formatFault } from '../../src/core/config-error.ts';
import { formatPath, readYaml } from '../../src/core/yaml-document.ts';

const read = (text: string) => readYaml('f.yaml', text);

describe('values', () => {
  test('YAML 1.2 is read: yes is text, and 010 is ten', () => {
    expect(read('a: yes\nb: 010\nc: 2026-12-01\nd: ~\n').value).toEqual({
      a: 'yes',
      b: 10,
      c: '2026-12-01',
      d: null,
    });
  });

  test('an anchor is written out where it is used', () => {
    const document = read('a: &x { n: 1 }\nb: *x\n');
    expect(document.value).toEqual({ a: { n: 1 }, b: { n: 1 } });
    expect(document.faults).toEqual([]);
  });

  test('a key named __proto__ is a key like any other', () => {
    const { value } = read('__proto__: { admin: true }\n');
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect((value as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('places', () => {
  const text = `a:
  - b: "x\\ty \${{ z }}"
    c: |
      one
      two \${{ z }}
    d: 'it''s \${{ z }}'
    e: >-
      folded
      over \${{ z }}
    f: plain
      goes on \${{ z }}
`;
  const document = read(text);

  test.each(['b', 'c', 'd', 'e', 'f'])(
    'a character inside scalar %s is found where it stands in the file',
    (key) => {
      const value = (document.value as { a: Record<string, string>[] }).a[0]![key]!;
      const { line, column } = document.placeIn(['a', 0, key], value.indexOf('z'));
      expect(text.split('\n')[line - 1]?.slice(column - 1, column + 3)).toBe('z }}');
    },
  );

  test('what is not there has the place of what is around it', () => {
    expect(document.placeOfKey(['a', 0, 'zz'])).toEqual({ line: 2, column: 5 });
  });

  test('a path reads as one would write it', () => {
    expect(formatPath(['steps', 3, 'with', 'a b', 'dist-git'])).toBe('steps[3].with["a b"].dist-git');
  });
});

describe('faults', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    .concat(
      [...'bcdefgh'].map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[index]}`)}]`),
    )
    .join('\n');

  test.each([
    ['a second key', 'a: 1\na: 2\n', 'f.yaml:2:1: a: a second key of this name'],
    ['a tab', 'a:\n\tb: 1\n', 'f.yaml:2:1: a tab indents this line; YAML takes only spaces'],
    ['a second document', 'a: 1\n---\nb: 2\n', 'f.yaml:2:1: a second document; a file holds one'],
    ['a key that is a number', '1: x\n', 'f.yaml:1:1: a key that is not text; put it in quotes'],
    ['a key that is a list', '? [a]\n: x\n', 'f.yaml:1:3: a key that is not text; put it in quotes'],
    ['an anchor that is not there', 'a: *x\n', 'f.yaml:1:4: a: no anchor "&x" before this'],
    ['an anchor that holds itself', 'a: &x [*x]\n', 'f.yaml:1:8: a[0]: "*x" holds itself'],
    ['a tag', 'a: !secret x\n', 'f.yaml:1:4: tags such as `!name` are not used here'],
    ['infinity', 'a: .inf\n', 'f.yaml:1:4: a: not a finite number'],
    ['a colon inside text', 'a: b: c\n', 'f.yaml:1:4: a second `: ` on one line; put the text in quotes'],
    [
      'YAML 1.1',
      '%YAML 1.1\n---\na: yes\n',
      'f.yaml:1:1: YAML 1.1 reads `yes` and `010` otherwise; leave the `%YAML` line out',
    ],
    ['a quote that is not closed', 'a: "x\n', 'f.yaml:2:1: no valid YAML: missing closing "quote'],
    ['a large file', `a: ${'x'.repeat(300_000)}`, 'f.yaml:1:1: larger than 256 KiB'],
  ])('%s', (_, text, expected) => {
    expect(read(text).faults.map(formatFault)).toEqual([expected]);
  });

  test('anchors that explode are stopped early', () => {
    const { faults, broken } = read(bomb);
    expect(faults.map(({ message }) => message)).toEqual([
      'more than 20000 values, counting each use of an anchor',
    ]);
    expect(broken).toBe(true);
  });

  test.each([60, 5000, 100_000])('%i nested lists are refused, not a crash', (depth) => {
    const { faults, broken } = read(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(faults[0]?.message).toBe('nested deeper than 50 levels');
    expect(broken).toBe(true);
  });
});
