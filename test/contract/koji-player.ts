import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { defaultWorld, type World, type WorldRelease } from '../../src/sandbox/kit/world.ts';
import { methodCall, type Rpc, RpcFault, read, type Session } from '../sandbox/koji/client.ts';
import { commitOf, type Files, type hubWith, specOf, until } from '../sandbox/koji/hub.ts';
import { isReplayed } from './not-replayed.ts';

const FIXTURES = new URL('../fixtures/recorded/koji/', import.meta.url);

export interface Exchange {
  readonly note?: string;
  readonly cli?: unknown;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Record<string, string>;
    readonly body: { readonly method: string; readonly params: Rpc[] } | string | null;
  };
  readonly response: {
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly body: Rpc;
  };
}

export interface NumberedExchange extends Exchange {
  readonly line: number;
}

/** What is to be played of a file, with the lines where it stands. */
export function exchangesOf(file: string): readonly NumberedExchange[] {
  const lines = readFileSync(new URL(`${file}.jsonl`, FIXTURES), 'utf8')
    .trim()
    .split('\n');
  return lines
    .map((line, index) => ({ ...(JSON.parse(line) as Exchange), line: index + 1 }))
    .filter(({ request, line }) => request !== undefined && isReplayed(`koji/${file}.jsonl`, line));
}

/** The bytes of a message as they were on the wire. */
export function rawOf(name: string): string {
  return readFileSync(new URL(`${name}.xml`, FIXTURES), 'utf8');
}

interface Source {
  readonly build: string;
  readonly arches: readonly string[];
  readonly resolves_to?: string;
}

/** The packages that the recorded world built, as specs. */
export function recordedFiles(): Files {
  const { sources } = JSON.parse(
    readFileSync(new URL('../fixtures/koji-world/sources.json', import.meta.url), 'utf8'),
  ) as {
    sources: Record<string, Source>;
  };
  const commits = Object.entries(sources)
    .map(([commit, source]) => [source.resolves_to ?? commit, source] as const)
    .filter(([commit]) => /^[0-9a-f]{40}$/.test(commit));
  return Object.assign(
    {},
    ...commits.map(([commit, { build, arches }]) => {
      const [, name = '', version = '', release = ''] = /^(.*)-([^-]+)-([^-.]+)\./.exec(build) ?? [];
      const arch = arches[0] === 'noarch' ? 'BuildArch: noarch' : `ExclusiveArch: ${arches.join(' ')}`;
      const more = `${arch}\n\n%package doc\nSummary: Words\n`;
      return commitOf(name, commit, specOf(name, { version, release, more }), version);
    }),
  ) as Files;
}

/** The commit at which Rawhide's branch stands in the recorded world. */
export const RAWHIDE = 'ab'.repeat(20);

/** The recorded world: Rawhide is 44, its users have the password NAME-pw. */
export function recordedWorld(): World {
  const world = defaultWorld();
  const rename = (release: WorldRelease, version: number): WorldRelease => ({
    ...(JSON.parse(JSON.stringify(release).replaceAll(release.version, String(version))) as WorldRelease),
    override_tag: `f${version}-override`,
    build_tag: `f${version}-build`,
  });
  const [rawhide, current] = world.releases;
  const names = ['hello', 'world', 'kernel', 'foo-ünïcode'];
  return {
    ...world,
    releases: [rename(rawhide as WorldRelease, 44), rename(current as WorldRelease, 43)],
    packages: names.map((name) => ({ name, test: 'PASSED', build: 'good', gating: undefined })),
    users: ['kojiadmin', 'alice', 'bob', 'bodhi', 'autopen', 'kojira', 'carol'].map((name) => ({
      name,
      password: `${name}-pw`,
      groups: name === 'carol' ? ['koji-admin'] : [],
    })),
    packager: 'alice',
    arches: ['x86_64', 'i686', 'aarch64'],
    // Long enough for a look between the end of a child and that of its parent.
    delays: { 'koji.notice': { least: 40_000, median: 50_000, most: 60_000 } },
  };
}

