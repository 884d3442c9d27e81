import { generic } from '../faults.ts';
import {
  findTag,
  findTarget,
  type Hub,
  isActive,
  lineage,
  lookupTag,
  mustFindBuild,
  mustFindTag,
  mustFindUser,
  type PackageEntry,
  packageEntry,
  type Tag,
  type Target,
} from '../hub.ts';
import { type Methods, read } from '../method.ts';
import { matchesGlob, page } from '../query.ts';
import { flag } from '../sessions.ts';
import { isStruct, plainText, type Struct, type Value } from '../value.ts';

function tagStruct(hub: Hub, tag: Tag, perms = true): Struct {
  const index = hub.permissions.findIndex(({ name }) => name === tag.perm);
  return {
    arches: tag.arches,
    id: tag.id,
    locked: tag.locked,
    maven_include_all: false,
    maven_support: false,
    name: tag.name,
    ...(perms ? { perm: tag.perm, perm_id: index < 0 ? null : index + 1 } : {}),
  };
}

function targetStruct({ id, name, build_tag, dest_tag }: Target): Struct {
  return {
    build_tag: build_tag.id,
    build_tag_name: build_tag.name,
    dest_tag: dest_tag.id,
    dest_tag_name: dest_tag.name,
    id,
    name,
  };
}

function entryStruct(entry: PackageEntry, owners = true): Struct {
  const { blocked, extra_arches, owner, package_id, package_name, tag } = entry;
  return {
    blocked,
    extra_arches,
    ...(owners ? { owner_id: owner.id, owner_name: owner.name } : {}),
    package_id,
    package_name,
    tag_id: tag.id,
    tag_name: tag.name,
  };
}

function inheritanceStruct(child: Tag, parent: Tag): Struct {
  return {
    intransitive: false,
    maxdepth: null,
    name: parent.name,
    noconfig: false,
    parent_id: parent.id,
    pkg_filter: '',
    priority: 0,
    child_id: child.id,
  };
}

function inheritance(hub: Hub, tag: Tag): readonly Struct[] {
  const tags = lineage(hub, tag);
  return tags.slice(1).map((parent, index) => ({
    ...inheritanceStruct(tags[index] ?? tag, parent),
    nextdepth: null,
    currdepth: index + 1,
    filter: [],
  }));
}

function heirs(hub: Hub, tag: Tag, depth = 1): readonly Struct[] {
  return hub.tags
    .filter((one) => one.parent === tag.id && one.revoked === null)
    .flatMap((one) => [
      {
        intransitive: false,
        maxdepth: null,
        name: one.name,
        noconfig: false,
        parent_id: tag.id,
        pkg_filter: '',
        priority: 0,
        tag_id: one.id,
        nextdepth: null,
        currdepth: depth,
        filter: [],
      },
      ...heirs(hub, one, depth + 1),
    ]);
}

/** As `lookupPackage`, with the words of the hub's lookup when there is none. */
export function mustFindPackage(hub: Hub, info: Value) {
  const known = lookupPackage(hub, info);
  if (known === undefined) throw generic(`No such entry in table package: ${plainText(info)}`);
  return known;
}

/** The id of a package by name, id or map; undefined when there is none. */
export function lookupPackage(
  hub: Hub,
  info: Value,
): { readonly id: number; readonly name: string } | undefined {
  const key = isStruct(info) ? (info['id'] ?? info['name'] ?? null) : info;
  const id = typeof key === 'number' ? key : hub.packages.indexOf(plainText(key)) + 1;
  const name = hub.packages[id - 1];
  return name === undefined ? undefined : { id, name };
}

function startsWith(name: string, prefix: Value): boolean {
  return typeof prefix !== 'string' || name.toLowerCase().startsWith(prefix.toLowerCase());
}

function simpleList(hub: Hub, prefix: Value, queryOpts: Value): Value {
  const rows = hub.packages.map((name, index) => ({ package_id: index + 1, package_name: name }));
  return page(
    rows.filter(({ package_name }) => startsWith(package_name, prefix)),
    queryOpts,
  );
}

