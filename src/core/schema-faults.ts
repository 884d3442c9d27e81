import type { z } from 'zod';
import type { FileFault } from './config-error.ts';
import { SECRET_EXPECTED } from './environment.ts';
import { describeChoice, describeKind, typeOfValue } from './expression/type.ts';
import type { Json } from './json.ts';
import { jsonSchema, schemasAt } from './json-schema.ts';
import { nearest } from './suggest.ts';
import { formatPath, type Path, type YamlDocument } from './yaml-document.ts';

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

/** Says of every issue what would have been right; schemas may say it themselves, in the same voice: ``a duration such as `90s` ``. */
export function expectedOf(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return describeChoice(issue.values.map((value) => JSON.stringify(value)));
    case 'too_small':
      if (issue.origin === 'string')
        return issue.minimum === 1 ? 'text that is not empty' : `text of ${issue.minimum} characters or more`;
      if (issue.origin === 'array') return `a list of ${issue.minimum} or more`;
      return `a number ${issue.inclusive === false ? 'above' : 'of at least'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `text of ${issue.maximum} characters or fewer`;
      if (issue.origin === 'array') return `a list of ${issue.maximum} or fewer`;
      return `a number ${issue.inclusive === false ? 'below' : 'of at most'} ${issue.maximum}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `text of the form ${issue.pattern ?? ''}` : `a ${issue.format}`;
    case 'invalid_union':
      return issue.discriminator === undefined
        ? UNION
        : describeChoice(optionsOf(issue).map((name) => JSON.stringify(name)));
    default:
      return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'null',
};

/** Stands for a union that says nothing of itself: its branches are asked. */
const UNION = '\u0000union';

export interface Judged<Output> {
  /** Undefined where there are faults. */
  readonly value: Output | undefined;
  readonly faults: readonly FileFault[];
}

/** What stands at a place of a file and what its keys are called there. */
export interface Subject {
  readonly document: YamlDocument;
  readonly value: Json;
  /** Where the value stands in the file. */
  readonly at?: Path;
  /** What the keys are called in messages. @defaultValue 'key' */
  readonly noun?: string;
}

/** Judges a value by a schema; each issue becomes a fault with place, what was expected and the nearest right name. */
export function judge<Schema extends z.ZodType>(schema: Schema, subject: Subject): Judged<z.output<Schema>> {
  const result = schema.safeParse(subject.value, { error: (issue) => expectedOf(issue) });
  if (result.success) return { value: result.data, faults: [] };
  return { value: undefined, faults: issueFaults(result.error.issues, schema, subject) };
}

/** The issues of a schema as faults of a file. */
export function issueFaults(
  issues: readonly Issue[],
  schema: z.ZodType,
  subject: Subject,
): readonly FileFault[] {
  return issues.flatMap((issue) => faultsOf(issue, [], schema, subject));
}

function faultsOf(issue: Issue, above: Path, schema: z.ZodType, subject: Subject): readonly FileFault[] {
  const { document, at = [], noun = 'key' } = subject;
  const inner = [...above, ...(issue.path as Path)];
  const path = [...at, ...inner];
  if (issue.code === 'unrecognized_keys') {
    const names = namesAt(schema, inner);
    const taken = Object.keys((valueAt(subject.value, inner) ?? {}) as object);
    return issue.keys.map((key) => {
      const near = nearest(
        key,
        names.filter((name) => !taken.includes(name)),
      );
      const known = near === undefined && names.length > 0 ? `; known are ${list(names)}` : '';
      return {
        file: document.file,
        ...document.placeOfKey([...path, key]),
        path: formatPath([...path, key]),
        message: `unknown ${noun}${known}`,
        ...(names.length > 0 ? { expected: `one of ${list(names)}` } : {}),
        ...(near === undefined ? {} : { did_you_mean: near }),
      };
    });
  }
  if (issue.code === 'invalid_union' && issue.message === UNION) {
    const value = valueAt(subject.value, inner);
    const branch = nearestBranch(issue.errors);
    if (branch !== undefined && value !== undefined) {
      return branch.flatMap((each) => faultsOf(each, inner, schema, subject));
    }
    const expected = describeChoice([...new Set(issue.errors.flatMap(([first]) => first?.message ?? []))]);
    return [valueFault(subject, inner, expected, undefined)];
  }
  if (issue.code === 'invalid_key') {
    const [first] = issue.issues;
    const name = String(path.at(-1));
    return [
      {
        file: document.file,
        ...document.placeOfKey(path),
        path: formatPath(path),
        message: `expected a name of ${first?.message ?? 'another form'}, got ${JSON.stringify(name)}`,
      },
    ];
  }
  const near = choicesOf(issue);
  const value = valueAt(subject.value, inner);
  const suggestion = typeof value === 'string' && near !== undefined ? nearest(value, near) : undefined;
  return [valueFault(subject, inner, issue.message, suggestion)];
}

function valueFault(subject: Subject, inner: Path, expected: string, near: string | undefined): FileFault {
  const { document, at = [] } = subject;
  const path = [...at, ...inner];
  const value = valueAt(subject.value, inner);
  const isMissing = value === undefined;
  const got = isMissing ? undefined : describeGot(value, expected);
  return {
    file: document.file,
    ...(isMissing ? document.placeOfKey(path) : document.placeOf(path)),
    path: formatPath(path),
    message: isMissing ? `missing; expected ${expected}` : `expected ${expected}, got ${got}`,
    expected,
    ...(near === undefined ? {} : { did_you_mean: near }),
  };
}

/** A value refused where a secret is asked for is a secret written out: it is not repeated. */
function describeGot(value: Json, expected: string): string {
  if (expected === SECRET_EXPECTED) return describeKind(typeOfValue(value));
  return describeValue(value);
}

/** A value in a message: short, and without the password of an address. */
export function describeValue(value: Json): string {
  if (value === null) return 'nothing';
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a mapping';
  if (typeof value !== 'string') return String(value);
  const safe = value.replace(/\/\/[^/@\s]*@/g, '//…@');
  return JSON.stringify(safe.length > 40 ? `${safe.slice(0, 40)}…` : safe);
}

/** The alternative that was meant, where it can be told: the one that got furthest into the value. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const inside = branches.filter((issues) => issues.some((issue) => issue.path.length > 0));
  return inside.toSorted((a, b) => a.length - b.length)[0];
}

function choicesOf(issue: Issue): readonly string[] | undefined {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' ? optionsOf(issue) : undefined;
}

/** What the discriminator of a union may be; not every form of the issue says it. */
function optionsOf(issue: object): readonly string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

function namesAt(schema: z.ZodType, path: Path): readonly string[] {
  const schemas = schemasAt(jsonSchema(schema, 'input'), path);
  return [...new Set(schemas.flatMap((each) => Object.keys(each.properties ?? {})))];
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: Json, path: Path): Json | undefined {
  let current: Json | undefined = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Readonly<Record<string | number, Json>>)[part];
  }
  return current;
}

function list(names: readonly string[]): string {
  const shown = names.length > 12 ? [...names.slice(0, 12), '…'] : names;
  return shown.join(', ');
}