/** Makes as an administrator what the recorded world has beside releases and packages, and takes away the first repos. */
export async function bringWorld(player: Player): Promise<void> {
  const session = await player.sessionOf({ 'Koji-Session-Id': '(of kojiadmin)' });
  const named = (more: Row): Row => ({ ...more, __starstar: true });
  const slow = 'buildvm-s390x-01.example.org';
  const calls: readonly (readonly [string, Rpc[]])[] = [
    ['createTag', ['f42-frozen', named({ locked: true })]],
    ['packageListAdd', ['f44', 'retired', named({ owner: 'alice' })]],
    ['packageListBlock', ['f44', 'retired']],
    ['packageListAdd', ['f42-frozen', 'hello', named({ owner: 'alice', force: true })]],
    ['addHost', [slow, ['s390x']]],
    ['addHostToChannel', [slow, 'createrepo']],
    ['editHost', [slow, named({ capacity: 4, comment: 'slow, ask first' })]],
    ['repoDelete', [1]],
    ['repoDelete', [2]],
  ];
  for (const [method, params] of calls) await player.hub.call(method, params, session);
}

/** Fields whose values are of the run: numbers of things, times, hashes, load. */
const OF_THE_RUN =
  /(^|_)id$|_ids?$|_event(_id)?$|_ts$|_time$|^ts$|^id$|hash$|^size$|buildtime|session-key|session-id|^capacity$|task_load|^parent$|st_|hostip|^host|^callnum$|^tries$|^mtime$|^sumlength$/;

export class Player {
  readonly hub: Awaited<ReturnType<typeof hubWith>>;
  readonly sessions = new Map<string, Session>();
  readonly tasks = new Map<number, number>();
  readonly builds = new Map<number, number>();
  readonly rpms = new Map<number, number>();
  readonly events = new Map<number, number>();
  readonly requests = new Map<number, number>();
  readonly repos = new Map<number, number>();
  /** Stamps of what was learned to be the same thing. */
  readonly stamps = new Map<number, number>();
  /** Ids and keys of recorded sessions. */
  readonly secrets = new Map<string, string>();

  /** How often an answer that depends on the moment is asked for again. */
  readonly patience: number;

  constructor(hub: Awaited<ReturnType<typeof hubWith>>, patience = 5000) {
    this.hub = hub;
    this.patience = patience;
  }

