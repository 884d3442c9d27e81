import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { vi } from 'vitest';
import type { Finished } from '../../../src/sandbox/stand-ins/common/stand-in.ts';
import { type StandInName, standIns } from '../../../src/sandbox/stand-ins/stand-ins.ts';

/** One recorded command of a real client. */
export interface RecordedCase {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
  readonly requests?: readonly RecordedRequest[];
}

interface RecordedRequest {
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly response: { readonly status: number; readonly body: unknown; readonly 'set-cookie'?: string };
}

export function readCase(client: string, version: string, name: string): RecordedCase {
  const file = new URL(`../../fixtures/recorded/clients/${client}-${version}-${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as RecordedCase;
}

/** Where a replay happens: recorded `/sandbox` is `dir`, all recorded servers are `server`, and nothing listens at `down`. */
export interface Place {
  readonly dir: string;
  readonly server: string;
  readonly down: string;
}

export interface Replay {
  readonly expected: Outcome;
  readonly actual: Outcome;
}

export interface Outcome extends Finished {
  readonly requests: readonly unknown[];
}

export interface ReplayOptions {
  /** Makes files before the command runs; its cwd, and what is added to its environment. */
  readonly prepare: (
    place: Place,
  ) => Promise<{ readonly cwd: string; readonly env?: Record<string, string> }>;
  /** What a recorded body of which only the size is known really was. */
  readonly payload?: Buffer;
  /** Ctrl-C when the command waits after the last recorded request. */
  readonly interrupt?: boolean;
}

/** Runs a stand-in against a server that gives the recorded answers one by one; both sides with the same words for what differs from run to run. */
export async function replay(recorded: RecordedCase, options: ReplayOptions): Promise<Replay> {
  const dir = await mkdtemp(join(tmpdir(), 'stand-ins-'));
  const awaited = recorded.requests ?? [];
  const seen: unknown[] = [];
  const interrupt = new AbortController();
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const index = seen.length;
      seen.push(describeRequest(request, Buffer.concat(parts)));
      const answer = awaited[index];
      if (answer === undefined) response.writeHead(500).end('more requests than were recorded');
      else give(response, answer, place, options.payload);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const place: Place = {
    dir,
    server: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    down: '127.0.0.1:1',
  };
  // Waits of the commands pass at once.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const pump = setInterval(() => {
    const waits = vi.getTimerCount() > 0;
    if (waits && options.interrupt === true && seen.length === awaited.length) interrupt.abort();
    else vi.advanceTimersToNextTimer();
  }, 1);
  try {
    await mkdir(join(dir, 'home'), { recursive: true });
    const { cwd, env = {} } = await options.prepare(place);
    const here = (text: string) => localise(text, place);
    const [name = '', ...argv] = recorded.command.map(here);
    const recordedEnv = Object.fromEntries(
      Object.entries(recorded.env).map(([key, value]) => [key, here(value)]),
    );
    const actual = await standIns[name as StandInName](
      argv,
      cwd,
      {
        PATH: process.env['PATH'],
        LC_ALL: 'C.UTF-8',
        ...GIT_ENV,
        ...recordedEnv,
        HOME: join(dir, 'home'),
        ...env,
      },
      { signal: interrupt.signal },
    );
    return {
      expected: normalise(recorded, awaited.map(describeRecorded), place),
      actual: normalise(actual, seen, place),
    };
  } finally {
    clearInterval(pump);
    vi.useRealTimers();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(dir, { recursive: true, force: true });
  }
}

/** Git that looks at nothing of the host. */
export const GIT_ENV = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'alice',
  GIT_AUTHOR_EMAIL: 'alice@example.org',
  GIT_COMMITTER_NAME: 'alice',
  GIT_COMMITTER_EMAIL: 'alice@example.org',
} as const;

function localise(text: string, { dir, server, down }: Place): string {
  return text
    .replaceAll('127.0.0.1:21098', down)
    .replace(/(127\.0\.0\.1|localhost):210\d\d/g, server)
    .replaceAll('/sandbox/', `${dir}/`);
}

function normalise(
  finished: Omit<Finished, 'exit'> & { exit: number | string },
  requests: readonly unknown[],
  place: Place,
): Outcome {
  const { dir, server, down } = place;
  const plain = (text: string) =>
    text
      .replaceAll(/127\.0\.0\.1:21098|port=21098/g, 'DOWN')
      .replaceAll(down, 'DOWN')
      .replaceAll(/port=1\b/g, 'DOWN')
      .replaceAll(/(127\.0\.0\.1|localhost):210\d\d/g, 'SERVER')
      .replaceAll(server, 'SERVER')
      .replaceAll(/port=\d+/g, 'PORT')
      .replaceAll(`${dir}/`, '/sandbox/')
      .replaceAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} /gm, 'TIME ')
      .replaceAll(/\b[0-9a-f]{128}\b/g, 'SUM')
      .replaceAll(/\b[0-9a-f]{40}\b/g, 'SHA')
      .replaceAll(/\b(state=)[\w-]{30}/g, '$1STATE')
      .replaceAll(/^\S*\/getpass\.py/gm, 'getpass.py')
      // Of a traceback only its last line speaks to anybody.
      .replace(/Traceback \(most recent call last\):[\s\S]*\n(\S[^\n]*)\n+$/, 'Traceback\n$1\n');
  return {
    exit: finished.exit as number,
    stdout: plain(finished.stdout),
    stderr: plain(finished.stderr),
    requests: JSON.parse(plain(JSON.stringify(requests))) as unknown[],
  };
}

const HEADERS = ['authorization', 'cookie', 'koji-session-id', 'koji-session-key', 'koji-session-callnum'];

function describeRecorded({ method, path, headers, body }: RecordedRequest): unknown {
  return { method, path, headers: pick(headers), body: entries(body) };
}

function describeRequest(request: http.IncomingMessage, body: Buffer): unknown {
  return {
    method: request.method,
    path: request.url,
    headers: pick(request.headers as Record<string, string>),
    body: entries(decodeBody(request.headers['content-type'] ?? '', body)),
  };
}

function pick(headers: Readonly<Record<string, string>>): unknown {
  return Object.fromEntries(
    HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
}

/** Fields of a form with their order; the time of a file is not compared. */
function entries(body: unknown): unknown {
  if (body === null || typeof body !== 'object' || 'call' in body) return body;
  return Object.entries(body).map(([key, value]) => [key, key === 'mtime' ? 'MTIME' : value]);
}

function decodeBody(type: string, body: Buffer): unknown {
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

function give(
  response: http.ServerResponse,
  recorded: RecordedRequest,
  place: Place,
  payload?: Buffer,
): void {
  const { status, body, 'set-cookie': cookie } = recorded.response;
  if (status === 0) {
    response.destroy();
    return;
  }
  if (cookie !== undefined) response.setHeader('Set-Cookie', cookie);
  response.statusCode = status;
  if (recorded.server === 'hub' && typeof body === 'object' && body !== null) {
    response.setHeader('Koji-Version', '1.35.3');
    response.setHeader('Content-Type', 'text/xml');
    response.end(encodeAnswer(body as Record<string, unknown>));
  } else if (typeof body === 'string') {
    response.end(/^<\d+ bytes>$/.test(body) && payload !== undefined ? payload : body);
  } else {
    response.setHeader('Content-Type', 'application/json');
    response.end(localise(pythonJson(body), place));
  }
}

/** The recorded servers are written in Python: a blank after each comma and colon. */
function pythonJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}: ${pythonJson(inner)}`)
    .join(', ')}}`;
}

function encodeAnswer(body: Readonly<Record<string, unknown>>): string {
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
