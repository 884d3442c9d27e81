import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../../../src/sandbox/kit/folder.ts';

test('a folder is made with those above it, also by two at once', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'folder-'));
  try {
    await Promise.all([makeFolder(join(dir, 'a/b/c')), makeFolder(join(dir, 'a/b/c'))]);
    expect((await stat(join(dir, 'a/b/c'))).isDirectory()).toBe(true);
    // Keys will be in it, and `serve` makes the data folder this way.
    for (const made of ['a', 'a/b/c']) expect((await stat(join(dir, made))).mode & 0o777).toBe(0o700);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('where no folder can be, it is told at once', async () => {
  await expect(makeFolder('/proc/packprobe/sandbox')).rejects.toThrow('/proc/packprobe');
});
