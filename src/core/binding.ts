import type { z } from 'zod';
import type { FileFault } from './config-error.ts';
import type { Surroundings } from './expression/check.ts';
import type { ExpressionFault } from './expression/token.ts';
import { describeType, fits, memberOf, type Type, UNKNOWN, withoutNull } from './expression/type.ts';
import type { Json } from './json.ts';
import { type JsonSchema, jsonSchema, typeOfSchema } from './json-schema.ts';
import { judge } from './schema-faults.ts';
import type { Action } from './step.ts';
import { nearest } from './suggest.ts';
import { checkTemplate, hasExpression, readTemplate, type Template } from './template.ts';
import { formatPath, type Path, type YamlDocument } from './yaml-document.ts';

/** Where the value of an input comes from. An input that is neither is left to the action's default. */
export type PlannedInput =
  | { readonly from: 'file'; readonly template: Template }
  | { readonly from: 'step'; readonly step: string; readonly output: string };

/** A step that stands before the one whose inputs are bound. */
export interface EarlierStep {
  readonly id: string;
  /** What it gives: nullable where it may be skipped; unknown where its action is. */
  readonly outputs: Type;
}

export interface BindingRequest {
  readonly document: YamlDocument;
  /** Of the step. */
  readonly path: Path;
  readonly action: Action;
  readonly given: Readonly<Record<string, Json>>;
  readonly earlier: readonly EarlierStep[];
  readonly surroundings: Surroundings;
  readonly report: (fault: FileFault) => void;
}

/** Finds a source for each input of a step, and everything that is wrong with those that the file gives. */
export function bindInputs(request: BindingRequest): ReadonlyMap<string, PlannedInput> {
  const { action, given, report } = request;
  const { input } = action.definition;
  const schema = jsonSchema(input, 'input');
  const names = Object.keys(input.shape);
  const inputs = new Map<string, PlannedInput>();
  let faults = 0;
  const counted: BindingRequest = {
    ...request,
    report: (fault) => {
      faults++;
      report(fault);
    },
  };

  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(input.shape, name)) {
      counted.report(unknownInput(request, name, names));
      continue;
    }
    inputs.set(name, { from: 'file', template: readInput(counted, name, value, schema) });
  }
  for (const name of names) {
    if (Object.hasOwn(given, name) || action.definition.unbound?.includes(name)) continue;
    const bound = bindInput(counted, name, schema);
    if (bound !== undefined) inputs.set(name, bound);
  }
  const isLiteral = [...inputs.values()].every(
    (each) => each.from === 'file' && each.template.kind === 'value',
  );
  const isComplete = names.every((name) => inputs.has(name) || !isRequired(action, name));
  if (faults === 0 && isLiteral && isComplete) {
    const whole = judge(input, { ...subjectOf(request), value: given });
    for (const fault of whole.faults) report(fault);
  }
  return inputs;
}

function subjectOf({ document, path }: BindingRequest) {
  return { document, at: [...path, 'with'], noun: 'input' } as const;
}

function readInput(request: BindingRequest, name: string, value: Json, schema: JsonSchema): Template {
  const { action, document, path, surroundings, report } = request;
  const at = [...path, 'with', name];
  const field = fieldOf(action, name);
  if (!hasExpression(value)) {
    const result = judge(field, { document, at, value });
    for (const fault of result.faults) report(fault);
    return { kind: 'value', value };
  }
  const blame = (where: Path, fault: ExpressionFault) => report(expressionFault(document, where, fault));
  const template = readTemplate(value, blame, at);
  checkTemplate(template, typeOfInput(schema, name), surroundings, blame, at);
  return template;
}

function bindInput(request: BindingRequest, name: string, schema: JsonSchema): PlannedInput | undefined {
  const { document, path, action, earlier, report } = request;
  const at = [...path, 'with', name];
  const blame = (message: string, expected: string) =>
    report({ file: document.file, ...document.placeOfKey(at), path: formatPath(at), message, expected });
  const offers = earlier.filter(
    ({ outputs }) => outputs.kind === 'object' && name !== 'outcome' && memberOf(outputs, name) !== undefined,
  );
  const required = isRequired(action, name);
  const wanted = typeOfInput(schema, name);
  const [offer, ...more] = offers;
  if (offer === undefined) {
    // A step whose action is unknown may be the one that gives it: its fault is told already.
    const mayCome = earlier.some(({ outputs }) => outputs.kind === 'unknown');
    if (required && !mayCome) {
      blame(
        `missing input, and no earlier step gives a "${name}"; expected ${describeType(wanted)}`,
        describeType(wanted),
      );
    }
    return undefined;
  }
  const reference = `\${{ steps.${offer.id}.${name} }}`;
  if (more.length > 0) {
    const ids = offers.map(({ id }) => id).join(' and ');
    blame(`steps ${ids} give a "${name}"; say which, such as \`${name}: ${reference}\``, reference);
    return undefined;
  }
  const offered = (offer.outputs.kind === 'object' && memberOf(offer.outputs, name)) || UNKNOWN;
  // An input that can do without is left out where the output turns out to be null.
  const must = required ? offered : withoutNull(offered);
  if (fits(must, wanted)) return { from: 'step', step: offer.id, output: name };
  const problem = fits(withoutNull(offered), wanted)
    ? `may be null, for step "${offer.id}" has \`if\` or leaves it out; write \`${name}:\` with default(…)`
    : `is ${describeType(offered)}; write \`${name}:\` yourself`;
  blame(`expected ${describeType(wanted)}, but steps.${offer.id}.${name} ${problem}`, describeType(wanted));
  return undefined;
}

function unknownInput({ document, path }: BindingRequest, name: string, names: readonly string[]): FileFault {
  const at = [...path, 'with', name];
  const near = nearest(name, names);
  const known = names.length === 0 ? '; the action takes none' : `; known are ${names.join(', ')}`;
  return {
    file: document.file,
    ...document.placeOfKey(at),
    path: formatPath(at),
    message: `unknown input${near === undefined ? known : ''}`,
    ...(near === undefined ? {} : { did_you_mean: near }),
  };
}

/** A mistake in an expression as a fault of its file; the column is that of the character within the scalar. */
export function expressionFault(document: YamlDocument, path: Path, fault: ExpressionFault): FileFault {
  return {
    file: document.file,
    ...document.placeIn(path, fault.at),
    path: formatPath(path),
    message: fault.message,
    ...(fault.didYouMean === undefined ? {} : { did_you_mean: fault.didYouMean }),
  };
}

/** The schema of one input. */
export function fieldOf(action: Action, name: string): z.ZodType {
  return action.definition.input.shape[name] as z.ZodType;
}

/** Whether an action cannot do without an input. */
export function isRequired(action: Action, name: string): boolean {
  return !fieldOf(action, name).safeParse(undefined).success;
}

function typeOfInput(schema: JsonSchema, name: string): Type {
  return typeOfSchema(schema.properties?.[name] ?? {}, 'present', schema);
}
