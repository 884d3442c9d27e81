import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decodeAnswer, encodeCall, type XmlRpcValue } from '../../src/clients/xmlrpc.ts';
import type { HttpRequest, HttpResponse } from '../../src/core/ports.ts';

/** Thrown by a handler: the hub answers with this fault. */
export class HubFault extends Error {
  readonly code: number;
  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

type Handler = (method: string, params: readonly XmlRpcValue[]) => XmlRpcValue;

/** A hub that answers calls and multicalls by a function. */
export function fakeHub(handler: Handler): (request: HttpRequest) => Partial<HttpResponse> {
  return (request) => {
    const { method, params } = readCall(request.body ?? '');
    return { headers: { 'content-type': 'text/xml' }, body: answer(method, params) };
  };

  function answer(method: string, params: readonly XmlRpcValue[]): string {
    try {
      return responseOf(method === 'multiCall' ? multiCall(params) : handler(method, params));
    } catch (thrown) {
      if (!(thrown instanceof HubFault)) throw thrown;
      return faultOf(thrown);
    }
  }

  function multiCall([calls]: readonly XmlRpcValue[]): XmlRpcValue {
    return (calls as unknown as { methodName: string; params: XmlRpcValue[] }[]).map((call) => {
      try {
        return [handler(call.methodName, call.params)];
      } catch (thrown) {
        if (!(thrown instanceof HubFault)) throw thrown;
        return { faultCode: thrown.code, faultString: thrown.message, traceback: [] };
      }
    });
  }
}

export function responseOf(value: XmlRpcValue): string {
  return encodeCall('x', [value])
    .replace('<methodName>x</methodName>', '')
    .replaceAll('methodCall>', 'methodResponse>');
}

function faultOf({ code, message }: HubFault): string {
  const value = responseOf({ faultCode: code, faultString: message });
  return value.replace('<params><param>', '<fault>').replace('</param></params>', '</fault>');
}

export function readCall(body: string): { method: string; params: readonly XmlRpcValue[] } {
  const method = /<methodName>(.*?)<\/methodName>/.exec(body)?.[1] ?? '';
  const inner = /<params>([\s\S]*)<\/params>/.exec(body)?.[1] ?? '';
  const values = inner.replaceAll(/<\/?param>/g, '');
  const read = decodeAnswer(
    `<methodResponse><params><param><value><array><data>${values}</data></array></value></param></params></methodResponse>`,
  );
  return { method, params: 'value' in read ? (read.value as readonly XmlRpcValue[]) : [] };
}

export interface Exchange {
  readonly note?: string;
  readonly request: { readonly method: string; readonly path: string; readonly body: unknown };
  readonly response: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
}

/** The exchanges of a recorded file: `exchanges('bodhi/releases')`. */
export function exchanges(path: string): readonly Exchange[] {
  const file = fileURLToPath(new URL(`../fixtures/recorded/${path}.jsonl`, import.meta.url));
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Exchange)
    .filter(({ request, response }) => request !== undefined && response !== undefined);
}

/** Calls that differ only in how much they ask for are the same question to a recording. */
function keyOf(method: string, params: unknown): string {
  const plain = ((params ?? []) as readonly unknown[]).flatMap((param) => {
    if (typeof param !== 'object' || param === null || !('__starstar' in param)) return [param];
    const { request, queryOpts, raise_fault, ...rest } = param as Record<string, unknown>;
    return Object.keys(rest).length === 1 ? [] : [Object.entries(rest).sort()];
  });
  return JSON.stringify([method, plain]);
}

/** A hub that answers each call as it was recorded last. */
export function recordedHub(path: string): (request: HttpRequest) => Partial<HttpResponse> {
  const answers = new Map<string, XmlRpcValue>();
  for (const { request, response } of exchanges(path)) {
    const { method, params } = request.body as { method?: string; params?: unknown };
    if (method !== undefined) answers.set(keyOf(method, params), response.body as XmlRpcValue);
  }
  return fakeHub((method, params) => {
    const found = answers.get(keyOf(method, params));
    const fault = found as { faultCode?: number; faultString?: string } | null | undefined;
    if (found === undefined) throw new HubFault(1000, `not recorded: ${method} ${JSON.stringify(params)}`);
    if (typeof fault?.faultCode === 'number') throw new HubFault(fault.faultCode, fault.faultString ?? '');
    return found;
  });
}
