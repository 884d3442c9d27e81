import { nextId } from '../../kit/rows.ts';
import { generic, pythonFault } from '../faults.ts';
import {
  BUILD,
  type Build,
  findBuild,
  findUser,
  type Hub,
  lineage,
  mustFindBuild,
  mustFindTag,
  newEvent,
  packageEntry,
  packageId,
  type Tag,
  type Tagging,
} from '../hub.ts';
import { publishBuildState } from '../messages.ts';
import { type Methods, read, write } from '../method.ts';
import { matchesGlob, page, scalarFilter, toInt } from '../query.ts';
import { rpmStruct } from '../rpms.ts';
import { flag, mustHavePerm } from '../sessions.ts';
import { floatOrNil, readStamp, timeOrNil, timeText } from '../stamps.ts';
import { taggingsOf } from '../tagging.ts';
import { Float, isList, type Struct, type Value } from '../value.ts';

/** The build as `listBuilds` gives it. */
export function listedBuild(build: Build): Struct {
  return {
    build_id: build.id,
    completion_time: timeOrNil(build.completion_ts),
    completion_ts: floatOrNil(build.completion_ts),
    creation_event_id: build.creation.id,
    creation_time: timeText(build.creation.ts),
    creation_ts: new Float(build.creation.ts),
    draft: false,
    epoch: build.epoch,
    extra: build.extra,
    name: build.name,
    nvr: build.nvr,
    owner_id: build.owner.id,
    owner_name: build.owner.name,
    package_id: build.package_id,
    package_name: build.name,
    promoter_id: null,
    promoter_name: null,
    promotion_time: null,
    promotion_ts: null,
    release: build.release,
    source: build.source,
    start_time: timeText(build.start_ts),
    start_ts: new Float(build.start_ts),
    state: build.state,
    task_id: build.task?.id ?? null,
    version: build.version,
    volume_id: 0,
    volume_name: 'DEFAULT',
  };
}

/** The build as `getBuild` gives it: `id` and `cg_…` are there, unlike in lists. */
export function buildStruct(build: Build): Struct {
  const { build_id, ...rest } = listedBuild(build);
  const entries = Object.entries({ ...rest, id: build.id, cg_id: null });
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { build_id: build_id ?? null, ...Object.fromEntries(sorted), cg_name: null };
}

function taggedStruct({ build, tag, created }: Tagging, extra: boolean): Struct {
  return {
    build_id: build.id,
    completion_time: timeOrNil(build.completion_ts),
    create_event: created.id,
    creation_event_id: build.creation.id,
    creation_time: timeText(build.creation.ts),
    draft: false,
    epoch: build.epoch,
    ...(extra ? { extra: build.extra } : {}),
    id: build.id,
    name: build.name,
    nvr: build.nvr,
    owner_id: build.owner.id,
    owner_name: build.owner.name,
    package_id: build.package_id,
    package_name: build.name,
    promoter_id: null,
    promoter_name: null,
    promotion_time: null,
    release: build.release,
    start_time: timeText(build.start_ts),
    state: build.state,
    tag_id: tag.id,
    tag_name: tag.name,
    task_id: build.task?.id ?? null,
    version: build.version,
    volume_id: 0,
    volume_name: 'DEFAULT',
  };
}

interface TaggedQuery {
  readonly event: Value;
  readonly inherit: boolean;
  readonly latest: Value;
  readonly pkg: Value;
  readonly owner: Value;
  readonly prefix: Value;
  readonly type: Value;
}

