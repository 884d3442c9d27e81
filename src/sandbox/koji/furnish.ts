import type { WorldRelease } from '../kit/world.ts';
import {
  type Event,
  type Host,
  type Hub,
  newEvent,
  packageId,
  REPO,
  type Tag,
  type User,
  userByName,
} from './hub.ts';
import type { Struct } from './value.ts';
import { ownEntry } from './value.ts';

/** Koji's permissions, in the order of their ids from 1. */
export const PERMISSIONS: readonly (readonly [string, string | null])[] = [
  ['admin', 'Full administrator access. Perform all actions.'],
  ['appliance', 'Create appliance builds - deprecated.'],
  ['dist-repo', 'Create a dist-repo.'],
  ['host', 'Add, remove, enable, disable hosts and channels.'],
  ['image', 'Start image tasks.'],
  ['image-import', 'Import image archives.'],
  ['livecd', 'Start livecd tasks.'],
  ['maven-import', 'Import maven archives.'],
  ['repo', 'Manage repos: newRepo, repoExpire, repoDelete, repoProblem.'],
  ['sign', 'Import RPM signatures and write signed RPMs.'],
  ['tag', 'Manage packages in tags: add, block, remove, and clone tags.'],
  ['target', 'Add, edit, and remove targets.'],
  ['win-admin', 'The default hub policy rule for "vm" requires this permission to trigger Windows builds.'],
  ['win-import', 'Import win archives.'],
  [
    'draft-promoter',
    'The permission required in the default "draft_promotion" hub policy rule to promote draft build.',
  ],
  ['autosign', null],
  ['fedora-override', null],
  ['secure-boot', null],
  ['pkglist', null],
  ['releng', null],
];

/** Channels, in the order of their ids from 1. */
export const CHANNELS = [
  'default',
  'createrepo',
  'maven',
  'livecd',
  'appliance',
  'vm',
  'image',
  'livemedia',
] as const;

/** What the accounts of services may do; everybody else has what the group `koji-PERMISSION` gives. */
const SERVICE_PERMS: Readonly<Record<string, readonly string[]>> = {
  kojiadmin: ['admin'],
  bodhi: ['tag', 'autosign'],
  autopen: ['sign', 'autosign'],
  kojira: ['repo'],
};

/** Task arch of a package arch: Koji builds i686 packages in tasks of arch i386. */
export function canonicalArch(arch: string): string {
  return /^i[3-6]86$/.test(arch) ? 'i386' : arch;
}

/** Users, tags, targets, packages, builders and first repos of the world, as Fedora's hub has them. */
export function furnish(hub: Hub): void {
  const { world } = hub.kit;
  hub.permissions.push(...PERMISSIONS.map(([name, description]) => ({ name, description })));
  hub.channels.push(...CHANNELS.map((name, index) => ({ id: index + 1, name, description: null })));
  const admin = addUser(hub, 'kojiadmin', undefined, []);
  for (const { name, password, groups } of world.users) {
    if (name === 'kojiadmin') hub.users[0] = { ...admin, password };
    else addUser(hub, name, password, groups);
  }
  if (!hub.users.some(({ name }) => name === 'kojira')) addUser(hub, 'kojira', undefined, []);

  for (const release of world.releases) addTags(hub, release);
  addTargets(hub);
  const owner = userByName(hub, world.packager);
  const creator = userByName(hub, 'kojiadmin');
  for (const { name } of world.packages) {
    for (const { dist_tag } of world.releases) {
      const tag = hub.tags.find((one) => one.name === dist_tag);
      if (tag !== undefined) addPackage(hub, { tag, name, owner, creator });
    }
  }
  addOthers(hub, creator);
  addHosts(hub);
  for (const { build_tag } of world.releases) {
    const tag = hub.tags.find(({ name }) => name === build_tag);
    if (tag !== undefined) addFirstRepo(hub, tag);
  }
}

export function addUser(
  hub: Hub,
  name: string,
  password: string | undefined,
  groups: readonly string[],
  usertype = 0,
): User {
  const granted = groups.filter((group) => group.startsWith('koji-')).map((group) => group.slice(5));
  const perms = [...(ownEntry(SERVICE_PERMS, name) ?? []), ...granted];
  const user: User = { id: hub.users.length + 1, name, password, usertype, status: 0, perms };
  hub.users.push(user);
  return user;
}

export interface NewTag {
  readonly name: string;
  readonly parent?: string | undefined;
  readonly perm?: string | null;
  readonly arches?: string;
  readonly locked?: boolean;
  readonly extra?: Struct;
}

export function addTag(
  hub: Hub,
  { name, parent, perm = null, arches = '', locked = false, extra = {} }: NewTag,
): Tag {
  // Removed tags keep their numbers; one more is skipped per side tag, as the hub's sequences do.
  const id = (hub.tags.at(-1)?.id ?? 0) + (extra['sidetag'] === true ? 2 : 1);
  const inherited = hub.tags.findLast((tag) => tag.name === parent && tag.revoked === null);
  const tag: Tag = {
    id,
    name,
    perm,
    arches,
    locked,
    extra,
    parent: inherited?.id ?? null,
    created: newEvent(hub),
    revoked: null,
  };
  hub.tags.push(tag);
  return tag;
}

