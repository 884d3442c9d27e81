import type { Kit } from '../kit/kit.ts';
import { listen, systemServer } from '../kit/server.ts';
import {
  Abort,
  type Answer,
  Crash,
  gunicornPage,
  json,
  NO_ADDRESS,
  NO_METHOD,
  NOT_JSON,
  NOT_UNDERSTOOD,
  type OpenFlask,
  type Route,
  readJson,
  redirectPage,
  serveFlask,
  valuesOf,
  type WebRequest,
} from '../resultsdb/flask.ts';
import { isoformat, type Micros, repr, stamps, urlencode } from '../resultsdb/python.ts';
import { tellStored } from '../resultsdb/stored.ts';
import { type Login, type Permission, permitted, permitting, SUPERUSERS, userOf } from './access.ts';
import {
  type NewWaiver,
  type OldSubject,
  readFilters,
  readNewWaivers,
  readSubjectsQuery,
  readWaiversPage,
  spanOf,
  type WaiverFilter,
} from './requests.ts';

const API = '/api/v1.0';

interface WaiverRow {
  readonly id: number;
  readonly subject_type: string;
  readonly subject_identifier: string;
  readonly testcase: string;
  readonly username: string;
  readonly scenario: string | null;
  readonly proxied_by: string | null;
  readonly product_version: string;
  readonly waived: boolean;
  readonly comment: string;
  readonly timestamp: Micros;
}

/** A waiver as the API shows it; `timestamp` always has six digits, since the `bodhi` command breaks on less. */
export type WaiverView = Omit<WaiverRow, 'timestamp'> & {
  readonly subject: Readonly<Record<string, string>>;
  readonly timestamp: string;
};

export interface WaiverdbOptions extends Partial<Login> {
  /** Address of ResultsDB, for waivers by `result_id`. */
  readonly resultsdbUrl: string;
  /** Who may waive what; nothing: anybody may waive anything, as in Fedora. @defaultValue [] */
  readonly permissions?: readonly Permission[];
}

/** How long the server tries to hand a message to a broker that is away. Sandbox ms. */
const BROKER_PATIENCE_MS = 30_000;

/**
 * WaiverDB 1.4.0, API v1.0 under `/api/v1.0`.
 *
 * | rule point | subject | what a fault may answer |
 * | --- | --- | --- |
 * | `waiverdb.database` | `all` | `down`: every request that needs it ends with 500 |
 * | `waiverdb.broker` | `all` | `down`: waivers are stored, their messages are lost, and whoever posts gets a 500 after a while |
 * | `waiverdb.introspect` | the token | `down`: the identity provider does not say whose it is |
 */
