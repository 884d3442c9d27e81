import { describe, expect, test } from 'vitest';
import { FAULT_KINDS } from '../../src/core/fault.ts';
import { SYSTEMS } from '../../src/core/system.ts';
import { readSource, sourceFiles } from '../support/sources.ts';

const PAGE = readSource('docs/faults.md');

/** Rows of the tables of the page: `| CODE | kind | charged to | meaning | what to do |`. */
const rows = [
  ...PAGE.matchAll(/^\| `([A-Z][A-Z0-9_]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm),
].map(([, code = '', kinds = '', systems = '', meaning = '', remedy = '']) => ({
  code,
  kinds: kinds.split(',').map((kind) => kind.trim()),
  systems: systems.split(',').map((system) => system.trim()),
  meaning: meaning.trim(),
  remedy: remedy.trim(),
}));

/** Every code that a source file gives a fault: upper-case words in quotes that stand where a code is meant. */
const used = new Set(
  sourceFiles('src')
    .filter((file) => !file.startsWith('src/sandbox/'))
    .flatMap((file) =>
      [...readSource(file).matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)].map(([, code = '']) => code),
    ),
);

/** Constants of the world that look like codes and are none. */
const NO_CODES = new Set<string>([
  'NEEDS_INSPECTION',
  'XDG_STATE_HOME',
  'PACKPROBE_DATA_DIR',
  'PACKPROBE_CONFIG',
  'PACKPROBE_RUN',
  'PACKPROBE_REVISION',
  'PACKPROBE_SANDBOX',
  'NO_COLOR',
  'LC_ALL',
  // What Matrix homeservers say.
  'M_FORBIDDEN',
  'M_LIMIT_EXCEEDED',
  // How the yaml library calls a tag that it does not know.
  'TAG_RESOLVE_FAILED',
]);

describe('docs/faults.md', () => {
  test('names every code that the sources use', () => {
    const known = new Set(rows.map(({ code }) => code));
    expect([...used].filter((code) => !known.has(code) && !NO_CODES.has(code)).sort()).toEqual([]);
  });

  test('names no code that the sources do not use', () => {
    expect(rows.map(({ code }) => code).filter((code) => !used.has(code))).toEqual([]);
  });

  test('names each code once', () => {
    const codes = rows.map(({ code }) => code);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  test.each(rows)(
    'says of $code a kind, a charge, a meaning and what to do',
    ({ kinds, systems, meaning, remedy }) => {
      for (const kind of kinds) expect(FAULT_KINDS).toContain(kind);
      for (const system of systems) expect([...SYSTEMS, 'own', 'the step’s system']).toContain(system);
      expect(meaning).not.toBe('');
      expect(remedy).not.toBe('');
    },
  );
});
