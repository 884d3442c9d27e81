import type { DistGitPort, Kit, LookasidePort } from '../kit/kit.ts';
import { nextId } from '../kit/rows.ts';
import type { WorldRelease } from '../kit/world.ts';
import type { ChangelogEntry } from './changelog.ts';
import { generic, parameter } from './faults.ts';
import { buildsByNvr } from './rows.ts';
import type { RpmFacts } from './rpm-file.ts';
import type { Spec } from './spec.ts';
import { type Stamp, stampOf } from './stamps.ts';
import { Float, isStruct, plainText, repr, type Struct, type Value } from './value.ts';

export const TASK = { free: 0, open: 1, closed: 2, canceled: 3, assigned: 4, failed: 5 } as const;
export const TASK_NAMES = ['FREE', 'OPEN', 'CLOSED', 'CANCELED', 'ASSIGNED', 'FAILED'] as const;
export const BUILD = { building: 0, complete: 1, deleted: 2, failed: 3, canceled: 4 } as const;
export const BUILD_NAMES = ['BUILDING', 'COMPLETE', 'DELETED', 'FAILED', 'CANCELED'] as const;
export const REPO = { init: 0, ready: 1, expired: 2, deleted: 3, problem: 4 } as const;

export interface User {
  readonly id: number;
  readonly name: string;
  /** Undefined for accounts that nobody logs in to by password. */
  readonly password: string | undefined;
  /** 0 person, 1 host. */
  readonly usertype: number;
  /** 0 normal, 1 blocked. */
  status: number;
  readonly perms: string[];
}

export interface Permission {
  readonly name: string;
  description: string | null;
}

export interface Channel {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
}

export interface Event {
  readonly id: number;
  readonly ts: Stamp;
}

export interface Tag {
  readonly id: number;
  name: string;
  perm: string | null;
  arches: string;
  locked: boolean;
  extra: Struct;
  readonly parent: number | null;
  readonly created: Event;
  revoked: Event | null;
}

export interface Target {
  readonly id: number;
  readonly name: string;
  build_tag: Tag;
  dest_tag: Tag;
  removed: boolean;
}

export interface PackageEntry {
  readonly tag: Tag;
  readonly package_id: number;
  readonly package_name: string;
  owner: User;
  readonly blocked: boolean;
  readonly extra_arches: string | null;
  readonly created: Event;
  readonly creator: User;
  revoked: Event | null;
  revoker: User | null;
}

export interface LogFile {
  /** A text, or what a package is made of. */
  readonly content: string | RpmFacts;
  readonly written: Stamp;
}

export interface Task {
  readonly id: number;
  readonly method: string;
  readonly request: readonly Value[];
  readonly owner: User;
  readonly arch: string;
  readonly label: string | null;
  readonly parent: number | null;
  readonly channel: number;
  priority: number;
  state: number;
  host: Host | null;
  weight: number;
  waiting: boolean | null;
  awaited: boolean | null;
  readonly create_ts: Stamp;
  start_ts: Stamp | null;
  completion_ts: Stamp | null;
  result: Value;
  fault: { readonly code: number; readonly text: string } | null;
  readonly files: Map<string, LogFile>;
  /** Told once, when the task has ended. */
  readonly ended: (() => void)[];
}

export interface TaskRun {
  readonly id: number;
  readonly task: Task;
  readonly host: Host;
  active: boolean;
  readonly create_ts: Stamp;
}

export interface Build {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly epoch: number | null;
  readonly nvr: string;
  readonly package_id: number;
  state: number;
  task: Task | null;
  owner: User;
  source: string | null;
  extra: Struct | null;
  creation: Event;
  start_ts: Stamp;
  completion_ts: Stamp | null;
  /** Logs of the arch tasks, by arch. */
  readonly logs: Map<string, ReadonlyMap<string, LogFile>>;
}

export interface Rpm {
  readonly id: number;
  readonly build: Build;
  readonly name: string;
  readonly arch: string;
  /** Length of what is packed in it, bytes. */
  readonly fill: number;
  /** Whole seconds, as in the header of the RPM. */
  readonly buildtime: number;
  /** Hash of a header that somebody brought by key, undefined for our own; the key of the unsigned header is empty. */
  readonly signatures: Map<string, string | undefined>;
}

/** One row of the tag history. */
export interface Tagging {
  readonly build: Build;
  readonly tag: Tag;
  readonly created: Event;
  readonly creator: User;
  revoked: Event | null;
  revoker: User | null;
}

export interface Host {
  readonly id: number;
  readonly user: User;
  readonly name: string;
  arches: readonly string[];
  capacity: number;
  description: string | null;
  comment: string | null;
  enabled: boolean;
  /** Ids of the channels that it takes tasks from. */
  readonly channels: Set<number>;
  /** Whether a builder runs there; one that was only written down is never ready and gets no task. */
  readonly reports: boolean;
}

/** A wish to be told of builds, or with `blocks` a wish not to be. */
export interface Notification {
  readonly id: number;
  readonly user: User;
  readonly blocks: boolean;
  package_id: number | null;
  tag_id: number | null;
  success_only: boolean;
}

