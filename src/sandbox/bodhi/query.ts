import { type Bodhi, look } from './context.ts';
import { Refused } from './http.ts';
import { type Json, updateJson } from './json.ts';
import type { Release, Store, Update } from './model.ts';
import { type Fields, readFields, type Schema } from './schema.ts';
import { CONTENT_TYPES, GATINGS, REQUESTS, SEVERITIES, STATUSES, SUGGESTIONS, TYPES } from './words.ts';

export const PAGING: Schema = {
  chrome: { kind: 'flag', missing: true, strict: true },
  page: { kind: 'number', missing: 1, min: 1 },
  rows_per_page: { kind: 'number', missing: 20, min: 1, max: 1000 },
};

const LIST = { kind: 'list', missing: null, split: true } as const;
const TIME = { kind: 'time', missing: null } as const;
const FLAG = { kind: 'flag', missing: null, strict: true } as const;
const TEXT = { kind: 'text', missing: null } as const;

const UPDATES: Schema = {
  ...PAGING,
  like: TEXT,
  search: TEXT,
  display_user: { kind: 'flag', missing: true, strict: true },
  alias: LIST,
  approved_since: TIME,
  approved_before: TIME,
  bugs: { ...LIST, emptyItems: true },
  builds: LIST,
  critpath: FLAG,
  from_side_tag: FLAG,
  from_side_tag_name: TEXT,
  gating: { kind: 'list', missing: null, of: GATINGS },
  locked: FLAG,
  modified_since: TIME,
  modified_before: TIME,
  packages: LIST,
  pushed: FLAG,
  pushed_since: TIME,
  pushed_before: TIME,
  releases: LIST,
  release: TEXT,
  request: { kind: 'text', missing: null, of: REQUESTS },
  severity: { kind: 'text', missing: null, of: SEVERITIES },
  status: { kind: 'list', missing: null, of: STATUSES },
  submitted_since: TIME,
  submitted_before: TIME,
  suggest: { kind: 'text', missing: null, of: SUGGESTIONS },
  type: { kind: 'text', missing: null, of: TYPES },
  content_type: { kind: 'text', missing: null, of: CONTENT_TYPES },
  user: LIST,
  updateid: LIST,
};

/** Reads a query, or refuses it. */
export function readQuery(query: unknown, schema: Schema): Fields {
  const { values, refusals } = readFields((query ?? {}) as Fields, schema, 'querystring');
  if (refusals.length > 0) throw new Refused(refusals);
  return values;
}

function invalid(name: string, description: string): Refused {
  return new Refused([{ location: 'querystring', name, description }]);
}

/** SQL's LIKE: `%` for any text, `_` for one character; of a part of the text, unless it is to be `whole`. Null fits all. */
export function isLike(pattern: unknown, text: string, how: 'part' | 'any case' | 'whole' = 'part'): boolean {
  if (pattern === null || pattern === undefined) return true;
  const source = [...(how === 'whole' ? String(pattern) : `%${String(pattern)}%`).replace(/%+/g, '%')]
    .map((char) => {
      if (char === '%') return '.*';
      return char === '_' ? '.' : char.replace(/[.*+?^${}()|[\]\\]/, String.raw`\$&`);
    })
    .join('');
  return new RegExp(`^${source}$`, how === 'any case' ? 'is' : 's').test(text);
}

/** One page of rows, and what Bodhi says beside them. */
export function pageOf<Row>(rows: readonly Row[], values: Fields) {
  const page = Number(values['page']);
  const rows_per_page = Number(values['rows_per_page']);
  return {
    rows: rows.slice(rows_per_page * (page - 1), rows_per_page * page),
    paging: {
      page,
      pages: Math.ceil(rows.length / rows_per_page),
      rows_per_page,
      total: rows.length,
    },
  };
}

const STATES: ReadonlyMap<string, readonly string[]> = new Map([
  ['__current__', ['current']],
  ['__pending__', ['pending', 'frozen']],
  ['__archived__', ['archived']],
]);

/** Releases by name, version or `__current__`, `__pending__` (frozen ones too), `__archived__`. */
export function releasesOf(store: Store, words: readonly string[]): ReadonlySet<Release> {
  const found = new Set<Release>();
  const bad: string[] = [];
  for (const word of words) {
    const all = STATES.get(word);
    if (all !== undefined) {
      for (const release of store.releases) if (all.includes(release.state)) found.add(release);
      continue;
    }
    const release = store.releaseFilter(word);
    if (release === undefined) bad.push(word);
    else found.add(release);
  }
  if (bad.length > 0) throw invalid('releases', `Invalid releases specified: ${bad.join(', ')}`);
  return found;
}

