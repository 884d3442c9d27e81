import { Double } from './python.ts';

/** A fault that the server answered. */
export class XmlRpcFault extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** What came back is not XML-RPC. */
export class NotXmlRpc extends Error {}

export function encodeCall(method: string, params: readonly unknown[]): string {
  const list = params.map((param) => `<param>\n${encode(param)}\n</param>`).join('\n');
  return `<?xml version='1.0'?>\n<methodCall>\n<methodName>${escapeXml(method)}</methodName>\n<params>\n${list}\n</params>\n</methodCall>\n`;
}

function encode(value: unknown): string {
  return `<value>${encodeInner(value)}</value>`;
}

function encodeInner(value: unknown): string {
  if (value === null || value === undefined) return '<nil/>';
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
  if (value instanceof Double) return `<double>${value}</double>`;
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (typeof value === 'number' && !Number.isInteger(value)) return `<double>${value}</double>`;
    const type = value >= -(2 ** 31) && value < 2 ** 31 ? 'int' : 'i8';
    return `<${type}>${value}</${type}>`;
  }
  if (Array.isArray(value)) return `<array><data>\n${value.map(encode).join('\n')}\n</data></array>`;
  if (typeof value === 'object') {
    const members = Object.entries(value).map(
      ([name, inner]) => `<member><name>${escapeXml(name)}</name>${encode(inner)}</member>`,
    );
    return `<struct>\n${members.join('\n')}\n</struct>`;
  }
  return `<string>${escapeXml(String(value))}</string>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The result of a call. With `doubles` floating-point numbers come as {@link Double}, to be told from whole ones. Throws {@link XmlRpcFault}, {@link NotXmlRpc}. */
export function decodeResponse(xml: string, doubles = false): unknown {
  if (!xml.includes('</methodResponse>')) throw new NotXmlRpc('no complete answer');
  const reader = tokens(xml);
  reader.open('methodResponse');
  if (reader.peek() === 'fault') {
    reader.open('fault');
    const fault = readValue(reader, false) as Record<string, unknown>;
    throw new XmlRpcFault(Number(fault['faultCode']), String(fault['faultString']));
  }
  reader.open('params');
  reader.open('param');
  return readValue(reader, doubles);
}

interface Tokens {
  /** Name of the next tag, `/name` for a closing one. */
  peek(): string;
  open(name: string): void;
  /** Text up to the next tag. */
  text(): string;
  /** Steps over the next tag, whatever it is. */
  skip(): void;
}

function tokens(xml: string): Tokens {
  const pattern = /<(\/?[\w.:]+)[^<>]*?(\/?)>|<\?[\s\S]*?\?>|<!--[\s\S]*?-->/g;
  let before = '';
  let name = '';
  let selfClosing = false;
  let end = 0;
  // A tag like <nil/> is an opening one followed by its closing one.
  let pending: string | undefined;

  function advance(): void {
    if (pending !== undefined) {
      [name, before, pending, selfClosing] = [pending, '', undefined, false];
      return;
    }
    for (;;) {
      const match = pattern.exec(xml);
      if (match === null) throw new NotXmlRpc('unexpected end');
      if (match[1] === undefined) {
        end = pattern.lastIndex;
        continue;
      }
      before = xml.slice(end, match.index);
      end = pattern.lastIndex;
      name = match[1];
      selfClosing = match[2] === '/';
      return;
    }
  }

  function skip(): void {
    if (selfClosing) pending = `/${name}`;
    const last = name === '/methodResponse';
    if (!last) advance();
  }

  advance();
  return {
    peek: () => name,
    open(expected) {
      if (name !== expected) throw new NotXmlRpc(`${name} where ${expected} was expected`);
      skip();
    },
    text: () => before,
    skip,
  };
}

function readValue(reader: Tokens, doubles: boolean): unknown {
  reader.open('value');
  const type = reader.peek();
  if (type === '/value') {
    const text = unescapeXml(reader.text());
    reader.skip();
    return text;
  }
  const value = readTyped(reader, type, doubles);
  reader.open('/value');
  return value;
}

function readTyped(reader: Tokens, type: string, doubles: boolean): unknown {
  reader.open(type);
  if (type === 'struct') {
    const struct: Record<string, unknown> = {};
    while (reader.peek() === 'member') {
      reader.open('member');
      reader.open('name');
      const name = unescapeXml(reader.text());
      reader.open('/name');
      struct[name] = readValue(reader, doubles);
      reader.open('/member');
    }
    reader.open('/struct');
    return struct;
  }
  if (type === 'array') {
    const list: unknown[] = [];
    reader.open('data');
    while (reader.peek() === 'value') list.push(readValue(reader, doubles));
    reader.open('/data');
    reader.open('/array');
    return list;
  }
  const text = unescapeXml(reader.text());
  reader.open(`/${type}`);
  switch (type) {
    case 'nil':
      return null;
    case 'boolean':
      return text.trim() === '1';
    case 'int':
    case 'i4':
    case 'i8':
      return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text.trim());
    case 'double':
      return doubles ? new Double(Number(text)) : Number(text);
    case 'string':
    case 'dateTime.iso8601':
    case 'base64':
      return text;
    default:
      throw new NotXmlRpc(`unknown type ${type}`);
  }
}

const ENTITIES: ReadonlyMap<string, string> = new Map(
  Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }),
);

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (match, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return ENTITIES.get(name as string) ?? match;
  });
}