export async function openWaiverdb(kit: Kit, options: WaiverdbOptions): Promise<OpenFlask> {
  const { resultsdbUrl, permissions = [], method = 'any' } = options;
  const table: WaiverRow[] = [];
  const nextStamp = stamps(() => kit.clock.now());
  const server = systemServer(kit, 'waiverdb');
  const tokens = new Set([...kit.world.users.map((user) => user.name), ...SUPERUSERS]);
  const login: Login = {
    method,
    introspect: options.introspect ?? ((token) => (tokens.has(token) ? { active: true, sub: token } : {})),
  };
  const isDown = (part: 'database' | 'broker') => kit.hooks.rule(`waiverdb.${part}`, 'all') === 'down';

  /** Every look into the table. */
  function rows(): WaiverRow[] {
    if (isDown('database')) throw new Crash('could not connect to server');
    return table;
  }

  async function create(request: WebRequest): Promise<Answer> {
    const { many, waivers } = readNewWaivers(bodyOf(request));
    const user = userOf(request, login, (token) => kit.hooks.rule('waiverdb.introspect', token) === 'down');
    const planned: Omit<WaiverRow, 'id' | 'timestamp'>[] = [];
    for (const waiver of waivers) {
      const row = await plan(waiver, user, resultsdbUrl);
      permitted(permissions, row);
      planned.push(row);
    }
    const stored = planned.map((row) => {
      const all = { ...row, id: rows().length + 1, timestamp: nextStamp() };
      rows().push(all);
      return all;
    });
    if (isDown('broker') && stored.length > 0) {
      for (const row of stored) tellTruth(row);
      await new Promise<void>((tried) => kit.clock.after(BROKER_PATIENCE_MS, tried));
      throw new Crash('the broker is away');
    }
    const views = stored.map(tell);
    return json(201, many ? views : views[0]);
  }

  function tellTruth(row: WaiverRow): void {
    if (row.subject_type !== 'koji_build') return;
    const at = row.timestamp / 1000;
    if (row.waived) kit.truth(row.subject_identifier, 'waiver', at);
    tellStored(kit, { nvr: row.subject_identifier, at });
  }

  function tell(row: WaiverRow): WaiverView {
    const view = viewOf(row);
    tellTruth(row);
    kit.publish('waiverdb.waiver.new', { ...view });
    return view;
  }

  function selected(filter: WaiverFilter): readonly WaiverRow[] {
    const { start, end } = spanOf(filter.since);
    const is = (wanted: string | null | undefined, value: string | null) =>
      wanted === null || wanted === undefined || wanted === value;
    return rows().filter(
      (row) =>
        is(filter.subject_type, row.subject_type) &&
        is(filter.subject_identifier, row.subject_identifier) &&
        is(filter.testcase, row.testcase) &&
        is(filter.scenario, row.scenario) &&
        is(filter.product_version, row.product_version) &&
        is(filter.username, row.username) &&
        is(filter.proxied_by, row.proxied_by) &&
        (start === undefined || row.timestamp >= start) &&
        (end === undefined || row.timestamp <= end),
    );
  }

  /** The ids that are not superseded. It is decided over all rows, before any filter. */
  function current(keyOf: (row: WaiverRow) => readonly unknown[]): ReadonlySet<number> {
    const newest = new Map<string, number>();
    for (const row of rows()) newest.set(JSON.stringify(keyOf(row)), row.id);
    return new Set(newest.values());
  }

  const currentByUser = () =>
    current((row) => [
      row.subject_type,
      row.subject_identifier,
      row.testcase,
      row.scenario,
      row.username,
      row.product_version,
    ]);

  /** Over all users and product versions: a waiver for another release hides this one. */
  const currentByTest = () =>
    current((row) => [row.subject_type, row.subject_identifier, row.testcase, row.scenario]);

  function read(request: WebRequest): Answer {
    const { filter, includeObsolete, page, limit } = readWaiversPage(request);
    if (request.query.some(([, value]) => value.includes('\0'))) {
      throw new Crash('A string literal cannot contain NUL (0x00) characters.');
    }
    const keep = includeObsolete ? undefined : currentByUser();
    const found = newestFirst(selected(filter).filter((row) => keep?.has(row.id) ?? true));
    const items = limit < 1 || page < 1 ? [] : found.slice((page - 1) * limit, page * limit);
    const isBeyond = limit < 1 || page < 1 || (items.length === 0 && page > 1);
    if (isBeyond) return jsonp(request, { data: [], prev: null, next: null, first: null, last: null });
    const own = [...new Map([...request.query].reverse())].reverse().filter(([key]) => key !== 'page');
    const link = (to: number) =>
      `${request.root}${API}/waivers/?${urlencode([['page', String(to)], ...own])}`;
    const pages = Math.ceil(found.length / limit);
    return jsonp(request, {
      data: items.map(viewOf),
      prev: page > 1 ? link(page - 1) : null,
      next: page < pages ? link(page + 1) : null,
      first: link(1),
      last: link(pages),
    });
  }

  function readFiltered(request: WebRequest): Answer {
    const { filters, includeObsolete } = readFilters(bodyOf(request));
    const keep = includeObsolete ? undefined : currentByTest();
    const found = new Set(filters.flatMap((filter) => selected(filter)));
    const data = newestFirst([...found].filter((row) => keep?.has(row.id) ?? true)).map(viewOf);
    return json(200, { data });
  }

  function readBySubjects(request: WebRequest): Answer {
    const { results, filter, includeObsolete } = readSubjectsQuery(bodyOf(request));
    const keep = includeObsolete ? undefined : currentByUser();
    const wanted = results.map(({ subject, testcase }) => ({ known: typeAndItem(subject), testcase }));
    const found = selected(filter).filter(
      (row) =>
        (keep?.has(row.id) ?? true) &&
        (wanted.length === 0 ||
          wanted.some(
            ({ known, testcase }) =>
              known?.[0] === row.subject_type &&
              known[1] === row.subject_identifier &&
              testcase === row.testcase,
          )),
    );
    return json(200, { data: newestFirst(found).map(viewOf) });
  }

  const routes: readonly Route[] = [
    { pattern: /^\/api\/v1\.0\/waivers\/$/, views: { GET: read, POST: create } },
    {
      pattern: /^\/api\/v1\.0\/waivers$/,
      views: Object.fromEntries(
        ['GET', 'POST'].map((method) => [
          method,
          (request: WebRequest) => {
            const query = request.target.indexOf('?');
            const rest = query < 0 ? '' : request.target.slice(query);
            return redirectPage(308, `${request.root}${API}/waivers/${rest}`);
          },
        ]),
      ),
    },
    {
      pattern: /^\/api\/v1\.0\/waivers\/(\d+)$/,
      views: {
        GET: (request) => {
          const row = rows()[Number(request.params[0]) - 1];
          return row === undefined ? json(404, { message: 'Waiver not found' }) : jsonp(request, viewOf(row));
        },
      },
    },
    { pattern: /^\/api\/v1\.0\/waivers\/\+filtered$/, views: { POST: readFiltered } },
    { pattern: /^\/api\/v1\.0\/waivers\/\+by-subjects-and-testcases$/, views: { POST: readBySubjects } },
    {
      pattern: /^\/api\/v1\.0\/about$/,
      views: {
        GET: (request) =>
          jsonp(request, { version: '1.4.0', auth_method: method === 'any' ? 'OIDC' : method }),
      },
    },
    {
      pattern: /^\/api\/v1\.0\/config$/,
      views: { GET: (request) => jsonp(request, { permission_mapping: {}, superusers: SUPERUSERS }) },
    },
    {
      pattern: /^\/api\/v1\.0\/permissions$/,
      views: { GET: (request) => jsonp(request, permitting(permissions, valuesOf(request, 'testcase')[0])) },
    },
    {
      pattern: /^\/api\/v1\.0\/metrics$/,
      views: {
        GET: () => ({
          status: 200,
          type: 'text/plain; version=0.0.4; charset=utf-8',
          body: `# HELP total_waivers_total Total Waivers\n# TYPE total_waivers_total counter\ntotal_waivers_total ${rows().length}.0\n`,
        }),
      },
    },
    {
      pattern: /^\/healthcheck$/,
      views: {
        GET: () => {
          rows();
          return { status: 200, type: 'text/plain', body: 'Health check OK' };
        },
      },
    },
  ];

  const ask = serveFlask(server, {
    routes,
    notFound: () => json(404, { message: NO_ADDRESS }),
    notAllowed: () => json(405, { message: NO_METHOD }),
    broken: (error) => {
      if (!(error instanceof Crash)) kit.trouble('waiverdb', error);
      return gunicornPage(500, 'Internal Server Error', '');
    },
    finish: (answer) => {
      if (answer.type === 'text/html') return answer;
      const headers = { ...answer.headers, 'access-control-allow-origin': 'https://bodhi.fedoraproject.org' };
      return { ...answer, headers };
    },
  });
  return { ...(await listen(server)), ask };
}

