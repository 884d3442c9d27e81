import { expect, test } from 'vitest';
import type { JsonSchema } from '../../src/core/json-schema.ts';
import { jsonSchemaOf } from '../../src/core/schema.ts';
import { ACTIONS } from '../support/fake-actions.ts';

const probe = jsonSchemaOf('probe', ACTIONS);
const step = probe.properties!['steps']!.items!;
const inputsOf = (uses: string): JsonSchema =>
  step.oneOf!.find(({ properties }) => properties!['uses']!.const === uses)!.properties!['with']!;

test('every action is a choice of `uses` with its summary', () => {
  expect(step.oneOf?.map(({ properties }) => properties!['uses'])).toEqual(
    [...ACTIONS.keys()].sort().map((uses) => ({ const: uses, description: `Does ${uses}.` })),
  );
});

test('an input that is no text takes an expression too, whole or inside', () => {
  expect(inputsOf('bodhi/create-update').properties).toMatchObject({
    builds: { anyOf: [{ type: 'array', items: { type: 'string' } }, { $ref: '#/$defs/expression' }] },
    type: {
      default: 'enhancement',
      anyOf: [{ enum: ['bugfix', 'enhancement'] }, { $ref: '#/$defs/expression' }],
    },
    wait: { anyOf: [{ $ref: '#/$defs/duration' }, { $ref: '#/$defs/expression' }] },
  });
});

test('descriptions are kept, and nothing is required that may be bound', () => {
  const inputs = inputsOf('koji/build');
  expect(inputs.properties?.['dir']).toEqual({ type: 'string', description: 'Work tree.' });
  expect(inputs.required).toBeUndefined();
  expect(inputs.additionalProperties).toBe(false);
});

test.each(['probe', 'config', 'environment'] as const)(
  'every reference of the %s schema points somewhere',
  (kind) => {
    const schema = jsonSchemaOf(kind, ACTIONS);
    const references = JSON.stringify(schema).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g);
    for (const [, name] of references) expect(Object.keys(schema.$defs ?? {})).toContain(name);
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  },
);

test('without actions any `uses` is let through', () => {
  expect(jsonSchemaOf('probe').properties?.['steps']?.items?.oneOf).toBeUndefined();
});
