import type { Kit } from '../kit/kit.ts';
import { byId } from '../kit/rows.ts';
import { listen, systemServer } from '../kit/server.ts';
import { othersPackage } from '../kit/world.ts';
import {
  Abort,
  type Answer,
  Crash,
  errorPage,
  jsonify,
  NO_METHOD,
  NOT_JSON,
  type OpenFlask,
  type Route,
  readJson,
  serveFlask,
  valuesOf,
  type WebRequest,
} from './flask.ts';
import {
  OUTCOMES,
  outcomeCheck,
  type Page,
  PYDANTIC,
  readPage,
  readResultsQuery,
  refuse,
  stamp,
  submitTime,
  testcaseCheck,
} from './parameters.ts';
import { dictionary, fullText, isDictionary, list, optional, text, Validation } from './pydantic.ts';
import { iri, quote, repr, stamps, str, urlencode } from './python.ts';
import { type GroupRow, like, type ResultRow, ResultsStore, type TestcaseRow, unique } from './store.ts';
import { tellStored } from './stored.ts';

const API = '/api/v2.0';

/** A result as the API shows it. */
export interface ResultView {
  readonly id: number;
  readonly groups: readonly string[];
  readonly testcase: { readonly name: string; readonly ref_url: string | null; readonly href: string };
  readonly submit_time: string;
  readonly outcome: string;
  readonly note: string | null;
  readonly ref_url: string | null;
  readonly data: Readonly<Record<string, readonly string[]>>;
  readonly href: string;
}

export interface OpenResultsdb extends OpenFlask {
  /** What POST /results does, without the wire: the body of such a request. Throws where that would be refused. */
  post(result: Readonly<Record<string, unknown>>): ResultView;
  /** Throws away results of other people's builds that are older, epoch ms. */
  retire(before: number): void;
}

/** How long the server tries to hand a message to a broker that is away. Sandbox ms. */
const BROKER_PATIENCE_MS = 30_000;

/**
 * ResultsDB 2.2.0, API v2.0 under `/api/v2.0`. Anybody may post: Fedora's Basic authentication stands before it, not in it.
 *
 * | rule point | subject | what a fault may answer |
 * | --- | --- | --- |
 * | `resultsdb.database` | `all` | `down`: nothing can be read or stored |
 * | `resultsdb.broker` | `all` | `down`: results are stored, their messages are lost, and whoever posts waits for it |
 */
