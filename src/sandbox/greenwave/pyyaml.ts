// Ported from PyYAML 6.0.3 (MIT License, the terms are those of LICENSE),
// Copyright (c) 2017-2021 Ingy döt Net, Copyright (c) 2006-2016 Kirill Simonov.

import { Crash } from '../resultsdb/flask.ts';
import { type Mark, PyYamlError, Scanner, type Token, type TokenId } from './pyyaml-scanner.ts';

/** The complaint of PyYAML 6 about a text, in its words and with its places; undefined where it has none. Throws `Crash` where Python does. */
export function pyYamlFault(text: string, name: string): string | undefined {
  try {
    new Parser(new Scanner(text, name)).stream();
    return undefined;
  } catch (error) {
    if (error instanceof PyYamlError) return error.message;
    throw error;
  }
}

/** How deep collections may be nested, before Python gives up with an error that nobody there expects. */
const DEEPEST = 480;

const DEFAULT_HANDLES: readonly string[] = ['!', '!!'];

/** Walks through the tokens as PyYAML's parser and composer do together; builds nothing. */
class Parser {
  readonly #scanner: Scanner;
  readonly #anchors = new Map<string, Mark>();
  #depth = 0;
  #handles: readonly string[] = DEFAULT_HANDLES;

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  stream(): void {
    if (!this.#is('<directive>', '<document start>', '<stream end>')) this.#node('block');
    for (;;) {
      while (this.#is('<document end>')) this.#take();
      if (this.#is('<stream end>')) return;
      this.#documentStart();
      this.#anchors.clear();
      if (!this.#is('<directive>', '<document start>', '<document end>', '<stream end>')) this.#node('block');
    }
  }

  #documentStart(): void {
    const handles = [...DEFAULT_HANDLES];
    let versions = 0;
    while (this.#is('<directive>')) {
      const { start, value = '' } = this.#take();
      const [name, first = ''] = value.split(/ +/);
      if (name === 'TAG') handles.push(first);
      if (name !== 'YAML') continue;
      versions += 1;
      if (versions > 1) throw this.#scanner.fault('found duplicate YAML directive', start);
      if (!first.startsWith('1.')) {
        throw this.#scanner.fault('found incompatible YAML document (version 1.* is required)', start);
      }
    }
    this.#handles = handles;
    if (!this.#is('<document start>')) {
      const { id, start } = this.#peek();
      throw this.#scanner.fault(`expected '<document start>', but found '${id}'`, start);
    }
    this.#take();
  }

  #node(kind: 'block' | 'flow', indentless = false): void {
    const { id, start, value = '' } = this.#peek();
    if (id === '<alias>') {
      this.#take();
      if (!this.#anchors.has(value)) throw this.#scanner.fault(`found undefined alias '${value}'`, start);
      return;
    }
    const anchor = this.#properties(start);
    const bare = anchor === undefined && this.#peek().start === start;
    const here = this.#peek();
    const isContent =
      this.#is('<scalar>', '[', '{') ||
      (kind === 'block' && this.#is('<block sequence start>', '<block mapping start>')) ||
      (indentless && here.id === '-');
    if (!isContent && bare) {
      const problem = `expected the node content, but found '${here.id}'`;
      throw this.#scanner.fault(problem, here.start, `while parsing a ${kind} node`, start);
    }
    if (anchor !== undefined) this.#remember(anchor, start);
    if (!isContent) return;
    if (here.id === '-') this.#indentlessSequence();
    else this.#content(this.#take());
  }

  /** The name of the anchor, if any; a tag may stand on either side of it. */
  #properties(start: Mark): string | undefined {
    let anchor: string | undefined;
    let isTagged = false;
    for (const _ of [1, 2]) {
      if (this.#is('<anchor>') && anchor === undefined) anchor = this.#take().value;
      else if (this.#is('<tag>') && !isTagged) {
        isTagged = true;
        const tag = this.#take();
        if (this.#handles.includes(tag.value ?? '!')) continue;
        const problem = `found undefined tag handle '${tag.value}'`;
        throw this.#scanner.fault(problem, tag.start, 'while parsing a node', start);
      }
    }
    return anchor;
  }

  #remember(anchor: string, at: Mark): void {
    const first = this.#anchors.get(anchor);
    if (first !== undefined) {
      const context = `found duplicate anchor '${anchor}'; first occurrence`;
      throw this.#scanner.fault('second occurrence', at, context, first);
    }
    this.#anchors.set(anchor, at);
  }

  #content({ id, start }: Token): void {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new Crash('maximum recursion depth exceeded');
    if (id === '<block sequence start>') this.#blockSequence(start);
    else if (id === '<block mapping start>') this.#blockMapping(start);
    else if (id === '[') this.#flowSequence(start);
    else if (id === '{') this.#flowMapping(start);
    this.#depth -= 1;
  }

  #blockSequence(start: Mark): void {
    while (this.#is('-')) {
      this.#take();
      if (!this.#is('-', '<block end>')) this.#node('block');
    }
    this.#blockEnd('while parsing a block collection', start);
  }

  #indentlessSequence(): void {
    while (this.#is('-')) {
      this.#take();
      if (!this.#is('-', '?', ':', '<block end>')) this.#node('block');
    }
  }

  #blockMapping(start: Mark): void {
    while (this.#is('?')) {
      for (const part of ['?', ':'] as const) {
        if (!this.#is(part)) continue;
        this.#take();
        if (!this.#is('?', ':', '<block end>')) this.#node('block', true);
      }
    }
    this.#blockEnd('while parsing a block mapping', start);
  }

  #blockEnd(context: string, start: Mark): void {
    const { id, start: at } = this.#peek();
    if (id !== '<block end>') {
      throw this.#scanner.fault(`expected <block end>, but found '${id}'`, at, context, start);
    }
    this.#take();
  }

  #flowSequence(start: Mark): void {
    for (let first = true; !this.#is(']'); first = false) {
      if (!first) this.#flowEntry(']', 'while parsing a flow sequence', start);
      if (this.#is('?')) this.#flowPair(']');
      else if (!this.#is(']')) this.#node('flow');
    }
    this.#take();
  }

  #flowMapping(start: Mark): void {
    for (let first = true; !this.#is('}'); first = false) {
      if (!first) this.#flowEntry('}', 'while parsing a flow mapping', start);
      if (this.#is('?')) this.#flowPair('}');
      else if (!this.#is('}')) this.#node('flow');
    }
    this.#take();
  }

  #flowEntry(end: ']' | '}', context: string, start: Mark): void {
    const { id, start: at } = this.#peek();
    if (id !== ',') {
      throw this.#scanner.fault(`expected ',' or '${end}', but got '${id}'`, at, context, start);
    }
    this.#take();
  }

  #flowPair(end: ']' | '}'): void {
    this.#take();
    if (!this.#is(':', ',', end)) this.#node('flow');
    if (!this.#is(':')) return;
    this.#take();
    if (!this.#is(',', end)) this.#node('flow');
  }

  #is(...ids: readonly TokenId[]): boolean {
    return ids.includes(this.#peek().id);
  }

  #peek(): Token {
    return this.#scanner.peekToken();
  }

  #take(): Token {
    return this.#scanner.takeToken();
  }
}
