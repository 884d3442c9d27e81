import type { Json } from '../json.ts';

/** What is known of a value before anything runs. */
export type Type =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'number' }
  /** `values`: the only ones that there are. */
  | { readonly kind: 'text'; readonly values?: readonly string[] }
  | { readonly kind: 'list'; readonly item: Type }
  /** `rest`: the type of members that are not named; without it there are none. */
  | {
      readonly kind: 'object';
      readonly members: Readonly<Record<string, Type>>;
      readonly rest?: Type;
    }
  | { readonly kind: 'union'; readonly options: readonly Type[] };

export const UNKNOWN: Type = { kind: 'unknown' };
export const NULL: Type = { kind: 'null' };
export const BOOLEAN: Type = { kind: 'boolean' };
export const NUMBER: Type = { kind: 'number' };
export const TEXT: Type = { kind: 'text' };

export function listOf(item: Type): Type {
  return { kind: 'list', item };
}

export function objectOf(members: Readonly<Record<string, Type>>, rest?: Type): Type {
  return rest === undefined ? { kind: 'object', members } : { kind: 'object', members, rest };
}

/** One of these types, without repetition; unknown where one of them is. */
export function unionOf(types: readonly Type[]): Type {
  const options: Type[] = [];
  for (const type of types.flatMap(optionsOf)) {
    if (type.kind === 'unknown') return UNKNOWN;
    if (!options.some((other) => sameType(other, type))) options.push(type);
  }
  const [only] = options;
  return options.length === 1 && only !== undefined ? only : { kind: 'union', options };
}

/** The type, or null. */
export function nullable(type: Type): Type {
  return unionOf([type, NULL]);
}

/** Whether null is known to be possible. */
export function isNullable(type: Type): boolean {
  return optionsOf(type).some(({ kind }) => kind === 'null');
}

/** What is left of a type when null is out of the question. */
export function withoutNull(type: Type): Type {
  return isNullable(type) ? unionOf(optionsOf(type).filter(({ kind }) => kind !== 'null')) : type;
}

/** What a type can turn out to be. */
export function optionsOf(type: Type): readonly Type[] {
  return type.kind === 'union' ? type.options : [type];
}

/** Whether a value of the one can stand where the other is asked for. Texts are let into closed lists of values: only running tells. */
export function fits(from: Type, into: Type): boolean {
  if (from.kind === 'unknown' || into.kind === 'unknown') return true;
  if (from.kind === 'union') return from.options.every((option) => fits(option, into));
  if (into.kind === 'union') return into.options.some((option) => fits(from, option));
  if (from.kind === 'text' && into.kind === 'text') {
    return !from.values || !into.values || from.values.some((value) => into.values?.includes(value));
  }
  if (from.kind === 'list' && into.kind === 'list') return fits(from.item, into.item);
  if (from.kind === 'object' && into.kind === 'object') {
    return Object.entries(into.members).every(([name, type]) => fits(memberOf(from, name) ?? UNKNOWN, type));
  }
  return from.kind === into.kind;
}

/** The type of a member, undefined where the object cannot have it. A member that is not named may be missing: null. */
export function memberOf(type: Type & { kind: 'object' }, name: string): Type | undefined {
  if (Object.hasOwn(type.members, name)) return type.members[name];
  return type.rest === undefined ? undefined : nullable(type.rest);
}

/** The narrowest type that a value has: of text also which. */
export function typeOfValue(value: Json): Type {
  if (value === null) return NULL;
  if (typeof value === 'string') return { kind: 'text', values: [value] };
  if (typeof value === 'number') return NUMBER;
  if (typeof value === 'boolean') return BOOLEAN;
  if (Array.isArray(value)) return listOf(value.length === 0 ? UNKNOWN : unionOf(value.map(typeOfItem)));
  return objectOf(Object.fromEntries(Object.entries(value).map(([name, each]) => [name, typeOfValue(each)])));
}

/** Of lists only the kinds of their items count: what a list holds may be long. */
function typeOfItem(value: Json): Type {
  const type = typeOfValue(value);
  return type.kind === 'text' ? TEXT : type;
}

/** `text`, `a list of text or null`, `"a" or "b"`; one word list for all messages. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case 'unknown':
      return 'anything';
    case 'null':
      return 'null';
    case 'boolean':
      return 'true or false';
    case 'number':
      return 'a number';
    case 'text':
      return type.values === undefined || type.values.length > 8
        ? 'text'
        : describeChoice(type.values.map((value) => JSON.stringify(value)));
    case 'list':
      return type.item.kind === 'unknown' ? 'a list' : `a list of ${describeItems(type.item)}`;
    case 'object':
      return 'a mapping';
    case 'union':
      return describeChoice([...new Set(type.options.map(describeType))]);
  }
}

function describeItems(item: Type): string {
  if (item.kind === 'number') return 'numbers';
  if (item.kind === 'list') return 'lists';
  if (item.kind === 'object') return 'mappings';
  return describeType(item);
}

/** `a, b or c` */
export function describeChoice(choices: readonly string[]): string {
  if (choices.length < 2) return choices.join('');
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}

/** The kind of a value without its details, for what a message says that it got. */
export function describeKind(type: Type): string {
  return type.kind === 'text' ? 'text' : describeType(type);
}

function sameType(a: Type, b: Type): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
