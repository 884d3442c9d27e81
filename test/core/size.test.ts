import { expect, test } from 'vitest';
import { formatSize, parseSize } from '../../src/core/size.ts';

test.each([
  ['20B', 20],
  ['1.5KiB', 1536],
  ['500 MB', 500_000_000],
  ['1GiB', 1_073_741_824],
  ['2', undefined],
  ['1 gib', undefined],
  ['-1MB', undefined],
])('%s is %s bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each([
  [0, '0 B'],
  [1536, '1.5 KiB'],
  [2 ** 31, '2 GiB'],
  [2 ** 45, '32 TiB'],
])('%i bytes are written %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});
