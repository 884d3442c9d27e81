import { sortBounded } from './order.ts';
import { Float } from './python-json.ts';
import type { StoredMessage } from './stored.ts';
import { outOfRange, Unreadable, type Window, windowOf } from './window.ts';

/** A parameter that is refused with 400 and this text. */
export class BadRequest extends Error {
  /** For the server around it: the client is to blame. */
  readonly statusCode = 400;
}

interface Filters {
  readonly users: readonly string[];
  readonly packages: readonly string[];
  readonly categories: readonly string[];
  readonly topics: readonly string[];
}

/** A query as it was understood. */
export interface Search {
  readonly window: Window;
  readonly wanted: Filters;
  readonly unwanted: Filters;
  readonly contains: readonly string[];
  readonly page: bigint;
  readonly rowsPerPage: bigint;
  readonly order: 'asc' | 'desc';
  readonly meta: readonly string[];
}

/** What the query gives: a page of rows, or the text of an error that the database raised. */
export type Found =
  | { readonly rows: readonly StoredMessage[]; readonly total: number; readonly pages: number }
  | { readonly error: string };

const SIZES = ['small', 'medium', 'large', 'extra-large'];
const METAS = new Set(
  'summary text url app_icon agent_avatar usernames packages containers modules flatpaks date subtitle link icon'.split(
    ' ',
  ),
);
const EIGHT_MONTHS_S = 32 * 7 * 86_400;

/** Reads a query string; parameters that the server does not know are ignored. */
export function readSearch(query: URLSearchParams, nowS: number): Search {
  const window = windowOf(query, nowS);
  const filters = (prefix: string): Filters => ({
    users: query.getAll(`${prefix}user`),
    packages: query.getAll(`${prefix}package`),
    categories: query.getAll(`${prefix}category`),
    topics: query.getAll(`${prefix}topic`),
  });
  const wanted = filters('');
  const contains = query.getAll('contains');
  const page = integer(query.get('page') ?? '1');
  const rowsPerPage = integer(query.get('rows_per_page') ?? '25');
  const order = query.get('order') ?? 'desc';
  const size = query.get('size') ?? 'large';
  const meta = query.getAll('meta');

  if (contains.length > 0) {
    if (!(window.start >= nowS - EIGHT_MONTHS_S)) {
      throw new BadRequest('When using contains, specify a start at most eight months into the past');
    }
    if (wanted.topics.length === 0 && wanted.categories.length === 0) {
      throw new BadRequest('When using contains, specify either a topic or a category as well');
    }
  }
  if (page < 1n) throw new BadRequest('page must be > 0');
  if (rowsPerPage > 100n) throw new BadRequest('rows_per_page must be <= 100');
  if (order !== 'desc' && order !== 'asc') throw new BadRequest("order must be either 'desc' or 'asc'");
  if (!SIZES.includes(size)) {
    throw new BadRequest(`size must be in one of these: [${SIZES.map((known) => `'${known}'`).join(', ')}]`);
  }
  return { window, wanted, unwanted: filters('not_'), contains, page, rowsPerPage, order, meta };
}

/** Refuses words that the server trips over while it writes the answer. */
export function checkMeta(meta: readonly string[]): void {
  const unknown = meta.find((word) => !METAS.has(word));
  if (unknown !== undefined) throw new Unreadable(`meta must be in ${[...METAS].join(',')}`);
}

function integer(text: string): bigint {
  if (!/^\s*[+-]?\d+(_\d+)*\s*$/.test(text)) {
    throw new Unreadable(`invalid literal for int() with base 10: '${text}'`);
  }
  return BigInt(text.trim().replaceAll('_', '').replace(/^\+/, ''));
}

/** How the answer repeats the query. */
export function argumentsOf(search: Search): Record<string, unknown> {
  const { window, wanted, unwanted, contains, page, rowsPerPage, order, meta } = search;
  return {
    start: new Float(window.start),
    delta: new Float(window.delta),
    end: new Float(window.end),
    ...wanted,
    contains,
    not_users: unwanted.users,
    not_packages: unwanted.packages,
    not_categories: unwanted.categories,
    not_topics: unwanted.topics,
    page,
    rows_per_page: rowsPerPage,
    order,
    meta,
  };
}

