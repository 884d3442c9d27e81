import { decodeEntities } from './xml-entities.ts';
import type { XmlRpcValue } from './xmlrpc.ts';

/** An answer that was read; a fault is a value, too. */
export type PlainAnswer = { readonly value: XmlRpcValue } | { readonly fault: XmlRpcValue };

/** Deeper than anything of Koji's; the parser of the library has a limit of its own. */
const DEEPEST = 20;

const PROLOG = /^<\?xml version=(['"])1\.0\1(?: encoding=(['"])utf-8\2)?\?>/i;
const AMPERSAND_ALONE = /&(?!(?:#\d+|#x[0-9a-fA-F]+|\w+);)/;

/** Thrown where the text is not as plain as that. */
const NOT_PLAIN = new Error('not a plain answer');

/**
 * Reads an answer as hubs write them: no attributes, comments or CDATA, nothing but blanks between the elements. Undefined of any other text, right or wrong: a
 * parser of XML has to judge that one. A service asks Koji all day, and such a parser costs ten times as much.
 */
export function readPlainAnswer(text: string): PlainAnswer | undefined {
  if (text.includes('\r')) return undefined;
  try {
    return readAnswer(text);
  } catch (error) {
    if (error === NOT_PLAIN) return undefined;
    throw error;
  }
}

function readAnswer(text: string): PlainAnswer {
  let at = PROLOG.exec(text)?.[0].length ?? 0;

  function blanks(): void {
    for (let code = text.charCodeAt(at); code === 10 || code === 32 || code === 9; ) {
      at += 1;
      code = text.charCodeAt(at);
    }
  }
  function comes(tag: string): boolean {
    if (!text.startsWith(tag, at)) return false;
    at += tag.length;
    return true;
  }
  function must(tag: string): void {
    if (!comes(tag)) throw NOT_PLAIN;
  }
  /** All up to the next tag. */
  function words(): string {
    const end = text.indexOf('<', at);
    if (end < 0) throw NOT_PLAIN;
    const raw = text.slice(at, end);
    at = end;
    if (raw.includes('>')) throw NOT_PLAIN;
    if (!raw.includes('&')) return raw;
    if (AMPERSAND_ALONE.test(raw)) throw NOT_PLAIN;
    return decodeEntities(raw);
  }
  function wordsIn(type: string): string {
    const said = words();
    must(`</${type}>`);
    return said;
  }

  /** Behind `<value>`, to the end of `</value>`. */
  function value(depth: number): XmlRpcValue {
    if (depth > DEEPEST) throw NOT_PLAIN;
    const said = words();
    // A value without a type is a string.
    if (comes('</value>')) return said;
    if (said.trim() !== '') throw NOT_PLAIN;
    const result = typed(depth);
    blanks();
    must('</value>');
    return result;
  }

  function typed(depth: number): XmlRpcValue {
    const end = text.indexOf('>', at);
    const type = text.slice(at + 1, end);
    at = end + 1;
    switch (type) {
      case 'nil/':
        return null;
      case 'string':
        return wordsIn(type);
      case 'boolean':
        return wordsIn(type).trim() === '1';
      case 'int':
      case 'i4':
      case 'i8':
      case 'double': {
        const number = Number(wordsIn(type).trim());
        if (!Number.isFinite(number)) throw NOT_PLAIN;
        return number;
      }
      case 'array':
        return array(depth);
      case 'struct':
        return struct(depth);
      default:
        throw NOT_PLAIN;
    }
  }

  function array(depth: number): XmlRpcValue {
    const items: XmlRpcValue[] = [];
    blanks();
    must('<data>');
    for (blanks(); comes('<value>'); blanks()) items.push(value(depth + 1));
    must('</data>');
    blanks();
    must('</array>');
    return items;
  }

  function struct(depth: number): XmlRpcValue {
    const members: Record<string, XmlRpcValue> = {};
    for (blanks(); comes('<member>'); blanks()) {
      blanks();
      must('<name>');
      const name = wordsIn('name');
      if (name === '__proto__') throw NOT_PLAIN;
      blanks();
      must('<value>');
      members[name] = value(depth + 1);
      blanks();
      must('</member>');
    }
    must('</struct>');
    return members;
  }

  blanks();
  must('<methodResponse>');
  blanks();
  const outer = comes('<fault>') ? (['fault'] as const) : (['params', 'param'] as const);
  if (outer[0] === 'params') {
    must('<params>');
    blanks();
    must('<param>');
  }
  blanks();
  must('<value>');
  const read = value(0);
  for (const tag of outer.toReversed()) {
    blanks();
    must(`</${tag}>`);
  }
  blanks();
  must('</methodResponse>');
  blanks();
  if (at !== text.length) throw NOT_PLAIN;
  return outer[0] === 'fault' ? { fault: read } : { value: read };
}
