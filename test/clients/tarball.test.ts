import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sourceTarball } from '../../src/clients/tarball.ts';

const options = { folder: 'foo-1.0', readme: 'packprobe run 1\n', at: Date.UTC(2026, 10, 21) };

test('tar reads what was made', () => {
  const { bytes } = sourceTarball(options);
  expect(execFileSync('tar', ['-tzf', '-'], { input: bytes, encoding: 'utf8' })).toBe(
    'foo-1.0/\nfoo-1.0/README\n',
  );
  expect(execFileSync('tar', ['-xzOf', '-', 'foo-1.0/README'], { input: bytes, encoding: 'utf8' })).toBe(
    options.readme,
  );
});

test('the same run makes the same bytes, another run others', () => {
  const first = sourceTarball(options);
  expect(sourceTarball(options)).toEqual(first);
  expect(sourceTarball({ ...options, readme: 'packprobe run 2\n' }).sha512).not.toBe(first.sha512);
});

test('it is small, and its hash is that of its bytes', () => {
  const { bytes, sha512 } = sourceTarball(options);
  expect(bytes.length).toBeLessThan(600);
  expect(createHash('sha512').update(bytes).digest('hex')).toBe(sha512);
});
