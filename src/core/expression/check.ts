import { nearest } from '../suggest.ts';
import { FUNCTIONS, STATUS_FUNCTIONS } from './functions.ts';
import { ExpressionFault } from './token.ts';
import { printTree, type Tree } from './tree.ts';
import {
  BOOLEAN,
  describeKind,
  describeType,
  fits,
  isNullable,
  memberOf,
  NUMBER,
  nullable,
  optionsOf,
  TEXT,
  type Type,
  UNKNOWN,
  unionOf,
  withoutNull,
} from './type.ts';

/** What an expression can name where it stands. */
export interface Surroundings {
  readonly roots: Readonly<Record<string, Type>>;
  /** True in `if`, where `success()` and `failure()` have a meaning. */
  readonly condition: boolean;
  /** The step that the expression belongs to. */
  readonly step?: string;
  /** Steps that come after it. */
  readonly later?: ReadonlySet<string>;
}

export interface Checked {
  /** Unknown where a fault hides it. */
  readonly type: Type;
  readonly faults: readonly ExpressionFault[];
}

/** Finds what would go wrong with an expression whatever the values are. */
export function checkExpression(tree: Tree, surroundings: Surroundings): Checked {
  const checker = new Checker(surroundings);
  return { type: checker.typeOf(tree), faults: checker.faults };
}

