import { Fault } from '../core/fault.ts';
import type { Http, HttpRequest } from '../core/ports.ts';

const DEFAULT_LIMIT_MS = 120_000;

/** Bytes; above it an answer is none that a program wants to read. */
const SIZE_LIMIT = 16 * 1024 * 1024;

export interface HttpOptions {
  /** Sent with every request: name, version and whom to ask. */
  readonly userAgent: string;
}

/** HTTP through Node's own client. */
export function nodeHttp({ userAgent }: HttpOptions): Http {
  return async (request, signal) => {
    const limitMs = request.limitMs ?? DEFAULT_LIMIT_MS;
    const limit = AbortSignal.timeout(limitMs);
    try {
      const response = await fetch(request.url, {
        method: request.method ?? 'GET',
        headers: { 'user-agent': userAgent, ...request.headers },
        ...(request.body === undefined ? {} : { body: request.body }),
        redirect: request.redirects ?? 'follow',
        signal: AbortSignal.any([signal, limit]),
      });
      const body = await readBody(response, request);
      return { request, status: response.status, headers: Object.fromEntries(response.headers), body };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof Fault) throw error;
      if (limit.aborted) {
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
    }
  };
}

async function readBody(response: Response, request: HttpRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
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

function hostOf(request: HttpRequest): string {
  return URL.canParse(request.url) ? new URL(request.url).host : request.url;
}

function evidenceOf(request: HttpRequest): { method: string; url: string } {
  return { method: request.method ?? 'GET', url: request.url };
}

/** fetch says only "fetch failed"; the reason is in its cause, or in the first of several. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof AggregateError ? error.cause.errors[0] : error.cause;
  if (cause instanceof Error) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
    // Codes of the system are known to whoever runs one, those of the library to nobody.
    return code === undefined || code.startsWith('UND_') ? cause.message : code;
  }
  return error.message;
}
