import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bearerOf, ownerOf } from '../../src/server/tokens.ts';
import { ROOT } from '../support/sources.ts';

const tokens = new Map([
  ['ops', 'correct-horse'],
  ['bot', 'battery-staple'],
]);

describe('tokens', () => {
  test.each([
    ['correct-horse', 'ops'],
    ['battery-staple', 'bot'],
    ['correct-hors', undefined],
    ['correct-horse-', undefined],
    ['', undefined],
  ])('%j belongs to %s', (given, owner) => {
    expect(ownerOf(given, tokens)).toBe(owner);
  });

  test('are compared by digests of one length in constant time, all of them', () => {
    const source = readFileSync(`${ROOT}/src/server/tokens.ts`, 'utf8');
    expect(source).toMatch(
      /for \(const .* of tokens\) \{\n\s+if \(timingSafeEqual\(digest, digestOf\(token\)\)\)/,
    );
    expect(source).not.toMatch(/\bbreak\b|===.*token|token.*===/);
  });

  test.each([
    ['Bearer abc', 'abc'],
    ['bearer  abc', 'abc'],
    ['Basic abc', undefined],
    ['Bearer', undefined],
    ['Bearer a b', undefined],
    [undefined, undefined],
  ])('of the header %j: %s', (header, token) => {
    expect(bearerOf(header)).toBe(token);
  });
});
