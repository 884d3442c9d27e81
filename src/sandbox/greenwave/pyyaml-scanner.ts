// Ported from PyYAML 6.0.3 (MIT License, the terms are those of LICENSE),
// Copyright (c) 2017-2021 Ingy döt Net, Copyright (c) 2006-2016 Kirill Simonov.

/** A place in a text, in characters. */
export interface Mark {
  readonly index: number;
  readonly line: number;
  readonly column: number;
}

/** What PyYAML says of a text that is no YAML. */
export class PyYamlError extends Error {}

/** Kinds of tokens as PyYAML's messages name them. */
export type TokenId =
  | '<stream end>'
  | '<directive>'
  | '<document start>'
  | '<document end>'
  | '<block sequence start>'
  | '<block mapping start>'
  | '<block end>'
  | '['
  | ']'
  | '{'
  | '}'
  | ','
  | '-'
  | '?'
  | ':'
  | '<alias>'
  | '<anchor>'
  | '<tag>'
  | '<scalar>';

export interface Token {
  readonly id: TokenId;
  readonly start: Mark;
  /** The name of an anchor or alias, the handle of a tag. */
  readonly value?: string;
}

interface SimpleKey {
  readonly token: number;
  readonly required: boolean;
  readonly mark: Mark;
}

const BREAKS = '\r\n\u0085\u2028\u2029';
const ENDS = `\0${BREAKS}`;
const BLANKS = `\0 \t${BREAKS}`;
const ESCAPES = '0abt\tnvfre "/\\N_LP';
const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Cuts a text into tokens as PyYAML does; only what its faults depend on is kept. */
export class Scanner {
  readonly #chars: readonly string[];
  readonly #name: string;
  #index = 0;
  #line = 0;
  #column = 0;
  #done = false;
  #flow = 0;
  #taken = 0;
  #indent = -1;
  #allowKey = true;
  readonly #tokens: Token[] = [];
  readonly #indents: number[] = [];
  readonly #keys = new Map<number, SimpleKey>();

  constructor(text: string, name: string) {
    this.#chars = [...text, '\0'];
    this.#name = name;
    const odd = this.#chars.findIndex((char, i) => i < this.#chars.length - 1 && !isPrintable(char));
    if (odd >= 0) {
      const code = this.#chars[odd]?.codePointAt(0)?.toString(16).padStart(4, '0');
      throw new PyYamlError(
        `unacceptable character #x${code}: special characters are not allowed\n  in "${name}", position ${odd}`,
      );
    }
  }