export interface Repo {
  readonly id: number;
  readonly tag: Tag;
  state: number;
  task: Task | null;
  /** The last change of the tag that the repo holds. */
  readonly begin: Event;
  readonly created: Event;
  end: Event | null;
  state_ts: Stamp;
}

export interface RepoRequest {
  readonly id: number;
  readonly tag: Tag;
  readonly owner: User;
  readonly priority: number;
  readonly min_event: number;
  readonly create_ts: Stamp;
  update_ts: Stamp;
  active: boolean;
  task: Task | null;
  tries: number;
  repo: Repo | null;
}

export interface Session {
  readonly id: number;
  key: string;
  readonly user: User;
  /** Of the last call that changed something. */
  callnum: number | null;
  exclusive: boolean;
  closed: boolean;
  readonly start_ts: Stamp;
  renew_ts: Stamp | null;
  update_ts: Stamp;
}

/** A source package that a builder made: all that the arch builds depend on. */
export interface SourcePackage {
  readonly spec: Spec;
  readonly nvr: string;
  /** The SCM address with the whole commit; null for an uploaded one. */
  readonly source: string | null;
  /** Of a spec that was read. */
  readonly changelog?: readonly ChangelogEntry[];
}

/** What the hub needs of the sandbox besides its kit. */
export interface KojiDependencies {
  readonly distGit: DistGitPort;
  readonly lookaside: LookasidePort;
  /** The message of a commit: a run is known by its id in it. */
  readonly messageOf?: (pkg: string, commit: string) => Promise<string | undefined>;
  /** The commit that a branch stands at; without it only full commits can be built. */
  readonly resolve?: (pkg: string, ref: string) => Promise<string | undefined>;
  /** Git's own answer about the repository of a package, undefined where it failed; without it no release is counted. */
  readonly askGit?: (pkg: string, args: readonly string[]) => Promise<string | undefined>;
  /** `host:port` of SCM URLs that policy lets in. @defaultValue every host */
  readonly scmHosts?: readonly string[];
  /**
   * The release of 1.35.3 does not see the call number of its clients and answers what it cannot parse with a fault; the code after it
   * refuses a repeated call and answers 400. @defaultValue 'later'
   */
  readonly generation?: 'release' | 'later';
}

/** Everything that the hub's database would hold, with the kit at hand. */
export interface Hub {
  readonly kit: Kit;
  readonly deps: KojiDependencies;
  /** Known once the server listens. */
  url: string;
  readonly users: User[];
  readonly permissions: Permission[];
  readonly channels: Channel[];
  readonly notifications: Notification[];
  readonly events: Event[];
  readonly tags: Tag[];
  readonly targets: Target[];
  readonly packages: string[];
  readonly packageList: PackageEntry[];
  readonly tasks: Task[];
  readonly runs: TaskRun[];
  readonly builds: Build[];
  readonly rpms: Rpm[];
  readonly taggings: Tagging[];
  readonly hosts: Host[];
  readonly repos: Repo[];
  readonly repoRequests: RepoRequest[];
  readonly sessions: Session[];
  readonly uploads: Map<string, { readonly bytes: Buffer; readonly written: Stamp }>;
  /** What the builders found in a source package, by its path below `work`. */
  readonly sourcePackages: Map<string, SourcePackage>;
  /** Hands a new task to the scheduler. */
  start(task: Task): void;
  /** The hub's clock: never the same stamp twice, so that the order of events can be told from it. */
  now(): Stamp;
}

export function emptyHub(kit: Kit, deps: KojiDependencies): Hub {
  let last = 0;
  return {
    kit,
    deps,
    url: '',
    users: [],
    permissions: [],
    channels: [],
    notifications: [],
    events: [],
    tags: [],
    targets: [],
    packages: [],
    packageList: [],
    tasks: [],
    runs: [],
    builds: [],
    rpms: [],
    taggings: [],
    hosts: [],
    repos: [],
    repoRequests: [],
    sessions: [],
    uploads: new Map(),
    sourcePackages: new Map(),
    start: () => undefined,
    now() {
      const stamp = stampOf(kit.clock.now());
      last = stamp > last ? stamp : Math.round(last * 1e6 + 1) / 1e6;
      return last;
    },
  };
}

/** A new event of the one growing sequence that all history refers to. */
export function newEvent(hub: Hub): Event {
  const event = { id: nextId(hub.events), ts: hub.now() };
  hub.events.push(event);
  return event;
}

export function userByName(hub: Hub, name: string): User {
  const user = hub.users.find((one) => one.name === name);
  if (user === undefined) throw generic(`No such user: ${repr(name)}`);
  return user;
}

/** A user by id, name or map; undefined when there is none. */
export function findUser(hub: Hub, info: Value): User | undefined {
  const key = isStruct(info) ? (info['id'] ?? info['name'] ?? null) : info;
  if (typeof key === 'number') return hub.users.find((one) => one.id === key);
  return hub.users.find((one) => one.name === key);
}

