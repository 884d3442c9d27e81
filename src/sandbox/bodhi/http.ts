import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { pythonJson } from '../datagrepper/python-json.ts';
import { sendErrorPage, sendPage, wantsPage } from './pages.ts';
import type { Fields, Refusal } from './schema.ts';

/** What Bodhi answers; a refused request is thrown as `Refused`. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** A request that is refused with Bodhi's error body. */
export class Refused extends Error {
  readonly status: number;
  /** For the server around it: nothing of the sandbox's own went wrong, even where the answer is a 500 of the real one. */
  readonly statusCode = 400;
  readonly refusals: readonly Refusal[];

  constructor(refusals: readonly Refusal[], status = 400) {
    super(refusals.map(({ description }) => description).join('; '));
    this.name = 'Refused';
    this.status = status;
    this.refusals = refusals;
  }
}

/** The server around the application answers in its place. */
export class BrokenThread extends Error {
  override readonly name = 'BrokenThread';
  readonly statusCode = 400;
}

export function refused(name: string, description: string, status = 400): Refused {
  return new Refused([{ location: 'body', name, description }], status);
}

const METHODS: HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const SERVED = [
  'text/html',
  'application/json',
  'text/json',
  'application/atom+xml',
  'application/javascript',
];

const BROKEN = Symbol('a body that is no JSON');

/** Form and JSON bodies; a repeated key of a form is a list. */
export function readBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, JSON.parse(String(body)));
    } catch {
      done(null, BROKEN);
    }
  });
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, formFields(String(body))),
  );
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, {}));
}

function formFields(text: string): Fields {
  const form = new URLSearchParams(text);
  return Object.fromEntries(
    [...new Set(form.keys())].map((key) => {
      const all = form.getAll(key);
      return [key, all.length === 1 ? all[0] : all];
    }),
  );
}

/** The fields of a body; one that is no JSON is refused. */
export function bodyOf(request: FastifyRequest): Fields {
  if (request.body === BROKEN) {
    throw new Refused([
      { location: 'body', name: '', description: 'Invalid JSON: Expecting value: line 1 column 1 (char 0)' },
      { location: 'body', name: '', description: 'Required' },
    ]);
  }
  return typeof request.body === 'object' && request.body !== null ? (request.body as Fields) : {};
}

/** One address with what it answers, where `page` is true also for people; other methods are 405, as is `Accept` that nobody serves 406. */
export function resource(
  server: FastifyInstance,
  path: string,
  handlers: { readonly get?: Handler; readonly post?: Handler; readonly page?: boolean },
): void {
  const allow = [
    ...(handlers.get === undefined ? [] : ['GET', 'HEAD']),
    ...(handlers.post === undefined ? [] : ['POST']),
    'OPTIONS',
  ].join(', ');
  server.route({
    method: METHODS,
    url: path,
    handler: async (request, reply) => {
      const handler =
        request.method === 'GET' || request.method === 'HEAD'
          ? handlers.get
          : request.method === 'POST'
            ? handlers.post
            : undefined;
      // Pages of other hosts may read.
      const { origin } = request.headers;
      if (handlers.get !== undefined && origin !== undefined) {
        reply.header('access-control-allow-origin', origin);
      }
      if (request.method === 'OPTIONS') return reply.type('application/json').send('null');
      if (handler === undefined) {
        return reply.code(405).header('allow', allow).send(methodNotAllowed(request.method));
      }
      if (request.method !== 'POST' && !isServed(request.headers.accept)) {
        throw new Refused(
          [
            {
              location: 'header',
              name: 'Accept',
              description: `Accept header should be one of [${SERVED.map((type) => `'${type}'`).join(', ')}]`,
            },
          ],
          406,
        );
      }
      const callback = callbackOf(request);
      if (callback !== undefined && !CALLBACK.test(callback)) return badCallback(reply);
      const answer = await handler(request, reply);
      if (reply.sent || answer === reply) return reply;
      if (callback !== undefined) {
        return reply
          .type('application/javascript; charset=UTF-8')
          .send(`/**/${callback}(${pythonJson(answer)});`);
      }
      if (handlers.page === true && wantsPage(request)) return sendPage(reply, request, answer);
      // A bare text is JSON here too.
      return reply.type('application/json').send(pythonJson(answer));
    },
  });
  if (path.endsWith('/') && path.length > 1) {
    server.get(path.slice(0, -1), (request, reply) => {
      const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
      return reply
        .code(307)
        .header('location', `http://${request.host}${path}${query}`)
        .send({
          message: `The resource has been moved to ${path}; you should be redirected automatically.\n\n`,
          code: '307 Temporary Redirect',
          title: 'Temporary Redirect',
        });
    });
  }
}