  /** Difference between what was recorded and what the hub says now; empty when there is none. */
  async play({ note = '', request, response }: Exchange): Promise<string> {
    if (request.body === null || typeof request.body === 'string') return this.playRaw(request, response);
    const { method } = request.body;
    if (request.headers?.['Koji-Session-Key'] !== undefined) return this.playSession(request, response);
    const params = this.translate(method, request.body.params);
    const session = await this.sessionOf(request.headers);
    const expected = response.body;
    let last = '';
    const once = WRITES.has(method);
    if (note === 'cancel one child only') await this.opened(Number(params[0]));
    for (let tries = 0; tries < (once ? 1 : this.patience); tries++) {
      const actual = await this.answer(method, params, session);
      last = this.compare(expected, LOOSE.has(method) ? actual : cutLike(expected, actual, note), method, '');
      if (method === 'logout') this.sessions.clear();
      if (last === '') return '';
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return `${method}${JSON.stringify(params)}: ${last}`;
  }

  private opened(task: number): Promise<Rpc> {
    return until(async () => {
      const info = (await this.hub.call('getTaskInfo', [task])) as Row | null;
      return info?.['state'] === 1 ? info : undefined;
    });
  }

  private async answer(method: string, params: Rpc[], session: Session | undefined): Promise<Rpc> {
    try {
      const answer = await this.hub.call(method, params, session);
      if (method === 'repo.query') return withoutFirst(answer);
      return method === 'system.listMethods' || method === '_listapi' ? withoutPlugins(answer) : answer;
    } catch (error) {
      if (error instanceof RpcFault) return { faultCode: error.code, faultString: error.message };
      throw error;
    }
  }

  private async playRaw(request: Exchange['request'], response: Exchange['response']): Promise<string> {
    const session = await this.sessionOf(request.headers);
    const own =
      session === undefined ? {} : { 'Koji-Session-Id': String(session.id), 'Koji-Session-Key': session.key };
    const body = bytesOf(String(request.body ?? '').replace('<value>5<', `<value>${this.task(5)}<`));
    const { status, headers, text } = await this.hub.send(body, {
      path: request.path,
      method: request.method,
      headers: { 'content-type': 'text/xml', ...request.headers, ...own },
    });
    if (status !== response.status) return `status ${status}, not ${response.status}`;
    for (const [name, value] of Object.entries(response.headers ?? {})) {
      if (headers.get(name)?.split(';')[0] !== value) return `header ${name}: ${headers.get(name)}`;
    }
    if (response.headers !== undefined && response.headers['content-type'] !== 'text/xml') {
      return text === response.body ? '' : `body ${text}`;
    }
    return this.compare(response.body, readAnswer(text), '', '');
  }

  /** A call whose session headers were written down: what the login gave here takes the place of what it gave there. */
  private async playSession(request: Exchange['request'], response: Exchange['response']): Promise<string> {
    const { method, params } = request.body as { method: string; params: Rpc[] };
    const headers = Object.fromEntries(
      Object.entries(request.headers ?? {}).map(([name, value]) => [name, this.secrets.get(value) ?? value]),
    );
    const { text } = await this.hub.send(methodCall(method, this.translate(method, params)), { headers });
    return this.compare(response.body, readAnswer(text), method, '');
  }

  async sessionOf(headers: Record<string, string> | undefined): Promise<Session | undefined> {
    const user = /^\(of (\w+)\)$/.exec(headers?.['Koji-Session-Id'] ?? '')?.[1];
    if (user === undefined) return undefined;
    const known = this.sessions.get(user) ?? (await this.hub.login(user, `${user}-pw`));
    this.sessions.set(user, known);
    return known;
  }

  private translate(method: string, params: Rpc[]): Rpc[] {
    const task = (id: Rpc): Rpc => (typeof id === 'number' ? this.task(id) : id);
    const first = (map: (id: Rpc) => Rpc) => [
      Array.isArray(params[0]) ? params[0].map(map) : map(params[0] ?? null),
      ...params.slice(1),
    ];
    if (method === 'multiCall') {
      const calls = params[0];
      if (!Array.isArray(calls)) return params;
      return [
        calls.map((call) => {
          const { methodName, params: inner } = call as { methodName?: string; params?: Rpc };
          if (methodName === undefined || !Array.isArray(inner)) return call;
          return { methodName, params: this.translate(methodName, inner) };
        }),
      ];
    }
    let translated = params;
    if (TASK_METHODS.has(method)) translated = params.length > 0 ? first(task) : params;
    else if (method === 'getBuild' || method === 'listRPMs')
      translated = params.length > 0 ? first(this.build) : params;
    else if (RPM_METHODS.has(method)) translated = params.length > 0 ? first(this.rpm) : params;
    else if (REQUEST_METHODS.has(method)) {
      translated = first((id) => (typeof id === 'number' ? (this.requests.get(id) ?? id) : id));
    } else if (REPO_METHODS.has(method)) {
      translated = first((id) => (typeof id === 'number' ? (this.repos.get(id) ?? id) : id));
    } else if (method === 'repo.query') {
      translated = JSON.parse(
        JSON.stringify(params).replace(/\["id","=",(\d+)\]/g, (_all, id) => {
          return JSON.stringify(['id', '=', this.repos.get(Number(id)) ?? Number(id)]);
        }),
      ) as Rpc[];
    } else if (method.startsWith('scheduler.')) {
      translated = JSON.parse(
        JSON.stringify(params).replace(/\["task_id",("="|"IN")?,?(\d+)/g, (_all, operator, id) => {
          const mapped = String(task(Number(id)));
          return operator === undefined ? `["task_id",${mapped}` : `["task_id",${operator},${mapped}`;
        }),
      ) as Rpc[];
    }
    return translated.map((param) => {
      if (param === null || typeof param !== 'object' || Array.isArray(param)) return param;
      return Object.fromEntries(
        Object.entries(param).map(([key, value]) => {
          if (key === 'taskID' || key === 'parent') return [key, task(value)];
          if (key === 'buildID') return [key, this.build(value)];
          if (key === 'rpm_id' || key === 'rpmID') return [key, this.rpm(value)];
          if (/[eE]vent$/.test(key) && typeof value === 'number')
            return [key, this.events.get(value) ?? value];
          if (/(^|[a-z])([aA]fter|[bB]efore)$/.test(key)) return [key, this.bound(value)];
          return [key, value];
        }),
      );
    });
  }

  /** A task that was never listed stands as far behind the last known one as in the recording. */
  task(id: number): number {
    const known = this.tasks.get(id);
    if (known !== undefined) return known;
    const before = [...this.tasks.keys()]
      .filter((one) => one < id && id - one < 5)
      .toSorted((a, b) => b - a)[0];
    return before === undefined ? id : (this.tasks.get(before) ?? 0) + id - before;
  }

  /** A bound stands here as far from the same thing as there; a text of whole seconds is cut there too. */
  private bound(value: Rpc): Rpc {
    const there = typeof value === 'string' ? Date.parse(`${value.replace(' ', 'T')}Z`) / 1000 : value;
    if (typeof there !== 'number' || Number.isNaN(there)) return value;
    const distance = (stamp: number) => Math.abs(stamp - there);
    const near = [...this.stamps.keys()].toSorted((a, b) => distance(a) - distance(b))[0];
    if (near === undefined || distance(near) > 2) return value;
    const here = this.stamps.get(near) ?? near;
    if (typeof value === 'string') return new Date(here * 1000).toISOString().slice(0, 19).replace('T', ' ');
    return Math.round((here + there - near) * 1e6) / 1e6;
  }

  private readonly build = (id: Rpc): Rpc => (typeof id === 'number' ? (this.builds.get(id) ?? id) : id);
  private readonly rpm = (id: Rpc): Rpc => (typeof id === 'number' ? (this.rpms.get(id) ?? id) : id);

  compare(expected: Rpc, actual: Rpc, method: string, path: string): string {
    const field = path.split('.').at(-1) ?? '';
    if (expected === null || actual === null) {
      if (expected === actual || MAY_BE_NIL.has(field)) return '';
      return `${path}: ${JSON.stringify(actual)?.slice(0, 300)} instead of ${JSON.stringify(expected)?.slice(0, 300)}`;
    }
    if (Array.isArray(expected) && Array.isArray(actual))
      return this.compareLists(expected, actual, method, path);
    if (typeof expected !== typeof actual || Array.isArray(expected) !== Array.isArray(actual)) {
      return `${path}: ${JSON.stringify(actual).slice(0, 200)} instead of ${JSON.stringify(expected).slice(0, 200)}`;
    }
    if (typeof expected === 'object' && typeof actual === 'object') {
      return this.compareStructs(expected as Row, actual as Row, method, path);
    }
    if (typeof expected === 'number' && typeof actual === 'number') {
      if (method === 'multiCall' && /^\.\d+\.0$/.test(path) && expected > 2) {
        this.tasks.set(expected, actual);
        return '';
      }
      // The ids of a tag and a build, an event.
      if (/\.request\.[013]$/.test(path)) return Number.isInteger(actual) ? '' : path;
      // A repo and its event.
      if (method === 'getTaskResult' || path.includes('.result.'))
        return Number.isInteger(actual) || field.endsWith('_ts') ? '' : path;
      if (path === '' && NEW_TASK.has(method)) this.tasks.set(expected, actual);
      const same = Number.isInteger(expected) === Number.isInteger(actual) || /_ts$/.test(field);
      // A row as a list: its numbers have no names.
      if (/^\.\d+\.\d+$/.test(path))
        return Number.isInteger(expected) === Number.isInteger(actual) ? '' : path;
      if (path === '' || OF_THE_RUN.test(field) || COUNTED.test(path))
        return same || OF_THE_RUN.test(field) ? '' : path;
    }
    if (typeof expected === 'string' && typeof actual === 'string') {
      if (method === 'downloadTaskOutput') return lengthOf(actual) === lengthOf(expected) ? '' : actual;
      if (field === 'hexdigest') return actual.length === expected.length ? '' : `${path}: ${actual}`;
      if (field === 'session-key') return /^\d+-\w{19}$/.test(actual) ? '' : actual;
      if (TIME.test(expected)) return TIME.test(actual) ? '' : `${path}: ${actual}`;
      if (field === 'result' && expected.includes('<methodResponse>')) {
        // What a builder lists has no order.
        return this.compare(readAnswer(expected), readAnswer(actual), 'listTaskOutput', path);
      }
      if (OF_THE_RUN.test(field) && shapeOf(expected) === shapeOf(actual)) return '';
      if (normal(expected) === normal(actual)) return '';
    }
    // Whether a parent, or the scheduler, has looked already depends on the moment.
    const ofTheMoment = field === 'awaited' || (field === 'active' && method === 'scheduler.getTaskRuns');
    if (ofTheMoment && typeof actual === 'boolean') return '';
    return expected === actual
      ? ''
      : `${path}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`;
  }

  private compareStructs(expected: Row, actual: Row, method: string, path: string): string {
    this.learn(expected, actual);
    if (NUMBERED_KEYS.has(method) && path === '') {
      const [a, b] = [Object.keys(expected), Object.keys(actual)];
      return a.length === b.length
        ? this.compareLists(Object.values(expected), Object.values(actual), method, path)
        : `${b}`;
    }
    const names = [Object.keys(expected).toSorted(), Object.keys(actual).toSorted()];
    if (JSON.stringify(names[0]) !== JSON.stringify(names[1])) {
      return `${path}: fields ${names[1]} instead of ${names[0]} ${JSON.stringify(actual).slice(0, 200)}`;
    }
    for (const [key, value] of Object.entries(expected)) {
      // What people read: the frames inside the hub, the words about a method.
      if (key === 'traceback' || key === 'doc') continue;
      const found = this.compare(value, actual[key] ?? null, method, `${path}.${key.replaceAll('.', '_')}`);
      if (found !== '') return found;
    }
    return '';
  }

  private compareLists(expected: Rpc[], actual: Rpc[], method: string, path: string): string {
    const sizes = expected.length === actual.length;
    if (!sizes && (!LOOSE.has(method) || expected.length === 0 || actual.length === 0)) {
      return `${path}: ${actual.length} entries instead of ${expected.length}: ${JSON.stringify(actual).slice(0, 300)}`;
    }
    const sorted = (list: Rpc[]) =>
      list.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item))
        ? list.toSorted((a, b) => (signature(a) < signature(b) ? -1 : 1))
        : method === 'listTaskOutput'
          ? list.toSorted()
          : list;
    const [left, right] = sizes
      ? [sorted(expected), sorted(actual)]
      : [expected.slice(0, 1), actual.slice(0, 1)];
    for (const [index, item] of left.entries()) {
      const inner = sizes ? method : '';
      const found = sizes
        ? this.compare(item, right[index] ?? null, inner, `${path}.${index}`)
        : fieldsOf(item) === fieldsOf(right[index] ?? null)
          ? ''
          : `${path}: ${fieldsOf(right[index] ?? null)} instead of ${fieldsOf(item)}`;
      if (found !== '') return found;
    }
    return '';
  }

