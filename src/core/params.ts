import { ConfigError, type FileFault } from './config-error.ts';
import { BOOLEAN, NUMBER, objectOf, TEXT, type Type } from './expression/type.ts';
import type { JsonObject } from './json.ts';
import { type Parameter, type ParameterValue, type Probe, parameterMisfit } from './probe.ts';
import { nearest } from './suggest.ts';

/** What `--set` gave: texts, as a command line has them. */
export type GivenParams = Readonly<Record<string, string>>;

/**
 * The values of a probe's parameters. Throws a ConfigError with all that is wrong: unknown names, values of the wrong type, missing ones.
 *
 * @param source who gave them, for messages
 */
export function resolveParams(
  probe: Pick<Probe, 'params'>,
  given: GivenParams,
  source = '--set',
): JsonObject {
  const declared = probe.params;
  const faults: FileFault[] = [];
  const blame = (name: string, message: string, near?: string) => {
    const nearest = near === undefined ? {} : { did_you_mean: near };
    faults.push({ file: source, line: 0, column: 0, path: name, message, ...nearest });
  };
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declared, name)) {
      const near = nearest(name, Object.keys(declared));
      const known = near === undefined ? `; ${knownText(Object.keys(declared))}` : '';
      blame(name, `unknown parameter${known}`, near);
    }
  }
  const values: Record<string, ParameterValue> = {};
  for (const [name, parameter] of Object.entries(declared)) {
    const text = Object.hasOwn(given, name) ? given[name] : undefined;
    const value = text === undefined ? parameter.default : read(parameter, text);
    if (value === undefined) {
      blame(name, `missing; expected ${expectedOf(parameter)}`);
      continue;
    }
    const misfit = parameterMisfit(parameter.type, value);
    if (misfit !== undefined || parameter.enum?.includes(value) === false) {
      blame(name, `expected ${expectedOf(parameter)}, got ${JSON.stringify(text)}`);
    } else {
      values[name] = value;
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return values;
}

function knownText(names: readonly string[]): string {
  return names.length === 0 ? 'this probe has none' : `known are ${names.join(', ')}`;
}

/** The defaults alone, for when nobody is asked to run it. */
export function defaultParams(declared: Readonly<Record<string, Parameter>>): JsonObject {
  const known = Object.entries(declared).flatMap(([name, parameter]) =>
    parameter.default === undefined ? [] : [[name, parameter.default] as const],
  );
  return Object.fromEntries(known);
}

/** The type of `params` in expressions. A duration stays text, so that inputs of durations take it. */
export function paramsType(declared: Readonly<Record<string, Parameter>>): Type {
  const members = Object.entries(declared).map(([name, { type, enum: choices }]) => {
    if (type === 'boolean') return [name, BOOLEAN];
    if (type === 'integer' || type === 'number') return [name, NUMBER];
    if (choices === undefined) return [name, TEXT];
    return [name, { kind: 'text', values: choices.map(String) } satisfies Type];
  });
  return objectOf(Object.fromEntries(members));
}

function read({ type }: Parameter, text: string): ParameterValue {
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  const isNumber = (type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text);
  return isNumber ? Number(text) : text;
}

function expectedOf({ type, enum: choices }: Parameter): string {
  if (choices !== undefined) return choices.map((choice) => JSON.stringify(choice)).join(' or ');
  return parameterMisfit(type, Number.NaN) ?? 'a number';
}
