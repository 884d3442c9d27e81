import { posix } from 'node:path';
import { changelogOf } from '../changelog.ts';
import { generic, pythonFault } from '../faults.ts';
import { findBuild, type Hub } from '../hub.ts';
import { type Methods, read } from '../method.ts';
import { matchesGlob, page, sortRows } from '../query.ts';
import { EMPTY_FIELDS, type HeaderValue } from '../rpm-file.ts';
import { fieldsOf, rpmName } from '../rpms.ts';
import type { Arguments } from '../signature.ts';
import { readStamp } from '../stamps.ts';
import { Float, isList, isStruct, isTrue, plainText, repr, type Struct, type Value } from '../value.ts';

/** Rows of a wrapped call, cut and sorted by `filterOpts` as the hub does it in Python. */
function filtered(rows: Value, given: Value): readonly Struct[] {
  const opts: Struct = isStruct(given) ? given : {};
  let found = (isList(rows) ? rows : [rows]).filter(isStruct);
  const { order, offset, limit } = opts;
  if (typeof order === 'string') {
    found = [
      ...sortRows(found, order, (column) => {
        throw pythonFault('KeyError', repr(column), column);
      }),
    ];
  }
  if (typeof offset === 'number') found = found.slice(offset);
  if (typeof limit === 'number') found = found.slice(0, limit);
  return found;
}

/** Arguments of the wrapped call: what is left when the wrapper has taken its own. */
function innerParams({ methodName: _m, rest, filterOpts: _f, ...named }: Readonly<Record<string, Value>>) {
  const positional = isList(rest) ? rest : [];
  return Object.keys(named).length === 0 ? positional : [...positional, { ...named, __starstar: true }];
}

/** Entries of the changelog of a build, newest first as in its header; of a task's file nothing is read. */
function changelogRows(hub: Hub, args: Arguments): Value {
  const { buildID = null, taskID = null, author = null, queryOpts = null } = args;
  if (!isTrue(buildID)) {
    if (isTrue(taskID)) return page([], queryOpts, { lazy: false });
    throw generic('either buildID or taskID and filepath must be specified');
  }
  const build = findBuild(hub, buildID);
  if (build === undefined && isTrue(args['strict'])) throw generic(`No such build: ${plainText(buildID)}`);
  const bound = (name: string) => {
    const value = args[name] ?? null;
    return isTrue(value) ? readStamp(value, 'changelogtime', '=', 1) : undefined;
  };
  const [before, after] = [bound('before'), bound('after')];
  const rows = (build === undefined ? [] : changelogOf(build)).filter(
    (entry) =>
      (!isTrue(author) || entry.author === author) &&
      (before === undefined || entry.time < before) &&
      (after === undefined || entry.time > after),
  );
  return page(
    rows.map((entry) => ({
      date: new Date(entry.time * 1000).toISOString().slice(0, 19).replace('T', ' '),
      date_ts: entry.time,
      author: entry.author,
      text: entry.text,
    })),
    queryOpts,
    { lazy: false },
  );
}

/** The pattern of a search; the database's complaint where it is none. */
function regularExpression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    const said = 'invalid regular expression: parentheses () not balanced\n';
    throw pythonFault('psycopg2.errors.InvalidRegularExpression', said);
  }
}

