import { z } from 'zod';
import {
  BOOLEAN,
  listOf,
  NULL,
  NUMBER,
  nullable,
  objectOf,
  TEXT,
  type Type,
  typeOfValue,
  UNKNOWN,
  unionOf,
} from './expression/type.ts';
import type { Json } from './json.ts';

/** The parts of JSON Schema that zod writes. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: Json;
  readonly enum?: readonly Json[];
  readonly const?: Json;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
}

const cache = { input: new WeakMap<z.ZodType, JsonSchema>(), output: new WeakMap<z.ZodType, JsonSchema>() };

/** What a schema takes (`input`) or gives (`output`), as data: the one form in which types, names and editors are asked about it. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const known = cache[io].get(schema);
  if (known !== undefined) return known;
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
  cache[io].set(schema, made);
  return made;
}

/** Follows a reference within its own document; what points nowhere takes anything. */
export function resolveRef(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (schema.$ref === undefined) return schema;
  if (schema.$ref === '#') return root;
  const name = /^#\/\$defs\/(?<name>.+)$/.exec(schema.$ref)?.groups?.['name'];
  return (name === undefined ? undefined : root.$defs?.[name]) ?? {};
}

/** The schemas that a value at `path` may follow. */
export function schemasAt(root: JsonSchema, path: readonly (string | number)[]): readonly JsonSchema[] {
  let current = alternatives(root, root);
  for (const part of path) {
    current = current.flatMap((schema) => {
      const next = typeof part === 'number' ? schema.items : memberSchema(schema, part);
      return next === undefined ? [] : alternatives(next, root);
    });
  }
  return current;
}

function memberSchema(schema: JsonSchema, name: string): JsonSchema | undefined {
  if (schema.properties && Object.hasOwn(schema.properties, name)) return schema.properties[name];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

function alternatives(schema: JsonSchema, root: JsonSchema, depth = 0): readonly JsonSchema[] {
  const resolved = resolveRef(schema, root);
  const options = resolved.anyOf ?? resolved.oneOf;
  if (options === undefined || depth > 5) return [resolved];
  return options.flatMap((option) => alternatives(option, root, depth + 1));
}

/** What a missing member is: null where steps hand it on, left out of the type where it is known to be there. */
export type Missing = 'null' | 'present';

/** The type of the values that a schema describes. */
export function typeOfSchema(schema: JsonSchema, missing: Missing = 'null', root = schema, depth = 0): Type {
  // A schema that holds itself (any JSON) has no end.
  if (depth > 12) return UNKNOWN;
  const inner = (each: JsonSchema) => typeOfSchema(each, missing, root, depth + 1);
  if (schema.$ref !== undefined) return inner(resolveRef(schema, root));
  if (schema.enum !== undefined) return typeOfValues(schema.enum);
  if (schema.const !== undefined) return typeOfValue(schema.const);
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return unionOf(options.map(inner));
  if (typeof schema.type === 'object') return unionOf(schema.type.map((type) => inner({ ...schema, type })));
  switch (schema.type) {
    case 'string':
      return TEXT;
    case 'number':
    case 'integer':
      return NUMBER;
    case 'boolean':
      return BOOLEAN;
    case 'null':
      return NULL;
    case 'array':
      return listOf(schema.items === undefined ? UNKNOWN : inner(schema.items));
    case 'object': {
      const members = Object.entries(schema.properties ?? {}).map(([name, member]) => {
        const isThere = missing === 'present' || schema.required?.includes(name);
        return [name, isThere ? inner(member) : nullable(inner(member))];
      });
      const rest = schema.additionalProperties;
      return objectOf(Object.fromEntries(members), typeof rest === 'object' ? inner(rest) : undefined);
    }
    default:
      return UNKNOWN;
  }
}

function typeOfValues(values: readonly Json[]): Type {
  const texts = values.filter((value) => typeof value === 'string');
  const others = values.filter((value) => typeof value !== 'string').map(typeOfValue);
  return unionOf([...(texts.length > 0 ? [{ kind: 'text', values: texts } as const] : []), ...others]);
}
