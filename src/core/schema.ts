import type { z } from 'zod';
import { configSchema } from './config.ts';
import { environmentSchema } from './environment.ts';
import { type JsonSchema, jsonSchema } from './json-schema.ts';
import { probeSchema } from './probe.ts';
import { proceduresSchema } from './procedures.ts';
import { scenarioSchema } from './scenario.ts';
import type { Action } from './step.ts';

export const SCHEMA_KINDS = ['probe', 'config', 'environment', 'scenario', 'procedures'] as const;

export type SchemaKind = (typeof SCHEMA_KINDS)[number];

type Definitions = Record<string, JsonSchema>;

const EXPRESSION = '#/$defs/expression';

/** The JSON Schema (draft 2020-12) of a kind of file, made from what reads it. Without actions any `uses` and `with` is let through. */
export function jsonSchemaOf(kind: SchemaKind, actions: ReadonlyMap<string, Action> = new Map()): JsonSchema {
  if (kind === 'config') return titled('packprobe configuration', configSchema);
  if (kind === 'environment') return titled('packprobe environment', environmentSchema);
  if (kind === 'procedures') return titled('packprobe procedures', proceduresSchema);
  if (kind === 'scenario') return titled('packprobe scenario', scenarioSchema);
  const probe = titled('packprobe probe', probeSchema);
  return actions.size === 0 ? probe : withActions(probe, actions);
}

/** The schema files that stand in `config/`, as they should be there. */
export function schemaFiles(
  actions: ReadonlyMap<string, Action>,
): readonly { readonly path: string; readonly content: string }[] {
  return SCHEMA_KINDS.map((kind) => ({
    path: `config/${kind}.schema.json`,
    content: `${JSON.stringify(jsonSchemaOf(kind, actions), undefined, 2)}\n`,
  }));
}

function titled(title: string, schema: z.ZodType): JsonSchema {
  const { $schema, ...rest } = jsonSchema(schema, 'input');
  return { $schema, title, ...rest };
}

/** Ties what `with` takes to what `uses` names, so that an editor knows both. */
function withActions(probe: JsonSchema, actions: ReadonlyMap<string, Action>): JsonSchema {
  const { steps } = probe.properties ?? {};
  const step = steps?.items ?? {};
  const definitions: Definitions = {
    ...probe.$defs,
    expression: {
      type: 'string',
      pattern: '\\$\\{\\{[\\s\\S]*\\}\\}',
      description: `An expression, such as \`\${{ steps.build.nvr }}\`.`,
    },
  };
  const sorted = [...actions.values()].toSorted((a, b) => (a.uses < b.uses ? -1 : 1));
  const items: JsonSchema = {
    ...step,
    oneOf: sorted.map((action) => ({
      title: action.uses,
      properties: {
        uses: { const: action.uses, description: action.definition.summary },
        with: inputsOf(action, definitions),
      },
      required: ['uses'],
    })),
  };
  return {
    ...probe,
    properties: { ...probe.properties, steps: { ...steps, items } },
    $defs: definitions,
  };
}

/** What `with` of an action takes. Nothing is required: what is left out may be bound to an earlier step. */
function inputsOf({ uses, definition }: Action, definitions: Definitions): JsonSchema {
  const schema = jsonSchema(definition.input, 'input');
  // Names that zod makes up (`__schema0`) mean something else in each action.
  const rename = (name: string) => (name.startsWith('__') ? `${uses.replace('/', '.')}${name}` : name);
  const place = (each: JsonSchema): JsonSchema => mapSchema(each, rename);
  for (const [name, each] of Object.entries(schema.$defs ?? {})) definitions[rename(name)] = place(each);
  const properties = Object.entries(schema.properties ?? {}).map(([name, each]) => [
    name,
    orExpression(place(each)),
  ]);
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false };
}

function mapSchema(schema: JsonSchema, rename: (name: string) => string): JsonSchema {
  const text = JSON.stringify(schema);
  return JSON.parse(text, (key, value) =>
    key === '$ref' && typeof value === 'string'
      ? value.replace(/^#\/\$defs\/(.+)$/, (_, name: string) => `#/$defs/${rename(name)}`)
      : value,
  ) as JsonSchema;
}

/** The schema, or an expression in place of the value or of anything in it. */
function orExpression(schema: JsonSchema): JsonSchema {
  const { description, default: preset, ...rest } = schema;
  const about = {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
  };
  if (takesAnyText(rest)) return schema;
  return { ...about, anyOf: [withExpressionsInside(rest), { $ref: EXPRESSION }] };
}

function withExpressionsInside(schema: JsonSchema): JsonSchema {
  const { items, properties, additionalProperties } = schema;
  return {
    ...schema,
    ...(items === undefined ? {} : { items: orExpression(items) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, each]) => [name, orExpression(each)]),
          ),
        }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: orExpression(additionalProperties) }
      : {}),
  };
}

function takesAnyText(schema: JsonSchema): boolean {
  const keywords = Object.keys(schema);
  return keywords.length === 0 || (schema.type === 'string' && keywords.length === 1);
}
