import type { FastifyRequest } from 'fastify';

/** Types that werkzeug gives a charset, beside `text/*` and `*+xml`. */
const WITH_CHARSET = new Set([
  'application/ecmascript',
  'application/javascript',
  'application/sql',
  'application/xml',
  'application/xml-dtd',
  'application/xml-external-parsed-entity',
]);

/** The type of the answer is the `Accept` of the request, copied as it stands; without one it is HTML by name. */
export function contentTypeOf(request: FastifyRequest): string {
  const accept = request.headers.accept ?? '';
  if (accept === '') return 'text/html; charset=utf-8';
  if (accept === '*/*') return 'application/json';
  const needsCharset = accept.startsWith('text/') || WITH_CHARSET.has(accept) || accept.endsWith('+xml');
  return needsCharset ? `${accept}; charset=utf-8` : accept;
}

/** Whether the request prefers a page: HTML named, and liked better than JSON. */
export function wantsHtml(request: FastifyRequest): boolean {
  const quality = (type: string) => qualityOf(request.headers.accept ?? '', type);
  return quality('text/html') > quality('application/json') && quality('text/html') >= quality('text/plain');
}

function qualityOf(accept: string, type: string): number {
  const family = `${type.split('/')[0]}/*`;
  let best = { rank: -1, quality: 0 };
  for (const entry of accept.split(',')) {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const rank = [`*/*`, family, type].indexOf(name);
    if (rank <= best.rank) continue;
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    best = { rank, quality: q === undefined ? 1 : Number(q.slice(2)) || 0 };
  }
  return best.quality;
}