function newestFirst(rows: readonly WaiverRow[]): readonly WaiverRow[] {
  return [...rows].sort((a, b) => b.timestamp - a.timestamp);
}

function viewOf(row: WaiverRow): WaiverView {
  const { subject_type, subject_identifier } = row;
  return {
    id: row.id,
    subject_type,
    subject_identifier,
    subject:
      subject_type === 'compose'
        ? { 'productmd.compose.id': subject_identifier }
        : { type: subject_type, item: subject_identifier },
    testcase: row.testcase,
    username: row.username,
    scenario: row.scenario,
    proxied_by: row.proxied_by,
    product_version: row.product_version,
    waived: row.waived,
    comment: row.comment,
    timestamp: isoformat(row.timestamp, 'always'),
  };
}

/** JSON, or JSONP where a callback is asked for: the body then is a Python bytes literal, which is a defect of the server. */
function jsonp(request: WebRequest, body: unknown): Answer {
  const answer = json(200, body);
  const [callback] = valuesOf(request, 'callback');
  if (callback === undefined || callback === '') return answer;
  return {
    ...answer,
    type: 'application/javascript; charset=utf-8',
    body: `${callback}(b${repr(answer.body)})`,
  };
}

function bodyOf(request: WebRequest): unknown {
  const read = readJson(request);
  if (read === 'not-declared') throw new Abort(json(415, { message: NOT_JSON }));
  if (read === 'malformed') throw new Abort(json(400, { message: NOT_UNDERSTOOD }));
  return read.value;
}

