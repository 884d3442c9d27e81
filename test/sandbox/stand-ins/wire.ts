import { XMLParser } from 'fast-xml-parser';

/** The body of a request as the recorder wrote it down: calls, forms and parts of files as objects. */
export function decodeBody(type: string, body: Buffer): unknown {
  if (body.length === 0) return null;
  const text = body.toString();
  if (type.startsWith('text/xml')) return decodeCall(text);
  if (type.startsWith('application/x-www-form-urlencoded')) {
    const fields = new URLSearchParams(text);
    return Object.fromEntries(
      [...new Set(fields.keys())].map((key) => {
        const values = fields.getAll(key);
        return [key, values.length > 1 ? values : values[0]];
      }),
    );
  }
  const boundary = /boundary=(.+)$/.exec(type)?.[1];
  if (boundary === undefined) return text;
  const parts = text.split(`--${boundary}`).slice(1, -1);
  return Object.fromEntries(
    parts.map((part) => {
      const [head = '', content = ''] = part.split('\r\n\r\n');
      const name = /name="(\w+)"/.exec(head)?.[1];
      const file = /filename="([^"]+)"/.exec(head)?.[1];
      const kind = /Content-Type: (\S+)/.exec(head)?.[1];
      const value = content.replace(/\r\n$/, '');
      return [name, file === undefined ? value : `<file ${file}, ${kind}, ${value.length} bytes>`];
    }),
  );
}

interface Node {
  readonly [tag: string]: unknown;
}

/** Reads a call independently of the stand-ins' own code. */
function decodeCall(xml: string): unknown {
  const parser = new XMLParser({
    preserveOrder: true,
    trimValues: false,
    parseTagValue: false,
    ignoreDeclaration: true,
  });
  const tree = parser.parse(xml) as Node[];
  const inside = (nodes: readonly Node[], tag: string) =>
    nodes.filter((node) => tag in node).map((node) => node[tag] as Node[]);
  const one = (nodes: readonly Node[], tag: string) => inside(nodes, tag)[0] ?? [];
  const text = (nodes: readonly Node[]) => nodes.map((node) => String(node['#text'] ?? '')).join('');
  const value = (nodes: readonly Node[]): unknown => {
    const typed = nodes.find((node) => !('#text' in node));
    if (typed === undefined) return text(nodes);
    const [type = ''] = Object.keys(typed);
    const inner = typed[type] as Node[];
    switch (type) {
      case 'nil':
        return null;
      case 'boolean':
        return text(inner) === '1';
      case 'int':
      case 'i8':
      case 'double':
        return Number(text(inner));
      case 'array':
        return inside(one(inner, 'data'), 'value').map(value);
      case 'struct':
        return Object.fromEntries(
          inside(inner, 'member').map((member) => [text(one(member, 'name')), value(one(member, 'value'))]),
        );
      default:
        return text(inner);
    }
  };
  const call = one(tree, 'methodCall');
  const params = inside(one(call, 'params'), 'param').map((param) => value(one(param, 'value')));
  return { call: text(one(call, 'methodName')), params };
}

/** The recorded servers are written in Python: a blank after each comma and colon. */
export function pythonJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}: ${pythonJson(inner)}`)
    .join(', ')}}`;
}

/** The answer of a hub: a result, or a fault as number and text. */
export function encodeAnswer(body: Readonly<Record<string, unknown>>): string {
  const encode = (value: unknown): string => `<value>${inner(value)}</value>`;
  const escaped = (value: string) =>
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const inner = (value: unknown): string => {
    if (value === null) return '<nil/>';
    if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
    if (typeof value === 'number')
      return Number.isInteger(value) ? `<int>${value}</int>` : `<double>${value}</double>`;
    if (typeof value === 'string') return `<string>${escaped(value)}</string>`;
    if (Array.isArray(value)) return `<array><data>${value.map(encode).join('\n')}</data></array>`;
    const members = Object.entries(value as object).map(
      ([name, member]) => `<member>\n<name>${escaped(name)}</name>${encode(member)}</member>`,
    );
    return `<struct>\n${members.join('\n')}</struct>`;
  };
  const head = "<?xml version='1.0'?>\n<methodResponse>\n";
  if (Array.isArray(body['fault'])) {
    const [faultCode, faultString] = body['fault'] as [number, string];
    return `${head}<fault>\n${encode({ faultCode, faultString })}</fault>\n</methodResponse>\n`;
  }
  return `${head}<params>\n<param>\n${encode(body['result'])}\n</param>\n</params>\n</methodResponse>\n`;
}
