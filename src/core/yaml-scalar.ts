import { Scalar } from 'yaml';

const ESCAPE_LENGTH: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 };

/**
 * Where the character at `offset` of a scalar's value stands in the source. YAML folds lines, strips indents and resolves escapes, so the
 * two are walked side by side: white space may differ, everything else comes in the same order.
 */
export function sourceOffset(source: string, scalar: Scalar, offset: number): number {
  const [start, end] = scalar.range ?? [0, 0];
  const value = String(scalar.value);
  const quote = scalar.type === Scalar.QUOTE_DOUBLE ? '"' : scalar.type === Scalar.QUOTE_SINGLE ? "'" : '';
  let at = start + quote.length;
  if (scalar.type === Scalar.BLOCK_LITERAL || scalar.type === Scalar.BLOCK_FOLDED) {
    // `|-` and its comment are not part of the text.
    const header = source.indexOf('\n', start);
    at = header === -1 ? end : header + 1;
  }
  for (let index = 0; index <= offset; index++) {
    const wanted = value[index];
    if (wanted === undefined) return Math.min(at, end);
    if (isSpace(wanted)) {
      if (index === offset) return at;
      if (isSpace(source[at])) at++;
      else if (quote === '"' && source[at] === '\\') at += 2;
      continue;
    }
    while (at < end && isSpace(source[at])) at++;
    let length = 1;
    if (quote === '"' && source[at] === '\\') {
      length = ESCAPE_LENGTH[source[at + 1] ?? ''] ?? 2;
    } else if (quote === "'" && wanted === "'") {
      length = 2;
    } else {
      while (at < end && source[at] !== wanted) at++;
    }
    if (index === offset) return at;
    at += length;
  }
  return at;
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && /\s/.test(character);
}