export function mustFindUser(hub: Hub, info: Value): User {
  const user = findUser(hub, info);
  if (user === undefined) throw generic(`No such user: ${repr(info)}`);
  return user;
}

/** A tag by id, name or map, as it was at an event if one is given; undefined when there is none. */
export function findTag(hub: Hub, info: Value, event: number | null = null): Tag | undefined {
  const key = isStruct(info) ? (info['id'] ?? info['name'] ?? null) : info;
  if (typeof key !== 'number' && typeof key !== 'string') {
    throw parameter(`Invalid name or id value: ${plainText(info)}`);
  }
  if (typeof key === 'number' && !Number.isInteger(key)) {
    throw parameter(`Invalid name or id value: ${plainText(info)}`);
  }
  return hub.tags.findLast(
    (tag) => (tag.id === key || tag.name === key) && isActive(tag.created, tag.revoked, event),
  );
}

/** As `findTag`, with the words of `get_tag(strict=True)`. */
export function mustFindTag(hub: Hub, info: Value, event: number | null = null): Tag {
  const tag = findTag(hub, info, event);
  if (tag === undefined) throw generic(`No such tagInfo: ${repr(info)}`);
  return tag;
}

/** As `findTag`, with the words of the hub's plain lookup by name or id. */
export function lookupTag(hub: Hub, info: Value): Tag {
  const tag = findTag(hub, info);
  if (tag === undefined) throw generic(`No such entry in table tag: ${plainText(info)}`);
  return tag;
}

/** Whether something that was created and perhaps revoked holds at an event, or now. */
export function isActive(created: Event, revoked: Event | null, event: number | null): boolean {
  if (event === null) return revoked === null;
  return created.id <= event && (revoked === null || revoked.id > event);
}

export function findTarget(hub: Hub, info: Value): Target | undefined {
  return hub.targets.find((one) => !one.removed && (one.id === info || one.name === info));
}

/** The tag itself and all that it inherits, nearest first. */
export function lineage(hub: Hub, tag: Tag): readonly Tag[] {
  const parent = tag.parent === null ? undefined : hub.tags.find((one) => one.id === tag.parent);
  return parent === undefined ? [tag] : [tag, ...lineage(hub, parent)];
}

/** The release whose packages a build tag, or a side tag of it, is for. */
export function releaseOf(hub: Hub, buildTag: Tag): WorldRelease | undefined {
  const names = new Set(lineage(hub, buildTag).map(({ name }) => name));
  return hub.kit.world.releases.find((release) => names.has(release.build_tag));
}

export function isSideTag(tag: Tag): boolean {
  return tag.extra['sidetag'] === true;
}

/** Splits `n-v-r`; undefined where it does not split. */
export function splitNvr(
  text: string,
): { readonly name: string; readonly version: string; readonly release: string } | undefined {
  const release = text.lastIndexOf('-');
  const version = release < 0 ? -1 : text.lastIndexOf('-', release - 1);
  if (version < 0) return undefined;
  return {
    name: text.slice(0, version),
    version: text.slice(version + 1, release),
    release: text.slice(release + 1),
  };
}

/** A build by id, NVR or map; faults for what can be none, as `get_build` does even without `strict`. */
export function findBuild(hub: Hub, info: Value): Build | undefined {
  if (typeof info === 'number') return hub.builds.find((build) => build.id === info);
  if (typeof info === 'string') {
    if (splitNvr(info) === undefined) throw generic(`invalid format: ${info}`);
    return buildsByNvr(hub.builds, info)[0];
  }
  if (!isStruct(info)) {
    const type = info === null ? 'NoneType' : info instanceof Float ? 'float' : 'list';
    throw generic(`Invalid type for argument: <class '${type}'>`);
  }
  const { name, version, release } = info;
  if (name === undefined || version === undefined || release === undefined) {
    throw generic('did not provide name, version, and release');
  }
  return buildsByNvr(hub.builds, `${name}-${version}-${release}`)[0];
}

export function mustFindBuild(hub: Hub, info: Value): Build {
  const build = findBuild(hub, info);
  if (build === undefined) throw generic(`No such build: ${repr(info)}`);
  return build;
}

/** The id of a package name, which is made when it is new. */
export function packageId(hub: Hub, name: string): number {
  const known = hub.packages.indexOf(name);
  return known >= 0 ? known + 1 : hub.packages.push(name);
}

/** The entry of a package that counts for a tag, now or at an event: its own, else the nearest inherited. */
export function packageEntry(
  hub: Hub,
  tag: Tag,
  name: string,
  event: number | null = null,
): PackageEntry | undefined {
  for (const one of lineage(hub, tag)) {
    const entry = hub.packageList.findLast(
      (row) => row.tag === one && row.package_name === name && isActive(row.created, row.revoked, event),
    );
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** Whether a user has a permission; an admin has them all. */
export function hasPerm(user: User | undefined, perm: string): boolean {
  return user !== undefined && (user.perms.includes(perm) || user.perms.includes('admin'));
}
