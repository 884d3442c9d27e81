import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { sourceTarball } from '../../src/clients/tarball.ts';
import { MOST_UPLOAD_BYTES } from '../../src/schedule/daily-limits.ts';

test('no tarball of packprobe is larger than what is counted for it', () => {
  const folder = 'a-package-with-a-name-as-long-as-names-of-packages-get-in-fedora-1.2.3.20261121.019a9000';
  // Bytes that no packing makes smaller, many times what a run writes there.
  const readme = randomBytes(1024).toString('hex');
  expect(sourceTarball({ folder, readme, at: 0 }).bytes.length).toBeLessThan(MOST_UPLOAD_BYTES);
});
