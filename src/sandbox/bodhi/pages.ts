import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Bodhi } from './context.ts';
import { titleOf } from './json.ts';

const TYPE = 'text/html; charset=UTF-8';

/** Whether somebody looks with a browser: only who names HTML gets it. */
export function wantsPage({ method, headers }: FastifyRequest): boolean {
  const types = (headers.accept ?? '').split(',').map((part) => part.split(';')[0]?.trim());
  const html = types.indexOf('text/html');
  const json = types.findIndex((type) => type === 'application/json' || type === 'text/json');
  return (method === 'GET' || method === 'HEAD') && html >= 0 && (json < 0 || html < json);
}

/** What an answer says, for people. */
export function sendPage(reply: FastifyReply, request: FastifyRequest, answer: unknown): FastifyReply {
  const [path = '/'] = request.url.split('?');
  return reply
    .type(TYPE)
    .serializer(String)
    .send(page(titleIn(answer) ?? path, listing(answer)));
}

/** A refusal for people. */
export function sendErrorPage(
  reply: FastifyReply,
  status: number,
  errors: readonly { readonly name: string; readonly description: string }[],
): FastifyReply {
  const items = errors.map(({ name, description }) => `<li>${escapeHtml(`${name}: ${description}`)}</li>`);
  return reply
    .code(status)
    .type(TYPE)
    .serializer(String)
    .send(page(String(status), `<ul class="errors">${items.join('')}</ul>`));
}

/** The page that the address of the server itself shows. */
export function homeRoute(server: FastifyInstance, { store }: Bodhi): void {
  server.get('/', (_request, reply) => {
    const latest = store.updates.filter(({ written }) => written).slice(-10);
    const items = latest
      .toReversed()
      .map(
        (update) =>
          `<li><a href="/updates/${update.alias}">${escapeHtml(titleOf(update))}</a> ${update.status}</li>`,
      );
    const releases = store.releases.map(
      ({ name, long_name }) => `<li><a href="/releases/${name}">${escapeHtml(long_name)}</a></li>`,
    );
    const text = `<h2>Latest updates</h2><ul>${items.join('')}</ul><h2>Releases</h2><ul>${releases.join('')}</ul>`;
    return reply.type(TYPE).serializer(String).send(page('Fedora Updates System', text));
  });
}

/** What the page of one thing is about; a list has no title of its own. */
function titleIn(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { update, title, name, alias, nvr } = answer as Readonly<Record<string, unknown>>;
  if (update !== undefined) return titleIn(update);
  const own = title ?? name ?? nvr ?? alias;
  return typeof own === 'string' ? own : undefined;
}

function listing(value: unknown): string {
  if (Array.isArray(value)) {
    return value.length === 0
      ? 'none'
      : `<ul>${value.map((item) => `<li>${listing(item)}</li>`).join('')}</ul>`;
  }
  if (typeof value !== 'object' || value === null) return shown(value);
  const fields = Object.entries(value).map(
    ([name, field]) => `<dt>${escapeHtml(name)}</dt><dd>${listing(field)}</dd>`,
  );
  return `<dl>${fields.join('')}</dl>`;
}

function shown(value: unknown): string {
  if (value === null || value === '') return '';
  const text = escapeHtml(String(value));
  return /^https?:\/\/\S+$/.test(text) ? `<a href="${text}">${text}</a>` : text;
}

function page(title: string, content: string): string {
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>${escapeHtml(title)} — Fedora Updates System</title>
  </head>
  <body>
    <h1>${escapeHtml(title)}</h1>
    ${content}
  </body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