const CALLBACK = /^[$a-z_][$0-9a-z_.[\]]+[^.]$/i;

/** The function that a page wants to be called, where it asks for a script. */
function callbackOf(request: FastifyRequest): string | undefined {
  if (request.method !== 'GET' || !request.headers.accept?.includes('application/javascript'))
    return undefined;
  const { callback } = request.query as Readonly<Record<string, unknown>>;
  const [first] = [callback].flat();
  return first === undefined ? undefined : String(first);
}

function badCallback(reply: FastifyReply): FastifyReply {
  return reply
    .code(400)
    .type('text/plain; charset=UTF-8')
    .serializer(String)
    .send(
      '400 Bad Request\n\nThe server could not comply with the request since it is either malformed or otherwise incorrect.\n\n\nInvalid JSONP callback function name.\n\n',
    );
}

function methodNotAllowed(method: string) {
  return {
    message: `The method ${method} is not allowed for this resource. \n\n\n`,
    code: '405 Method Not Allowed',
    title: 'Method Not Allowed',
  };
}

function isServed(accept: string | undefined): boolean {
  if (accept === undefined || accept === '') return true;
  return accept
    .split(',')
    .map((part) => part.split(';')[0]?.trim() ?? '')
    .some(
      (type) =>
        type === '*/*' || SERVED.includes(type) || SERVED.some((one) => type === `${one.split('/')[0]}/*`),
    );
}

/** Error bodies; what is not meant as one is told to `trouble` and looks like an exception of the server. */
export function answerErrors(server: FastifyInstance): void {
  // People see these bytes: the command prints a refusal as it came.
  server.setReplySerializer((payload) => pythonJson(payload));
  server.addHook('onSend', async (_request, reply) => {
    // Fastify adds a charset, which Bodhi does not.
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8') {
      reply.header('content-type', 'application/json');
    }
  });
  server.setErrorHandler((error, request, reply) => {
    if (error instanceof BrokenThread) return waitressPage(reply);
    if (error instanceof Refused && wantsPage(request)) {
      return sendErrorPage(reply, error.status, error.refusals);
    }
    if (error instanceof Refused) {
      return reply.code(error.status).send({ status: 'error', errors: error.refusals });
    }
    const { name, message } = error instanceof Error ? error : { name: 'Exception', message: String(error) };
    return reply
      .code(500)
      .send({ status: 'error', errors: [{ location: 'body', name, description: message }] });
  });
  server.setNotFoundHandler((_request, reply) => notFoundPage(reply));
}

/** What waitress says in the place of an application that broke. */
export function waitressPage(reply: FastifyReply): FastifyReply {
  return reply
    .code(500)
    .type('text/plain; charset=utf-8')
    .serializer(String)
    .send(
      'Internal Server Error\r\n\r\nThe server encountered an unexpected internal server error\r\n\r\n(generated by waitress)',
    );
}

/** Unknown addresses answer with a page whatever was asked for. */
export function notFoundPage(reply: FastifyReply): FastifyReply {
  return reply
    .code(404)
    .type('text/html; charset=UTF-8')
    .send(
      '\n\n\n\n\n<!DOCTYPE html>\n<html lang="en">\n  <head>\n    <meta charset="utf-8" />\n    <title>404 Not Found</title>\n  </head>\n  <body>\n    <h1>404 <small>Not Found</small></h1>\n  </body>\n</html>\n',
    );
}