export function usersOf(store: Store, name: string, words: readonly string[]): ReadonlySet<string> {
  const bad = words.filter((word) => !store.users.has(word));
  if (bad.length > 0) throw invalid(name, `Invalid users specified: ${bad.join(', ')}`);
  return new Set(words);
}

export function packagesOf(store: Store, words: readonly string[]): ReadonlySet<string> {
  const bad = words.filter((word) => !store.packages.has(word));
  if (bad.length > 0) throw invalid('packages', `Invalid packages specified: ${bad.join(', ')}`);
  return new Set(words);
}

export function aliasesOf(store: Store, words: readonly string[]): ReadonlySet<string> {
  const bad = words.filter((word) => store.update(word) === undefined);
  if (bad.length > 0) throw invalid('updates', `Invalid updates specified: ${bad.join(', ')}`);
  return new Set(words);
}

type Filter = (update: Update) => boolean;

/** GET /updates/. */
export function queryUpdates(bodhi: Bodhi, query: unknown): Json {
  const values = readQuery(query, UPDATES);
  const filters = filtersOf(bodhi.store, values);
  const found = bodhi.store.updates
    .filter((update) => update.written && filters.every((filter) => filter(update)))
    .sort((a, b) => b.date_submitted - a.date_submitted || b.id - a.id);
  const { rows, paging } = pageOf(found, values);
  const how = look(bodhi, true);
  return {
    updates: rows.map((update) => updateJson(update, how)),
    ...paging,
    chrome: values['chrome'],
    display_user: values['display_user'],
    display_request: true,
    package: (values['packages'] as readonly string[] | null)?.[0] ?? null,
  };
}

function filtersOf(store: Store, values: Fields): Filter[] {
  const filters: Filter[] = [];
  const add = <Value>(name: string, make: (value: Value) => Filter) => {
    const value = values[name];
    if (value !== null && value !== undefined) filters.push(make(value as Value));
  };
  type Words = readonly string[];
  const nvrs = (update: Update) => update.builds.map(({ nvr }) => nvr);

  add<string>('release', (word) => {
    const release = store.releaseFilter(word);
    if (release === undefined) throw invalid('release', `Invalid release specified: ${word}`);
    return (update) => update.release === release;
  });
  add<Words>('releases', (words) => {
    const releases = releasesOf(store, words);
    return (update) => releases.has(update.release);
  });
  add<Words>('user', (words) => {
    const users = usersOf(store, 'user', words);
    return (update) => users.has(update.user.name);
  });
  add<Words>('bugs', (words) => {
    if (!words.every((word) => /^\d+$/.test(word))) {
      throw invalid('bugs', `Invalid bug ID specified: [${words.map((word) => `'${word}'`).join(', ')}]`);
    }
    return (update) => words.some((word) => update.bugs.includes(Number(word)));
  });
  add<Words>('alias', (words) => (update) => words.includes(update.alias));
  add<Words>('updateid', (words) => (update) => words.includes(update.alias));
  add<Words>('builds', (words) => (update) => nvrs(update).some((nvr) => words.includes(nvr)));
  add<Words>('packages', (words) => (update) => update.builds.some(({ name }) => words.includes(name)));
  add<Words>('status', (words) => (update) => words.includes(update.status));
  add<Words>('gating', (words) => (update) => update.gating !== null && words.includes(update.gating));
  add<string>('like', (word) => (update) => nvrs(update).some((nvr) => isLike(word.trim(), nvr)));
  // Joined with its builds: an update that has none is not found by its alias either.
  add<string>(
    'search',
    (word) => (update) =>
      nvrs(update).some((nvr) => [nvr, update.alias].some((text) => isLike(word.trim(), text, 'any case'))),
  );
  add<string>('content_type', (word) => (update) => update.builds.length > 0 && word === 'rpm');
  add<boolean>('from_side_tag', (yes) => (update) => (update.from_tag !== null) === yes);
  add<string>('from_side_tag_name', (tag) => (update) => update.from_tag === tag);
  for (const name of ['critpath', 'locked', 'pushed'] as const) {
    add<boolean>(name, (yes) => (update) => update[name] === yes);
  }
  for (const name of ['request', 'severity', 'suggest', 'type'] as const) {
    add<string>(name, (word) => (update) => update[name] === word);
  }
  const times = {
    approved: 'date_approved',
    modified: 'date_modified',
    // Pushes to testing are not found: only the stable date is a column.
    pushed: 'date_stable',
    submitted: 'date_submitted',
  } as const;
  for (const [name, column] of Object.entries(times)) {
    add<number>(`${name}_since`, (time) => (update) => (update[column] ?? Number.NaN) >= time);
    add<number>(`${name}_before`, (time) => (update) => (update[column] ?? Number.NaN) < time);
  }
  return filters;
}
