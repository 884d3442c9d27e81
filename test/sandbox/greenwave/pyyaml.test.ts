import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pyYamlFault } from '../../../src/sandbox/greenwave/pyyaml.ts';
import { Crash } from '../../../src/sandbox/resultsdb/flask.ts';

interface Case {
  readonly name: string;
  readonly text: string;
  /** What `yaml.compose_all` of PyYAML 6.0.3 raised; null where it read the text. */
  readonly fault: string | null;
}

const CASES = JSON.parse(readFileSync(new URL('pyyaml-6.0.3.json', import.meta.url), 'utf8')) as Case[];

test('every fault is told in the words and with the places of PyYAML', () => {
  expect(CASES.length).toBeGreaterThan(70);
  const told = CASES.map(({ name, text }) => ({
    name,
    fault: pyYamlFault(text, '<unicode string>') ?? null,
  }));
  expect(told).toEqual(CASES.map(({ name, fault }) => ({ name, fault })));
});

test('a text that is nested without end breaks the server as it breaks Python, and nothing else', () => {
  expect(() => pyYamlFault('['.repeat(100_000), '<byte string>')).toThrow(Crash);
  expect(pyYamlFault('['.repeat(400) + ']'.repeat(400), '<byte string>')).toBeUndefined();
});