/** Entries of the package lists that `listPackages` asks for; inherited ones stand behind a nearer one of the same package. */
function listedEntries(hub: Hub, args: Readonly<Record<string, Value>>): readonly PackageEntry[] {
  const { tagID = null, userID = null, pkgID = null, prefix = null, event = null } = args;
  const tag = tagID === null ? undefined : lookupTag(hub, tagID);
  const owner = userID === null ? undefined : mustFindUser(hub, userID);
  const pkg = pkgID === null ? undefined : mustFindPackage(hub, pkgID);
  if (owner !== undefined && !flag(args['with_owners'])) {
    throw generic("userID and with_owners=False can't be used together");
  }
  const at = typeof event === 'number' ? event : null;
  const tags = tag === undefined ? undefined : flag(args['inherited']) ? lineage(hub, tag) : [tag];
  const fitting = hub.packageList.filter(
    (row) =>
      isActive(row.created, row.revoked, at) &&
      (tags === undefined || tags.includes(row.tag)) &&
      (owner === undefined || row.owner === owner) &&
      (pkg === undefined || row.package_id === pkg.id) &&
      (flag(args['with_blocked']) || !row.blocked) &&
      startsWith(row.package_name, prefix),
  );
  if (flag(args['with_dups'])) return fitting;
  const nearest = new Map<string, PackageEntry>();
  const distance = ({ tag: one }: PackageEntry) => tags?.indexOf(one) ?? 0;
  for (const row of fitting) {
    const known = nearest.get(row.package_name);
    if (known === undefined || distance(row) < distance(known)) nearest.set(row.package_name, row);
  }
  return [...nearest.values()];
}

function listTags(hub: Hub, args: Readonly<Record<string, Value>>): readonly Struct[] {
  const { build = null, package: pkg = null, pattern = null } = args;
  if (build !== null && pkg !== null) throw generic('only one of build and package may be specified');
  const perms = flag(args['perms']);
  let tags = hub.tags.filter(({ revoked }) => revoked === null);
  if (typeof pattern === 'string') tags = tags.filter(({ name }) => matchesGlob(name, pattern));
  if (build !== null) {
    const found = mustFindTagged(hub, build);
    return tags.filter((tag) => found.has(tag)).map((tag) => tagStruct(hub, tag, perms));
  }
  if (pkg !== null) {
    const known = lookupPackage(hub, pkg);
    if (known === undefined) throw generic(`No such package: ${plainText(pkg)}`);
    return tags.flatMap((tag) => {
      const entry = hub.packageList.find(
        (row) => row.tag === tag && row.package_id === known.id && row.revoked === null,
      );
      if (entry === undefined) return [];
      const { blocked, extra_arches, owner } = entry;
      const own = { blocked, extra_arches, owner_id: owner.id, owner_name: owner.name };
      return [{ ...tagStruct(hub, tag, perms), ...own }];
    });
  }
  return tags.map((tag) => tagStruct(hub, tag, perms));
}

function mustFindTagged(hub: Hub, info: Value): ReadonlySet<Tag> {
  const found = mustFindBuildPlainly(hub, info);
  return new Set(
    hub.taggings.filter((row) => row.build === found && row.revoked === null).map(({ tag }) => tag),
  );
}

/** `listTags` names the build without quotes where `getBuild` has them. */
function mustFindBuildPlainly(hub: Hub, info: Value) {
  try {
    return mustFindBuild(hub, info);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('No such build:')) {
      throw generic(`No such build: ${plainText(info)}`);
    }
    throw error;
  }
}

