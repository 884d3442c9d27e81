import { type Checked, checkExpression, type Surroundings } from './expression/check.ts';
import { evaluate, type Values } from './expression/evaluate.ts';
import { parseExpression } from './expression/parse.ts';
import { ExpressionFault } from './expression/token.ts';
import { printTree, type Tree } from './expression/tree.ts';
import {
  describeKind,
  describeType,
  fits,
  isNullable,
  listOf,
  objectOf,
  optionsOf,
  TEXT,
  type Type,
  typeOfValue,
  UNKNOWN,
} from './expression/type.ts';
import { Fault } from './fault.ts';
import type { Json, JsonObject } from './json.ts';
import type { Path } from './yaml-document.ts';

const OPEN = '${{';

/** A value of a file with the expressions in it read. */
export type Template =
  | { readonly kind: 'value'; readonly value: Json }
  /** An expression alone in a scalar: its value keeps its type. */
  | { readonly kind: 'expression'; readonly tree: Tree }
  /** Expressions inside text: their values become text. */
  | { readonly kind: 'text'; readonly parts: readonly (string | Tree)[] }
  | { readonly kind: 'list'; readonly items: readonly Template[] }
  | { readonly kind: 'object'; readonly members: Readonly<Record<string, Template>> }
  /** Could not be read; the fault is reported. */
  | { readonly kind: 'broken' };

/** Takes a mistake with the way to the scalar that it is in. */
export type Report = (path: Path, fault: ExpressionFault) => void;

/** Whether an expression stands anywhere in a value. */
export function hasExpression(value: Json): boolean {
  if (typeof value === 'string') return value.includes(OPEN);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasExpression);
}

/** Reads every `${{ }}` in a value, however deep. */
export function readTemplate(value: Json, report: Report, path: Path = []): Template {
  if (!hasExpression(value)) return { kind: 'value', value };
  if (typeof value === 'string') {
    try {
      return readText(value);
    } catch (thrown) {
      if (!(thrown instanceof ExpressionFault)) throw thrown;
      report(path, thrown);
      return { kind: 'broken' };
    }
  }
  if (isList(value)) {
    return { kind: 'list', items: value.map((item, index) => readTemplate(item, report, [...path, index])) };
  }
  const members = Object.entries(value as JsonObject).map(([name, member]) => [
    name,
    readTemplate(member, report, [...path, name]),
  ]);
  return { kind: 'object', members: Object.fromEntries(members) };
}

function readText(text: string): Template {
  const parts: (string | Tree)[] = [];
  let at = 0;
  while (true) {
    const open = text.indexOf(OPEN, at);
    if (open === -1) break;
    parts.push(text.slice(at, open));
    const { tree, end, closed } = parseExpression(text, open + OPEN.length);
    if (!closed) throw new ExpressionFault(open, `\`\${{\` without \`}}\``);
    parts.push(tree);
    at = end;
  }
  parts.push(text.slice(at));
  const full = parts.filter((part) => typeof part !== 'string' || part.trim() !== '');
  const [only] = full;
  if (full.length === 1 && typeof only === 'object') return { kind: 'expression', tree: only };
  return { kind: 'text', parts: parts.filter((part) => part !== '') };
}

/** Reports everything that is wrong with a template wherever a value of type `wanted` is asked for. */
export function checkTemplate(
  template: Template,
  wanted: Type,
  surroundings: Surroundings,
  report: Report,
  path: Path = [],
): void {
  const expect = (type: Type, at = 0) => {
    if (!fits(type, wanted)) report(path, new ExpressionFault(at, misfit(type, wanted)));
  };
  const check = (tree: Tree): Checked => {
    const checked = checkExpression(tree, surroundings);
    for (const fault of checked.faults) report(path, fault);
    return checked;
  };
  switch (template.kind) {
    case 'broken':
      return;
    case 'value':
      expect(typeOfValue(template.value));
      return;
    case 'expression': {
      const { type, faults } = check(template.tree);
      if (faults.length === 0) expect(type, template.tree.at);
      return;
    }
    case 'text':
      for (const part of template.parts) {
        if (typeof part === 'string') continue;
        const { type, faults } = check(part);
        const problem = faults.length === 0 ? unfitForText(type) : undefined;
        if (problem !== undefined)
          report(path, new ExpressionFault(part.at, `${printTree(part)} ${problem}`));
      }
      expect(TEXT);
      return;
    case 'list': {
      const list = optionsOf(wanted).find((option) => option.kind === 'list');
      if (list === undefined) expect(listOf(UNKNOWN));
      for (const [index, item] of template.items.entries()) {
        checkTemplate(item, list?.item ?? UNKNOWN, surroundings, report, [...path, index]);
      }
      return;
    }
    case 'object': {
      const object = optionsOf(wanted).find((option) => option.kind === 'object');
      if (object === undefined) expect(objectOf({}, UNKNOWN));
      for (const [name, member] of Object.entries(template.members)) {
        const type = object && Object.hasOwn(object.members, name) ? object.members[name] : object?.rest;
        checkTemplate(member, type ?? UNKNOWN, surroundings, report, [...path, name]);
      }
    }
  }
}

