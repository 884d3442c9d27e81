import type { WorldRelease } from '../kit/world.ts';
import { type Hub, newEvent, packageId, REPO, type Tag, type User, userByName } from './hub.ts';
import type { Struct } from './value.ts';

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
  const admin = addUser(hub, 'kojiadmin', undefined, []);
  for (const { name, password, groups } of world.users) {
    if (name === 'kojiadmin') hub.users[0] = { ...admin, password };
    else addUser(hub, name, password, groups);
  }
  if (!hub.users.some(({ name }) => name === 'kojira')) addUser(hub, 'kojira', undefined, []);

  for (const release of world.releases) addTags(hub, release);
  addTargets(hub);
  const packager = userByName(hub, world.packager);
  for (const { name } of world.packages) {
    for (const release of world.releases) addPackage(hub, release.dist_tag, name, packager);
  }
  addHosts(hub);
  for (const { build_tag } of world.releases) {
    const tag = hub.tags.find(({ name }) => name === build_tag);
    if (tag !== undefined) addFirstRepo(hub, tag);
  }
}

function addUser(
  hub: Hub,
  name: string,
  password: string | undefined,
  groups: readonly string[],
  usertype = 0,
): User {
  const granted = groups.filter((group) => group.startsWith('koji-')).map((group) => group.slice(5));
  const perms = [...(SERVICE_PERMS[name] ?? []), ...granted];
  const user: User = { id: hub.users.length + 1, name, password, usertype, perms };
  hub.users.push(user);
  return user;
}

export interface NewTag {
  readonly name: string;
  readonly parent?: string | undefined;
  readonly perm?: string | null;
  readonly arches?: string;
  readonly extra?: Struct;
}

export function addTag(hub: Hub, { name, parent, perm = null, arches = '', extra = {} }: NewTag): Tag {
  // Removed tags keep their numbers; one more is skipped per side tag, as the hub's sequences do.
  const id = (hub.tags.at(-1)?.id ?? 0) + (extra['sidetag'] === true ? 2 : 1);
  const inherited = hub.tags.findLast((tag) => tag.name === parent && tag.revoked === null);
  const tag: Tag = {
    id,
    name,
    perm,
    arches,
    locked: false,
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

/** Puts a package on the list of a tag. */
export function addPackage(hub: Hub, tagName: string, name: string, owner: User, creator?: User): void {
  const tag = hub.tags.findLast((one) => one.name === tagName && one.revoked === null);
  if (tag === undefined) throw new Error(`package ${name} of the world has no tag ${tagName}`);
  hub.packageList.push({
    tag,
    package_id: packageId(hub, name),
    package_name: name,
    owner,
    blocked: false,
    created: newEvent(hub),
    creator: creator ?? userByName(hub, 'kojiadmin'),
  });
}

const HOST_NAMES: Readonly<Record<string, string>> = { x86_64: 'x86', aarch64: 'a64' };

function addHosts(hub: Hub): void {
  const arches = hub.kit.world.arches.map(canonicalArch).filter((arch) => arch !== 'i386');
  for (const arch of arches) {
    const served = arch === 'x86_64' ? ['x86_64', 'i386'] : [arch];
    for (let count = 1; count <= (arch === 'x86_64' ? 2 : 1); count++) {
      const name = `buildvm-${HOST_NAMES[arch] ?? arch}-0${count}.example.org`;
      const user = addUser(hub, name, undefined, [], 1);
      hub.hosts.push({ id: hub.hosts.length + 1, user, name, arches: served, capacity: 6 });
    }
  }
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
