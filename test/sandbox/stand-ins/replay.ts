import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { imitateBodhi } from '../../../src/sandbox/stand-ins/bodhi/bodhi.ts';
import { isBodhiVersion } from '../../../src/sandbox/stand-ins/bodhi/version.ts';
import type { Finished, StandIn } from '../../../src/sandbox/stand-ins/common/stand-in.ts';
import { isStandInName, standIns } from '../../../src/sandbox/stand-ins/stand-ins.ts';
import { readingOf, type Said } from '../../clients/reading.ts';
import { isReplayed } from '../../contract/not-replayed.ts';
import { type Certificate, makeCertificate } from './certificate.ts';
import { answerByGit } from './git-backend.ts';
import { GIT_ENV } from './git-env.ts';
import { decodeBody, encodeAnswer, pythonJson } from './wire.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/recorded/clients/', import.meta.url));

/** One recorded command of a real client. */
export interface RecordedCase {
  readonly client: string;
  readonly version: string;
  readonly case: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A number below zero is a signal, a text says who ended the command. */
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
  readonly requests?: readonly RecordedRequest[];
}

export interface RecordedRequest {
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly response: { readonly status: number; readonly body: unknown; readonly 'set-cookie'?: string };
}

export function readCase(client: string, version: string, name: string): RecordedCase {
  return JSON.parse(readFileSync(join(FOLDER, `${client}-${version}-${name}.json`), 'utf8')) as RecordedCase;
}

/** What was recorded, by the beginning of its file: each has a test that plays all of {@link casesOf}. */
export const PLAYED = [
  'bodhi-8.1.1',
  'bodhi-26.4.0',
  'fedpkg-1.70',
  'kdestroy-1.20.1',
  'kinit-1.20.1',
  'klist-1.20.1',
  'koji-1.36.1',
  'kvno-1.20.1',
] as const;

/** The cases of one client that are to be played: all but those of the list. */
export function casesOf(played: (typeof PLAYED)[number]): readonly string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.startsWith(`${played}-`) && isReplayed(`clients/${file}`, 1))
    .map((file) => file.slice(played.length + 1, -'.json'.length));
}

/** Where a replay happens: recorded `/sandbox` is `dir`, all recorded servers are `server` (`secure` where they spoke TLS), nothing listens at `down`. */
export interface Place {
  readonly dir: string;
  readonly home: string;
  readonly server: string;
  readonly secure: string;
  readonly down: string;
  readonly certificate: Certificate;
}

export interface Replay {
  readonly expected: Outcome;
  readonly actual: Outcome;
  /** What packprobe makes of the real client's words, and of the stand-in's. */
  readonly readings: { readonly expected: string; readonly actual: string };
}

export interface Outcome extends Omit<Finished, 'exit'> {
  readonly exit: number | 'killed';
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
  /** The whole of an answer that was cut when it was recorded. */
  readonly uncut?: (request: RecordedRequest) => unknown;
  /** Sum of the file that is uploaded in place of the recorded one. */
  readonly uploadSum?: string;
  /** What stands on standard input; without it that is closed. */
  readonly input?: string;
}

let certificate: Certificate | undefined;

/**
 * Runs a stand-in against a server that gives the recorded answers one by one; both sides with the same words for what differs from run to run. A command that
 * was killed is killed here too, in the wait after its last recorded request or where it asks for more: what it said until then is compared.
 */
