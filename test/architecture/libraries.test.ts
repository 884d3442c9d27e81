import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { freshDir } from '../support/packprobe.ts';
import { ROOT } from '../support/sources.ts';

test('a library that the build makes one module of offers what it offered before', async () => {
  using place = freshDir();
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'scripts/libraries.ts'), join(place.dir, 'dist')],
    { encoding: 'utf8' },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const libraries = join(place.dir, 'dist/node_modules');
  const names = readdirSync(libraries);
  expect(names).toEqual(['kysely', 'zod']);
  for (const name of names) {
    expect(readdirSync(join(libraries, name)).sort()).toEqual(['LICENSE', 'index.js', 'package.json']);
    const made = await import(pathToFileURL(join(libraries, name, 'index.js')).href);
    const installed = await import(name);
    expect(Object.keys(made)).toEqual(Object.keys(installed));
    const { version } = JSON.parse(readFileSync(join(libraries, name, 'package.json'), 'utf8'));
    const theirs = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));
    expect(version).toBe(theirs.version);
  }
});