  private learn(expected: Row, actual: Row): void {
    for (const key of ['session-id', 'session-key']) {
      if (key in expected && key in actual) this.secrets.set(String(expected[key]), String(actual[key]));
    }
    const pair = (map: Map<number, number>, key: string) => {
      const [from, to] = [expected[key], actual[key]];
      if (typeof from === 'number' && typeof to === 'number') map.set(from, to);
    };
    const stamps = () => {
      for (const key of Object.keys(expected)) if (key.endsWith('_ts')) pair(this.stamps, key);
    };
    if ('method' in expected && 'label' in expected && expected['label'] === actual['label']) {
      pair(this.tasks, 'id');
      if (this.tasks.get(Number(expected['id'])) === actual['id']) stamps();
    }
    if ('nvr' in expected && 'build_id' in expected && expected['nvr'] === actual['nvr']) {
      if ('payloadhash' in expected) pair(this.rpms, 'id');
      else {
        pair(this.builds, 'build_id');
        stamps();
      }
      pair(this.builds, 'build_id');
    }
    if ('tag_name' in expected && 'min_event' in expected) pair(this.requests, 'id');
    if ('tag_name' in expected && expected['tag_name'] === actual['tag_name']) {
      for (const key of ['begin_event', 'create_event', 'end_event', 'min_event']) pair(this.events, key);
      pair(this.tasks, 'task_id');
      if ('begin_event' in expected) pair(this.repos, 'id');
    }
    if ('tag.name' in expected && expected['tag.name'] === actual['tag.name']) {
      pair(this.events, 'create_event');
      pair(this.events, 'revoke_event');
      stamps();
    }
  }
}

