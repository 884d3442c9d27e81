import type { Json } from '../json.ts';
import {
  BOOLEAN,
  describeKind,
  listOf,
  NUMBER,
  TEXT,
  type Type,
  UNKNOWN,
  unionOf,
  withoutNull,
} from './type.ts';

/** A function that every expression may call. */
export interface FunctionDefinition {
  readonly usage: string;
  readonly parameters: readonly Type[];
  /** How many of the parameters must be given. */
  readonly required: number;
  result(args: readonly Type[]): Type;
  /** What is wrong with arguments that fit one by one. */
  mismatch?(args: readonly Type[]): string | undefined;
  /** Called with arguments that fit. */
  run(args: readonly Json[]): Json;
}

const SCALAR = unionOf([TEXT, NUMBER, BOOLEAN]);

export const FUNCTIONS: Readonly<Record<string, FunctionDefinition>> = {
  contains: {
    usage: 'contains(text or list, what)',
    parameters: [unionOf([TEXT, listOf(UNKNOWN)]), UNKNOWN],
    required: 2,
    result: () => BOOLEAN,
    mismatch: ([whole, what]) =>
      whole?.kind === 'text' && what !== undefined && what.kind !== 'text' && what.kind !== 'unknown'
        ? `contains() looks in text for text, got ${describeKind(what)}`
        : undefined,
    run: ([whole, what]) => {
      if (typeof whole === 'string') return typeof what === 'string' && whole.includes(what);
      return Array.isArray(whole) && whole.some((item) => equal(item, what ?? null));
    },
  },
  starts_with: {
    usage: 'starts_with(text, beginning)',
    parameters: [TEXT, TEXT],
    required: 2,
    result: () => BOOLEAN,
    run: ([text, beginning]) => String(text).startsWith(String(beginning)),
  },
  ends_with: {
    usage: 'ends_with(text, end)',
    parameters: [TEXT, TEXT],
    required: 2,
    result: () => BOOLEAN,
    run: ([text, end]) => String(text).endsWith(String(end)),
  },
  join: {
    usage: "join(list, separator = ',')",
    parameters: [listOf(SCALAR), TEXT],
    required: 1,
    result: () => TEXT,
    run: ([list, separator = ',']) => (Array.isArray(list) ? list.join(String(separator)) : ''),
  },
  to_json: {
    usage: 'to_json(value)',
    parameters: [UNKNOWN],
    required: 1,
    result: () => TEXT,
    run: ([value]) => JSON.stringify(value),
  },
  default: {
    usage: 'default(value, instead of null)',
    parameters: [UNKNOWN, UNKNOWN],
    required: 2,
    result: ([value = UNKNOWN, instead = UNKNOWN]) => unionOf([withoutNull(value), instead]),
    run: ([value = null, instead = null]) => value ?? instead,
  },
};

/** Only in `if`: they ask how the run stands. */
export const STATUS_FUNCTIONS = ['success', 'failure'] as const;

/** Whether two values are the same, lists and mappings by what they hold. */
export function equal(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries(a);
  const right = new Map<string, Json>(Object.entries(b));
  return (
    left.length === right.size &&
    left.every(([name, value]) => {
      const other = right.get(name);
      return other !== undefined && equal(value, other);
    })
  );
}
