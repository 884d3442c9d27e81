import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Bodhi, look } from './context.ts';
import { type Json, titleOf, updateUrl } from './json.ts';
import type { Update } from './model.ts';
import { queryUpdates } from './query.ts';

/** Updates as a feed, for readers of news; the query is that of `/updates/`. */
export function feedRoutes(server: FastifyInstance, bodhi: Bodhi): void {
  server.get('/rss/updates/', (request, reply) => {
    const { updates } = queryUpdates(bodhi, request.query) as { readonly updates: readonly Json[] };
    const rows = updates
      .map(({ alias }) => bodhi.store.update(String(alias)))
      .filter((row) => row !== undefined);
    return reply
      .type('application/rss+xml; charset=UTF-8')
      .serializer(String)
      .send(feed(bodhi, request, rows));
  });
}

function feed(bodhi: Bodhi, request: FastifyRequest, updates: readonly Update[]): string {
  const own = escapeXml(`http://${request.host}${request.url}`);
  const filters = Object.entries(request.query as Readonly<Record<string, unknown>>)
    .map(([name, value]) => `${name}(${String(value)})`)
    .join(' ');
  const { now, url } = look(bodhi, true);
  const items = updates.map((update) => {
    const link = updateUrl(update, url);
    return `<item><title>${escapeXml(titleOf(update))}</title><link>${link}</link><description>${escapeXml(description(update))}</description><pubDate>${rfc822(update.date_submitted)}</pubDate></item>`;
  });
  return `<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" version="2.0"><channel><title>Released updates</title><link>${own}</link><description>Filtered on: ${escapeXml(filters)}</description><atom:link href="${own}" rel="self"/><docs>http://www.rssboard.org/rss-specification</docs><generator>python-feedgen</generator><language>en</language><lastBuildDate>${rfc822(now)}</lastBuildDate>${items.join('')}</channel></rss>`;
}

function description({ alias, builds, notes }: Update): string {
  const packages = builds.map(({ nvr }) => `<li>${escapeXml(nvr)}</li>\n`).join('');
  return `<h1>${alias}</h1>\n<h2>Packages in this update:</h2>\n<ul>\n${packages}</ul>\n<h2>Update description:</h2>\n<p>${escapeXml(notes)}</p>`;
}

function rfc822(time: number): string {
  return new Date(time).toUTCString().replace('GMT', '+0000');
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