export type Row = Record<string, Rpc>;

function readAnswer(text: string): Rpc {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof RpcFault)) throw error;
    return { faultCode: error.code, faultString: error.message };
  }
}

/** Rows of repos without those that were there from the start and are deleted. */
function withoutFirst(answer: Rpc): Rpc {
  if (!Array.isArray(answer)) return answer;
  return answer.filter((row) => {
    const { state, task_id } = row as Row;
    return state !== 3 || task_id !== null;
  });
}

/** Methods of plugins that Fedora's hub has and the recorded one had not. */
const PLUGINS = new Set<Rpc>(['runroot', 'kiwiBuild']);

function withoutPlugins(answer: Rpc): Rpc {
  if (!Array.isArray(answer)) return answer;
  return answer.filter((one) => !PLUGINS.has(typeof one === 'string' ? one : ((one as Row)['name'] ?? null)));
}

/** The list that was asked for, cut as the recorded one was. */
function cutLike(expected: Rpc, actual: Rpc, note: string): Rpc {
  const [, first, some, all] = /\(cut: (first )?(\d+) of (\d+)/.exec(note) ?? [];
  if (some === undefined || !Array.isArray(expected) || !Array.isArray(actual)) return actual;
  if (first !== undefined) return actual.slice(0, Number(some));
  const nameOf = (item: Rpc) => (item as Row)['name'];
  if (actual.length !== Number(all)) return actual;
  return expected.map((item) => actual.find((one) => nameOf(one) === nameOf(item)) ?? null);
}

/** Number of bytes that a text of base64 holds. */
function lengthOf(text: string): number {
  return Buffer.from(text, 'base64').length;
}

const GOOD_CALL = '<methodCall><methodName>getAPIVersion</methodName></methodCall>';

/** The bytes of a body that the recording only describes. */
function bytesOf(body: string): Uint8Array {
  const chunk = /^\(binary, (\d+) characters\)$/.exec(body)?.[1];
  // Of a chunk only the length was written down; `abc` is what the three bytes were.
  if (chunk !== undefined) return Buffer.from('abc'.padEnd(Number(chunk), 'd').slice(0, Number(chunk)));
  if (body === '(gzip of a good call)') return gzipSync(GOOD_CALL);
  const long = /^(.*)… \((\d+) bytes in all\)$/s.exec(body);
  if (long !== null) {
    const end = '</value></param></params></methodCall>';
    return Buffer.from((long[1] ?? '').padEnd(Number(long[2]) - end.length, 'x') + end);
  }
  const raw = /^(.*)\(bytes? ([0-9a-f ]+)\)(.*)$/s.exec(body);
  if (raw === null) return Buffer.from(body);
  const [, before = '', hex = '', after = ''] = raw;
  return Buffer.concat([
    Buffer.from(before),
    Buffer.from(hex.replaceAll(' ', ''), 'hex'),
    Buffer.from(after),
  ]);
}

const TIME = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{6})?\+00:00$/;