/** Runs a query over the stored messages, which are in the order of their coming. */
export function find(stored: readonly StoredMessage[], search: Search): Found {
  const { window, page, rowsPerPage, order } = search;
  const wrong = outOfRange(window.start) ?? outOfRange(window.end);
  if (wrong !== undefined) return { error: wrong };
  const matches = matcher(search);
  const hits = stored.filter(matches);
  const offset = rowsPerPage * (page - 1n);
  if (rowsPerPage < 0n) {
    return { error: refusedBy('InvalidRowCountInLimitClause', 'LIMIT must not be negative', search) };
  }
  if (offset >= 2n ** 63n) {
    return { error: refusedBy('NumericValueOutOfRange', 'bigint out of range', search) };
  }
  if (rowsPerPage === 0n) {
    const rows = ordered(hits, search, 0);
    return { rows, total: rows.length, pages: 1 };
  }
  const limit = Number(rowsPerPage);
  const from = Number(offset);
  const sorted = ordered(hits, search, from + limit);
  const rows = sorted.slice(from, from + limit);
  const pages = Math.ceil(hits.length / limit);
  // The real server counts again what it returns when all fits on one page, whichever page was asked for.
  return { rows, total: pages === 1 ? rows.length : hits.length, pages };

  function ordered(all: readonly StoredMessage[], { wanted }: Search, bound: number) {
    const rising = (a: StoredMessage, b: StoredMessage) => a.timestamp - b.timestamp;
    // Without a topic the database walks the index of the times, backwards for the newest first.
    if (wanted.topics.length === 0) {
      const walked = all.toSorted(rising);
      return order === 'asc' ? walked : walked.reverse();
    }
    return sortBounded(all, bound, order === 'asc' ? rising : (a, b) => rising(b, a));
  }
}

function matcher({ window, wanted, unwanted, contains }: Search): (row: StoredMessage) => boolean {
  // 0 is falsy: the real server then drops the whole filter by time.
  const anyTime = window.start === 0 || window.end === 0;
  const patterns = contains.map(likePattern);
  const some = (names: readonly string[], values: readonly string[]) =>
    names.some((name) => values.includes(name));
  const passes = (names: readonly string[], values: readonly string[]) =>
    names.length === 0 || some(names, values);
  return (row) =>
    (anyTime || (row.timestamp >= window.start && row.timestamp <= window.end)) &&
    passes(wanted.users, row.users) &&
    passes(wanted.packages, row.packages) &&
    passes(wanted.categories, [row.category]) &&
    passes(wanted.topics, [row.message.topic]) &&
    !some(unwanted.users, row.users) &&
    !some(unwanted.packages, row.packages) &&
    !some(unwanted.categories, [row.category]) &&
    !some(unwanted.topics, [row.message.topic]) &&
    (patterns.length === 0 || patterns.some((pattern) => pattern.test(row.text)));
}

/** SQL's `LIKE '%text%'`: `%` and `_` are wildcards, a backslash takes that from the next sign. */
function likePattern(text: string): RegExp {
  const signs = text.match(/\\[\s\S]|[\s\S]/g) ?? [];
  const source = signs.map((sign) => {
    if (sign === '%') return '[\\s\\S]*';
    if (sign === '_') return '[\\s\\S]';
    return sign.replace(/^\\(?=[\s\S])/, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(source.join(''));
}

/** The database's refusal with the statement that it refused. */
function refusedBy(kind: string, says: string, { window, wanted, order, page, rowsPerPage }: Search): string {
  const columns =
    'id msg_id i topic timestamp certificate signature category agent_name crypto source_name source_version msg headers'
      .split(' ')
      .map((name) => `messages.${name}`);
  const topics = wanted.topics.map((_, at) => `messages.topic = %(topic_${at + 1})s`);
  const where = ['messages.timestamp BETWEEN %(timestamp_1)s AND %(timestamp_2)s'];
  if (topics.length === 1) where.push(...topics);
  if (topics.length > 1) where.push(`(${topics.join(' OR ')})`);
  const parameters = [
    `'timestamp_1': ${pythonDate(window.start)}`,
    `'timestamp_2': ${pythonDate(window.end)}`,
    ...wanted.topics.map((topic, at) => `'topic_${at + 1}': '${topic}'`),
    `'param_1': ${rowsPerPage}`,
    `'param_2': ${rowsPerPage * (page - 1n)}`,
  ];
  return [
    `(psycopg2.errors.${kind}) ${says}\n`,
    `[SQL: SELECT ${columns.join(', ')} \nFROM messages \nWHERE ${where.join(' AND ')} ORDER BY messages.timestamp ${order.toUpperCase()} \n LIMIT %(param_1)s OFFSET %(param_2)s]`,
    `[parameters: {${parameters.join(', ')}}]`,
    '(Background on this error at: https://sqlalche.me/e/14/9h9h)',
  ].join('\n');
}

function pythonDate(seconds: number): string {
  const date = new Date(seconds * 1000);
  const parts = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  ];
  const micros = Math.round((seconds - Math.floor(seconds)) * 1e6);
  if (date.getUTCSeconds() > 0 || micros > 0) parts.push(date.getUTCSeconds());
  if (micros > 0) parts.push(micros);
  return `datetime.datetime(${parts.join(', ')})`;
}