/** Wrappers of other methods, search and uploads. */
export const systemMethods: Methods = {
  count: read('RootExports.count(methodName, *args, **kw)', (args, { call }) => {
    const result = call(plainText(args['methodName'] ?? null), innerParams(args));
    if (isList(result)) return result.length;
    return isStruct(result) ? Object.keys(result).length : 0;
  }),
  filterResults: read('RootExports.filterResults(methodName, *args, **kw)', (args, { call }) =>
    filtered(call(plainText(args['methodName'] ?? null), innerParams(args)), args['filterOpts'] ?? null),
  ),
  countAndFilterResults: read(
    'RootExports.countAndFilterResults(methodName, *args, **kw)',
    (args, { call }) => {
      const rows = call(plainText(args['methodName'] ?? null), innerParams(args));
      return [isList(rows) ? rows.length : 0, filtered(rows, args['filterOpts'] ?? null)];
    },
  ),
  search: read('RootExports.search(terms, type, matchType, queryOpts=None)', (args, { hub }) => {
    const { terms, type, matchType, queryOpts = null } = args;
    const kinds: Readonly<Record<string, readonly Struct[]>> = {
      package: hub.packages.map((name, index) => ({ id: index + 1, name })),
      build: hub.builds.map(({ id, nvr }) => ({ id, name: nvr })),
      tag: hub.tags.filter(({ revoked }) => revoked === null).map(({ id, name }) => ({ id, name })),
      target: hub.targets.filter(({ removed }) => !removed).map(({ id, name }) => ({ id, name })),
      user: hub.users.map(({ id, name }) => ({ id, name })),
      host: hub.hosts.map(({ id, name }) => ({ id, name })),
      rpm: hub.rpms.map((rpm) => ({ id: rpm.id, name: rpmName(rpm) })),
      maven: [],
      win: [],
    };
    const kind = plainText(type ?? null);
    const rows = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (rows === undefined) throw generic(`No such search type: ${kind}`);
    const text = plainText(terms ?? null);
    if (text === '') throw generic('empty search terms');
    const pattern = matchType === 'regexp' ? regularExpression(text) : undefined;
    const fits = (name: string) => {
      if (matchType === 'glob') return matchesGlob(name, text);
      return pattern === undefined ? name === text : pattern.test(name);
    };
    return page(
      rows.filter((row) => fits(String(row['name']))),
      queryOpts,
    );
  }),
  checkUpload: read(
    'RootExports.checkUpload(path, name, verify=None, tail=None, volume=None)',
    ({ path, name, verify = null }, { hub }) => {
      const folder = String(path);
      assertUploadFolder(folder);
      const file = hub.uploads.get(`${folder}/${name}`);
      if (file === undefined) return null;
      const { bytes, written } = file;
      const sum = verify === null ? {} : { sumlength: bytes.length, hexdigest: adler32(bytes) };
      return { size: bytes.length, mtime: new Float(written), ...sum };
    },
  ),
  getChangelogEntries: read(
    'RootExports.getChangelogEntries(buildID=None, taskID=None, filepath=None, author=None, before=None, after=None, queryOpts=None, strict=False)',
    (args, { hub }) => changelogRows(hub, args),
  ),
  getRPMHeaders: read(
    'RootExports.getRPMHeaders(rpmID=None, taskID=None, filepath=None, headers=None, strict=False)',
    ({ headers = null, rpmID = null }, { call, hub }) => {
      const told = call('getRPM', [rpmID, true]);
      const rpm = hub.rpms.find(({ id }) => isStruct(told) && id === told['id']);
      const known = rpm === undefined ? new Map<string, HeaderValue>() : fieldsOf(rpm);
      const names = isList(headers) ? headers.map(String) : [...known.keys()];
      return Object.fromEntries(
        names.map((header) => {
          const field = header.toUpperCase();
          const value = known.get(field) ?? EMPTY_FIELDS.get(field);
          if (value === undefined) throw generic(`No such rpm header field: ${field}`);
          return [header, value as Value];
        }),
      );
    },
  ),
};

/** Uploads stay below the hub's own folder for them; each command has its part of it. */
export function assertUploadFolder(folder: string): void {
  const path = posix.normalize(folder);
  if (path === '.' || path.startsWith('..') || path.startsWith('/')) {
    throw generic(`Invalid upload directory: ${folder}`);
  }
}

/** Adler-32 in eight hex digits: how the real command checks its chunks. */
export function adler32(bytes: Uint8Array): string {
  let [low, high] = [1, 0];
  for (const byte of bytes) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return (high * 65_536 + low).toString(16).padStart(8, '0');
}