  peekToken(): Token {
    while (this.#needsMore()) this.#fetch();
    return this.#tokens[0] as Token;
  }

  takeToken(): Token {
    const token = this.peekToken();
    this.#tokens.shift();
    this.#taken += 1;
    return token;
  }

  /** The fault with its places, in PyYAML's layout. */
  fault(problem: string, at: Mark, context?: string, from?: Mark): PyYamlError {
    const lines = context === undefined ? [] : [context];
    if (from !== undefined && from.index !== at.index) lines.push(this.#show(from));
    return new PyYamlError([...lines, problem, this.#show(at)].join('\n'));
  }

  #show({ index, line, column }: Mark): string {
    const half = 75 / 2 - 1;
    let [head, start, tail, end] = ['', index, '', index];
    while (start > 0 && !ENDS.includes(this.#chars[start - 1] ?? '\0')) {
      start -= 1;
      if (index - start > half) {
        head = ' ... ';
        start += 5;
        break;
      }
    }
    while (!ENDS.includes(this.#chars[end] ?? '\0')) {
      end += 1;
      if (end - index > half) {
        tail = ' ... ';
        end -= 5;
        break;
      }
    }
    const snippet = this.#chars.slice(start, end).join('');
    const caret = ' '.repeat(4 + index - start + head.length);
    return `  in "${this.#name}", line ${line + 1}, column ${column + 1}:\n    ${head}${snippet}${tail}\n${caret}^`;
  }

  get #mark(): Mark {
    return { index: this.#index, line: this.#line, column: this.#column };
  }

  #peek(ahead = 0): string {
    return this.#chars[this.#index + ahead] ?? '\0';
  }

  #forward(length = 1): void {
    for (let count = 0; count < length; count += 1) {
      const char = this.#peek();
      this.#index += 1;
      if ('\n\u0085\u2028\u2029'.includes(char) || (char === '\r' && this.#peek() !== '\n')) {
        this.#line += 1;
        this.#column = 0;
      } else if (char !== '\ufeff') this.#column += 1;
    }
  }

  #break(): boolean {
    if (!BREAKS.includes(this.#peek())) return false;
    this.#forward(this.#peek() === '\r' && this.#peek(1) === '\n' ? 2 : 1);
    return true;
  }

  #skipWhile(chars: string): void {
    while (this.#peek() !== '\0' && chars.includes(this.#peek())) this.#forward();
  }

  #skipLine(): void {
    while (!ENDS.includes(this.#peek())) this.#forward();
  }

  #isSeparator(): boolean {
    const three = this.#peek() + this.#peek(1) + this.#peek(2);
    return (three === '---' || three === '...') && BLANKS.includes(this.#peek(3));
  }

  #needsMore(): boolean {
    if (this.#done) return false;
    if (this.#tokens.length === 0) return true;
    this.#dropStaleKeys();
    return [...this.#keys.values()].some(({ token }) => token === this.#taken);
  }

  #dropStaleKeys(): void {
    for (const [level, key] of this.#keys) {
      if (key.mark.line === this.#line && this.#index - key.mark.index <= 1024) continue;
      if (key.required) throw this.#noColon(key);
      this.#keys.delete(level);
    }
  }

  #noColon({ mark }: SimpleKey): PyYamlError {
    return this.fault("could not find expected ':'", this.#mark, 'while scanning a simple key', mark);
  }

  #saveKey(): void {
    const required = this.#flow === 0 && this.#indent === this.#column;
    if (!this.#allowKey) return;
    this.#removeKey();
    const token = this.#taken + this.#tokens.length;
    this.#keys.set(this.#flow, { token, required, mark: this.#mark });
  }

  #removeKey(): void {
    const key = this.#keys.get(this.#flow);
    if (key?.required) throw this.#noColon(key);
    this.#keys.delete(this.#flow);
  }

  #unwind(column: number): void {
    if (this.#flow > 0) return;
    while (this.#indent > column) {
      this.#indent = this.#indents.pop() ?? -1;
      this.#add('<block end>');
    }
  }

  #deepen(column: number): boolean {
    if (this.#indent >= column) return false;
    this.#indents.push(this.#indent);
    this.#indent = column;
    return true;
  }

  #add(id: TokenId, start: Mark = this.#mark, value?: string): void {
    this.#tokens.push({ id, start, ...(value === undefined ? {} : { value }) });
  }

  #fetch(): void {
    this.#toNextToken();
    this.#dropStaleKeys();
    this.#unwind(this.#column);
    const char = this.#peek();
    const next = this.#peek(1);
    if (char === '\0') this.#end();
    else if (char === '%' && this.#column === 0) this.#directive();
    else if (this.#column === 0 && this.#isSeparator()) {
      this.#reset();
      this.#add(char === '-' ? '<document start>' : '<document end>');
      this.#forward(3);
    } else if (char === '[' || char === '{') {
      this.#saveKey();
      this.#flow += 1;
      this.#allowKey = true;
      this.#take(char);
    } else if (char === ']' || char === '}') {
      this.#removeKey();
      this.#flow = Math.max(0, this.#flow - 1);
      this.#allowKey = false;
      this.#take(char);
    } else if (char === ',') {
      this.#allowKey = true;
      this.#removeKey();
      this.#take(char);
    } else if (char === '-' && BLANKS.includes(next)) this.#entry();
    else if (char === '?' && (this.#flow > 0 || BLANKS.includes(next))) this.#key();
    else if (char === ':' && (this.#flow > 0 || BLANKS.includes(next))) this.#value();
    else if (char === '*' || char === '&') this.#anchor();
    else if (char === '!') this.#tag();
    else if ((char === '|' || char === '>') && this.#flow === 0) this.#blockScalar();
    else if (char === "'" || char === '"') this.#quoted();
    else if (this.#isPlain(char, next)) this.#plain();
    else {
      const shown = char === '\t' ? '\\t' : char;
      throw this.fault(
        `found character '${shown}' that cannot start any token`,
        this.#mark,
        'while scanning for the next token',
      );
    }
  }

  #toNextToken(): void {
    if (this.#index === 0 && this.#peek() === '\ufeff') this.#forward();
    for (;;) {
      this.#skipWhile(' ');
      if (this.#peek() === '#') this.#skipLine();
      if (!this.#break()) return;
      if (this.#flow === 0) this.#allowKey = true;
    }
  }

  #take(id: TokenId): void {
    this.#add(id);
    this.#forward();
  }

  #reset(): void {
    this.#unwind(-1);
    this.#removeKey();
    this.#allowKey = false;
  }

  #end(): void {
    this.#reset();
    this.#keys.clear();
    this.#add('<stream end>');
    this.#done = true;
  }

  #directive(): void {
    this.#reset();
    const start = this.#mark;
    const context = 'while scanning a directive';
    const expect = (fits: RegExp | string, what: string) => {
      if (typeof fits === 'string' ? fits.includes(this.#peek()) : fits.test(this.#peek())) return;
      throw this.fault(`expected ${what}, but found ${shownChar(this.#peek())}`, this.#mark, context, start);
    };
    this.#forward();
    const begin = this.#index;
    const word = /[\w-]/;
    expect(word, 'alphabetic or numeric character');
    while (word.test(this.#peek())) this.#forward();
    expect(` ${ENDS}`, 'alphabetic or numeric character');
    const name = this.#chars.slice(begin, this.#index).join('');
    if (name === 'YAML') {
      this.#skipWhile(' ');
      expect(/\d/, 'a digit');
      this.#skipWhile('0123456789');
      expect('.', "a digit or '.'");
      this.#forward();
      expect(/\d/, 'a digit');
      this.#skipWhile('0123456789');
      expect(` ${ENDS}`, "a digit or ' '");
    } else this.#skipLine();
    const value = this.#chars.slice(begin, this.#index).join('');
    this.#restOfLine(context, start);
    this.#add('<directive>', start, value);
  }

  #entry(): void {
    if (this.#flow === 0) {
      if (!this.#allowKey) throw this.fault('sequence entries are not allowed here', this.#mark);
      if (this.#deepen(this.#column)) this.#add('<block sequence start>');
    }
    this.#allowKey = true;
    this.#removeKey();
    this.#take('-');
  }

  #key(): void {
    if (this.#flow === 0) {
      if (!this.#allowKey) throw this.fault('mapping keys are not allowed here', this.#mark);
      if (this.#deepen(this.#column)) this.#add('<block mapping start>');
    }
    this.#allowKey = this.#flow === 0;
    this.#removeKey();
    this.#take('?');
  }

  #value(): void {
    const key = this.#keys.get(this.#flow);
    if (key === undefined) {
      if (this.#flow === 0) {
        if (!this.#allowKey) throw this.fault('mapping values are not allowed here', this.#mark);
        if (this.#deepen(this.#column)) this.#add('<block mapping start>');
      }
      this.#allowKey = this.#flow === 0;
      this.#removeKey();
    } else {
      this.#keys.delete(this.#flow);
      const at = key.token - this.#taken;
      this.#tokens.splice(at, 0, { id: '?', start: key.mark });
      if (this.#flow === 0 && this.#deepen(key.mark.column)) {
        this.#tokens.splice(at, 0, { id: '<block mapping start>', start: key.mark });
      }
      this.#allowKey = false;
    }
    this.#take(':');
  }

  #anchor(): void {
    this.#saveKey();
    this.#allowKey = false;
    const start = this.#mark;
    const isAlias = this.#peek() === '*';
    this.#forward();
    const begin = this.#index;
    while (/[\w-]/.test(this.#peek())) this.#forward();
    const name = this.#chars.slice(begin, this.#index).join('');
    if (name === '' || !`${BLANKS}?:,]}%@\``.includes(this.#peek())) {
      throw this.fault(
        `expected alphabetic or numeric character, but found ${shownChar(this.#peek())}`,
        this.#mark,
        `while scanning an ${isAlias ? 'alias' : 'anchor'}`,
        start,
      );
    }
    this.#add(isAlias ? '<alias>' : '<anchor>', start, name);
  }

  #tag(): void {
    this.#saveKey();
    this.#allowKey = false;
    const start = this.#mark;
    let handle = '!';
    if (this.#peek(1) === '<') {
      this.#forward(2);
      this.#tagUri('tag', start);
      if (this.#peek() !== '>') {
        throw this.fault(
          `expected '>', but found ${shownChar(this.#peek())}`,
          this.#mark,
          'while parsing a tag',
          start,
        );
      }
      this.#forward();
    } else if (BLANKS.includes(this.#peek(1))) this.#forward();
    else {
      handle = this.#tagHandle(start);
      this.#tagUri('tag', start);
    }
    if (!`\0 ${BREAKS}`.includes(this.#peek())) {
      throw this.fault(
        `expected ' ', but found ${shownChar(this.#peek())}`,
        this.#mark,
        'while scanning a tag',
        start,
      );
    }
    this.#add('<tag>', start, handle);
  }

  /** What stands before the last mark of a tag that has two; else the one mark alone. */
  #tagHandle(start: Mark): string {
    let ahead = 1;
    while (!` ${ENDS}!`.includes(this.#peek(ahead))) ahead += 1;
    const isNamed = this.#peek(ahead) === '!';
    const begin = this.#index;
    this.#forward();
    if (isNamed) {
      while (/[\w-]/.test(this.#peek())) this.#forward();
      if (this.#peek() !== '!') {
        const problem = `expected '!', but found ${shownChar(this.#peek())}`;
        throw this.fault(problem, this.#mark, 'while scanning a tag', start);
      }
      this.#forward();
    }
    return this.#chars.slice(begin, this.#index).join('');
  }

  #tagUri(name: string, start: Mark): void {
    const begin = this.#index;
    while (/[\w\-;/?:@&=+$,.!~*'()[\]%]/.test(this.#peek())) {
      const isEscape = this.#peek() === '%';
      this.#forward();
      if (!isEscape) continue;
      for (const ahead of [0, 1]) {
        if (/[\da-f]/i.test(this.#peek(ahead))) continue;
        const problem = `expected URI escape sequence of 2 hexadecimal numbers, but found ${shownChar(this.#peek(ahead))}`;
        throw this.fault(problem, this.#mark, `while scanning a ${name}`, start);
      }
      this.#forward(2);
    }
    if (this.#index > begin) return;
    throw this.fault(
      `expected URI, but found ${shownChar(this.#peek())}`,
      this.#mark,
      `while parsing a ${name}`,
      start,
    );
  }

  #blockScalar(): void {
    this.#allowKey = true;
    this.#removeKey();
    const start = this.#mark;
    this.#forward();
    const header = this.#blockHeader(start);
    this.#restOfLine('while scanning a block scalar', start);
    const least = Math.max(1, this.#indent + 1);
    const digit = /\d/.exec(header)?.[0];
    let indent = least + Number(digit ?? 0) - 1;
    if (digit === undefined) {
      let most = 0;
      while (` ${BREAKS}`.includes(this.#peek())) {
        if (this.#break()) continue;
        this.#forward();
        most = Math.max(most, this.#column);
      }
      indent = Math.max(least, most);
    } else this.#blockBreaks(indent);
    while (this.#column === indent && this.#peek() !== '\0') {
      this.#skipLine();
      this.#break();
      this.#blockBreaks(indent);
    }
    this.#add('<scalar>', start);
  }

  /** How it ends and how deep it is, in either order. */
  #blockHeader(start: Mark): string {
    let header = '';
    const context = 'while scanning a block scalar';
    for (const _ of [1, 2]) {
      const char = this.#peek();
      if (/\d/.test(char) && !/\d/.test(header)) {
        if (char === '0') {
          const problem = 'expected indentation indicator in the range 1-9, but found 0';
          throw this.fault(problem, this.#mark, context, start);
        }
      } else if (!/[+-]/.test(char) || /[+-]/.test(header)) break;
      header += char;
      this.#forward();
    }
    if (!` ${ENDS}`.includes(this.#peek())) {
      const problem = `expected chomping or indentation indicators, but found ${shownChar(this.#peek())}`;
      throw this.fault(problem, this.#mark, context, start);
    }
    return header;
  }

  #restOfLine(context: string, start: Mark): void {
    this.#skipWhile(' ');
    if (this.#peek() === '#') this.#skipLine();
    if (!ENDS.includes(this.#peek())) {
      const problem = `expected a comment or a line break, but found ${shownChar(this.#peek())}`;
      throw this.fault(problem, this.#mark, context, start);
    }
    this.#break();
  }

  #blockBreaks(indent: number): void {
    do {
      while (this.#column < indent && this.#peek() === ' ') this.#forward();
    } while (this.#break());
  }

  #quoted(): void {
    this.#saveKey();
    this.#allowKey = false;
    const start = this.#mark;
    const quote = this.#peek();
    this.#forward();
    this.#quotedText(quote, start);
    while (this.#peek() !== quote) {
      this.#quotedSpaces(start);
      this.#quotedText(quote, start);
    }
    this.#forward();
    this.#add('<scalar>', start);
  }

  #quotedText(quote: string, start: Mark): void {
    const context = 'while scanning a double-quoted scalar';
    for (;;) {
      while (!`'"\\${BLANKS}`.includes(this.#peek())) this.#forward();
      const char = this.#peek();
      if (quote === "'" && char === "'" && this.#peek(1) === "'") this.#forward(2);
      else if (char !== quote && (char === "'" || char === '"' || (char === '\\' && quote === "'"))) {
        this.#forward();
      } else if (char === '\\') {
        this.#forward();
        const escaped = this.#peek();
        const length = HEX_LENGTHS[escaped];
        if (length !== undefined) {
          this.#forward();
          for (let k = 0; k < length; k += 1) {
            if (/[\da-f]/i.test(this.#peek(k))) continue;
            const problem = `expected escape sequence of ${length} hexadecimal numbers, but found ${shownChar(this.#peek(k))}`;
            throw this.fault(problem, this.#mark, context, start);
          }
          this.#forward(length);
        } else if (escaped !== '\0' && ESCAPES.includes(escaped)) this.#forward();
        else if (this.#break()) this.#quotedBreaks(start);
        else {
          throw this.fault(
            `found unknown escape character ${shownChar(escaped)}`,
            this.#mark,
            context,
            start,
          );
        }
      } else return;
    }
  }

  #quotedSpaces(start: Mark): void {
    this.#skipWhile(' \t');
    if (this.#peek() === '\0') {
      throw this.fault('found unexpected end of stream', this.#mark, 'while scanning a quoted scalar', start);
    }
    if (this.#break()) this.#quotedBreaks(start);
  }

  #quotedBreaks(start: Mark): void {
    do {
      if (this.#isSeparator()) {
        const problem = 'found unexpected document separator';
        throw this.fault(problem, this.#mark, 'while scanning a quoted scalar', start);
      }
      this.#skipWhile(' \t');
    } while (this.#break());
  }

  #isPlain(char: string, next: string): boolean {
    if (!`${BLANKS}-?:,[]{}#&*!|>'"%@\``.includes(char)) return true;
    return !BLANKS.includes(next) && (char === '-' || (this.#flow === 0 && (char === '?' || char === ':')));
  }

  #plain(): void {
    this.#saveKey();
    this.#allowKey = false;
    const start = this.#mark;
    const indent = this.#indent + 1;
    while (this.#peek() !== '#') {
      const begin = this.#index;
      while (!this.#endsPlain()) this.#forward();
      if (this.#index === begin) break;
      this.#allowKey = false;
      if (!this.#plainSpaces() || this.#peek() === '#' || (this.#flow === 0 && this.#column < indent)) break;
    }
    this.#add('<scalar>', start);
  }

  #endsPlain(): boolean {
    const char = this.#peek();
    if (BLANKS.includes(char)) return true;
    if (char === ':') return `${BLANKS}${this.#flow > 0 ? ',[]{}' : ''}`.includes(this.#peek(1));
    return this.#flow > 0 && ',?[]{}'.includes(char);
  }

  /** Whether the text may go on behind them. */
  #plainSpaces(): boolean {
    const begin = this.#index;
    this.#skipWhile(' ');
    if (!BREAKS.includes(this.#peek())) return this.#index > begin;
    this.#break();
    this.#allowKey = true;
    if (this.#isSeparator()) return false;
    while (` ${BREAKS}`.includes(this.#peek())) {
      if (this.#peek() === ' ') this.#forward();
      else {
        this.#break();
        if (this.#isSeparator()) return false;
      }
    }
    return true;
  }
}

function isPrintable(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  return (
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 0x20 && code <= 0x7e) ||
    code === 0x85 ||
    (code >= 0xa0 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    code >= 0x10000
  );
}

/** `%r` of a character. */
function shownChar(char: string): string {
  if (char === "'") return '"\'"';
  const names: Readonly<Record<string, string>> = {
    '\0': '\\x00',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\\': '\\\\',
  };
  const code = char.codePointAt(0) ?? 0;
  if (code >= 0x80 && code < 0xa1) return `'\\x${code.toString(16)}'`;
  if (code === 0x2028 || code === 0x2029) return `'\\u${code.toString(16)}'`;
  return `'${names[char] ?? char}'`;
}
