/** A mistake in an expression; `at` counts from the beginning of the text that was read. */
export class ExpressionFault extends Error {
  override readonly name = 'ExpressionFault';
  readonly at: number;
  readonly didYouMean: string | undefined;

  constructor(at: number, message: string, didYouMean?: string) {
    super(message);
    this.at = at;
    this.didYouMean = didYouMean;
  }
}

export type Token =
  | { readonly kind: 'name'; readonly at: number; readonly text: string }
  | { readonly kind: 'number'; readonly at: number; readonly text: string; readonly value: number }
  | { readonly kind: 'text'; readonly at: number; readonly text: string; readonly value: string }
  | { readonly kind: 'sign'; readonly at: number; readonly text: string }
  /** The end of the text, or the `}}` that closes the expression. */
  | { readonly kind: 'end'; readonly at: number; readonly text: string };

const SIGNS = ['||', '&&', '==', '!=', '<=', '>=', '<', '>', '!', '.', '[', ']', '(', ')', ','];

/** What people write who come from other languages. */
const FOREIGN: Readonly<Record<string, string>> = { '=': '==', '&': '&&', '|': '||' };

// No minus is an operator, so that names may hold dashes, as `steps.wait-signed` does.
const NAME = /[A-Za-z_][\w-]*/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Cuts `text` from `start` into tokens, up to its end or to a `}}`; strings may hold a `}}`. */
export function tokenize(text: string, start = 0): readonly Token[] {
  const tokens: Token[] = [];
  let at = start;
  while (true) {
    while (/\s/.test(text[at] ?? '')) at++;
    if (at >= text.length) return [...tokens, { kind: 'end', at, text: '' }];
    if (text.startsWith('}}', at)) return [...tokens, { kind: 'end', at, text: '}}' }];
    const token = nextToken(text, at);
    tokens.push(token);
    at += token.text.length;
  }
}

function nextToken(text: string, at: number): Token {
  const name = match(NAME, text, at);
  if (name !== undefined) return { kind: 'name', at, text: name };
  const number = match(NUMBER, text, at);
  if (number !== undefined) {
    const value = Number(number);
    if (!Number.isFinite(value)) throw new ExpressionFault(at, 'a number too large');
    return { kind: 'number', at, text: number, value };
  }
  const character = text[at] ?? '';
  if (character === "'" || character === '"') return quoted(text, at, character);
  const sign = SIGNS.find((each) => text.startsWith(each, at));
  if (sign !== undefined) return { kind: 'sign', at, text: sign };
  throw new ExpressionFault(at, `${JSON.stringify(character)} has no meaning here`, FOREIGN[character]);
}

function quoted(text: string, at: number, quote: string): Token {
  let value = '';
  let end = at + 1;
  while (end < text.length) {
    const character = text[end] ?? '';
    if (character === quote) {
      if (text[end + 1] !== quote) return { kind: 'text', at, text: text.slice(at, end + 1), value };
      end++;
    }
    value += character;
    end++;
  }
  throw new ExpressionFault(at, `text that is not closed by ${quote}`);
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
