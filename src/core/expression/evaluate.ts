import { Fault } from '../fault.ts';
import type { Json, JsonObject } from '../json.ts';
import { equal, FUNCTIONS } from './functions.ts';
import { printTree, type Tree } from './tree.ts';
import { describeKind, describeType, fits, typeOfValue, UNKNOWN } from './type.ts';

/** What an expression is worked out from. */
export interface Values {
  readonly roots: JsonObject;
  /** Whether an earlier step did not pass; undefined outside of `if`. */
  readonly failed?: boolean;
}

/** Works an expression out. Nothing is converted; a value of the wrong kind is a Fault `EXPRESSION_FAILED` (prober). */
export function evaluate(tree: Tree, values: Values): Json {
  switch (tree.kind) {
    case 'literal':
      return tree.value;
    case 'name':
      if (!Object.hasOwn(values.roots, tree.name)) throw failure(`unknown name "${tree.name}"`, tree);
      return values.roots[tree.name] ?? null;
    case 'member':
      return memberOf(tree, evaluate(tree.object, values), tree.name);
    case 'index': {
      const object = evaluate(tree.object, values);
      return elementOf(tree, object, evaluate(tree.index, values));
    }
    case 'call':
      return call(tree, values);
    case 'not':
      return !truth(tree, tree.operand, values);
    case 'binary':
      return binary(tree, values);
  }
}

function memberOf(tree: Tree & { object: Tree }, object: Json, name: string): Json {
  if (object === null) throw failure(`${printTree(tree.object)} is null, which has no "${name}"`, tree);
  if (typeof object !== 'object' || isList(object)) {
    throw failure(`${printTree(tree.object)} is ${kindOf(object)}, which has no "${name}"`, tree);
  }
  return Object.hasOwn(object, name) ? (object[name] ?? null) : null;
}

function elementOf(tree: Tree & { kind: 'index' }, object: Json, index: Json): Json {
  if (!isList(object)) {
    if (typeof index === 'string') return memberOf(tree, object, index);
    throw failure(`${printTree(tree.object)} is asked by ${kindOf(index)}`, tree);
  }
  if (typeof index !== 'number') throw failure(`a list is asked by number, got ${kindOf(index)}`, tree);
  const item = object[index];
  if (item === undefined) {
    throw failure(`${printTree(tree.object)} has ${object.length} items, none at ${index}`, tree);
  }
  return item;
}

function call(tree: Tree & { kind: 'call' }, values: Values): Json {
  const { name } = tree;
  if (name === 'success' || name === 'failure') {
    if (values.failed === undefined) throw failure(`${name}() has a meaning only in \`if\``, tree);
    return values.failed === (name === 'failure');
  }
  const definition = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (definition === undefined) throw failure(`unknown function "${name}"`, tree);
  if (tree.args.length < definition.required || tree.args.length > definition.parameters.length) {
    throw failure(`${definition.usage}, got ${tree.args.length} arguments`, tree);
  }
  const args = tree.args.map((arg) => evaluate(arg, values));
  const types = args.map(typeOfValue);
  for (const [index, type] of types.entries()) {
    const wanted = definition.parameters[index] ?? UNKNOWN;
    if (!fits(type, wanted)) {
      throw failure(`${name}() takes ${describeType(wanted)}, got ${describeKind(type)}`, tree);
    }
  }
  const mismatch = definition.mismatch?.(types);
  if (mismatch !== undefined) throw failure(mismatch, tree);
  return definition.run(args);
}

function binary(tree: Tree & { kind: 'binary' }, values: Values): Json {
  const { operator, left, right } = tree;
  if (operator === '&&') return truth(tree, left, values) && truth(tree, right, values);
  if (operator === '||') return truth(tree, left, values) || truth(tree, right, values);
  const a = evaluate(left, values);
  const b = evaluate(right, values);
  if (operator === '==' || operator === '!=') {
    if (a !== null && b !== null && kindOf(a) !== kindOf(b)) {
      throw failure(`\`${operator}\` compares ${kindOf(a)} with ${kindOf(b)}`, tree);
    }
    return equal(a, b) === (operator === '==');
  }
  if (typeof a !== 'number' || typeof b !== 'number') {
    throw failure(`\`${operator}\` takes numbers, got ${kindOf(typeof a === 'number' ? b : a)}`, tree);
  }
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}

function truth(tree: Tree, operand: Tree, values: Values): boolean {
  const value = evaluate(operand, values);
  if (typeof value === 'boolean') return value;
  throw failure(`${printTree(operand)} is ${kindOf(value)}, expected true or false`, tree);
}

/** The kind of a value in one phrase, without what lists hold. */
function kindOf(value: Json): string {
  return isList(value) ? 'a list' : describeKind(typeOfValue(value));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function failure(message: string, tree: Tree): Fault {
  return new Fault(message, {
    code: 'EXPRESSION_FAILED',
    kind: 'prober',
    evidence: { expression: printTree(tree) },
    hint: 'Mend the expression in the probe file; `packprobe plan` shows what each input is bound to.',
  });
}