/** Tags, targets, inheritance and the package lists. */
export const tagMethods: Methods = {
  getBuildTarget: read(
    'get_build_target(info, event=None, strict=False)',
    ({ info = null, strict }, { hub }) => {
      const target = findTarget(hub, info);
      if (target !== undefined) return targetStruct(target);
      if (flag(strict)) throw generic(`No such build target: ${plainText(info)}`);
      return null;
    },
  ),
  getBuildTargets: read(
    'get_build_targets(info=None, event=None, buildTagID=None, destTagID=None, queryOpts=None)',
    ({ info = null, buildTagID = null, destTagID = null, queryOpts = null }, { hub }) => {
      const buildTag = buildTagID === null ? undefined : lookupTag(hub, buildTagID);
      const destTag = destTagID === null ? undefined : lookupTag(hub, destTagID);
      const rows = hub.targets.filter(
        (target) =>
          !target.removed &&
          (info === null || target.id === info || target.name === info) &&
          (buildTag === undefined || target.build_tag === buildTag) &&
          (destTag === undefined || target.dest_tag === destTag),
      );
      return page(rows.map(targetStruct), queryOpts);
    },
  ),
  getTag: read(
    'get_tag(tagInfo, strict=False, event=None, blocked=False)',
    ({ tagInfo = null, strict, event }, { hub }) => {
      const at = typeof event === 'number' ? event : null;
      const tag = flag(strict) ? mustFindTag(hub, tagInfo, at) : findTag(hub, tagInfo, at);
      if (tag === undefined) return null;
      return { ...tagStruct(hub, tag), extra: tag.extra, ...(at === null ? {} : { query_event: at }) };
    },
  ),
  getTagID: read('get_tag_id(info, strict=False, create=False)', ({ info = null, strict }, { hub }) =>
    flag(strict) ? lookupTag(hub, info).id : (findTag(hub, info)?.id ?? null),
  ),
  getBuildConfig: read('RootExports.getBuildConfig(tag, event=None)', ({ tag: info = null }, { hub }) => {
    const tag = mustFindTag(hub, info);
    return { ...tagStruct(hub, tag), extra: tag.extra, config_inheritance: { extra: {}, arches: null } };
  }),
  getFullInheritance: read(
    'RootExports.getFullInheritance(tag, event=None, reverse=False)',
    ({ tag: info = null, reverse }, { hub }) => {
      const tag = lookupTag(hub, info);
      return flag(reverse) ? heirs(hub, tag) : inheritance(hub, tag);
    },
  ),
  getInheritanceData: read(
    'RootExports.getInheritanceData(tag, event=None)',
    ({ tag: info = null }, { hub }) => {
      const tag = lookupTag(hub, info);
      const parent = lineage(hub, tag)[1];
      return parent === undefined ? [] : [inheritanceStruct(tag, parent)];
    },
  ),
  listTags: read(
    'list_tags(build=None, package=None, perms=True, queryOpts=None, pattern=None)',
    (args, { hub }) => page(listTags(hub, args), args['queryOpts'] ?? null, { twice: true }),
  ),
  getPackage: read('lookup_package(info, strict=False, create=False)', ({ info = null, strict }, { hub }) => {
    const known = lookupPackage(hub, info);
    return flag(strict) ? mustFindPackage(hub, info) : (known ?? null);
  }),
  getPackageID: read('RootExports.getPackageID(name, strict=False)', ({ name = null, strict }, { hub }) => {
    const known = lookupPackage(hub, name);
    if (known === undefined && flag(strict)) throw generic(`No such package name: ${plainText(name)}`);
    return known?.id ?? null;
  }),
  getPackageConfig: read(
    'RootExports.getPackageConfig(tag, pkg, event=None)',
    ({ tag = null, pkg = null, event = null }, { hub }) => {
      const known = lookupPackage(hub, pkg);
      const entry = packageEntry(
        hub,
        lookupTag(hub, tag),
        known?.name ?? '',
        typeof event === 'number' ? event : null,
      );
      return entry === undefined ? null : entryStruct(entry);
    },
  ),
  listPackages: read(
    'RootExports.listPackages(tagID=None, userID=None, pkgID=None, prefix=None, inherited=False, with_dups=False, event=None, queryOpts=None, with_owners=True, with_blocked=True)',
    (args, { hub }) => {
      const { tagID = null, userID = null, pkgID = null, prefix = null, queryOpts = null } = args;
      if (tagID === null && userID === null && pkgID === null) return simpleList(hub, prefix, queryOpts);
      const rows = listedEntries(hub, args).map((entry) => entryStruct(entry, flag(args['with_owners'])));
      return page(rows, queryOpts, { lazy: false });
    },
  ),
  listPackagesSimple: read(
    'RootExports.listPackagesSimple(prefix=None, queryOpts=None)',
    ({ prefix = null, queryOpts = null }, { hub }) => simpleList(hub, prefix, queryOpts),
  ),
  checkTagPackage: read('RootExports.checkTagPackage(tag, pkg)', ({ tag = null, pkg = null }, { hub }) => {
    const found = lookupTag(hub, tag);
    const known = lookupPackage(hub, pkg);
    const entry = known === undefined ? undefined : packageEntry(hub, found, known.name);
    return entry !== undefined && !entry.blocked;
  }),
  getAllPerms: read('RootExports.getAllPerms()', (_args, { hub }) =>
    hub.permissions.map(({ name, description }, index) => ({ description, id: index + 1, name })),
  ),
  listSideTags: read(
    'listSideTags(basetag=None, user=None, queryOpts=None)',
    ({ basetag = null, user = null, queryOpts = null }, { hub, call }) => {
      const base = basetag === null ? undefined : mustFindTag(hub, basetag);
      const owner = user === null ? undefined : call('getUser', [user, true]);
      const rows = hub.tags.filter(
        (tag) =>
          tag.extra['sidetag'] === true &&
          tag.revoked === null &&
          (base === undefined || tag.parent === base.id) &&
          (owner === undefined || (isStruct(owner) && tag.extra['sidetag_user_id'] === owner['id'])),
      );
      return page(
        rows.map((tag) => ({
          id: tag.id,
          name: tag.name,
          user_id: String(tag.extra['sidetag_user_id']),
          user_name: tag.extra['sidetag_user'] ?? null,
        })),
        queryOpts,
      );
    },
  ),
};
