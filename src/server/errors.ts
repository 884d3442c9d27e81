import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../core/ports.ts';
import { nearest } from '../core/suggest.ts';
import { allRoutes } from './add-routes.ts';
import { HttpError, printable } from './route.ts';

interface ErrorBody {
  readonly error: string;
  readonly message: string;
  readonly hint: string | null;
}

/**
 * Every answer that says no has the same form, and none says how it is made inside.
 * @param app knows the limit of requests already: whoever asks for what is not there is counted, too
 */
export function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler((error: FastifyError, request, reply) => sendError(error, request, reply, log));
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => {
    const path = printable(request.url.split('?', 1)[0] ?? '');
    const known = allRoutes().map(({ url }) => url);
    const near = nearest(path, known);
    const body: ErrorBody = {
      error: 'not_found',
      message: `there is no ${request.method} ${path}${near === undefined ? '' : `; did you mean ${near}?`}`,
      hint: 'See GET /api/v1/openapi.json.',
    };
    return reply.status(404).send(body);
  });
}

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger) {
  const { status, body } = errorOf(error);
  if (status >= 500) {
    log.error({ err: error, method: request.method, url: request.routeOptions.url }, 'request failed');
  }
  return reply.status(status).header('content-type', 'application/json; charset=utf-8').send(body);
}

function errorOf(error: unknown): { readonly status: number; readonly body: ErrorBody } {
  if (error instanceof HttpError) {
    const { statusCode: status, error: word, message, hint } = error;
    return { status, body: { error: word, message, hint } };
  }
  const { statusCode } = error as Partial<FastifyError>;
  // Of its own accord fastify says so of an answer that took too long, and of nothing else.
  if (statusCode === 503) {
    return {
      status: 503,
      body: { error: 'timeout', message: 'this took too long', hint: 'Try again later.' },
    };
  }
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) {
    const message = 'packprobe could not answer this';
    return { status: 500, body: { error: 'internal', message, hint: 'Its log says why.' } };
  }
  const known = WORDS[statusCode];
  const message = known?.[1] ?? 'this request cannot be read';
  return {
    status: statusCode,
    body: { error: known?.[0] ?? 'bad_request', message, hint: known?.[2] ?? null },
  };
}

/** What fastify itself refuses, in our words: its own would repeat what was sent. */
const WORDS: Readonly<Record<number, readonly [error: string, message: string, hint: string]>> = {
  400: ['bad_request', 'this request cannot be read', 'Is its path well-formed, and its body JSON?'],
  413: ['too_large', 'this body is too large', 'At most 64 KiB are taken.'],
  414: ['too_large', 'this address is too long', 'Shorten it.'],
  415: ['unsupported_media_type', 'only JSON is taken', 'Send `Content-Type: application/json`.'],
};

/** What is no HTTP at all is answered on the bare connection. */
export function refuseNoise(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = NOISE[error.code ?? ''] ?? 400;
  const body = JSON.stringify({ error: 'bad_request', message: 'this is no request', hint: null });
  // An import of `node:http` would load the whole of `fetch` along: 15 MB.
  const { STATUS_CODES } = process.getBuiltinModule('node:http');
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${body.length}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

const NOISE: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
