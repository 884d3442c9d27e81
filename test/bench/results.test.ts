import { describe, expect, test } from 'vitest';
import { alternate, type Figure, median } from './harness.ts';
import { holds, jsonLine, table } from './results.ts';

const figure: Figure = {
  name: 'version',
  value: 1.234,
  unit: 'times',
  aim: { atMost: 2 },
  measured: '0.061 s against 0.043 s',
};

describe('a figure', () => {
  test.each([
    ['below a most', 1.9, { atMost: 2 }, true],
    ['equal to a most', 2, { atMost: 2 }, true],
    ['above a most', 2.001, { atMost: 2 }, false],
    ['equal to a least', 220, { atLeast: 220 }, true],
    ['below a least', 219, { atLeast: 220 }, false],
    ['that could not be measured', Number.NaN, { atMost: 2 }, false],
  ] as const)('%s: %d holds %o: %s', (_, value, aim, expected) => {
    expect(holds({ ...figure, value, aim })).toBe(expected);
  });

  test('that misses its aim by a hair is not rounded into it', () => {
    const missed = { ...figure, value: 1.3004, aim: { atMost: 1.3 } };
    expect(JSON.parse(jsonLine('first-run', missed))).toMatchObject({ value: 1.3004, holds: false });
    expect(table('first-run', [missed])).toContain('1.3004 times');
  });

  test('is one line of JSON with its group in its name', () => {
    expect(jsonLine('first-run', figure)).toBe(
      '{"name":"first-run/version","value":1.23,"unit":"times","aim":"at most 2","holds":true}',
    );
  });
});

test('a table names what was measured, and shouts what does not hold', () => {
  expect(
    table('first-run', [
      figure,
      { ...figure, name: 'hops', value: 219, unit: 'hops', aim: { atLeast: 220 } },
    ]),
  ).toBe(
    [
      'first-run  value       aim           holds  measured',
      'version    1.23 times  at most 2     yes    0.061 s against 0.043 s',
      'hops       219 hops    at least 220  NO     0.061 s against 0.043 s',
      '',
    ].join('\n'),
  );
});

test.each([
  ['an odd number of values', [3, 1, 2], 2],
  ['an even number of values', [4, 1, 2, 3], 2.5],
  ['no value', [], Number.NaN],
])('the median of %s is the middle', (_, values, expected) => {
  expect(median(values)).toBe(expected);
});

test('two measurements are taken in turns, and the first pair does not count', async () => {
  const order: string[] = [];
  const take = (name: string) => async () => order.push(name);
  const taken = await alternate(2, take('a'), take('b'));
  expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  expect(taken).toEqual({ measured: [3, 5], reference: [4, 6] });
});
