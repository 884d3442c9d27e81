import { XMLParser } from 'fast-xml-parser';

/** Whatever XML-RPC can say; a struct is an object. */
export type Rpc = null | boolean | number | string | Rpc[] | { [key: string]: Rpc };

export class RpcFault extends Error {
  readonly code: number;
  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

export interface Session {
  readonly id: number;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A client of the hub that shares nothing with it. */
export function rpcClient(url: string) {
  const callnums = new Map<number, number>();

  async function send(
    body: string | Uint8Array,
    {
      path = '/kojihub',
      method = 'POST',
      headers = {},
    }: { path?: string; method?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const init: RequestInit = { method, headers };
    if (method !== 'GET' && method !== 'HEAD') init.body = body;
    const response = await fetch(url + path, init);
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  async function call(method: string, params: readonly Rpc[] = [], session?: Session): Promise<Rpc> {
    const headers: Record<string, string> = { 'Content-Type': 'text/xml' };
    if (session !== undefined) {
      const callnum = callnums.get(session.id) ?? 0;
      callnums.set(session.id, callnum + 1);
      headers['Koji-Session-Id'] = String(session.id);
      headers['Koji-Session-Key'] = session.key;
      headers['Koji-Session-Callnum'] = String(callnum);
    }
    const { text } = await send(methodCall(method, params), { headers });
    return read(text);
  }

  async function login(user: string, password: string): Promise<Session> {
    const answer = (await call('login', [user, password, { opts: null, __starstar: true }])) as {
      'session-id': number;
      'session-key': string;
    };
    return { id: answer['session-id'], key: answer['session-key'] };
  }

  return { send, call, login };
}

export function methodCall(method: string, params: readonly Rpc[]): string {
  const body = params.map((param) => `<param>${value(param)}</param>`).join('');
  return `<?xml version='1.0'?>\n<methodCall>\n<methodName>${method}</methodName>\n<params>${body}</params>\n</methodCall>\n`;
}

function value(given: Rpc): string {
  return `<value>${typed(given)}</value>`;
}

function typed(given: Rpc): string {
  if (given === null) return '<nil/>';
  if (typeof given === 'boolean') return `<boolean>${Number(given)}</boolean>`;
  if (typeof given === 'string') {
    return `<string>${given.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</string>`;
  }
  if (typeof given === 'number') {
    if (!Number.isInteger(given)) return `<double>${given}</double>`;
    return Math.abs(given) > 2 ** 31 - 1 ? `<i8>${given}</i8>` : `<int>${given}</int>`;
  }
  if (Array.isArray(given)) return `<array><data>${given.map(value).join('')}</data></array>`;
  const members = Object.entries(given).map(
    ([name, one]) => `<member><name>${name}</name>${value(one)}</member>`,
  );
  return `<struct>${members.join('')}</struct>`;
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  maxNestedTags: 10_000,
});

type Node = { readonly [name: string]: readonly Node[] };

/** Reads a methodResponse; a fault is thrown. */
export function read(text: string): Rpc {
  const tree = parser.parse(text) as Node[];
  const response = find(tree, 'methodResponse');
  if (response === undefined) throw new Error(`no methodResponse: ${text.slice(0, 200)}`);
  const fault = find(response, 'fault');
  if (fault !== undefined) {
    const { faultCode, faultString } = decode(find(fault, 'value')) as {
      faultCode: number;
      faultString: string;
    };
    throw new RpcFault(faultCode, faultString);
  }
  return decode(find(find(find(response, 'params') ?? [], 'param') ?? [], 'value'));
}

function find(nodes: readonly Node[], name: string): readonly Node[] | undefined {
  return nodes.find((node) => name in node)?.[name];
}

function textOf(nodes: readonly Node[]): string {
  return nodes.map((node) => String(node['#text'] ?? '')).join('');
}

function decode(nodes: readonly Node[] | undefined): Rpc {
  if (nodes === undefined) throw new Error('a value is missing');
  const element = nodes.find((node) => !('#text' in node));
  if (element === undefined) return textOf(nodes);
  const [name = '', children = []] = Object.entries(element)[0] ?? [];
  switch (name) {
    case 'nil':
      return null;
    case 'string':
      return textOf(children);
    case 'boolean':
      return textOf(children) === '1';
    case 'int':
    case 'i4':
    case 'i8':
    case 'double':
      return Number(textOf(children));
    case 'dateTime.iso8601':
      return { [name]: textOf(children) };
    case 'base64':
      return { [name]: Buffer.from(textOf(children), 'base64').toString() };
    case 'array':
      return (find(children, 'data') ?? [])
        .filter((node) => 'value' in node)
        .map((node) => decode(node['value']));
    case 'struct':
      return Object.fromEntries(
        children
          .filter((node) => 'member' in node)
          .map((node) => {
            const member = node['member'] ?? [];
            return [textOf(find(member, 'name') ?? []), decode(find(member, 'value'))];
          }),
      );
    default:
      throw new Error(`unknown type ${name}`);
  }
}
