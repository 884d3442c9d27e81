export type Literal = string | number | boolean | null;

export const OPERATORS = ['||', '&&', '==', '!=', '<', '<=', '>', '>='] as const;
export type Operator = (typeof OPERATORS)[number];

/** How tightly each binds: the higher, the tighter. */
export const PRECEDENCE: Readonly<Record<Operator, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
};

/** One part of an expression; `at` is where it begins in the text that it was read from. */
export type Tree =
  | { readonly kind: 'literal'; readonly at: number; readonly value: Literal }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | {
      readonly kind: 'member';
      readonly at: number;
      readonly object: Tree;
      readonly name: string;
      readonly nameAt: number;
    }
  | { readonly kind: 'index'; readonly at: number; readonly object: Tree; readonly index: Tree }
  | { readonly kind: 'call'; readonly at: number; readonly name: string; readonly args: readonly Tree[] }
  | { readonly kind: 'not'; readonly at: number; readonly operand: Tree }
  | {
      readonly kind: 'binary';
      readonly at: number;
      readonly operator: Operator;
      readonly left: Tree;
      readonly right: Tree;
    };

/** Writes an expression so that reading it again gives the same tree, with no parentheses that it could do without. */
export function printTree(tree: Tree): string {
  return print(tree, 0);
}

function print(tree: Tree, around: number): string {
  switch (tree.kind) {
    case 'literal':
      return printLiteral(tree.value);
    case 'name':
      return tree.name;
    case 'member':
      return `${print(tree.object, 6)}.${tree.name}`;
    case 'index':
      return `${print(tree.object, 6)}[${print(tree.index, 0)}]`;
    case 'call':
      return `${tree.name}(${tree.args.map((arg) => print(arg, 0)).join(', ')})`;
    case 'not':
      return parenthesize(`!${print(tree.operand, 5)}`, 5 < around);
    case 'binary': {
      const own = PRECEDENCE[tree.operator];
      const text = `${print(tree.left, own)} ${tree.operator} ${print(tree.right, own + 1)}`;
      return parenthesize(text, own < around);
    }
  }
}

function parenthesize(text: string, needed: boolean): string {
  return needed ? `(${text})` : text;
}

/** Within single quotes a quote is written twice, as in YAML; every other character stands for itself. */
export function printLiteral(value: Literal): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
}
