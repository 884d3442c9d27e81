import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRealClients, isInPath } from '../../src/platform/real-clients.ts';
import { writeCommands } from '../../src/sandbox/stand-ins/commands.ts';
import { WRITTEN_BY_SANDBOX } from '../../src/sandbox/stand-ins/mark.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'packprobe-clients-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Programs of these names in a folder below `dir`. */
async function programs(folder: string, names: readonly string[], mode = 0o755): Promise<string> {
  await mkdir(join(dir, folder), { recursive: true });
  for (const name of names) await writeFile(join(dir, folder, name), '#!/bin/sh\nexit 0\n', { mode });
  return join(dir, folder);
}

const find = (path: string | undefined) =>
  findRealClients({ path, packageDir: join(dir, 'checkout'), notWith: WRITTEN_BY_SANDBOX });

test('those in PATH come before those of the checkout', async () => {
  const host = await programs('host', ['koji']);
  const own = await programs('checkout/.clients/bin', ['koji', 'bodhi', 'fedpkg']);
  expect(await find(`/nowhere:${host}`)).toEqual({
    found: { koji: join(host, 'koji'), bodhi: join(own, 'bodhi'), fedpkg: join(own, 'fedpkg') },
    missing: [],
  });
});

test('what is not there is named, with and without a PATH', async () => {
  const host = await programs('host', ['bodhi']);
  expect((await find(host)).missing).toEqual(['koji', 'fedpkg']);
  expect(await find(undefined)).toEqual({ found: {}, missing: ['koji', 'bodhi', 'fedpkg'] });
});

test('a file that cannot be run and a folder of the name are no command', async () => {
  const files = await programs('files', ['koji'], 0o644);
  await mkdir(join(dir, 'folders/koji'), { recursive: true });
  expect((await find(`${files}:${join(dir, 'folders')}`)).found).toEqual({});
});

test('the commands of another sandbox are not taken for real ones, stand-in or not', async () => {
  const host = await programs('host', ['koji']);
  const bin = join(dir, 'bin');
  await writeCommands(bin, {
    ...{ user: 'alice', password: 'p', fedpkgConfig: '/f.conf' },
    programs: { koji: join(host, 'koji') },
  });
  expect((await find(bin)).found).toEqual({});
  expect((await find(`${bin}:${host}`)).found).toEqual({ koji: join(host, 'koji') });
});

test('whether a command is in PATH is told by its file', async () => {
  const host = await programs('host', ['spectool']);
  expect(await isInPath('spectool', `/nowhere:${host}`)).toBe(true);
  expect(await isInPath('spectool', '/nowhere')).toBe(false);
  expect(await isInPath('spectool')).toBe(false);
});
