import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Kit, OpenSystem } from '../kit/kit.ts';
import { listen, systemServer } from '../kit/server.ts';
import { contentTypeOf, wantsHtml } from './accept.ts';
import { pythonJson } from './python-json.ts';
import { cardsPage, current, errorPage, legacy, metaOf } from './render.ts';
import { argumentsOf, BadRequest, checkMeta, find, readSearch } from './search.ts';
import { archiveReader, type StoredMessage } from './stored.ts';
import { Unreadable } from './window.ts';

const HTML = 'text/html; charset=utf-8';
const CHARTS =
  /^\/charts\/(line|stackedline|xy|bar|horizontalbar|stackedbar|horizontalstackedbar|funnel|pyramid|verticalpyramid|dot|gauge)$/;

/** The archive of the bus over its REST API: `URL/v2/search`, `URL/v2/id` and their older forms. */
export async function openDatagrepper(kit: Kit): Promise<OpenSystem> {
  const stored = archiveReader(kit);
  const server = systemServer(kit, 'datagrepper', (request) => request.url.split('?')[0]);
  // Only GET is answered: a body is nothing to read.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });

  function search(request: FastifyRequest, reply: FastifyReply, query: URLSearchParams, old: boolean) {
    const asked = readSearch(query, Math.round(kit.clock.now() * 1000) / 1e6);
    const found = find(stored(), asked);
    if ('error' in found) {
      return send(
        reply,
        500,
        contentTypeOf(request),
        pythonJson({ error: found.error, arguments: argumentsOf(asked) }),
      );
    }
    const { rows, total, pages } = found;
    if (rows.length > 0) checkMeta(asked.meta);
    const message = (row: StoredMessage) => ({
      ...(old ? legacy(row) : current(row)),
      ...(asked.meta.length > 0 ? { meta: metaOf(row, asked.meta) } : {}),
    });
    const body = pythonJson({
      raw_messages: rows.map(message),
      total,
      pages,
      count: rows.length,
      arguments: argumentsOf(asked),
    });
    return deliver(request, reply, { query, body, rows });
  }

  function byId(request: FastifyRequest, reply: FastifyReply, query: URLSearchParams, old: boolean) {
    const id = query.get('id');
    if (id === null) {
      throw new BadRequest('The browser (or proxy) sent a request that this server could not understand.');
    }
    const size = query.get('size') ?? 'large';
    if (!['small', 'medium', 'large', 'extra-large'].includes(size)) {
      throw new Unreadable(`size must be in one of these: ${size}`);
    }
    const meta = query.getAll('meta');
    const row = stored().find(({ message }) => message.id === id);
    if (row === undefined) return notFound(reply);
    checkMeta(meta);
    const body = pythonJson({
      ...(old ? legacy(row) : current(row)),
      ...(meta.length > 0 ? { meta: metaOf(row, meta) } : {}),
    });
    return deliver(request, reply, { query: new URLSearchParams(), body, rows: [row] });
  }

  function answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { pathname, searchParams: query } = new URL(
      `http://datagrepper${request.url.startsWith('/') ? '' : '/'}${request.url}`,
    );
    const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname;
    switch (path) {
      case '/v2/search':
      case '/raw':
        return search(request, reply, query, path === '/raw');
      case '/v2/id':
      case '/id':
        return byId(request, reply, query, path === '/id');
      case '/messagecount':
        return send(reply, 200, 'application/json', pythonJson({ messagecount: stored().length }));
      case '/healthz/live':
      case '/healthz/ready':
        return send(reply, 200, 'application/problem+json', pythonJson({ status: 200, title: 'OK' }));
      case '/':
        return send(reply, 200, HTML, cardsPage(stored().slice(-20)));
    }
    if (CHARTS.test(path)) {
      const picture = `<?xml version='1.0' encoding='utf-8'?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 800"><title>${stored().length}</title></svg>`;
      return send(reply, 200, 'image/svg+xml; charset=utf-8', picture);
    }
    // A rule of the real server takes one word with a slash: what has none is sent there, known or not.
    if (/^\/[^/]+$/.test(pathname)) return redirect(request, reply, pathname);
    return notFound(reply);
  }

  server.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (origin !== undefined) reply.header('access-control-allow-origin', origin);
  });
  server.setNotFoundHandler((_request, reply) => notFound(reply));
  server.setErrorHandler((error, _request, reply) => {
    if (error instanceof BadRequest)
      return send(reply, 400, HTML, errorPage('400 Bad Request', error.message));
    const problem = {
      error: 'internal_error',
      detail:
        '500 Internal Server Error: The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.',
      traceback: `Traceback (most recent call last):\n${error instanceof Error ? error.message : String(error)}\n`,
    };
    return send(reply, 500, 'application/json', pythonJson(problem));
  });
  server.all('*', (request, reply) => {
    if (request.method === 'OPTIONS' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      reply.header('allow', 'HEAD, OPTIONS, GET');
      const text = 'The method is not allowed for the requested URL.';
      return request.method === 'OPTIONS'
        ? send(reply, 200, HTML, '')
        : send(reply, 405, HTML, errorPage('405 Method Not Allowed', text));
    }
    return answer(request, reply);
  });
  return listen(server);
}

interface Delivery {
  readonly query: URLSearchParams;
  readonly body: string;
  readonly rows: readonly StoredMessage[];
}

function deliver(
  request: FastifyRequest,
  reply: FastifyReply,
  { query, body, rows }: Delivery,
): FastifyReply {
  const callback = query.get('callback');
  if (wantsHtml(request)) return send(reply, 200, HTML, cardsPage(rows));
  if (callback !== null) {
    return send(reply, 200, 'application/javascript; charset=utf-8', `${callback}(${body});`);
  }
  return send(reply, 200, contentTypeOf(request), body);
}

function send(reply: FastifyReply, status: number, type: string, body: string): FastifyReply {
  // Past Fastify: it mends a type that is none, and a copied `Accept` often is none.
  reply.hijack();
  const bytes = Buffer.from(body);
  const own = reply.getHeaders() as Record<string, string>;
  reply.raw.writeHead(status, { ...own, 'content-type': type, 'content-length': bytes.length });
  reply.raw.end(bytes);
  return reply;
}

function notFound(reply: FastifyReply): FastifyReply {
  return send(reply, 404, 'application/json', pythonJson({ error: 'not_found' }));
}

function redirect(request: FastifyRequest, reply: FastifyReply, pathname: string): FastifyReply {
  const query = request.url.split('?')[1];
  const target = `http://${request.headers.host}${pathname}/${query === undefined ? '' : `?${query}`}`;
  const shown = target.replaceAll('&', '&amp;');
  reply.header('location', target);
  return send(
    reply,
    308,
    HTML,
    `<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n<p>You should be redirected automatically to the target URL: <a href="${shown}">${shown}</a>. If not, click the link.\n`,
  );
}