export async function replay(recorded: RecordedCase, options: ReplayOptions): Promise<Replay> {
  const dir = await mkdtemp(join(tmpdir(), 'stand-ins-'));
  const awaited = recorded.requests ?? [];
  const killed = typeof recorded.exit === 'string' || recorded.exit < 0;
  const seen: unknown[] = [];
  const said = { stdout: '', stderr: '' };
  const interrupt = new AbortController();
  const death = new AbortController();
  const kill = () => death.abort();
  const answer = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const recordedRequest = awaited[seen.length];
      if (recordedRequest === undefined && killed) {
        kill();
        return;
      }
      const body = Buffer.concat(parts);
      seen.push(describeRequest(request, body));
      if (recordedRequest === undefined) response.writeHead(500).end('more requests than were recorded');
      else if (recordedRequest.server === 'git' && recordedRequest.response.status === 200) {
        void answerByGit(request, body, response, dir);
      } else give(response, recordedRequest, place, options);
    });
  };
  certificate ??= makeCertificate();
  const server = http.createServer(answer);
  const secure = https.createServer(certificate, answer);
  const place: Place = {
    dir,
    home: join(dir, recorded.env['HOME']?.replace('/sandbox/', '') ?? 'home'),
    server: await listen(server),
    secure: await listen(secure),
    down: '127.0.0.1:1',
    certificate,
  };
  // Waits of the commands pass at once.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const pump = setInterval(() => {
    const waits = vi.getTimerCount() > 0;
    if (waits && killed && seen.length === awaited.length) kill();
    else if (waits && options.interrupt === true && seen.length === awaited.length) interrupt.abort();
    else vi.advanceTimersToNextTimer();
  }, 1);
  try {
    await mkdir(place.home, { recursive: true });
    const { cwd, env = {} } = await options.prepare(place);
    const [name = '', ...argv] = wordsOf(recorded).map((text) => localise(text, place));
    const recordedEnv = Object.fromEntries(
      Object.entries(recorded.env).map(([key, value]) => [key, localise(value, place)]),
    );
    const lines = options.input?.split('\n');
    const running = standInOf(name, recorded.version)(
      argv,
      cwd,
      { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', ...GIT_ENV, ...recordedEnv, ...env, HOME: place.home },
      {
        signal: AbortSignal.any([interrupt.signal, death.signal]),
        // What a dying command still says is nobody's to hear.
        stdout: (text) => {
          if (!death.signal.aborted) said.stdout += text;
        },
        stderr: (text) => {
          if (!death.signal.aborted) said.stderr += text;
        },
        ...(lines === undefined ? {} : { readLine: async () => lines.shift() }),
      },
    );
    const { exit } = await running;
    const expected = { ...recorded, exit: killed ? ('killed' as const) : (recorded.exit as number) };
    const actual = { ...said, exit: death.signal.aborted ? ('killed' as const) : exit };
    const readings = {
      expected: readingOf(saidBy(recorded, { ...recorded, env: recorded.env, killed })),
      actual: readingOf(saidBy(recorded, { ...said, exit, env: recordedEnv, killed: death.signal.aborted })),
    };
    const outcomes = {
      readings,
      expected: normalise(expected, awaited.map(describeRecorded), place),
      actual: normalise(actual, seen, place),
    };
    return killed ? untilDeath(outcomes) : outcomes;
  } finally {
    clearInterval(pump);
    vi.useRealTimers();
    await Promise.all([close(server), close(secure)]);
    await rm(dir, { recursive: true, force: true });
  }
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number | string;
  readonly killed: boolean;
  readonly env: Readonly<Record<string, string>>;
}

/** As packprobe is told of a command. */
function saidBy({ command }: RecordedCase, { stdout, stderr, exit, killed, env }: Ended): Said {
  const [file = '', ...args] = command;
  return {
    command: { file, args },
    exit: killed ? undefined : Number(exit),
    signal: killed ? 'SIGTERM' : undefined,
    stdout,
    stderr,
    truncated: false,
    idProvider: env['BODHI_OPENID_PROVIDER'],
  };
}