function misfit(type: Type, wanted: Type): string {
  if (isNullable(type) && !isNullable(wanted) && type.kind !== 'null') {
    return `may be null, expected ${describeType(wanted)}; give it a value with default(…)`;
  }
  return `expected ${describeType(wanted)}, got ${describeKind(type)}`;
}

/** Why a value cannot stand inside text, where that can be seen. */
function unfitForText(type: Type): string | undefined {
  for (const option of optionsOf(type)) {
    if (option.kind === 'null')
      return 'may be null, which cannot stand inside text; give it a value with default(…)';
    if (option.kind === 'list') return 'is a list, which cannot stand inside text; use join(…)';
    if (option.kind === 'object') return 'is a mapping, which cannot stand inside text; use to_json(…)';
  }
  return undefined;
}

/** Works a template out. Throws the Faults of {@link evaluate}. */
export function renderTemplate(template: Template, values: Values): Json {
  switch (template.kind) {
    case 'value':
      return template.value;
    case 'expression':
      return evaluate(template.tree, values);
    case 'text':
      return template.parts.map((part) => (typeof part === 'string' ? part : textOf(part, values))).join('');
    case 'list':
      return template.items.map((item) => renderTemplate(item, values));
    case 'object':
      return mapMembers(template.members, (member) => renderTemplate(member, values));
    case 'broken':
      throw new Fault('an expression could not be read', { code: 'EXPRESSION_FAILED', kind: 'prober' });
  }
}

function textOf(tree: Tree, values: Values): string {
  const value = evaluate(tree, values);
  const problem = unfitForText(typeOfValue(value));
  if (problem === undefined) return String(value);
  throw new Fault(
    `${printTree(tree)} ${value === null ? 'is null, which cannot stand inside text' : problem}`,
    {
      code: 'EXPRESSION_FAILED',
      kind: 'prober',
      evidence: { expression: printTree(tree) },
      hint: 'Give it a value with default(…), or choose another output.',
    },
  );
}

/** A template with each expression replaced by what `replace` makes of it; undefined leaves its value to be worked out. */
export function sketchTemplate(
  template: Template,
  values: Values,
  sketch: (tree: Tree) => string | undefined,
): Json {
  switch (template.kind) {
    case 'expression':
      return sketch(template.tree) ?? evaluate(template.tree, values);
    case 'text':
      return template.parts
        .map((part) => (typeof part === 'string' ? part : (sketch(part) ?? textOf(part, values))))
        .join('');
    case 'list':
      return template.items.map((item) => sketchTemplate(item, values, sketch));
    case 'object':
      return mapMembers(template.members, (member) => sketchTemplate(member, values, sketch));
    default:
      return renderTemplate(template, values);
  }
}

/** The template as one line of text, as `plan` shows it. */
export function printTemplate(template: Template): string {
  switch (template.kind) {
    case 'value':
      return typeof template.value === 'string' ? template.value : JSON.stringify(template.value);
    case 'expression':
      return `\${{ ${printTree(template.tree)} }}`;
    case 'text':
      return template.parts
        .map((part) => (typeof part === 'string' ? part : `\${{ ${printTree(part)} }}`))
        .join('');
    case 'list':
      return `[${template.items.map(printTemplate).join(', ')}]`;
    case 'object':
      return `{${Object.entries(template.members)
        .map(([name, member]) => `${name}: ${printTemplate(member)}`)
        .join(', ')}}`;
    case 'broken':
      return '?';
  }
}

function mapMembers(
  members: Readonly<Record<string, Template>>,
  map: (member: Template) => Json,
): JsonObject {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, map(member)]));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
