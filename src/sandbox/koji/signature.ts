import { type KojiFault, parameter, pythonFault } from './faults.ts';
import { isStruct, isTrue, repr, type Value } from './value.ts';

/** A function of the hub as Python declares it: its fault texts give this name and these arguments. */
export interface Signature {
  /** The inner name, such as `get_build` for `getBuild`. */
  readonly name: string;
  /** True for methods, whose `self` counts in Python's texts. */
  readonly bound: boolean;
  readonly parameters: readonly { readonly name: string; readonly fallback: Value | undefined }[];
  /** `*args`. */
  readonly rest: boolean;
  /** `**kwargs`: unknown names are let in. */
  readonly open: boolean;
  /** A wrong argument is an uncaught TypeError (fault 1) where the hub calls through another function. */
  readonly unchecked: boolean;
}

/** Arguments by name; those not given have their defaults. `rest` holds what `*args` caught. */
export type Arguments = Readonly<Record<string, Value>>;

/** Reads `get_build(buildInfo, strict=False)`; a name with a dot is a method. */
export function readSignature(text: string, unchecked = false): Signature {
  const open = text.indexOf('(');
  const name = text.slice(0, open);
  const parts = text
    .slice(open + 1, -1)
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return {
    name,
    bound: name.includes('.'),
    parameters: parts
      .filter((part) => !part.startsWith('*'))
      .map((part) => {
        const [parameterName = '', fallback] = part.split('=');
        return { name: parameterName, fallback: fallback === undefined ? undefined : literal(fallback) };
      }),
    rest: parts.some((part) => /^\*[^*]/.test(part)),
    open: parts.some((part) => part.startsWith('**')),
    unchecked,
  };
}

function literal(text: string): Value {
  if (text === 'None') return null;
  if (text === 'True') return true;
  if (text === 'False') return false;
  return text.startsWith("'") ? text.slice(1, -1) : Number(text);
}

/** Splits off the named arguments: a last struct whose marker is true. */
export function splitNamed(params: readonly Value[]): [readonly Value[], Readonly<Record<string, Value>>] {
  const last = params.at(-1);
  if (!isStruct(last) || !isTrue(last['__starstar'])) return [params, {}];
  const { __starstar: _, ...named } = last;
  return [params.slice(0, -1), named];
}

/** Gives each argument its name as Python would, with Python's complaints. */
export function bind(signature: Signature, params: readonly Value[]): Arguments {
  const [positional, named] = splitNamed(params);
  const { name, parameters } = signature;
  const complain = (text: string): KojiFault =>
    signature.unchecked ? pythonFault('TypeError', `${name}() ${text}`) : parameter(`${name}() ${text}`);
  const bound: Record<string, Value> = {};

  for (const [index, { name: key }] of parameters.entries()) {
    const value = positional[index];
    if (value !== undefined) bound[key] = value;
  }
  if (positional.length > parameters.length && !signature.rest) {
    throw complain(tooMany(signature, positional.length));
  }
  for (const [key, value] of Object.entries(named)) {
    if (!parameters.some((one) => one.name === key)) {
      if (!signature.open) throw complain(`got an unexpected keyword argument ${repr(key)}`);
    } else if (key in bound) throw complain(`got multiple values for argument ${repr(key)}`);
    bound[key] = value;
  }
  const missing = parameters.filter(({ name: key, fallback }) => !(key in bound) && fallback === undefined);
  if (missing.length > 0) {
    const names = missing.map((one) => repr(one.name));
    const shown =
      names.length === 2 ? names.join(' and ') : names.join(', ').replace(/, ([^,]*)$/, ', and $1');
    throw complain(
      `missing ${names.length} required positional argument${names.length === 1 ? '' : 's'}: ${shown}`,
    );
  }
  for (const { name: key, fallback } of parameters) if (!(key in bound)) bound[key] = fallback ?? null;
  if (signature.rest) bound['rest'] = positional.slice(parameters.length);
  return bound;
}

function tooMany({ parameters, bound }: Signature, given: number): string {
  const self = bound ? 1 : 0;
  const most = parameters.length + self;
  const least = parameters.filter(({ fallback }) => fallback === undefined).length + self;
  const takes = least === most ? String(most) : `from ${least} to ${most}`;
  const total = given + self;
  const plural = least === most && most === 1 ? 'argument' : 'arguments';
  return `takes ${takes} positional ${plural} but ${total} ${total === 1 ? 'was' : 'were'} given`;
}