export async function openResultsdb(kit: Kit): Promise<OpenResultsdb> {
  const store = new ResultsStore();
  const nextStamp = stamps(() => kit.clock.now());
  const server = systemServer(kit, 'resultsdb');
  const isDown = (part: 'database' | 'broker') => kit.hooks.rule(`resultsdb.${part}`, 'all') === 'down';

  /** Every look into the tables. */
  function db(): ResultsStore {
    if (isDown('database')) throw new Crash('could not connect to server');
    return store;
  }

  function create(root: string, body: Readonly<Record<string, unknown>>): ResultView {
    const validation = new Validation(PYDANTIC);
    const outcome = validation.field(body, 'outcome', outcomeCheck) ?? '';
    const testcase = validation.field(body, 'testcase', testcaseCheck) ?? {};
    const groups = validation.field(body, 'groups', optional(list), null) ?? [];
    const note = validation.field(body, 'note', optional(text), null) ?? null;
    const data = validation.field(body, 'data', optional(dictionary), null) ?? {};
    const refUrl = validation.field(body, 'ref_url', optional(text), null) ?? null;
    const given = validation.field(body, 'submit_time', submitTime, null) ?? null;
    refuse(validation);
    storable(body);
    const colons = Object.keys(data).filter((key) => key.includes(':'));
    if (colons.length > 0) {
      throw new Abort(jsonify(400, { message: `Colon not allowed in key name: ${repr(colons)}` }));
    }
    const row = db().add({
      testcase: db().testcase(textColumn(testcase['name']), optionalColumn(testcase['ref_url'])),
      outcome,
      groups: groups.map(groupOf),
      refUrl,
      note,
      submitTime: given ?? nextStamp(),
      data: Object.entries(data).flatMap(([key, value]) =>
        (Array.isArray(value) ? value : [value]).map((entry: unknown) => [key, str(entry)] as const),
      ),
    });
    const view = resultView(root, row);
    tell(row);
    if (!isDown('broker')) kit.publish('resultsdb.result.new', { ...view });
    return view;
  }

  async function createResult(request: WebRequest): Promise<Answer> {
    const view = create(request.root, bodyOf(request));
    if (isDown('broker')) await new Promise<void>((tried) => kit.clock.after(BROKER_PATIENCE_MS, tried));
    return jsonify(201, view);
  }

  function groupOf(given: unknown): GroupRow {
    const group = typeof given === 'string' ? { uuid: given } : given;
    if (!isDictionary(group)) throw new Crash('a group is neither a text nor an object');
    const uuid = group['uuid'] === undefined ? undefined : textColumn(group['uuid']);
    if (uuid !== undefined && uuid.length > 36)
      throw new Crash('value too long for type character varying(36)');
    return db().group({
      uuid,
      description: optionalColumn(group['description']),
      refUrl: optionalColumn(group['ref_url']),
    });
  }

  function tell(row: ResultRow): void {
    if (row.outcome === 'QUEUED' || row.outcome === 'RUNNING') return;
    const value = (key: string) => row.data.find(([name]) => name === key)?.[1];
    const nvr = value('item');
    if (nvr === undefined || !['koji_build', 'brew-build'].includes(value('type') ?? '')) return;
    const at = row.submitTime / 1000;
    kit.truth(nvr, 'result', at);
    tellStored(kit, { nvr, at });
  }

  function testcaseView(root: string, row: TestcaseRow) {
    const path = quote(row.name, "!$&'()*+,/:;=@");
    return { name: row.name, ref_url: row.refUrl, href: `${root}${API}/testcases/${path}` };
  }

  function groupView(root: string, row: GroupRow) {
    return {
      uuid: row.uuid,
      description: row.description,
      ref_url: row.refUrl,
      results: `${root}${API}/results?${urlencode([['groups', row.uuid]])}`,
      results_count: db().results.filter((result) => result.groups.includes(row)).length,
      href: `${root}${API}/groups/${quote(row.uuid, "!$&'()*+,:;=@")}`,
    };
  }

  function resultView(root: string, row: ResultRow): ResultView {
    const data = new Map<string, string[]>();
    for (const [key, value] of row.data) {
      const values = data.get(key);
      if (values === undefined) data.set(key, [value]);
      else values.push(value);
    }
    return {
      id: row.id,
      groups: row.groups.map((group) => group.uuid),
      testcase: testcaseView(root, row.testcase),
      submit_time: stamp(row.submitTime),
      outcome: row.outcome,
      note: row.note,
      ref_url: row.refUrl,
      data: Object.fromEntries(data),
      href: `${root}${API}/results/${row.id}`,
    };
  }

  function results(request: WebRequest, fixed: { groups?: string[]; testcases?: string[] } = {}): Answer {
    const { selection, sort, page } = readResultsQuery(request);
    const order = sort === 'asc:submit_time' ? 'oldest' : sort === 'disable_sorting' ? 'stored' : 'newest';
    const rows = db().select({ ...selection, ...fixed }, order);
    return paged(request, page, rows, unique, (row) => resultView(request.root, row));
  }

  function latest(request: WebRequest): Answer {
    const { selection, distinctOn } = readResultsQuery(request);
    const asked = { ...selection, outcomes: [] };
    if (distinctOn.length === 0) return listing(request, db().latest(asked));
    const { since, groups, testcases, testcasesLike, data } = asked;
    const filters = [groups, testcases, testcasesLike, data].some((filter) => filter.length > 0);
    if (!filters && since.start === undefined) {
      return jsonify(400, { message: "Please, provide at least one filter beside '_distinct_on'" });
    }
    return listing(request, db().latestDistinct(asked, distinctOn));
  }

  const listing = (request: WebRequest, rows: readonly ResultRow[]) =>
    jsonify(200, { data: rows.map((row) => resultView(request.root, row)) });

  function result(request: WebRequest): Answer {
    const [id = ''] = request.params;
    if (!/^\s*[+-]?\d+\s*$/.test(id) || Math.abs(Number(id)) > 2 ** 31 - 1) {
      throw new Crash(`invalid input syntax for type integer: ${id}`);
    }
    const row = byId(db().results, Number(id));
    return row === undefined
      ? jsonify(404, { message: 'Result not found' })
      : jsonify(200, resultView(request.root, row));
  }

  function groups(request: WebRequest): Answer {
    const page = onlyPage(request);
    const one = (name: string) => valuesOf(request, name)[0] ?? '';
    const parts = (value: string) => value.split(',').filter((part) => part.trim() !== '');
    const exact = parts(one('description'));
    const likes = one('description') === '' ? parts(one('description:like')).map(like) : [];
    const uuids = one('uuid') === '' ? undefined : one('uuid').split(',');
    const rows = [...db().groups.values()].reverse().filter(({ uuid, description }) => {
      if (uuids !== undefined && !uuids.includes(uuid)) return false;
      if (exact.length + likes.length === 0) return true;
      return description !== null && (exact.includes(description) || likes.some((fits) => fits(description)));
    });
    return paged(
      request,
      page,
      rows,
      (same) => same,
      (row) => groupView(request.root, row),
    );
  }

  function createGroup(request: WebRequest): Answer {
    const body = bodyOf(request);
    const validation = new Validation(PYDANTIC);
    const uuid = validation.field(body, 'uuid', optional(text), null);
    const refUrl = validation.field(body, 'ref_url', optional(text), null);
    const description = validation.field(body, 'description', optional(text), null);
    refuse(validation);
    storable(body);
    if ((uuid ?? '').length > 36) throw new Crash('value too long for type character varying(36)');
    const row = db().group({
      uuid: uuid || undefined,
      refUrl: refUrl || undefined,
      description: description || undefined,
    });
    return jsonify(201, groupView(request.root, row));
  }

  function testcases(request: WebRequest): Answer {
    const page = onlyPage(request);
    const names = (name: string) =>
      (valuesOf(request, name)[0] ?? '')
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    const asked = valuesOf(request, 'name')[0] ?? '';
    const exact = names('name');
    const likes = asked === '' ? names('name:like').map(like) : [];
    const rows = [...db().testcases.values()]
      .filter(({ name }) =>
        exact.length + likes.length === 0 ? true : exact.includes(name) || likes.some((fits) => fits(name)),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return paged(
      request,
      page,
      rows,
      (same) => same,
      (row) => testcaseView(request.root, row),
    );
  }

  function createTestcase(request: WebRequest): Answer {
    const body = bodyOf(request);
    const validation = new Validation(PYDANTIC);
    const name = validation.field(body, 'name', fullText) ?? '';
    const refUrl = validation.field(body, 'ref_url', optional(text), null);
    refuse(validation);
    storable(body);
    return jsonify(201, testcaseView(request.root, db().testcase(name, refUrl ?? undefined)));
  }

  const testcaseNamed = (request: WebRequest): TestcaseRow => {
    const row = db().testcases.get(request.params[0] ?? '');
    if (row === undefined) throw new Abort(jsonify(404, { message: 'Testcase not found' }));
    return row;
  };

  const routes: readonly Route[] = [
    {
      pattern: /^\/api\/v2\.0\/results$/,
      views: { GET: results, POST: createResult },
    },
    { pattern: /^\/api\/v2\.0\/results\/latest$/, views: { GET: latest } },
    { pattern: /^\/api\/v2\.0\/results\/([^/]+)$/, views: { GET: result } },
    { pattern: /^\/api\/v2\.0\/groups$/, views: { GET: groups, POST: createGroup } },
    {
      pattern: /^\/api\/v2\.0\/groups\/([^/]+)$/,
      views: {
        GET: (request) => {
          const row = db().groups.get(request.params[0] ?? '');
          return row === undefined
            ? jsonify(404, { message: 'Group not found' })
            : jsonify(200, groupView(request.root, row));
        },
      },
    },
    {
      pattern: /^\/api\/v2\.0\/groups\/([^/]+)\/results$/,
      views: {
        GET: (request) => {
          const [uuid = ''] = request.params;
          readResultsQuery(request);
          return db().groups.has(uuid)
            ? results(request, { groups: [uuid] })
            : jsonify(404, { message: `Group not found: ${uuid}` });
        },
      },
    },
    { pattern: /^\/api\/v2\.0\/testcases$/, views: { GET: testcases, POST: createTestcase } },
    {
      pattern: /^\/api\/v2\.0\/testcases\/(.+)\/results$/,
      views: { GET: (request) => results(request, { testcases: [testcaseNamed(request).name] }) },
    },
    {
      pattern: /^\/api\/v2\.0\/testcases\/(.+)$/,
      views: { GET: (request) => jsonify(200, testcaseView(request.root, testcaseNamed(request))) },
    },
    {
      pattern: /^\/api\/v2\.0\/healthcheck$/,
      views: {
        GET: () =>
          isDown('database')
            ? jsonify(503, { message: 'Unable to communicate with database' })
            : jsonify(200, { message: 'Health check OK' }),
      },
    },
    { pattern: /^\/api\/v2\.0\/?$/, views: { GET: landing } },
  ];

  const ask = serveFlask(server, {
    routes,
    notFound: () => jsonify(404, { message: 'Not found' }),
    notAllowed: () => errorPage(405, 'Method Not Allowed', NO_METHOD),
    broken: (error) => {
      if (!(error instanceof Crash)) kit.trouble('resultsdb', error);
      return jsonify(500, { message: 'Internal Server Error' });
    },
  });
  const open = await listen(server);
  return {
    ...open,
    ask,
    post: (result) => create(open.url, result),
    retire(before) {
      const isTheirs = ({ data }: ResultRow) =>
        data.some(([key, value]) => key === 'item' && othersPackage(kit.world, value) !== undefined);
      store.retire((row) => row.submitTime < before * 1000 && isTheirs(row));
    },
  };
}

/** A comparison of a text column with anything else is an error of the database. */
function textColumn(value: unknown): string {
  if (typeof value !== 'string') throw new Crash('operator does not exist: character varying = integer');
  return value;
}

/** The database writes numbers into a text column as they come, but no structures. */
function optionalColumn(value: unknown): string | null | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value === 'object') throw new Crash("can't adapt type 'dict'");
  return String(value);
}