class Checker {
  readonly faults: ExpressionFault[] = [];
  readonly #around: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#around = surroundings;
  }

  typeOf(tree: Tree): Type {
    switch (tree.kind) {
      case 'literal':
        if (tree.value === null) return { kind: 'null' };
        if (typeof tree.value === 'string') return { kind: 'text', values: [tree.value] };
        return typeof tree.value === 'number' ? NUMBER : BOOLEAN;
      case 'name':
        return this.#root(tree.at, tree.name);
      case 'member':
        return this.#member(tree.nameAt, tree.object, tree.name);
      case 'index':
        return this.#index(tree);
      case 'call':
        return this.#call(tree);
      case 'not':
        this.#expect(tree.operand, BOOLEAN, '`!` takes');
        return BOOLEAN;
      case 'binary':
        return this.#binary(tree);
    }
  }

  #root(at: number, name: string): Type {
    const { roots, later } = this.#around;
    if (Object.hasOwn(roots, name)) return roots[name] ?? UNKNOWN;
    for (const [root, type] of Object.entries(roots)) {
      if (
        (root === 'steps' || root === 'params') &&
        type.kind === 'object' &&
        Object.hasOwn(type.members, name)
      ) {
        return this.#fail(at, `unknown name "${name}"`, `${root}.${name}`);
      }
    }
    if (later?.has(name)) return this.#fail(at, `unknown name "${name}"; a step is named \`steps.${name}\``);
    const near = nearest(name, Object.keys(roots));
    const known = near === undefined ? `; expected ${describeNames(Object.keys(roots))}` : '';
    return this.#fail(at, `unknown name "${name}"${known}`, near);
  }

  #member(at: number, objectTree: Tree, name: string): Type {
    const object = this.typeOf(objectTree);
    if (object.kind === 'unknown') return UNKNOWN;
    if (isNullable(object)) {
      return this.#fail(at, `${printTree(objectTree)} may be null, which has no "${name}"`);
    }
    const members = optionsOf(object).map((option) =>
      option.kind === 'object' ? memberOf(option, name) : undefined,
    );
    const found = members.filter((member) => member !== undefined);
    if (found.length > 0)
      return unionOf(found.length === members.length ? found : [...found, { kind: 'null' }]);
    return this.#noMember(at, objectTree, object, name);
  }

  #noMember(at: number, objectTree: Tree, object: Type, name: string): Type {
    if (object.kind !== 'object') {
      return this.#fail(at, `${printTree(objectTree)} is ${describeKind(object)}, which has no "${name}"`);
    }
    const near = nearest(name, Object.keys(object.members));
    if (objectTree.kind === 'name' && objectTree.name === 'steps') return this.#noStep(at, name, near);
    if (objectTree.kind === 'name' && objectTree.name === 'params') {
      return this.#fail(at, `no parameter "${name}" is declared`, near);
    }
    const names = Object.keys(object.members);
    const known = near === undefined && names.length > 0 ? `; it has ${describeNames(names)}` : '';
    const isStep =
      objectTree.kind === 'member' && objectTree.object.kind === 'name' && objectTree.object.name === 'steps';
    const message = isStep
      ? `step "${objectTree.name}" has no output "${name}"`
      : `${printTree(objectTree)} has no "${name}"`;
    return this.#fail(at, message + known, near);
  }

  #noStep(at: number, name: string, near: string | undefined): Type {
    if (name === this.#around.step) return this.#fail(at, `step "${name}" cannot use its own outputs`);
    if (this.#around.later?.has(name)) {
      return this.#fail(at, `step "${name}" comes later; a step sees only what is before it`);
    }
    return this.#fail(at, `no step "${name}"`, near);
  }

  #index(tree: Tree & { kind: 'index' }): Type {
    if (tree.index.kind === 'literal' && typeof tree.index.value === 'string') {
      return this.#member(tree.index.at, tree.object, tree.index.value);
    }
    const object = this.typeOf(tree.object);
    const index = this.typeOf(tree.index);
    if (object.kind === 'unknown') return UNKNOWN;
    if (object.kind === 'list') {
      if (!fits(index, NUMBER))
        this.#fail(tree.index.at, `a list is asked by number, got ${describeKind(index)}`);
      return object.item;
    }
    if (object.kind === 'object') {
      if (!fits(index, TEXT))
        this.#fail(tree.index.at, `a mapping is asked by text, got ${describeKind(index)}`);
      const values = [...Object.values(object.members), ...(object.rest === undefined ? [] : [object.rest])];
      return nullable(unionOf(values));
    }
    return this.#fail(tree.at, `${printTree(tree.object)} is ${describeType(object)}, which holds nothing`);
  }

  #call({ at, name, args }: Tree & { kind: 'call' }): Type {
    const types = args.map((arg) => this.typeOf(arg));
    if (STATUS_FUNCTIONS.some((status) => status === name)) {
      if (!this.#around.condition) this.#fail(at, `${name}() has a meaning only in \`if\``);
      if (args.length > 0) this.#fail(at, `${name}() takes nothing`);
      return BOOLEAN;
    }
    const definition = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (definition === undefined) {
      const known = [...Object.keys(FUNCTIONS), ...(this.#around.condition ? STATUS_FUNCTIONS : [])];
      return this.#fail(at, `unknown function "${name}"`, nearest(name, known));
    }
    if (args.length < definition.required || args.length > definition.parameters.length) {
      return this.#fail(at, `${definition.usage}, got ${args.length} arguments`);
    }
    let good = true;
    for (const [index, arg] of args.entries()) {
      const wanted = definition.parameters[index] ?? UNKNOWN;
      const got = types[index] ?? UNKNOWN;
      if (!fits(got, wanted)) {
        this.#fail(arg.at, `${name}() takes ${describeType(wanted)} here, got ${describeKind(got)}`);
        good = false;
      }
    }
    const mismatch = good ? definition.mismatch?.(types) : undefined;
    if (mismatch !== undefined) this.#fail(at, mismatch);
    return definition.result(types);
  }

  #binary(tree: Tree & { kind: 'binary' }): Type {
    const { operator, left, right } = tree;
    if (operator === '==' || operator === '!=') {
      this.#checkEquality(tree, this.typeOf(left), this.typeOf(right));
    } else {
      const wanted = operator === '&&' || operator === '||' ? BOOLEAN : NUMBER;
      this.#expect(left, wanted, `\`${operator}\` takes`);
      this.#expect(right, wanted, `\`${operator}\` takes`);
    }
    return BOOLEAN;
  }

  #checkEquality(tree: Tree & { kind: 'binary' }, left: Type, right: Type): void {
    // Anything may be asked whether it is null: a step that failed has no outputs.
    if (left.kind === 'null' || right.kind === 'null') return;
    const [a, b] = [withoutNull(left), withoutNull(right)];
    if (a.kind === 'unknown' || b.kind === 'unknown') return;
    const kinds = new Set(optionsOf(a).map(({ kind }) => kind));
    if (!optionsOf(b).some(({ kind }) => kinds.has(kind))) {
      this.#fail(tree.at, `\`${tree.operator}\` compares ${describeKind(a)} with ${describeKind(b)}`);
      return;
    }
    if (a.kind !== 'text' || b.kind !== 'text' || !a.values || !b.values || fits(a, b)) return;
    const [known, whose, asked] =
      tree.right.kind === 'literal' ? [a, tree.left, tree.right] : [b, tree.right, tree.left];
    const value = asked.kind === 'literal' ? String(asked.value) : printTree(asked);
    const message = `${printTree(whose)} is never ${JSON.stringify(value)}; expected ${describeType(known)}`;
    this.#fail(asked.at, message, nearest(value, known.values ?? []));
  }

  #expect(tree: Tree, wanted: Type, who: string): void {
    const got = this.typeOf(tree);
    if (!fits(got, wanted)) this.#fail(tree.at, `${who} ${describeType(wanted)}, got ${describeKind(got)}`);
  }

  #fail(at: number, message: string, didYouMean?: string): Type {
    this.faults.push(new ExpressionFault(at, message, didYouMean));
    return UNKNOWN;
  }
}

function describeNames(names: readonly string[]): string {
  const shown = names.length > 8 ? [...names.slice(0, 8), '…'] : names;
  return shown.map((name) => (name === '…' ? name : `\`${name}\``)).join(', ');
}
