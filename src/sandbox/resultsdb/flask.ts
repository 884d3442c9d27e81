import type { FastifyInstance, HTTPMethods } from 'fastify';
import type { OpenSystem } from '../kit/kit.ts';

/** A request as a Flask application sees it. */
export interface WebRequest {
  readonly method: string;
  /** `http://127.0.0.1:PORT`, by the host name that the caller used. */
  readonly root: string;
  /** Decoded, without the query. */
  readonly path: string;
  /** As it came: path and query. */
  readonly target: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** What the groups of the route's pattern matched. */
  readonly params: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type View = (request: WebRequest) => Answer | Promise<Answer>;

export interface Route {
  readonly pattern: RegExp;
  readonly views: Readonly<Record<string, View>>;
}

/** Thrown by a view: the answer that ends the request. */
export class Abort extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.answer = answer;
  }
}

/** The real server breaks on this request: its 500 is the right answer, and nobody of the sandbox need hear of it. */
export class Crash extends Error {}

/** A request by the port of a system instead of its wire. */
export interface InsideRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The server's address, as answers name it. */
  readonly root: string;
  readonly query?: readonly (readonly [string, string])[];
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks an application as its wire does, for those who live in the same process. */
export type AskInside = (request: InsideRequest) => Promise<Answer>;

/** A system of Flask with its way in without the wire. */
export interface OpenFlask extends OpenSystem {
  readonly ask: AskInside;
}

export interface FlaskOptions {
  readonly routes: readonly Route[];
  notFound(request: WebRequest): Answer;
  notAllowed(request: WebRequest): Answer;
  /** A view threw something else than an `Abort`. */
  broken(error: unknown): Answer;
  /** The last word on every answer: headers that all have. */
  finish?(answer: Answer, request: WebRequest): Answer;
}

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Routes as Flask does: the first pattern that fits, 405 with `Allow`, OPTIONS answered by itself. */
export function serveFlask(server: FastifyInstance, options: FlaskOptions): AskInside {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.route({
    method: METHODS,
    url: '*',
    handler: async (raw, reply) => {
      const [path = '/', query = ''] = splitOnce(raw.raw.url ?? '/', '?');
      const request: WebRequest = {
        method: raw.method === 'HEAD' ? 'GET' : raw.method,
        root: `http://${raw.headers.host ?? '127.0.0.1'}`,
        path: decode(path),
        target: raw.raw.url ?? '/',
        query: parseQuery(query),
        headers: raw.headers as Record<string, string | undefined>,
        body: Buffer.isBuffer(raw.body) ? raw.body : Buffer.alloc(0),
        params: [],
      };
      const refused = tooLong(request);
      const answer = refused ?? (await answerOf(request, options));
      const finished = refused ?? options.finish?.(answer, request) ?? answer;
      const { status, type, headers = {}, body } = finished;
      reply.code(status).headers({ ...headers, 'content-type': type });
      // Fastify would add a charset to what it sends as text.
      return reply.send(Buffer.from(raw.method === 'HEAD' ? '' : body));
    },
  });
  return async ({ method, path, root, query = [], body, headers = {} }) => {
    const request: WebRequest = {
      method,
      root,
      path,
      target: path,
      query,
      headers: { 'content-type': 'application/json', ...headers },
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      params: [],
    };
    const answer = await answerOf(request, options);
    return options.finish?.(answer, request) ?? answer;
  };
}

/** Longest request line that gunicorn takes. */
const LONGEST_LINE = 4094;

/** gunicorn refuses it before the application sees it. */
function tooLong({ method, target }: WebRequest): Answer | undefined {
  const line = method.length + target.length + ' HTTP/1.1'.length + 1;
  if (line <= LONGEST_LINE) return undefined;
  return gunicornPage(400, 'Bad Request', `Request Line is too large (${line} > ${LONGEST_LINE})`);
}

/** What gunicorn says in the place of an application. */
export function gunicornPage(status: number, title: string, text: string): Answer {
  return {
    status,
    type: 'text/html',
    body: `<html>\n  <head>\n    <title>${title}</title>\n  </head>\n  <body>\n    <h1><p>${title}</p></h1>\n    ${escapeHtml(text)}\n  </body>\n</html>\n`,
  };
}

async function answerOf(request: WebRequest, options: FlaskOptions): Promise<Answer> {
  try {
    for (const { pattern, views } of options.routes) {
      const match = pattern.exec(request.path);
      if (match === null) continue;
      const view = views[request.method];
      if (view !== undefined) return await view({ ...request, params: match.slice(1) });
      const names = Object.keys(views).flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]));
      const allow = { allow: [...names, 'OPTIONS'].join(', ') };
      if (request.method === 'OPTIONS') return { ...html(200, ''), headers: allow };
      return { ...options.notAllowed(request), headers: allow };
    }
    return options.notFound(request);
  } catch (error) {
    return error instanceof Abort ? error.answer : options.broken(error);
  }
}

export function html(status: number, body: string): Answer {
  return { status, type: 'text/html; charset=utf-8', body };
}

/** Flask's `jsonify`: keys in alphabetical order. */
export function jsonify(status: number, body: unknown): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(sorted(body))}\n` };
}

/** JSON with the keys in the order in which they were put in. */
export function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(body)}\n` };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sorted(entry)]));
}

/** An error page of Werkzeug. */
export function errorPage(status: number, title: string, text: string): Answer {
  return html(
    status,
    `<!doctype html>\n<html lang=en>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n<p>${escapeHtml(text)}</p>\n`,
  );
}

export function redirectPage(status: number, address: string): Answer {
  const link = `<a href="${escapeHtml(address)}">${escapeHtml(address)}</a>`;
  return {
    ...html(
      status,
      `<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n<p>You should be redirected automatically to the target URL: ${link}. If not, click the link.\n`,
    ),
    headers: { location: address },
  };
}

export const NOT_JSON =
  "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.";

export const NO_METHOD = 'The method is not allowed for the requested URL.';

export const NO_ADDRESS =
  'The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.';

export const NOT_UNDERSTOOD = 'The browser (or proxy) sent a request that this server could not understand.';

/** `request.get_json()`: the value, or which way it failed. */
export function readJson(request: WebRequest): { value: unknown } | 'not-declared' | 'malformed' {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json' && !/^application\/.*\+json$/.test(type)) return 'not-declared';
  try {
    return { value: JSON.parse(request.body.toString('utf8')) };
  } catch {
    return 'malformed';
  }
}

/** The values of one parameter, in their order. */
export function valuesOf(request: WebRequest, name: string): readonly string[] {
  return request.query.filter(([key]) => key === name).map(([, value]) => value);
}

function parseQuery(query: string): readonly (readonly [string, string])[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const [key = '', value = ''] = splitOnce(part, '=');
      return [decode(key.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))] as const;
    });
}

function splitOnce(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&#34;')
    .replaceAll("'", '&#39;');
}