async function plan(
  waiver: NewWaiver,
  user: string,
  resultsdbUrl: string,
): Promise<Omit<WaiverRow, 'id' | 'timestamp'>> {
  const isProxied = waiver.username !== null && waiver.username !== '';
  if (isProxied && !SUPERUSERS.includes(user)) {
    throw new Abort(json(403, { message: `user ${user} does not have the proxyuser ability` }));
  }
  const about =
    waiver.result_id === null ? aboutWhat(waiver) : await aboutResult(waiver.result_id, resultsdbUrl);
  const row = {
    ...about,
    subject_type: about.subject_type === 'brew-build' ? 'koji_build' : about.subject_type,
    username: isProxied ? (waiver.username ?? '') : user,
    proxied_by: isProxied ? user : null,
    product_version: waiver.product_version,
    waived: waiver.waived,
    comment: waiver.comment,
  };
  if (row.product_version.length > 200 || row.username.length > 255 || (row.scenario ?? '').length > 255) {
    throw new Crash('value too long for type character varying');
  }
  if (Object.values(row).some((value) => typeof value === 'string' && value.includes('\0'))) {
    throw new Crash('A string literal cannot contain NUL (0x00) characters.');
  }
  return row;
}

type About = Pick<WaiverRow, 'subject_type' | 'subject_identifier' | 'testcase' | 'scenario'>;

function aboutWhat(waiver: NewWaiver): About {
  const named = waiver.subject === null ? undefined : typeAndItem(waiver.subject);
  if (waiver.subject !== null && named === undefined)
    throw new Crash('Subject type should be non empty string');
  return {
    subject_type: named?.[0] ?? waiver.subject_type ?? '',
    subject_identifier: named?.[1] ?? waiver.subject_identifier ?? '',
    testcase: waiver.testcase ?? '',
    scenario: waiver.scenario,
  };
}

/** Undefined where an old-style subject cannot be understood. */
function typeAndItem(subject: OldSubject): readonly [string, string] | undefined {
  const isBuild = subject.type === 'koji_build' || subject.type === 'brew-build';
  if (isBuild && subject.item !== null) return ['koji_build', subject.item];
  if (subject.original_spec_nvr !== null) return ['koji_build', subject.original_spec_nvr];
  const compose = subject['productmd.compose.id'];
  if (compose !== null) return ['compose', compose];
  return subject.item === null || !subject.type ? undefined : [subject.type, subject.item];
}

async function aboutResult(id: number, resultsdbUrl: string): Promise<About> {
  const result = await resultOf(id, resultsdbUrl);
  const one = (key: string) => result.data[key]?.[0];
  const type = one('type') === 'brew-build' ? 'koji_build' : one('type');
  const nvr = one('original_spec_nvr');
  if (nvr === undefined && type === undefined) {
    throw new Abort(
      json(400, {
        message:
          'It is not possible to submit a waiver by id for this result. Please try again specifying a subject and a testcase.',
      }),
    );
  }
  const identifier = nvr ?? one('item');
  if (identifier === undefined) throw new Crash("KeyError: 'item'");
  return {
    subject_type: nvr === undefined ? (type ?? '') : 'koji_build',
    subject_identifier: identifier,
    testcase: result.testcase.name,
    scenario: one('scenario') ?? null,
  };
}

interface KnownResult {
  readonly testcase: { readonly name: string };
  readonly data: Readonly<Record<string, readonly string[] | undefined>>;
}

async function resultOf(id: number, resultsdbUrl: string): Promise<KnownResult> {
  const address = `${resultsdbUrl}/api/v2.0/results/${id}`;
  const fail = (reason: string) =>
    new Abort(json(503, { message: `Failed looking up result in Resultsdb: ${reason}` }));
  let response: Response;
  try {
    response = await fetch(address);
  } catch (error) {
    throw fail(connectionFault(address, error));
  }
  if (response.status === 404) throw new Abort(json(400, { message: 'Result id not found in Resultsdb' }));
  if (!response.ok) throw fail(`${response.status} Server Error: ${response.statusText} for url: ${address}`);
  return (await response.json()) as KnownResult;
}

/** The words of `requests`. */
function connectionFault(address: string, error: unknown): string {
  const { code } = (error as { cause?: { code?: string } }).cause ?? {};
  if (code !== 'ECONNREFUSED') {
    return "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))";
  }
  const { hostname, port, pathname } = new URL(address);
  const at = `host='${hostname}', port=${port || 80}`;
  return `HTTPConnectionPool(${at}): Max retries exceeded with url: ${pathname} (Caused by NewConnectionError("HTTPConnection(${at}): Failed to establish a new connection: [Errno 111] Connection refused"))`;
}
