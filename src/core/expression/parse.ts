import { ExpressionFault, type Token, tokenize } from './token.ts';
import { OPERATORS, type Operator, PRECEDENCE, type Tree } from './tree.ts';

/** Deeper than anyone writes, shallower than the stack. */
const DEEPEST = 60;
const LONGEST = 2000;

const CONSTANTS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/** An expression and where it ends in the text: behind the `}}` that closes it, or at the end. */
export interface Parsed {
  readonly tree: Tree;
  readonly end: number;
  readonly closed: boolean;
}

/** Reads one expression from `start` up to `}}` or the end of the text. Throws {@link ExpressionFault}. */
export function parseExpression(text: string, start = 0): Parsed {
  const parser = new Parser(tokenize(text, start));
  const tree = parser.read();
  const end = parser.peek();
  if (end.at - start > LONGEST) throw new ExpressionFault(start, `longer than ${LONGEST} characters`);
  return { tree, end: end.at + end.text.length, closed: end.text === '}}' };
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] ?? { kind: 'end', at: 0, text: '' };
  }

  /** The whole: an expression and nothing behind it. */
  read(): Tree {
    if (this.peek().kind === 'end') throw new ExpressionFault(this.peek().at, 'an empty expression');
    const tree = this.#binary(0);
    const rest = this.peek();
    if (rest.kind !== 'end') {
      throw new ExpressionFault(rest.at, `expected an operator or the end, got \`${rest.text}\``);
    }
    return tree;
  }

  #binary(loosest: number): Tree {
    let left = this.#unary();
    let operators = 0;
    while (true) {
      const operator = operatorOf(this.peek());
      if (operator === undefined || PRECEDENCE[operator] <= loosest) return left;
      this.#checkDepth(++operators);
      this.#take();
      const right = this.#binary(PRECEDENCE[operator]);
      left = { kind: 'binary', at: left.at, operator, left, right };
    }
  }

  #unary(): Tree {
    const { at } = this.peek();
    if (!this.#takeSign('!')) return this.#postfix();
    return { kind: 'not', at, operand: this.#nested(() => this.#unary()) };
  }

  #postfix(): Tree {
    let object = this.#primary();
    for (let length = 0; ; length++) {
      this.#checkDepth(length);
      if (this.#takeSign('.')) {
        const name = this.#take();
        if (name.kind !== 'name') throw expected('a name behind the `.`', name);
        object = { kind: 'member', at: object.at, object, name: name.text, nameAt: name.at };
      } else if (this.peek().text === '[') {
        this.#take();
        const index = this.#nested(() => this.#binary(0));
        this.#close(']');
        object = { kind: 'index', at: object.at, object, index };
      } else {
        return object;
      }
    }
  }

  #primary(): Tree {
    const token = this.#take();
    const { at } = token;
    if (token.kind === 'number' || token.kind === 'text') return { kind: 'literal', at, value: token.value };
    if (token.kind === 'name') {
      if (this.#takeSign('(')) return { kind: 'call', at, name: token.text, args: this.#args() };
      const constant = Object.hasOwn(CONSTANTS, token.text) ? CONSTANTS[token.text] : undefined;
      return constant === undefined
        ? { kind: 'name', at, name: token.text }
        : { kind: 'literal', at, value: constant };
    }
    if (token.kind === 'sign' && token.text === '(') {
      const inner = this.#nested(() => this.#binary(0));
      this.#close(')');
      return inner;
    }
    throw expected('a value', token);
  }

  #args(): readonly Tree[] {
    const args: Tree[] = [];
    if (this.#takeSign(')')) return args;
    do args.push(this.#nested(() => this.#binary(0)));
    while (this.#takeSign(','));
    this.#close(')');
    return args;
  }

  #nested(read: () => Tree): Tree {
    this.#checkDepth(++this.#depth);
    const tree = read();
    this.#depth--;
    return tree;
  }

  #checkDepth(depth: number): void {
    if (depth > DEEPEST) throw new ExpressionFault(this.peek().at, 'nested too deeply');
  }

  #take(): Token {
    const token = this.peek();
    this.#next++;
    return token;
  }

  #takeSign(sign: string): boolean {
    const token = this.peek();
    if (token.kind !== 'sign' || token.text !== sign) return false;
    this.#next++;
    return true;
  }

  #close(sign: string): void {
    if (!this.#takeSign(sign)) throw expected(`\`${sign}\``, this.peek());
  }
}

function operatorOf(token: Token): Operator | undefined {
  return token.kind === 'sign' ? OPERATORS.find((operator) => operator === token.text) : undefined;
}

function expected(what: string, got: Token): ExpressionFault {
  const text = got.text === '' ? 'the end' : `\`${got.text}\``;
  return new ExpressionFault(got.at, `expected ${what}, got ${text}`);
}
