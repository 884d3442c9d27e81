import { describe, expect, test } from 'vitest';
import { importsOf, sourceFiles } from '../support/sources.ts';

const MIDDLE = ['engine', 'schedule', 'evidence', 'incidents', 'report'];

/** Which folders of `src/` each folder may import from, beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  platform: ['core'],
  store: ['core'],
  telemetry: ['core'],
  clients: ['core'],
  steps: ['core', 'clients'],
  sources: ['core', 'clients'],
  notify: ['core', 'clients'],
  ...Object.fromEntries(MIDDLE.map((room) => [room, ['core']])),
  sandbox: ['core'],
  service: ['core', ...MIDDLE],
  cli: ['core', 'service', ...MIDDLE],
  server: ['core', ...MIDDLE],
};

/** Where real things meet: they may import everything. */
const ROOTS = ['main.ts', 'main'];

/** Pure libraries that the ground may stand on. */
const CORE_LIBRARIES = ['zod', 'yaml', 'croner'];

const files = sourceFiles('src');

function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

describe('imports point downward', () => {
  test('every folder is in the table', () => {
    const rooms = new Set(files.map(roomOf).filter((room) => !ROOTS.includes(room)));
    expect([...rooms].filter((room) => MAY_IMPORT[room] === undefined)).toEqual([]);
  });

  test('no file imports from a folder that the table does not allow it', () => {
    const offending = files
      .filter((file) => !ROOTS.includes(roomOf(file)))
      .flatMap(importsOf)
      .filter(({ file, target }) => {
        if (!target.startsWith('src/')) return false;
        const [from, to] = [roomOf(file), roomOf(target)];
        return from !== to && !(MAY_IMPORT[from] ?? []).includes(to);
      })
      .map(({ file, line, target }) => `${file}:${line} imports ${target}`);
    expect(offending).toEqual([]);
  });

  test('the ground stands on pure libraries alone', () => {
    const offending = files
      .filter((file) => file.startsWith('src/core/'))
      .flatMap(importsOf)
      .filter(({ target }) => !target.startsWith('src/') && !CORE_LIBRARIES.includes(target))
      .map(({ file, line, target }) => `${file}:${line} imports ${target}`);
    expect(offending).toEqual([]);
  });

  test('every import is seen: there are more of them than files', () => {
    expect(files.flatMap(importsOf).length).toBeGreaterThan(files.length);
  });
});