function signature(item: Rpc): string {
  const row = item as Row;
  return [
    'method',
    'label',
    'nvr',
    'name',
    'arch',
    'tag.name',
    'tag_name',
    'sigkey',
    'currdepth',
    'active',
    'creator_name',
    'dir',
  ]
    .map((key) => String(row[key] ?? ''))
    .join(' ');
}

function fieldsOf(item: Rpc): string {
  return typeof item === 'object' && item !== null ? Object.keys(item).toSorted().join(' ') : typeof item;
}

function shapeOf(text: string): string {
  return text.replace(/[0-9a-f]{32}/g, 'md5').replace(/\d+(\.\d+)?/g, '0');
}

/** Texts with the numbers of the run taken out. */
function normal(text: string): string {
  return text
    .replace(/tasks\/\d+\/\d+/g, 'tasks/0/0')
    .replace(/([Tt]ask |session |call |id=|task_id': |User )\d+/g, '$10')
    .replace(/<int>\d+<\/int>/g, '<int>0</int>')
    .replace(/\d+ > \d+/, '0 > 0')
    .replace(/'id': \d+, 'master'/, "'id': 0, 'master'")
    .replace(/'key': '\d+-\w{19}'/, "'key': ''")
    .replace(/datetime\.datetime\([\d, ]+, tzinfo/g, 'datetime.datetime(0, tzinfo')
    .replace(/_ts': [\d.]+/g, "_ts': 0")
    .replace(/(query_event|LINE \d+).*/s, '$1');
}

const TASK_METHODS = new Set(
  'getTaskInfo getTaskChildren getTaskDescendents getTaskResult getTaskRequest taskFinished listTaskOutput downloadTaskOutput cancelTask resubmitTask setTaskPriority'.split(
    ' ',
  ),
);
const RPM_METHODS = new Set(['queryRPMSigs', 'addRPMSig', 'writeSignedRPM', 'deleteRPMSig', 'getRPM']);
const REPO_METHODS = new Set(['repoInfo', 'repoExpire', 'repoProblem', 'repo.references']);
const REQUEST_METHODS = new Set(['repo.checkRequest', 'repo.setRequestPriority']);
const NEW_TASK = new Set(['newRepo', 'build', 'tagBuild', 'moveBuild', 'resubmitTask']);
const WRITES = new Set([
  ...NEW_TASK,
  'cancelTask',
  'cancelBuild',
  'untagBuild',
  'createEmptyBuild',
  'addRPMSig',
  'multiCall',
  'login',
  'logout',
  'createSideTag',
]);
const NUMBERED_KEYS = new Set(['getTaskDescendents']);
/** The repos that are there from the start were made by no task. */
const MAY_BE_NIL = new Set(['buildroot_id', 'task_id', 'task_state']);
const COUNTED = /tag_listing$/;
/** Their lists hold the whole of a world, which is another here. */
const LOOSE = new Set(
  'listTasks listBuilds listTags listPackages listPackagesSimple getBuildTargets listHosts scheduler.getTaskRuns scheduler.getLogMessages scheduler.getHostData queryRPMSigs filterResults countAndFilterResults queryHistory getAllPerms getFullInheritance listTagged getLatestBuilds'.split(
    ' ',
  ),
);
