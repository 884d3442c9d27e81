import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readConfig, readEnvironment } from '../../src/core/config.ts';
import { ConfigError } from '../../src/core/config-error.ts';
import { readYaml } from '../../src/core/yaml-document.ts';
import { plan } from '../support/fake-actions.ts';

const KEYS = [
  'name',
  'steps',
  'uses',
  'with',
  'if',
  'id',
  'timeout',
  'params',
  'default',
  'type',
  'nvr',
  'retry',
  'enum',
];
const VALUES = [
  'koji/build',
  'fas/login',
  'a',
  '1h',
  `\${{ steps.build.nvr }}`,
  `\${{ 'x`,
  `x \${{ run.id }}`,
  '',
  'integer',
];

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(...VALUES, null, true, 3, -1.5),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 5 }),
  ),
}));

function onlyConfigErrors(work: () => unknown): void {
  try {
    work();
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    expect(thrown.faults.length).toBeGreaterThan(0);
    for (const fault of thrown.faults) expect(fault.message).not.toContain('\u0000');
  }
}

test('whatever stands in a file, it is read or refused with faults', () => {
  fc.assert(
    fc.property(value, fc.constantFrom('', 'name: a\nsteps:\n'), (each, head) => {
      const text = head === '' ? stringify(each) : head + stringify([each]).replaceAll(/^/gm, '  ');
      onlyConfigErrors(() => plan(text));
      onlyConfigErrors(() => readConfig('c.yaml', text));
      onlyConfigErrors(() => readEnvironment('e.yaml', text));
    }),
    { numRuns: 300 },
  );
});

test('any text is YAML or has faults, each with a place in the file', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'ab:-?[]{},&*!|>\'"%@# \n\t1'), maxLength: 40 }),
      (text) => {
        const { faults, broken } = readYaml('f.yaml', text);
        expect(broken).toBe(broken && faults.length > 0);
        for (const { line } of faults) expect(line).toBeLessThanOrEqual(text.split('\n').length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('plain values that are written as YAML are read as they were', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (each) => {
      const plain = JSON.parse(JSON.stringify(each));
      expect(JSON.stringify(readYaml('f.yaml', stringify(plain)).value)).toBe(JSON.stringify(plain));
    }),
  );
});