/** Neither a NUL nor half a character can be stored. */
function storable(value: unknown): void {
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
    throw new Crash('A string literal cannot contain NUL (0x00) characters.');
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, entry] of Object.entries(value)) {
    storable(key);
    storable(entry);
  }
}

function landing(request: WebRequest): Answer {
  return jsonify(300, {
    message:
      'Everything is fine. But choose wisely, for while the true Grail will bring you life, the false Grail will take it from you.',
    documentation: 'http://docs.resultsdb20.apiary.io/',
    groups: `${request.root}${API}/groups`,
    results: `${request.root}${API}/results`,
    testcases: `${request.root}${API}/testcases`,
    outcomes: OUTCOMES,
  });
}

function bodyOf(request: WebRequest): Readonly<Record<string, unknown>> {
  const read = readJson(request);
  if (read === 'not-declared') throw new Abort(errorPage(415, 'Unsupported Media Type', NOT_JSON));
  if (read === 'malformed') throw new Abort(jsonify(400, { message: 'Bad request' }));
  if (!isDictionary(read.value)) throw new Crash('argument after ** must be a mapping');
  return read.value;
}

function onlyPage(request: WebRequest): Page {
  const validation = new Validation(PYDANTIC);
  const page = readPage(request, validation);
  refuse(validation);
  return page;
}

/** Pages count from 0. One row more than the limit is fetched, to know whether there is a next page; there is no total. */
function paged<Row>(
  request: WebRequest,
  { page, limit }: Page,
  rows: readonly Row[],
  once: (rows: readonly Row[]) => readonly Row[],
  view: (row: Row) => unknown,
): Answer {
  const offset = page > 0 ? page * limit : 0;
  const fetched = once(rows.slice(Math.max(0, offset), Math.max(0, offset + limit + 1)));
  const more = fetched.length > limit;
  const address = `${request.root}${iri(request.target)}`;
  const number = /[?&]page=(\d+)/.exec(address)?.[1];
  const current = Number(number ?? 0);
  const other = (wanted: number) =>
    number === undefined
      ? `${address}${address.includes('?') ? '&' : '?'}page=${wanted}`
      : address.replace(/([?&])page=\d+/g, `$1page=${wanted}`);
  return jsonify(200, {
    prev: current > 0 ? other(current - 1) : null,
    next: more ? other(current + 1) : null,
    data: (more ? fetched.slice(0, Math.max(0, limit)) : fetched).map(view),
  });
}
