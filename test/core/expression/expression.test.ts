import { describe, expect, test } from 'vitest';
import { checkExpression, type Surroundings } from '../../../src/core/expression/check.ts';
import { evaluate } from '../../../src/core/expression/evaluate.ts';
import { parseExpression } from '../../../src/core/expression/parse.ts';
import { printTree } from '../../../src/core/expression/tree.ts';
import { BOOLEAN, listOf, NUMBER, nullable, objectOf, TEXT } from '../../../src/core/expression/type.ts';

const roots = {
  n: 3,
  t: 'koji-1.2-3.fc44',
  yes: true,
  none: null,
  list: ['a', 'b'],
  deep: { er: { value: 7 }, 'dist-git': 'x' },
};

const run = (text: string, failed?: boolean) =>
  evaluate(parseExpression(text).tree, { roots, ...(failed === undefined ? {} : { failed }) });

describe('reading', () => {
  test.each([
    ['and binds tighter than or', 'a || b && c', 'a || (b && c)'],
    ['comparison binds tighter than equality', 'a == b < c', 'a == (b < c)'],
    ['equality binds tighter than and', 'a == b && c', '(a == b) && c'],
    ['not binds tighter than comparison', '!a == b', '(!a) == b'],
    ['members bind tighter than not', '!a.b[0]', '!((a.b)[0])'],
    ['the same operator groups to the left', 'a == b == c', '(a == b) == c'],
  ])('%s', (_, bare, grouped) => {
    const shape = (text: string) =>
      JSON.stringify(parseExpression(text).tree, (key, value) =>
        key.toLowerCase().endsWith('at') ? 0 : value,
      );
    expect(shape(bare)).toBe(shape(grouped));
  });

  test.each([
    ['a name may hold dashes', 'steps.wait-signed.x', 'steps.wait-signed.x'],
    ['a quote within quotes is doubled', `'it''s'`, `'it''s'`],
    ['both quotes are quotes', `"a 'b'"`, `'a ''b'''`],
    ['a number may be negative', '-1.5', '-1.5'],
    ['needless parentheses go', '((a)) && (b)', 'a && b'],
    ['needed parentheses stay', '!(a && (b || c))', '!(a && (b || c))'],
  ])('%s', (_, text, printed) => {
    expect(printTree(parseExpression(text).tree)).toBe(printed);
  });

  test('a string may hold what closes the expression', () => {
    expect(parseExpression(`x \${{ '}}' }} y`, 5)).toMatchObject({ end: 13, closed: true });
  });

  test.each([
    ['', 'an empty expression', 0],
    ['a b', 'expected an operator or the end, got `b`', 2],
    ['a &&', 'expected a value, got the end', 4],
    ['(a', 'expected `)`, got the end', 2],
    ['a.1', 'expected a name behind the `.`, got `1`', 2],
    ["'a", "text that is not closed by '", 0],
    ['a + b', '"+" has no meaning here', 2],
    ['a & b', '"&" has no meaning here', 2],
    ['!'.repeat(100), 'nested too deeply', 61],
    [`${'('.repeat(2000)}1`, 'nested too deeply', 61],
    [`1${' == 1'.repeat(100)}`, 'nested too deeply', 302],
  ])('%s is refused', (text, message, at) => {
    expect(() => parseExpression(text)).toThrow(expect.objectContaining({ message, at }));
  });
});

describe('working out', () => {
  test.each([
    ['1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3', true],
    ["t == 'koji-1.2-3.fc44' && t != 'x'", true],
    ['yes || none', true],
    ['!yes && none.x', false],
    ['deep.er.value', 7],
    ["deep['dist-git']", 'x'],
    ['deep.dist-git', 'x'],
    ['deep.absent', null],
    ['list[1]', 'b'],
    ['list == list', true],
    ["contains(list, 'b') && !contains(list, 'c')", true],
    ["contains(t, '1.2') && starts_with(t, 'koji') && ends_with(t, 'fc44')", true],
    ["join(list, '-')", 'a-b'],
    ['join(list)', 'a,b'],
    ['to_json(deep.er)', '{"value":7}'],
    ["default(none, 'x')", 'x'],
    ["default(t, 'x')", 'koji-1.2-3.fc44'],
    ['none == null && n != null', true],
  ])('%s is %j', (text, value) => {
    expect(run(text)).toEqual(value);
  });

  test('success() and failure() tell how the run stands', () => {
    expect([run('success()', false), run('failure()', false)]).toEqual([true, false]);
    expect([run('success()', true), run('failure()', true)]).toEqual([false, true]);
  });

  test.each([
    ["n == '3'", '`==` compares a number with text'],
    ['yes && n', 'n is a number, expected true or false'],
    ['t < 3', '`<` takes numbers, got text'],
    ['none.x', 'none is null, which has no "x"'],
    ['list.x', 'list is a list, which has no "x"'],
    ['list[5]', 'list has 2 items, none at 5'],
    ['starts_with(n, t)', 'starts_with() takes text, got a number'],
    ['contains(t, n)', 'contains() looks in text for text, got a number'],
    ['nothing', 'unknown name "nothing"'],
    ['toString', 'unknown name "toString"'],
    ['constructor(1)', 'unknown function "constructor"'],
  ])('%s is a fault of ours, never a guess', (text, message) => {
    expect(() => run(text)).toThrow(
      expect.objectContaining({ message, code: 'EXPRESSION_FAILED', kind: 'prober' }),
    );
  });
});

describe('checking', () => {
  const surroundings: Surroundings = {
    condition: false,
    roots: {
      n: NUMBER,
      t: TEXT,
      yes: BOOLEAN,
      maybe: nullable(TEXT),
      list: listOf(TEXT),
      state: { kind: 'text', values: ['open', 'closed'] },
      deep: objectOf({ value: NUMBER }),
      open: objectOf({}, TEXT),
    },
  };
  const check = (text: string) => checkExpression(parseExpression(text).tree, surroundings);

  test.each([
    ['default(maybe, t)', TEXT],
    ['list[0]', TEXT],
    ['deep.value', NUMBER],
    ['open.anything', nullable(TEXT)],
    ['join(list)', TEXT],
    ["state == 'open'", BOOLEAN],
    ['maybe == null || maybe == t', BOOLEAN],
  ])('%s is known to be good, and of what type', (text, type) => {
    expect(check(text)).toEqual({ type, faults: [] });
  });

  test.each([
    ['maybe.x', 'maybe may be null, which has no "x"'],
    ['t.x', 't is text, which has no "x"'],
    ["list['a']", 'list is a list of text, which has no "a"'],
    ["state == 'opne'", 'state is never "opne"; expected "open" or "closed"'],
    ['n == t', '`==` compares a number with text'],
    ['n && yes', '`&&` takes true or false, got a number'],
    ['!t', '`!` takes true or false, got text'],
    ['join(t)', 'join() takes a list of text, a number or true or false here, got text'],
    ['join()', "join(list, separator = ','), got 0 arguments"],
    ['n[0]', 'n is a number, which holds nothing'],
  ])('%s is refused before anything runs', (text, message) => {
    expect(check(text).faults.map((fault) => fault.message)).toEqual([message]);
  });

  test('one expression can hold several faults', () => {
    expect(check('x && y').faults.map(({ at }) => at)).toEqual([0, 5]);
  });
});
