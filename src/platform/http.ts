import type { ClientRequest, IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { constants, createBrotliDecompress, createUnzip } from 'node:zlib';
import { Fault } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { Http, HttpRequest } from '../core/ports.ts';

const DEFAULT_LIMIT_MS = 120_000;

/** Bytes; above it an answer is none that a program wants to read. */
const SIZE_LIMIT = 16 * 1024 * 1024;

const MOST_REDIRECTS = 20;

export interface HttpOptions {
  /** Sent with every request: name, version and whom to ask. */
  readonly userAgent: string;
}

/**
 * HTTP through `node:http`: Node's `fetch` costs a process that mostly waits 20 MB, for good. An `import` of `node:http` loads it along, for the sake
 * of a WebSocket among its exports; to ask for the module does not.
 */
export function nodeHttp({ userAgent }: HttpOptions): Http {
  return async (request, signal) => {
    const limitMs = request.limitMs ?? DEFAULT_LIMIT_MS;
    // Not `AbortSignal.timeout`: its timer, and all that hangs on it, would outlive an answer by up to the whole limit.
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), limitMs);
    using stop = firstOf(signal, limit.signal);
    try {
      const headers = {
        accept: '*/*',
        'accept-encoding': 'gzip, deflate, br',
        'user-agent': userAgent,
        ...lowerCase(request.headers ?? {}),
      };
      const response = await follow({ ...request, headers }, stop.signal);
      const body = await readBody(response, request);
      return { request, status: response.statusCode ?? 0, headers: textsOf(response), body };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof Fault) throw error;
      if (limit.signal.aborted) {
        throw new Fault(`${hostOf(request)} did not answer within ${Math.round(limitMs / 1000)} s`, {
          code: 'HTTP_TIMED_OUT',
          kind: 'unavailable',
          evidence: evidenceOf(request),
          cause: error,
        });
      }
      throw new Fault(`${hostOf(request)} could not be reached: ${reasonOf(error)}`, {
        code: 'HTTP_UNREACHABLE',
        kind: 'unavailable',
        evidence: { ...evidenceOf(request), reason: reasonOf(error) },
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  };
}

async function follow(first: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
  let request = first;
  for (let count = 0; count <= MOST_REDIRECTS; count += 1) {
    const response = await exchange(request, signal);
    const { location } = response.headers;
    if (request.redirects === 'manual' || !isRedirect(response) || location === undefined) return response;
    // What is not read holds its connection.
    response.resume();
    request = redirected(request, response.statusCode ?? 0, new URL(location, request.url));
  }
  throw new Error(`more than ${MOST_REDIRECTS} redirects`);
}

function isRedirect({ statusCode = 0 }: IncomingMessage): boolean {
  return [301, 302, 303, 307, 308].includes(statusCode);
}

/** As browsers do it: what was posted is fetched behind 301 to 303, and a login is for the one who asked for it. */
function redirected({ body, ...request }: HttpRequest, status: number, to: URL): HttpRequest {
  const { method = 'GET' } = request;
  const becomesGet = status === 303 ? method !== 'HEAD' : status < 303 && method === 'POST';
  const left = new Set<string>();
  if (becomesGet) for (const name of ['content-type', 'content-length']) left.add(name);
  if (new URL(request.url).origin !== to.origin) {
    for (const name of ['authorization', 'cookie', 'host']) left.add(name);
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).filter(([name]) => !left.has(name)),
  );
  const kept = { ...request, url: to.href, headers };
  if (becomesGet) return { ...kept, method: 'GET' };
  return body === undefined ? kept : { ...kept, body };
}

/** One request, answered with its head; one that met a connection that the other side was just closing is sent once more. */
async function exchange(request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = send(request, signal);
  sent.once('response', resolve);
  // Stays: what breaks behind the answer is told by its body, too.
  sent.on('error', reject);
  sent.end(request.body);
  try {
    return await promise;
  } catch (error) {
    const isRead = ['GET', 'HEAD'].includes(request.method ?? 'GET');
    if (!signal.aborted && sent.reusedSocket && isRead && codeOf(error) === 'ECONNRESET') {
      return exchange(request, signal);
    }
    throw error;
  }
}

function send({ method = 'GET', url, headers, body }: HttpRequest, signal: AbortSignal): ClientRequest {
  const isSecure = new URL(url).protocol === 'https:';
  const { request } = process.getBuiltinModule(isSecure ? 'node:https' : 'node:http');
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return request(url, { method, headers: { ...headers, ...length }, signal });
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function textsOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const text = Array.isArray(value) ? value.at(-1) : value;
      return text === undefined ? [] : [[name, text] as const];
    }),
  );
}

async function readBody(response: IncomingMessage, request: HttpRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of decoded(response)) {
    size += chunk.byteLength;
    if (size > SIZE_LIMIT) {
      throw new Fault(`${hostOf(request)} answered with more than ${SIZE_LIMIT / 1024 / 1024} MiB`, {
        code: 'HTTP_TOO_LARGE',
        kind: 'malformed',
        evidence: evidenceOf(request),
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function decoded(response: IncomingMessage): AsyncIterable<Uint8Array> {
  switch (response.headers['content-encoding']?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      // An answer without a body has none that is packed, either.
      return pipeline(response, createUnzip({ finishFlush: constants.Z_SYNC_FLUSH }), () => {});
    case 'br':
      return pipeline(
        response,
        createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }),
        () => {},
      );
    default:
      return response;
  }
}

function hostOf(request: HttpRequest): string {
  return URL.canParse(request.url) ? new URL(request.url).host : request.url;
}

function evidenceOf(request: HttpRequest): { method: string; url: string } {
  return { method: request.method ?? 'GET', url: request.url };
}

/** Codes of the system are known to whoever runs one, those of a parser to nobody. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = codeOf(error);
  return code === undefined || /^(HPE|ERR)_/.test(code) ? error.message : code;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