/** COMPLETE builds of a tag, own tag first, in each the most recently tagged first. */
function tagged(hub: Hub, tag: Tag, query: TaggedQuery): readonly Tagging[] {
  const event = typeof query.event === 'number' ? query.event : null;
  const tags = query.inherit ? lineage(hub, tag) : [tag];
  if (query.type !== null && query.type !== 'rpm') return [];
  const rows = tags.flatMap((one) =>
    taggingsOf(hub, one, event)
      .filter(
        ({ build }) =>
          build.state === BUILD.complete &&
          // The list of packages wins over what is tagged.
          packageEntry(hub, tag, build.name, event)?.blocked === false &&
          (query.pkg === null || build.name === query.pkg || build.package_id === query.pkg) &&
          (query.owner === null || build.owner.name === query.owner || build.owner.id === query.owner) &&
          (typeof query.prefix !== 'string' || build.name.startsWith(query.prefix)),
      )
      .toSorted((a, b) => b.created.id - a.created.id),
  );
  const most = query.latest === true ? 1 : typeof query.latest === 'number' ? query.latest : 0;
  if (most === 0) return rows;
  const seen = new Map<string, number>();
  return rows.filter(({ build }) => {
    const count = (seen.get(build.name) ?? 0) + 1;
    seen.set(build.name, count);
    return count <= most;
  });
}

function filterBuilds(hub: Hub, args: Readonly<Record<string, Value>>): readonly Build[] {
  const of = (name: string): Value => args[name] ?? null;
  const number = (name: string, column: string) =>
    of(name) === null ? null : scalarFilter({ name: column, type: 'integer', line: 9 }, of(name));
  const [state, volume] = [number('state', 'build.state'), number('volumeID', 'volume.id')];
  const task = number('taskID', 'build.task_id');
  const [pkg, user, type] = [of('packageID'), of('userID'), of('type')];
  if (type !== null && !BUILD_TYPES.has(String(type))) {
    throw generic(`unsupported build type: ${type}`);
  }
  if ((type !== null && type !== 'rpm') || of('cgID') !== null || of('draft') === true) return [];
  const owner = user === null ? undefined : findUser(hub, user);
  const bound = (name: string, column: string, operator: string) =>
    of(name) === null ? null : readStamp(of(name), column, operator, 9);
  const completeAfter = bound('completeAfter', 'build.completion_time', '>');
  const completeBefore = bound('completeBefore', 'build.completion_time', '<');
  const createdAfter = bound('createdAfter', 'events.time', '>');
  const createdBefore = bound('createdBefore', 'events.time', '<');
  if (bound('promotedAfter', 'build.promotion_time', '>') !== null || of('promoter') !== null) return [];
  const [prefix, pattern, source] = [of('prefix'), of('pattern'), of('source')];
  return hub.builds.filter(
    (build) =>
      (pkg === null || build.name === pkg || build.package_id === pkg) &&
      (user === null || build.owner === owner) &&
      (task === null || build.task?.id === task) &&
      (state === null || build.state === state) &&
      (volume === null || volume === 0) &&
      (typeof prefix !== 'string' || build.name.toLowerCase().startsWith(prefix.toLowerCase())) &&
      (typeof pattern !== 'string' || matchesGlob(build.nvr, pattern)) &&
      (typeof source !== 'string' || matchesGlob(build.source ?? '', source)) &&
      (completeAfter === null || (build.completion_ts ?? 0) > completeAfter) &&
      (completeBefore === null || (build.completion_ts ?? Number.POSITIVE_INFINITY) < completeBefore) &&
      (createdAfter === null || build.creation.ts > createdAfter) &&
      (createdBefore === null || build.creation.ts < createdBefore),
  );
}

const BUILD_TYPES = new Set(['rpm', 'maven', 'win', 'image', 'module', 'operator', 'remote-sources']);

const TAGGED =
  'RootExports.listTagged(tag, event=None, inherit=False, prefix=None, latest=False, package=None, owner=None, type=None, strict=True, extra=False, draft=None)';

const LIST_BUILDS =
  'RootExports.listBuilds(packageID=None, userID=None, taskID=None, prefix=None, state=None, volumeID=None, source=None, createdBefore=None, createdAfter=None, completeBefore=None, completeAfter=None, type=None, typeInfo=None, queryOpts=None, pattern=None, cgID=None, draft=None';