function addTags(hub: Hub, release: WorldRelease): void {
  const base = release.dist_tag;
  const override = release.override_tag === '' ? `${base}-override` : release.override_tag;
  const tags: readonly NewTag[] = [
    { name: base, perm: 'autosign' },
    { name: `${base}-updates`, parent: base, perm: 'admin' },
    { name: release.testing_tag, parent: base, perm: 'admin' },
    { name: release.pending_testing_tag, parent: release.testing_tag, perm: 'autosign' },
    { name: release.pending_signing_tag, parent: release.pending_testing_tag, perm: 'autosign' },
    { name: release.pending_stable_tag, parent: base, perm: 'admin' },
    { name: release.candidate_tag, parent: base },
    { name: override, parent: base, perm: 'fedora-override' },
    { name: release.build_tag, parent: override, perm: 'admin', arches: hub.kit.world.arches.join(' ') },
    { name: release.stable_tag, parent: base, perm: 'admin' },
  ];
  for (const tag of tags) {
    if (tag.name !== '' && !hub.tags.some(({ name }) => name === tag.name)) addTag(hub, tag);
  }
}

function addTargets(hub: Hub): void {
  const { releases } = hub.kit.world;
  const own = (release: WorldRelease, name: string) => name.startsWith(release.dist_tag);
  for (const mine of [true, false]) {
    for (const release of releases) {
      for (const name of release.targets.filter((target) => own(release, target) === mine)) {
        addTarget(hub, name, release.build_tag, release.candidate_tag);
      }
    }
  }
}

export function addTarget(hub: Hub, name: string, buildTag: string, destTag: string): void {
  const tagOf = (tagName: string) => hub.tags.findLast((tag) => tag.name === tagName);
  const [build_tag, dest_tag] = [tagOf(buildTag), tagOf(destTag)];
  if (build_tag === undefined || dest_tag === undefined) {
    throw new Error(`target ${name} of the world has no tags`);
  }
  newEvent(hub);
  hub.targets.push({ id: hub.targets.length + 1, name, build_tag, dest_tag, removed: false });
}

/** What a list of packages says about one. */
export interface NewEntry {
  readonly tag: Tag;
  readonly name: string;
  readonly owner: User;
  readonly creator: User;
  readonly blocked?: boolean;
  readonly extraArches?: string | null;
}

/** Puts a package on the list of a tag, in place of what the list said before. */
export function addPackage(
  hub: Hub,
  { tag, name, owner, creator, blocked = false, extraArches = null }: NewEntry,
): void {
  const created = newEvent(hub);
  removePackage(hub, tag, name, creator, created);
  hub.packageList.push({
    tag,
    package_id: packageId(hub, name),
    package_name: name,
    owner,
    blocked,
    extra_arches: extraArches,
    created,
    creator,
    revoked: null,
    revoker: null,
  });
}

/** Takes a package from the list of a tag itself; inherited entries stay. */
export function removePackage(hub: Hub, tag: Tag, name: string, revoker: User, revoked: Event): void {
  for (const row of hub.packageList) {
    if (row.tag !== tag || row.package_name !== name || row.revoked !== null) continue;
    row.revoked = revoked;
    row.revoker = revoker;
  }
}

function addOthers(hub: Hub, creator: User): void {
  const { others, releases } = hub.kit.world;
  if (others === undefined) return;
  for (const name of ['releng', ...others.people]) addUser(hub, name, undefined, []);
  const users = new Map(hub.users.map((user) => [user.name, user]));
  const tags = releases.flatMap(({ dist_tag }) => hub.tags.filter(({ name }) => name === dist_tag));
  for (const { name, owner: person } of others.packages.values()) {
    const owner = users.get(person) ?? creator;
    // Thousands, and all of them new: nobody need look for them first.
    const package_id = hub.packages.push(name);
    for (const tag of tags) {
      hub.packageList.push({
        tag,
        package_id,
        package_name: name,
        owner,
        blocked: false,
        extra_arches: null,
        created: newEvent(hub),
        creator,
        revoked: null,
        revoker: null,
      });
    }
  }
}

/** So many people are served by one more builder of each arch. */
const PEOPLE_PER_HOST = 125;

const HOST_NAMES: Readonly<Record<string, string>> = { x86_64: 'x86', aarch64: 'a64' };

function addHosts(hub: Hub): void {
  const more = Math.floor((hub.kit.world.others?.people.length ?? 0) / PEOPLE_PER_HOST);
  const arches = hub.kit.world.arches.map(canonicalArch).filter((arch) => arch !== 'i386');
  for (const arch of arches) {
    const served = arch === 'x86_64' ? ['x86_64', 'i386'] : [arch];
    for (let count = 1; count <= (arch === 'x86_64' ? 2 : 1) + more; count++) {
      const name = `buildvm-${ownEntry(HOST_NAMES, arch) ?? arch}-${String(count).padStart(2, '0')}.example.org`;
      addHost(hub, { name, arches: served, capacity: 6, channels: [1, 2], reports: true });
    }
  }
}

export interface NewHost {
  readonly name: string;
  readonly arches: readonly string[];
  readonly capacity: number;
  readonly channels: readonly number[];
  readonly reports: boolean;
}

/** A builder with its account. */
export function addHost(hub: Hub, { channels, ...host }: NewHost): Host {
  const added: Host = {
    ...host,
    id: hub.hosts.length + 1,
    user: addUser(hub, host.name, undefined, [], 1),
    description: null,
    comment: null,
    enabled: true,
    channels: new Set(channels),
  };
  hub.hosts.push(added);
  return added;
}

function addFirstRepo(hub: Hub, tag: Tag): void {
  const begin = newEvent(hub);
  const created = newEvent(hub);
  hub.repos.push({
    id: hub.repos.length + 1,
    tag,
    state: REPO.ready,
    task: null,
    begin,
    created,
    end: null,
    state_ts: created.ts,
  });
}
