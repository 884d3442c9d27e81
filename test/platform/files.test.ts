import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, replaceFile } from '../../src/platform/files.ts';
import { freshDir } from '../support/packprobe.ts';

const modeOf = (file: string) => statSync(file).mode & 0o777;

test('who still has the old file open writes into none that anybody reads', async () => {
  using place = freshDir();
  const files = filesBelow(place.dir);
  await files.write('foo.spec', 'old');
  await using former = await open(join(place.dir, 'foo.spec'), 'r+');
  await files.write('foo.spec', 'new');
  await former.write('spoilt');
  expect(await files.read('foo.spec')).toBe('new');
});

test('nor does who has opened what it wrote beside, and was stopped there', async () => {
  using place = freshDir();
  const file = join(place.dir, 'sources');
  await using former = await open(`${file}.${process.pid}.new`, 'w');
  await replaceFile(file, 'new');
  await former.write('spoilt');
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(readdirSync(place.dir)).toEqual(['sources']);
});

test('folders are made on the way, and bytes stay bytes', async () => {
  using place = freshDir();
  await filesBelow(place.dir).write('a/b/c.tar', new Uint8Array([0, 255, 10]));
  expect([...readFileSync(join(place.dir, 'a/b/c.tar'))]).toEqual([0, 255, 10]);
});

test('the mode is the one asked for, also where the file was more open; unasked, it stays as it was', async () => {
  using place = freshDir();
  const files = filesBelow(place.dir);
  for (const name of ['secret', 'script']) {
    writeFileSync(join(place.dir, name), '');
    chmodSync(join(place.dir, name), 0o755);
  }
  await files.write('secret', 'x', { mode: 0o600 });
  await files.write('script', 'x');
  await files.write('fresh', 'x', { mode: 0o640 });
  expect(['secret', 'script', 'fresh'].map((name) => modeOf(join(place.dir, name)))).toEqual([
    0o600, 0o755, 0o640,
  ]);
});

test('a link stays a link: what it leads to is written', async () => {
  using place = freshDir();
  writeFileSync(join(place.dir, 'target'), 'old');
  symlinkSync('target', join(place.dir, 'link'));
  await filesBelow(place.dir).write('link', 'new');
  expect(readFileSync(join(place.dir, 'target'), 'utf8')).toBe('new');
  expect(readdirSync(place.dir)).toEqual(['link', 'target']);
});

test('what cannot be written is a fault of our disk, and leaves nothing beside', async () => {
  using place = freshDir();
  mkdirSync(join(place.dir, 'taken'));
  await expect(filesBelow(place.dir).write('taken', 'x')).rejects.toMatchObject({
    code: 'DISK_FAILED',
    message: 'cannot write taken: EISDIR',
  });
  expect(readdirSync(place.dir)).toEqual(['taken']);
});