/** Keywords that only the code after the release of 1.35.3 knows. */
const PROMOTED = ', promotedBefore=None, promotedAfter=None, promoter=None';

/** Builds: single, in lists, in tags, and their logs. */
export function buildMethods(generation: 'release' | 'later'): Methods {
  return {
    getBuild: read('get_build(buildInfo, strict=False)', ({ buildInfo = null, strict }, { hub }) => {
      if (typeof buildInfo === 'boolean') {
        scalarFilter({ name: 'build.id', type: 'integer', line: 9, lazy: false }, buildInfo);
      }
      const build = flag(strict) ? mustFindBuild(hub, buildInfo) : findBuild(hub, buildInfo);
      return build === undefined ? null : buildStruct(build);
    }),
    findBuildID: read('find_build_id(X, strict=False)', ({ X = null, strict }, { hub }) =>
      flag(strict) ? mustFindBuild(hub, X).id : (findBuild(hub, X)?.id ?? null),
    ),
    listBuilds: read(`${LIST_BUILDS}${generation === 'later' ? PROMOTED : ''})`, (args, { hub }) =>
      page(filterBuilds(hub, args).map(listedBuild), args['queryOpts'] ?? null),
    ),
    listTagged: read(TAGGED, (args, { hub }) => {
      const { tag = null, event = null, package: pkg = null, owner = null } = args;
      const { prefix = null, type = null, latest = null } = args;
      const at = typeof event === 'number' ? event : null;
      if (!flag(args['strict'])) {
        const known = hub.tags.some(({ id, name }) => id === tag || name === tag);
        if (!known) return [];
      }
      const found = mustFindTag(hub, tag, at);
      const query = { event, inherit: flag(args['inherit']), latest, pkg, owner, prefix, type };
      return tagged(hub, found, query).map((row) => taggedStruct(row, flag(args['extra'])));
    }),
    getLatestBuilds: read(
      'RootExports.getLatestBuilds(tag, event=None, package=None, type=None, draft=None)',
      ({ tag = null, event = null, package: pkg = null, type = null }, { hub }) => {
        const query = { event, inherit: true, latest: true, pkg, owner: null, prefix: null, type };
        return tagged(hub, mustFindTag(hub, tag), query).map((row) => taggedStruct(row, false));
      },
    ),
    listTaggedRPMS: read(
      'RootExports.listTaggedRPMS(tag, event=None, inherit=False, latest=False, package=None, arch=None, rpmsigs=False, owner=None, type=None, strict=True, extra=True, draft=None)',
      (args, { hub }) => {
        const { tag = null, event = null, latest = null, package: pkg = null, owner = null } = args;
        const query = { event, inherit: flag(args['inherit']), latest, pkg, owner, prefix: null, type: null };
        const { arch = null, rpmsigs } = args;
        return rpmsAndBuilds(hub, mustFindTag(hub, tag), query, { arch, signatures: flag(rpmsigs) });
      },
    ),
    getLatestRPMS: read(
      'RootExports.getLatestRPMS(tag, package=None, arch=None, event=None, rpmsigs=False, type=None, draft=None)',
      ({ tag = null, package: pkg = null, arch = null, event = null, rpmsigs }, { hub }) => {
        const query = { event, inherit: true, latest: true, pkg, owner: null, prefix: null, type: null };
        return rpmsAndBuilds(hub, mustFindTag(hub, tag), query, { arch, signatures: flag(rpmsigs) });
      },
    ),
    getBuildLogs: read('get_build_logs(build)', ({ build = null }, { hub }) => {
      const found = mustFindBuild(hub, build);
      if (found.state !== BUILD.complete) return [];
      const { name, version, release, logs } = found;
      return [...logs].flatMap(([dir, files]) =>
        [...files.keys()].map((file) => ({
          name: file,
          dir,
          path: `packages/${name}/${version}/${release}/data/logs/${dir}/${file}`,
        })),
      );
    }),
    getBuildType: read('get_build_type(buildInfo, strict=False)', ({ buildInfo = null }, { hub }) => {
      mustFindBuild(hub, buildInfo);
      return { rpm: null };
    }),
    getMavenBuild: read('get_maven_build(buildInfo, strict=False)', () => null),
    getWinBuild: read('get_win_build(buildInfo, strict=False)', () => null),
    getImageBuild: read('get_image_build(buildInfo, strict=False)', () => null),
    listArchives: read(
      'list_archives(buildID=None, buildrootID=None, componentBuildrootID=None, hostID=None, type=None, filename=None, size=None, checksum=None, checksum_type=None, typeInfo=None, queryOpts=None, imageID=None, archiveID=None, strict=False)',
      () => [],
    ),
    getNextRelease: read(
      'get_next_release(build_info, incr=1)',
      ({ build_info = null, incr = 1 }, { hub }) => {
        if (build_info === null) throw pythonFault('TypeError', "'NoneType' object is not subscriptable");
        const { name, version } = build_info as Struct;
        const last = hub.builds.findLast((build) => build.name === name && build.version === version);
        if (last === undefined) return '1';
        return last.release.replace(/^\d+/, (digits) => String(Number(digits) + toInt(incr)));
      },
    ),
    getAverageBuildDuration: read(
      'RootExports.getAverageBuildDuration(package, age=None)',
      ({ package: pkg = null }, { hub }) => {
        const times = hub.builds
          .filter(
            (build) =>
              build.state === BUILD.complete &&
              build.task !== null &&
              (build.name === pkg || build.package_id === pkg),
          )
          .map((build) => (build.completion_ts ?? 0) - build.creation.ts);
        if (times.length === 0) return null;
        return new Float(times.reduce((sum, time) => sum + time, 0) / times.length);
      },
    ),
    createEmptyBuild: write(
      'RootExports.createEmptyBuild(name, version, release, epoch, owner=None, draft=False)',
      ({ name, version, release, epoch = null }, { hub, caller }) => {
        const user = mustHavePerm(caller, 'admin');
        const nvr = `${name}-${version}-${release}`;
        if (hub.builds.some((build) => build.nvr === nvr)) throw generic(`Build already exists: ${nvr}`);
        const start_ts = hub.now();
        const build: Build = {
          id: nextId(hub.builds),
          name: String(name),
          version: String(version),
          release: String(release),
          epoch: typeof epoch === 'number' ? epoch : null,
          nvr,
          package_id: packageId(hub, String(name)),
          state: BUILD.complete,
          task: null,
          owner: user,
          source: null,
          extra: null,
          creation: newEvent(hub),
          start_ts,
          completion_ts: start_ts,
          logs: new Map(),
        };
        hub.builds.push(build);
        publishBuildState(hub, build, null);
        return build.id;
      },
    ),
  };
}

interface Wanted {
  readonly arch: Value;
  /** A row for each signature, nil where there is none. */
  readonly signatures: boolean;
}

function rpmsAndBuilds(hub: Hub, tag: Tag, query: TaggedQuery, { arch, signatures }: Wanted): Value {
  const rows = tagged(hub, tag, query);
  const wanted = arch === null ? null : isList(arch) ? arch : [arch];
  const rpms = rows.flatMap(({ build }) =>
    hub.rpms.filter((rpm) => rpm.build === build && (wanted === null || wanted.includes(rpm.arch))),
  );
  const told = rpms.flatMap((rpm) => {
    const row = rpmStruct(rpm, { origin: false });
    if (!signatures) return [row];
    return rpm.signatures.size === 0
      ? [{ ...row, sigkey: null }]
      : [...rpm.signatures.keys()].map((sigkey) => ({ ...row, sigkey }));
  });
  return [told, rows.map((row) => taggedStruct(row, false))];
}
