import { ownEntry } from './value.ts';

/** An element with its text and children; attributes mean nothing in XML-RPC. */
export interface Element {
  readonly name: string;
  /** Character data that stands directly in it, entities resolved. */
  readonly text: string;
  readonly children: readonly Element[];
}

/** A document that expat would refuse, in expat's words; `type` is the class of Python's exception. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly type: string;
  constructor(type: string, text: string) {
    super(text);
    this.type = type;
  }
}

const EXPAT = 'xml.parsers.expat.ExpatError';
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const NAME = /^[A-Za-z_:][\w:.-]*/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|&(?!#?\w+;)/;

/** Elements inside one another that are read at most. */
const DEEPEST = 1000;

function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 9 || code === 10 || code === 13;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

/**
 * Reads one small XML document as strictly as the hub's parser: no external entities, no declarations of them.
 *
 * fast-xml-parser would be shorter, but accepts what expat refuses, and the hub's refusals are part of its protocol.
 */
export function parseXml(source: string): Element {
  const text = source.replace(/\r\n?/g, '\n');
  let position = 0;

  const fail = (what: string, at = position): XmlError => {
    const before = text.slice(0, at);
    const line = before.split('\n').length;
    return new XmlError(EXPAT, `${what}: line ${line}, column ${at - (before.lastIndexOf('\n') + 1)}`);
  };

  function skipMisc(): void {
    for (;;) {
      position += /^\s*/.exec(text.slice(position))?.[0].length ?? 0;
      if (text.startsWith('<?', position)) skipTo('?>', 'unclosed token');
      else if (text.startsWith('<!--', position)) skipTo('-->', 'unclosed token');
      else if (text.startsWith('<!DOCTYPE', position)) skipDoctype();
      else return;
    }
  }

  function skipTo(end: string, what: string): void {
    const found = text.indexOf(end, position);
    if (found < 0) throw fail(what);
    position = found + end.length;
  }

  function skipDoctype(): void {
    const entity = /<!ENTITY\s+(\S+)/.exec(text.slice(position));
    if (entity !== null) {
      const shown = `EntitiesForbidden(name='${entity[1]}', system_id=None, public_id=None)`;
      throw new XmlError('defusedxml.common.EntitiesForbidden', shown);
    }
    const close = text.indexOf('>', position);
    if (close < 0) throw fail('unclosed token');
    position = close + 1;
  }

  function characters(raw: string, at: number): string {
    const bad = FORBIDDEN.exec(raw);
    if (bad !== null) throw fail('not well-formed (invalid token)', at + bad.index);
    return raw.replace(/&(#x?[\da-fA-F]+|\w+);/g, (whole, name: string, index: number) => {
      if (name.startsWith('#')) {
        const code = name.startsWith('#x')
          ? Number.parseInt(name.slice(2), 16)
          : Number.parseInt(name.slice(1), 10);
        if (!isCharacter(code)) throw fail('reference to invalid character number', at + index);
        return String.fromCodePoint(code);
      }
      const known = ownEntry(ENTITIES, name);
      if (known === undefined) throw fail('undefined entity', at + index);
      return known ?? whole;
    });
  }

  function element(depth: number): Element {
    const start = position;
    // Nobody means this; what it would come to is not worth a stack.
    if (depth > DEEPEST) {
      position = text.length;
      throw fail('no element found');
    }
    const name = NAME.exec(text.slice(position + 1))?.[0];
    if (name === undefined) throw fail('not well-formed (invalid token)', position + 1);
    const close = text.indexOf('>', position);
    if (close < 0) throw fail('unclosed token', start);
    const empty = text[close - 1] === '/';
    position = close + 1;
    if (empty) return { name, text: '', children: [] };

    const children: Element[] = [];
    let content = '';
    for (;;) {
      const next = text.indexOf('<', position);
      content += characters(text.slice(position, next < 0 ? undefined : next), position);
      if (next < 0) {
        position = text.length;
        throw fail('no element found');
      }
      position = next;
      if (text.startsWith('</', position)) {
        const end = /^<\/([^\s>]*)\s*>/.exec(text.slice(position));
        if (end === null) throw fail('unclosed token');
        if (end[1] !== name) throw fail('mismatched tag', position + 2);
        position += end[0].length;
        return { name, text: content, children };
      }
      if (text.startsWith('<!--', position)) skipTo('-->', 'unclosed token');
      else if (text.startsWith('<![CDATA[', position)) {
        const from = position + 9;
        skipTo(']]>', 'unclosed CDATA section');
        content += text.slice(from, position - 3);
      } else if (text.startsWith('<?', position)) skipTo('?>', 'unclosed token');
      else children.push(element(depth + 1));
    }
  }

  skipMisc();
  if (position >= text.length) throw fail('no element found');
  if (text[position] !== '<') {
    throw fail(/^\w/.test(text.slice(position)) ? 'syntax error' : 'not well-formed (invalid token)');
  }
  const root = element(0);
  skipMisc();
  if (position < text.length) throw fail('junk after document element');
  return root;
}

/** The text of a request's bytes, in the encoding that its declaration names. */
export function decodeXml(bytes: Buffer): string {
  const declared = /^<\?xml[^>]*encoding=["']([^"']+)["']/.exec(
    bytes.subarray(0, 100).toString('latin1'),
  )?.[1];
  if (declared !== undefined && /^(iso-8859-1|latin-?1)$/i.test(declared)) return bytes.toString('latin1');
  const text = bytes.toString('utf8');
  const broken = text.indexOf('\ufffd');
  if (broken < 0 || Buffer.from(text, 'utf8').equals(bytes)) return text;
  // A character that XML forbids stops the parser before it comes to what is no text at all.
  const forbidden = FORBIDDEN.exec(text.slice(0, broken));
  const before = text.slice(0, forbidden?.index ?? broken);
  const column = before.length - (before.lastIndexOf('\n') + 1);
  throw new XmlError(
    EXPAT,
    `not well-formed (invalid token): line ${before.split('\n').length}, column ${column}`,
  );
}
