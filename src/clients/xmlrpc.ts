import { createRequire } from 'node:module';

/** What XML-RPC can carry, with nil as null. */
export type XmlRpcValue =
  | null
  | boolean
  | number
  | string
  | readonly XmlRpcValue[]
  | { readonly [name: string]: XmlRpcValue };

export type XmlRpcAnswer =
  | { readonly value: XmlRpcValue }
  | { readonly fault: { readonly code: number; readonly text: string } };

/** The text is no XML-RPC answer: HTML of a proxy, cut off, another XML. */
export class NotXmlRpc extends Error {
  override readonly name = 'NotXmlRpc';
}

/** Koji's keyword arguments: one extra last parameter with a marker. */
export function named(args: { readonly [name: string]: XmlRpcValue }): XmlRpcValue {
  return { ...args, __starstar: true };
}

export function encodeCall(method: string, params: readonly XmlRpcValue[]): string {
  const encoded = params.map((param) => `<param><value>${encode(param)}</value></param>`).join('');
  return `<?xml version="1.0"?>\n<methodCall><methodName>${escapeText(method)}</methodName><params>${encoded}</params></methodCall>`;
}

function encode(value: XmlRpcValue): string {
  if (value === null) return '<nil/>';
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
  if (typeof value === 'string') return `<string>${escapeText(value)}</string>`;
  if (typeof value === 'number') return encodeNumber(value);
  if (Array.isArray(value)) {
    return `<array><data>${value.map((item) => `<value>${encode(item)}</value>`).join('')}</data></array>`;
  }
  const members = Object.entries(value).map(
    ([name, member]) => `<member><name>${escapeText(name)}</name><value>${encode(member)}</value></member>`,
  );
  return `<struct>${members.join('')}</struct>`;
}

function encodeNumber(value: number): string {
  if (!Number.isInteger(value)) return `<double>${value}</double>`;
  const type = Math.abs(value) < 2 ** 31 ? 'int' : 'i8';
  return `<${type}>${value}</${type}>`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

type Node = { readonly [tag: string]: readonly Node[] | string };

let parse: ((text: string) => readonly Node[]) | undefined;

/** Loads its library with the first answer of Koji: a service that waits for its first run does without. */
function parserOf(): (text: string) => readonly Node[] {
  const library = createRequire(import.meta.url)('fast-xml-parser') as typeof import('fast-xml-parser');
  // Entities are read below: the parser's own reading has a limit on how many a document may hold, and long lists from Koji pass it.
  const parser = new library.XMLParser({
    preserveOrder: true,
    ignoreAttributes: true,
    ignoreDeclaration: true,
    parseTagValue: false,
    trimValues: false,
    processEntities: false,
  });
  return (text) => {
    if (library.XMLValidator.validate(text) !== true) throw new NotXmlRpc('not well-formed XML');
    return parser.parse(text);
  };
}

export function decodeAnswer(text: string): XmlRpcAnswer {
  parse ??= parserOf();
  const response = childOf(parse(text), 'methodResponse');
  const fault = response.find((node) => 'fault' in node);
  if (fault !== undefined) return { fault: faultOf(valueBelow(children(fault, 'fault'))) };
  return { value: valueBelow(childOf(childOf(response, 'params'), 'param')) };
}

function faultOf(value: XmlRpcValue): { code: number; text: string } {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const { faultCode, faultString } = value as { readonly [name: string]: XmlRpcValue };
    if (typeof faultCode === 'number') return { code: faultCode, text: String(faultString ?? '') };
  }
  throw new NotXmlRpc('a fault without a code');
}

function children(node: Node, tag: string): readonly Node[] {
  const found = node[tag];
  if (found === undefined || typeof found === 'string') throw new NotXmlRpc(`no <${tag}>`);
  return found;
}

function childOf(nodes: readonly Node[], tag: string): readonly Node[] {
  const node = nodes.find((candidate) => tag in candidate);
  if (node === undefined) throw new NotXmlRpc(`no <${tag}>`);
  return children(node, tag);
}

function textOf(nodes: readonly Node[]): string {
  return nodes
    .map((node) => (typeof node['#text'] === 'string' ? decodeEntities(node['#text']) : ''))
    .join('');
}

function valueBelow(nodes: readonly Node[]): XmlRpcValue {
  return decode(childOf(nodes, 'value'));
}

function decode(nodes: readonly Node[]): XmlRpcValue {
  const typed = nodes.find((node) => !('#text' in node));
  // A value without a type is a string.
  if (typed === undefined) return textOf(nodes);
  const type = Object.keys(typed)[0] ?? '';
  const inner = children(typed, type);
  switch (type) {
    case 'nil':
      return null;
    case 'boolean':
      return textOf(inner).trim() === '1';
    case 'int':
    case 'i4':
    case 'i8':
    case 'double': {
      const number = Number(textOf(inner).trim());
      if (!Number.isFinite(number)) throw new NotXmlRpc(`no number in <${type}>`);
      return number;
    }
    case 'array':
      return childOf(inner, 'data')
        .filter((node) => 'value' in node)
        .map((node) => decode(children(node, 'value')));
    case 'struct':
      return Object.fromEntries(
        inner
          .filter((node) => 'member' in node)
          .map((node) => children(node, 'member'))
          .map((member) => [textOf(childOf(member, 'name')), valueBelow(member)]),
      );
    default:
      return textOf(inner);
  }
}

const ENTITIES: ReadonlyMap<string, string> = new Map(
  Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }),
);

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return ENTITIES.get(name) ?? whole;
  });
}
