import { byId } from '../../kit/rows.ts';
import { generic, sqlFault } from '../faults.ts';
import {
  type Event,
  type Hub,
  isActive,
  lineage,
  lookupTag,
  mustFindBuild,
  mustFindTag,
  mustFindUser,
  type PackageEntry,
  type Tagging,
  type User,
} from '../hub.ts';
import { type Methods, read } from '../method.ts';
import { page, toInt } from '../query.ts';
import { readStamp } from '../stamps.ts';
import { lastChange } from '../tagging.ts';
import { Float, isList, ownEntry, type Struct, type Value } from '../value.ts';

/** What every row of a versioned table says about itself. */
interface Versioned {
  readonly created: Event;
  readonly creator: User;
  readonly revoked: Event | null;
  readonly revoker: User | null;
}

function versionStruct({ created, creator, revoked, revoker }: Versioned): Struct {
  return {
    create_event: created.id,
    create_ts: new Float(created.ts),
    creator_id: creator.id,
    creator_name: creator.name,
    revoke_event: revoked?.id ?? null,
    revoke_ts: revoked === null ? null : new Float(revoked.ts),
    revoker_id: revoker?.id ?? null,
    revoker_name: revoker?.name ?? null,
  };
}

function sorted(struct: Struct): Struct {
  return Object.fromEntries(Object.entries(struct).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Filters that ask about the making and the revocation of a row alike; each adds two columns. */
function commonFilters(hub: Hub, args: Readonly<Record<string, Value>>) {
  const tests: {
    name: string;
    created: (row: Versioned) => boolean;
    revoked: (row: Versioned) => boolean | null;
  }[] = [];
  const stamps = (name: string, test: (event: Event) => boolean) =>
    tests.push({
      name,
      created: ({ created }) => test(created),
      revoked: ({ revoked }) => (revoked === null ? null : test(revoked)),
    });
  const { after, before, afterEvent, beforeEvent, editor } = args;
  if (after !== undefined && after !== null) {
    const bound = readStamp(after, 'ev1.time', '>', 9);
    stamps('after', ({ ts }) => ts > bound);
  }
  if (before !== undefined && before !== null) {
    const bound = readStamp(before, 'ev1.time', '<', 9);
    stamps('before', ({ ts }) => ts < bound);
  }
  if (typeof afterEvent === 'number') stamps('after_event', ({ id }) => id > afterEvent);
  if (typeof beforeEvent === 'number') stamps('before_event', ({ id }) => id < beforeEvent);
  if (editor !== undefined && editor !== null) {
    const user = mustFindUser(hub, editor);
    tests.push({
      name: 'by',
      created: ({ creator }) => creator === user,
      revoked: ({ revoker }) => (revoker === null ? null : revoker === user),
    });
  }
  return (row: Versioned): Struct | undefined => {
    const { active } = args;
    if (typeof active === 'boolean' && isActive(row.created, row.revoked, null) !== active) return undefined;
    const columns: Record<string, Value> = {};
    for (const { name, created, revoked } of tests) {
      const [made, gone] = [created(row), revoked(row)];
      if (!made && gone !== true) return undefined;
      columns[`_created_${name}`] = made;
      columns[`_revoked_${name}`] = gone;
    }
    return columns;
  };
}

function taggingStruct(row: Tagging): Struct {
  const { build, tag } = row;
  return {
    ...versionStruct(row),
    active: row.revoked === null ? true : null,
    build_id: build.id,
    'build.state': build.state,
    epoch: build.epoch,
    name: build.name,
    release: build.release,
    tag_id: tag.id,
    'tag.name': tag.name,
    version: build.version,
  };
}

function packageRow(entry: PackageEntry): Struct {
  return {
    ...versionStruct(entry),
    active: entry.revoked === null ? true : null,
    blocked: entry.blocked,
    extra_arches: entry.extra_arches,
    package_id: entry.package_id,
    'package.name': entry.package_name,
    tag_id: entry.tag.id,
    'tag.name': entry.tag.name,
  };
}

/** Tables and the filters that they know; one that a table lacks leaves the table out of the answer. */
const TABLES: Readonly<Record<string, ReadonlySet<string>>> = {
  tag_listing: new Set(['build', 'package', 'tag']),
  tag_packages: new Set(['package', 'tag']),
  build_target_config: new Set(['build_target', 'target', 'tag', 'build_tag', 'dest_tag']),
  user_perms: new Set(['user', 'permission']),
  user_groups: new Set(['user', 'group']),
  cg_users: new Set(['user', 'cg']),
  tag_inheritance: new Set(['tag']),
  tag_config: new Set(['tag']),
  tag_extra: new Set(['tag', 'key', 'xkey']),
  host_config: new Set(['host']),
  host_channels: new Set(['host', 'channel']),
  tag_external_repos: new Set(['tag', 'external_repo']),
  external_repo_config: new Set(['external_repo']),
  group_config: new Set(['tag', 'group']),
  group_req_listing: new Set(['tag', 'group']),
  group_package_listing: new Set(['tag', 'group', 'package']),
};

const TABLE_FILTERS = new Set(Object.values(TABLES).flatMap((names) => [...names]));

function queryHistory(hub: Hub, args: Readonly<Record<string, Value>>): Value {
  const { tables = null, queryOpts = null } = args;
  const names = isList(tables)
    ? tables.map(String)
    : tables === null
      ? Object.keys(TABLES)
      : [String(tables)];
  const filters = Object.keys(args).filter((key) => TABLE_FILTERS.has(key) && args[key] !== null);
  const build = args['build'] === undefined ? undefined : mustFindBuild(hub, args['build'] ?? null);
  const tag = args['tag'] === undefined ? undefined : lookupTag(hub, args['tag'] ?? null);
  const pkg = args['package'];
  const extra = commonFilters(hub, args);
  const answer: Record<string, Value> = {};
  for (const table of names) {
    const known = ownEntry(TABLES, table);
    if (known === undefined) throw generic(`No such history table: ${table}`);
    if (filters.some((filter) => !known.has(filter))) continue;
    const fits = (row: { readonly tag: unknown; readonly name: string; readonly package_id: number }) =>
      (tag === undefined || row.tag === tag) &&
      (pkg === undefined || row.name === pkg || row.package_id === pkg);
    const rows: Struct[] = [];
    if (table === 'tag_listing') {
      for (const row of hub.taggings) {
        if (build !== undefined && row.build !== build) continue;
        if (!fits({ tag: row.tag, name: row.build.name, package_id: row.build.package_id })) continue;
        const columns = extra(row);
        if (columns !== undefined) rows.push(sorted({ ...taggingStruct(row), ...columns }));
      }
    } else if (table === 'tag_packages') {
      for (const entry of hub.packageList) {
        if (!fits({ tag: entry.tag, name: entry.package_name, package_id: entry.package_id })) continue;
        const columns = extra(entry);
        if (columns !== undefined) rows.push(sorted({ ...packageRow(entry), ...columns }));
      }
    }
    answer[table] = page(rows, queryOpts);
  }
  return answer;
}

/** The versioned tables and the events that number their changes. */
export const historyMethods: Methods = {
  queryHistory: read('query_history(tables=None, **kwargs)', (args, { hub }) => queryHistory(hub, args)),
  getLastEvent: read('RootExports.getLastEvent(before=None)', ({ before = null }, { hub }) => {
    const bound = before === null ? Number.POSITIVE_INFINITY : readStamp(before, 'time', '<', 5);
    const event = hub.events.findLast(({ ts }) => ts < bound);
    return event === undefined ? null : { id: event.id, ts: new Float(event.ts) };
  }),
  getEvent: read('RootExports.getEvent(id)', ({ id = null }, { hub }) => {
    const event = byId(hub.events, toInt(id));
    if (event === undefined) throw generic('query returned no rows');
    return { id: event.id, ts: new Float(event.ts) };
  }),
  tagLastChangeEvent: read(
    'RootExports.tagLastChangeEvent(tag, before=None, inherit=True)',
    ({ tag = null }, { hub }) => lastChange(hub, mustFindTag(hub, tag)).id,
  ),
  tagFirstChangeEvent: read(
    'RootExports.tagFirstChangeEvent(tag, after=None, inherit=True)',
    ({ tag: info = null, after = null }, { hub }) => {
      const tags = new Set(lineage(hub, mustFindTag(hub, info)));
      const least = after === null ? 0 : toInt(after);
      const events = [
        ...[...tags].map(({ created }) => created),
        ...hub.packageList.filter(({ tag }) => tags.has(tag)).map(({ created }) => created),
        ...hub.taggings.filter(({ tag }) => tags.has(tag)).map(({ created }) => created),
      ];
      const found = events.filter(({ id }) => id > least).toSorted((a, b) => a.id - b.id)[0];
      return found?.id ?? null;
    },
  ),
  tagChangedSinceEvent: read(
    'RootExports.tagChangedSinceEvent(event, taglist)',
    ({ event = null, taglist = null }, { hub }) => {
      const ids = isList(taglist) ? taglist : [taglist];
      const wrong = ids.find((id) => typeof id === 'string');
      if (typeof wrong === 'string') {
        throw sqlFault({
          type: 'InvalidTextRepresentation',
          text: `invalid input syntax for type integer: "${wrong}"`,
          line: 5,
          where: `tag_id IN ('${wrong}')`,
          at: `'${wrong}'`,
          lazy: false,
        });
      }
      const since = toInt(event);
      return hub.taggings.some(
        ({ tag, created, revoked }) =>
          ids.includes(tag.id) && (created.id > since || (revoked?.id ?? 0) > since),
      );
    },
  ),
};
