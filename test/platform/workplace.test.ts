import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workplacesBelow } from '../../src/platform/workplace.ts';
import { freshDir } from '../support/packprobe.ts';
import { testEnvironment } from '../support/step-context.ts';

function worldBelow(dir: string) {
  const workplaces = workplacesBelow({
    dir,
    env: {},
    commandEnvironment: (_, home) => ({ HOME: home }),
    homeFiles: () => [{ path: '.gitconfig', content: '[user]\n', mode: 0o600 }],
  });
  return {
    remove: workplaces.remove,
    open: (name: string, former?: readonly string[]) =>
      workplaces.open({ name, run: 'RUN', environment: testEnvironment(), ...(former && { former }) }),
    /** A folder as an owner left it. */
    leave(name: string, text: string) {
      mkdirSync(join(dir, name), { recursive: true });
      writeFileSync(join(dir, name, 'note'), text);
    },
    note: (name: string) => readFileSync(join(dir, name, 'note'), 'utf8'),
  };
}

test('the folder of the owner before gets the name of the new one, with all in it', async () => {
  using place = freshDir();
  const { open, leave, note } = worldBelow(place.dir);
  leave('RUN-2', 'newest');
  leave('RUN-1', 'older');
  const opened = await open('RUN-3', ['RUN-2', 'RUN-1', 'RUN']);
  expect(opened.dir).toBe(join(place.dir, 'RUN-3'));
  expect(opened.former).toEqual(['RUN-2', 'RUN-1', 'RUN'].map((name) => join(place.dir, name)));
  expect(note('RUN-3')).toBe('newest');
  expect(existsSync(join(place.dir, 'RUN-3/home/.gitconfig'))).toBe(true);
  expect(readdirSync(place.dir)).toEqual(['RUN-1', 'RUN-3']);
});

test.each([
  ['an owner died before it took the folder', 'RUN-1'],
  ['it comes from a version whose owners shared one', 'RUN'],
])('an older folder is gone on with where %s', async (_, left) => {
  using place = freshDir();
  const { open, leave, note } = worldBelow(place.dir);
  leave(left, 'older');
  await open('RUN-3', ['RUN-2', 'RUN-1', 'RUN']);
  expect(note('RUN-3')).toBe('older');
  expect(readdirSync(place.dir)).toEqual(['RUN-3']);
});

test('where no folder is left, an empty one is made', async () => {
  using place = freshDir();
  await worldBelow(place.dir).open('RUN-2', ['RUN-1', 'RUN']);
  expect(readdirSync(join(place.dir, 'RUN-2'))).toEqual(['home']);
});

test('who was not taken over removes what is there, and nothing of anybody else', async () => {
  using place = freshDir();
  const { open, leave } = worldBelow(place.dir);
  leave('RUN-1', 'stale');
  leave('OTHER-1', 'not ours');
  await open('RUN-1');
  expect(readdirSync(join(place.dir, 'RUN-1'))).toEqual(['home']);
  expect(readdirSync(place.dir)).toEqual(['OTHER-1', 'RUN-1']);
});

test('a former owner that goes on misses the folder: what it writes lies under its own name', async () => {
  using place = freshDir();
  const { open } = worldBelow(place.dir);
  const former = await open('RUN-1');
  await former.files.write('note', 'ours');
  const next = await open('RUN-2', ['RUN-1', 'RUN']);
  await expect(former.files.read('note')).rejects.toThrow('cannot read note: ENOENT');
  await former.files.write('note', 'spoilt');
  await former.files.remove('home');
  expect(await next.files.read('note')).toBe('ours');
  expect(await next.files.exists('home/.gitconfig')).toBe(true);
});

test('a folder that cannot be taken over is a fault of our disk', async () => {
  using place = freshDir();
  const { open, leave } = worldBelow(place.dir);
  leave('RUN-1', 'ours');
  // As no owner leaves it: the name of the new one is taken already.
  leave('RUN-2', 'in the way');
  await expect(open('RUN-2', ['RUN-1'])).rejects.toMatchObject({
    code: 'DISK_FAILED',
    message: `cannot make the work folder ${join(place.dir, 'RUN-2')}: ENOTEMPTY`,
  });
});