/** Of two that were killed one lived a moment longer: it said more, which is nobody's fault. */
function untilDeath({ expected, actual, readings }: Replay): Replay {
  const length = (from: 'stdout' | 'stderr') => Math.min(expected[from].length, actual[from].length);
  const cut = (outcome: Outcome): Outcome => ({
    ...outcome,
    stdout: outcome.stdout.slice(0, length('stdout')),
    stderr: outcome.stderr.slice(0, length('stderr')),
  });
  return { expected: cut(expected), actual: cut(actual), readings };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: http.Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function standInOf(name: string, version: string): StandIn {
  if (name === 'bodhi' && isBodhiVersion(version)) return imitateBodhi(version);
  if (!isStandInName(name)) throw new Error(`there is no stand-in of ${name}`);
  return standIns[name];
}

/** The words of the command itself, where a shell started it. */
function wordsOf({ command }: RecordedCase): readonly string[] {
  const inner = command[0] === 'sh' ? / exec (.*)$/.exec(command[2] ?? '')?.[1] : undefined;
  if (inner === undefined) return command;
  return (inner.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

/** The host stays as it was written: a ticket is for a name. */
function localise(text: string, { dir, server, secure, down }: Place): string {
  const portOf = (address: string) => address.slice(address.indexOf(':'));
  return text
    .replaceAll('127.0.0.1:21098', down)
    .replaceAll(/(127\.0\.0\.1|localhost):210\d7/g, `$1${portOf(secure)}`)
    .replaceAll(/(127\.0\.0\.1|localhost):210\d\d/g, `$1${portOf(server)}`)
    .replaceAll('/sandbox/', `${dir}/`);
}

function normalise(finished: Omit<Outcome, 'requests'>, requests: readonly unknown[], place: Place): Outcome {
  const { dir, server, secure, down } = place;
  const ports = [server, secure].map((address) => address.slice(address.indexOf(':') + 1)).join('|');
  const plain = (text: string) =>
    text
      .replaceAll(/127\.0\.0\.1:21098|port=21098|127\.0\.0\.1 port 21098/g, 'DOWN')
      .replaceAll(down, 'DOWN')
      .replaceAll(/port=1\b|127\.0\.0\.1 port 1\b/g, 'DOWN')
      .replaceAll(new RegExp(`(127\\.0\\.0\\.1|localhost):(?:210\\d\\d|${ports})`, 'g'), '$1:SERVER')
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
    exit: finished.exit,
    stdout: plain(finished.stdout),
    stderr: plain(finished.stderr),
    // Folders of uploads have names of their own, and of what was sent only the size was written down.
    requests: JSON.parse(
      plain(JSON.stringify(requests))
        .replaceAll(/cli-build(\/|%2F)[\d.]+\.\w{8}/g, 'FOLDER')
        .replaceAll(/"body":"(?:BYTES|<\d+ bytes>|x+)"/g, '"body":"BYTES"'),
    ) as unknown[],
  };
}

const HEADERS = ['authorization', 'cookie', 'koji-session-id', 'koji-session-key', 'koji-session-callnum'];

function describeRecorded({ server, method, path, headers, body }: RecordedRequest): unknown {
  if (server === 'git') return { method, path, body: body === null ? null : 'PACK' };
  return { method, path, headers: pick(headers), body: entries(body) };
}

function describeRequest(request: http.IncomingMessage, body: Buffer): unknown {
  const { method, url: path = '', headers } = request;
  if (path.includes('.git/')) return { method, path, body: body.length === 0 ? null : 'PACK' };
  return {
    method,
    path,
    headers: pick(headers as Record<string, string>),
    body: entries(decodeBody(request.headers['content-type'] ?? '', body)),
  };
}

function pick(headers: Readonly<Record<string, string>>): unknown {
  return Object.fromEntries(
    HEADERS.flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, value.replace(/^(Negotiate) .*/, '$1 TOKEN')]];
    }),
  );
}

/** Fields of a form with their order; times are not compared. */
function entries(body: unknown): unknown {
  if (body === null || typeof body !== 'object') return body;
  // The recorder wrote down whom the ticket was of.
  if ('call' in body) return { ...body, '(negotiated as)': undefined };
  const value = (key: string, given: unknown) => {
    if (key === 'mtime') return 'MTIME';
    return key === 'expiration_date' ? String(given).replaceAll(/\d/g, '0') : given;
  };
  return Object.entries(body).map(([key, given]) => [key, value(key, given)]);
}

function give(
  response: http.ServerResponse,
  recorded: RecordedRequest,
  place: Place,
  { payload, uncut, uploadSum }: ReplayOptions,
): void {
  const { status, body: given, 'set-cookie': cookie } = recorded.response;
  const body = isCut(given) ? uncut?.(recorded) : given;
  if (status === 0) {
    response.destroy();
    return;
  }
  if (cookie !== undefined) response.setHeader('Set-Cookie', cookie);
  response.statusCode = status;
  if (status === 401) response.setHeader('WWW-Authenticate', 'Negotiate');
  if (recorded.server === 'hub' && typeof body === 'object' && body !== null) {
    response.setHeader('Koji-Version', '1.35.3');
    response.setHeader('Content-Type', 'text/xml');
    const isUpload = uploadSum !== undefined && recorded.path.includes('?filename=');
    const { result = body } = body as { readonly result?: object };
    const answer = isUpload ? { result: { ...result, hexdigest: uploadSum } } : body;
    response.end(encodeAnswer(answer as Record<string, unknown>));
  } else if (typeof body === 'string') {
    if (recorded.server === 'git') response.setHeader('Content-Type', 'text/plain');
    if (body === '<0 bytes>') response.end();
    else response.end(/^<\d+ bytes>$/.test(body) && payload !== undefined ? payload : body);
  } else {
    response.setHeader('Content-Type', 'application/json');
    response.end(localise(pythonJson(body), place));
  }
}

function isCut(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  return 'cut' in body || ('result' in body && isCut(body.result));
}
