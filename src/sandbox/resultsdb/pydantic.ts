/** One violation as pydantic lists it, without the context that the servers leave out. */
export interface Violation {
  readonly input: unknown;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
  readonly url: string;
}

/** What a field's check gives back: its value, or what is wrong with it. */
export type Checked<Value> =
  | { readonly value: Value }
  | { readonly type: string; readonly msg: string; readonly loc?: readonly (string | number)[] };

export type Check<Value> = (input: unknown) => Checked<Value>;

export const optional =
  <Value>(check: Check<Value>): Check<Value | null> =>
  (input) =>
    input === null ? { value: null } : check(input);

export const text: Check<string> = (input) =>
  typeof input === 'string'
    ? { value: input }
    : { type: 'string_type', msg: 'Input should be a valid string' };

export const fullText: Check<string> = (input) =>
  input === '' ? { type: 'string_too_short', msg: 'String should have at least 1 character' } : text(input);

/** Accepts what pydantic takes for a whole number outside of its strict mode. */
export const integer: Check<number> = (input) => {
  if (typeof input === 'boolean') return { value: Number(input) };
  if (typeof input === 'number') {
    return Number.isInteger(input)
      ? { value: input }
      : {
          type: 'int_from_float',
          msg: 'Input should be a valid integer, got a number with a fractional part',
        };
  }
  if (typeof input === 'string') {
    return /^\s*[+-]?\d+(?:\.0+)?\s*$/.test(input)
      ? { value: Number(input) }
      : {
          type: 'int_parsing',
          msg: 'Input should be a valid integer, unable to parse string as an integer',
        };
  }
  return { type: 'int_type', msg: 'Input should be a valid integer' };
};

const TRUE = new Set(['1', 'on', 't', 'true', 'y', 'yes']);
const FALSE = new Set(['0', 'off', 'f', 'false', 'n', 'no']);

export const truth: Check<boolean> = (input) => {
  if (typeof input === 'boolean') return { value: input };
  if (typeof input === 'string' || typeof input === 'number') {
    const word = String(input).toLowerCase();
    if (TRUE.has(word)) return { value: true };
    if (FALSE.has(word)) return { value: false };
    return { type: 'bool_parsing', msg: 'Input should be a valid boolean, unable to interpret input' };
  }
  return { type: 'bool_type', msg: 'Input should be a valid boolean' };
};

export const dictionary: Check<Readonly<Record<string, unknown>>> = (input) =>
  isDictionary(input) ? { value: input } : { type: 'dict_type', msg: 'Input should be a valid dictionary' };

export const list: Check<readonly unknown[]> = (input) =>
  Array.isArray(input) ? { value: input } : { type: 'list_type', msg: 'Input should be a valid list' };

export function isDictionary(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A fault that a validator of the application raised. */
export function valueError(message: string): { readonly type: string; readonly msg: string } {
  return { type: 'value_error', msg: `Value error, ${message}` };
}

/** Checks fields one by one and keeps what is wrong, in the order of asking. */
export class Validation {
  readonly violations: Violation[] = [];
  readonly #version: string;
  readonly #at: readonly (string | number)[];

  constructor(version: string, at: readonly (string | number)[] = []) {
    this.#version = version;
    this.#at = at;
  }

  /** The value of a field; `fallback` where it was left out, a violation where there is none. */
  field<Value>(
    body: Readonly<Record<string, unknown>>,
    name: string,
    check: Check<Value>,
    fallback?: Value,
  ): Value | undefined {
    const input = body[name];
    if (input === undefined) {
      if (fallback === undefined) this.blame(body, [name], { type: 'missing', msg: 'Field required' });
      return fallback;
    }
    const checked = check(input);
    if ('value' in checked) return checked.value;
    this.blame(input, [name, ...(checked.loc ?? [])], checked);
    return undefined;
  }

  blame(
    input: unknown,
    loc: readonly (string | number)[],
    fault: { readonly type: string; readonly msg: string },
  ): void {
    const url = `https://errors.pydantic.dev/${this.#version}/v/${fault.type}`;
    this.violations.push({ input, loc: [...this.#at, ...loc], msg: fault.msg, type: fault.type, url });
  }
}
