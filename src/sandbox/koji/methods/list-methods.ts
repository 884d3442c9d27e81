import { generic, notAllowed } from '../faults.ts';
import { addPackage, addTag, addTarget, removePackage } from '../furnish.ts';
import {
  findTag,
  findTarget,
  type Hub,
  hasPerm,
  mustFindBuild,
  mustFindTag,
  mustFindUser,
  newEvent,
  packageEntry,
  packageId,
  REPO,
  type Target,
  type User,
} from '../hub.ts';
import { type CallContext, type Methods, write } from '../method.ts';
import { toInt } from '../query.ts';
import { setRepoState } from '../repo-task.ts';
import { flag, mustBeUser, mustHavePerm } from '../sessions.ts';
import type { Arguments } from '../signature.ts';
import { addTagging, assertAccess, isTagged, removeTagging, taggingsOf } from '../tagging.ts';
import { isList, isStruct, isTrue, plainText, type Value } from '../value.ts';
import { lookupPackage, mustFindPackage } from './tag-methods.ts';

/** A permission by name or number, nil for none. */
function permissionOf(hub: Hub, info: Value): string | null {
  if (info === null) return null;
  const found =
    typeof info === 'number' ? hub.permissions[info - 1] : hub.permissions.find(({ name }) => name === info);
  if (found === undefined) throw generic(`No such entry in table permissions: ${plainText(info)}`);
  return found.name;
}

function createTag(args: Arguments, { hub, caller }: CallContext): Value {
  mustHavePerm(caller, 'tag');
  const { parent = null, arches = null, perm = null, extra = null } = args;
  const name = plainText(args['name'] ?? null);
  if (flag(args['maven_support']) || flag(args['maven_include_all'])) {
    throw generic('Maven support not enabled');
  }
  if (findTag(hub, name) !== undefined) throw generic(`A tag with the name '${name}' already exists`);
  const tag = addTag(hub, {
    name,
    parent: parent === null ? undefined : mustFindTag(hub, parent).name,
    perm: permissionOf(hub, perm),
    arches: arches === null ? '' : plainText(arches),
    locked: flag(args['locked']),
    extra: isStruct(extra) ? extra : {},
  });
  return tag.id;
}

function editTag(args: Arguments, { hub, caller }: CallContext): Value {
  mustHavePerm(caller, 'tag');
  const tag = mustFindTag(hub, args['tagInfo'] ?? null);
  const { name, arches, perm, perm_id, locked, extra, remove_extra } = args;
  if (typeof name === 'string' && name !== tag.name) {
    if (findTag(hub, name) !== undefined) {
      throw generic(`Name ${name} already taken by tag ${findTag(hub, name)?.id}`);
    }
    tag.name = name;
  }
  if (arches !== undefined) tag.arches = arches === null ? '' : plainText(arches);
  if (perm !== undefined || perm_id !== undefined) tag.perm = permissionOf(hub, perm ?? perm_id ?? null);
  if (locked !== undefined) tag.locked = flag(locked);
  if (isStruct(extra)) tag.extra = { ...tag.extra, ...extra };
  if (isList(remove_extra)) {
    const missing = remove_extra.find((key) => !Object.hasOwn(tag.extra, plainText(key)));
    if (missing !== undefined) throw generic(`Tag: ${tag.name} doesn't have extra: ${plainText(missing)}`);
    const gone = new Set(remove_extra.map(plainText));
    tag.extra = Object.fromEntries(Object.entries(tag.extra).filter(([key]) => !gone.has(key)));
  }
  newEvent(hub);
  return null;
}

function deleteTag({ tagInfo = null }: Arguments, { hub, caller }: CallContext): Value {
  const user = mustHavePerm(caller, 'tag');
  const tag = mustFindTag(hub, tagInfo);
  const event = newEvent(hub);
  for (const { build } of taggingsOf(hub, tag)) removeTagging(hub, { build, tag, user, event });
  for (const row of hub.packageList)
    if (row.tag === tag) removePackage(hub, tag, row.package_name, user, event);
  tag.revoked = event;
  for (const target of hub.targets) {
    if (target.build_tag === tag || target.dest_tag === tag) target.removed = true;
  }
  return null;
}

function mustFindTarget(hub: Hub, info: Value): Target {
  const target = findTarget(hub, info);
  if (target === undefined) throw generic(`No such build target: ${plainText(info)}`);
  return target;
}

function tagsOfTarget(hub: Hub, { build_tag = null, dest_tag = null }: Arguments) {
  const [build, dest] = [findTag(hub, build_tag), findTag(hub, dest_tag)];
  if (build === undefined) throw generic(`build tag '${plainText(build_tag)}' does not exist`);
  if (dest === undefined) throw generic(`destination tag '${plainText(dest_tag)}' does not exist`);
  return { build, dest };
}

/** Policy `package_list`: admins do all, those with `pkglist` add. */
function assertListPolicy(user: User, action: string): void {
  if (hasPerm(user, 'admin') || (action === 'add' && hasPerm(user, 'pkglist'))) return;
  throw notAllowed('policy violation (package_list)');
}

interface Listing {
  readonly owner?: Value;
  readonly block?: boolean;
  readonly extraArches?: Value;
  readonly update?: boolean;
}

function listPackage(args: Arguments, { hub, caller }: CallContext, wanted: Listing): null {
  const { taginfo = null, pkginfo = null } = args;
  const force = flag(args['force']);
  const tag = mustFindTag(hub, taginfo);
  const known = lookupPackage(hub, pkginfo);
  if (known === undefined && typeof pkginfo !== 'string')
    throw generic(`No such package: ${plainText(pkginfo)}`);
  const asked = wanted.owner ?? null;
  const given = asked === null ? undefined : mustFindUser(hub, asked);
  const user = mustBeUser(caller);
  const action = wanted.update === true ? 'update' : wanted.block === true ? 'block' : 'add';
  assertListPolicy(user, action);
  const name = known?.name ?? plainText(pkginfo);
  packageId(hub, name);

  const before = packageEntry(hub, tag, name);
  if (before === undefined && wanted.update === true && !force) {
    throw generic(`cannot update: tag ${tag.name} has no data for package ${name}`);
  }
  const owner = given ?? before?.owner ?? (force ? user : undefined);
  const blocked = wanted.block ?? before?.blocked ?? false;
  const arches = wanted.extraArches ?? null;
  const extraArches = arches === null ? (before?.extra_arches ?? null) : plainText(arches);
  const same = before !== undefined && before.blocked === blocked && before.extra_arches === extraArches;
  if (same && before.owner === owner && !force) return null;
  if (before?.blocked === true && !blocked && !force) {
    throw generic(`package ${name} is blocked in tag ${tag.name}`);
  }
  if (owner === undefined) throw generic('owner not specified');
  if (same) before.owner = owner;
  else addPackage(hub, { tag, name, owner, creator: user, blocked, extraArches });
  return null;
}

function unblockPackage(args: Arguments, { hub, caller }: CallContext): null {
  const tag = mustFindTag(hub, args['taginfo'] ?? null);
  const { name } = mustFindPackage(hub, args['pkginfo'] ?? null);
  const user = mustBeUser(caller);
  assertListPolicy(user, 'unblock');
  const before = packageEntry(hub, tag, name);
  if (before === undefined) {
    throw generic(`no data (blocked or otherwise) for package ${name} in tag ${tag.name}`);
  }
  if (!before.blocked) throw generic(`package ${name} NOT blocked in tag ${tag.name}`);
  if (before.tag === tag) removePackage(hub, tag, name, user, newEvent(hub));
  // What was the only entry, or stands before another block, comes back unblocked.
  if (packageEntry(hub, tag, name)?.blocked !== false) {
    addPackage(hub, { tag, name, owner: before.owner, creator: user, extraArches: before.extra_arches });
  }
  return null;
}

/** What makes up the world of a hub: tags, targets, lists of packages, users and their permissions. */
export const listMethods: Methods = {
  createTag: write(
    'create_tag(name, parent=None, arches=None, perm=None, locked=False, maven_support=False, maven_include_all=False, extra=None)',
    createTag,
  ),
  editTag2: write('edit_tag(tagInfo, **kwargs)', editTag),
  deleteTag: write('delete_tag(tagInfo)', deleteTag),
  createBuildTarget: write('create_build_target(name, build_tag, dest_tag)', (args, { hub, caller }) => {
    mustHavePerm(caller, 'target');
    const name = plainText(args['name'] ?? null);
    if (findTarget(hub, name) !== undefined) {
      throw generic(`A build target with the name '${name}' already exists`);
    }
    const { build, dest } = tagsOfTarget(hub, args);
    addTarget(hub, name, build.name, dest.name);
    return null;
  }),
  editBuildTarget: write(
    'edit_build_target(buildTargetInfo, name, build_tag, dest_tag)',
    (args, { hub, caller }) => {
      mustHavePerm(caller, 'target');
      const target = mustFindTarget(hub, args['buildTargetInfo'] ?? null);
      const { build, dest } = tagsOfTarget(hub, args);
      target.build_tag = build;
      target.dest_tag = dest;
      newEvent(hub);
      return null;
    },
  ),
  deleteBuildTarget: write(
    'delete_build_target(buildTargetInfo)',
    ({ buildTargetInfo = null }, { hub, caller }) => {
      mustHavePerm(caller, 'target');
      mustFindTarget(hub, buildTargetInfo).removed = true;
      newEvent(hub);
      return null;
    },
  ),
  packageListAdd: write(
    'pkglist_add(taginfo, pkginfo, owner=None, block=None, extra_arches=None, force=False, update=False)',
    (args, context) => {
      const { owner = null, block = null, extra_arches = null } = args;
      const blocks = block === null ? {} : { block: isTrue(block) };
      return listPackage(args, context, {
        owner,
        ...blocks,
        extraArches: extra_arches,
        update: flag(args['update']),
      });
    },
  ),
  packageListRemove: write(
    'pkglist_remove(taginfo, pkginfo, force=False)',
    ({ taginfo = null, pkginfo = null }, { hub, caller }) => {
      const tag = mustFindTag(hub, taginfo);
      const { name } = mustFindPackage(hub, pkginfo);
      const user = mustBeUser(caller);
      assertListPolicy(user, 'remove');
      removePackage(hub, tag, name, user, newEvent(hub));
      return null;
    },
  ),
  packageListBlock: write('pkglist_block(taginfo, pkginfo, force=False)', (args, context) => {
    const tag = mustFindTag(context.hub, args['taginfo'] ?? null);
    const { name } = mustFindPackage(context.hub, args['pkginfo'] ?? null);
    if (packageEntry(context.hub, tag, name) === undefined) {
      throw generic(`Package ${name} is not in tag listing for ${tag.name}`);
    }
    return listPackage(args, context, { block: true });
  }),
  packageListUnblock: write('pkglist_unblock(taginfo, pkginfo, force=False)', unblockPackage),
  packageListSetOwner: write('pkglist_setowner(taginfo, pkginfo, owner, force=False)', (args, context) =>
    listPackage(args, context, { owner: args['owner'] ?? null, update: true }),
  ),
  packageListSetArches: write('pkglist_setarches(taginfo, pkginfo, arches, force=False)', (args, context) =>
    listPackage(args, context, { extraArches: args['arches'] ?? null, update: true }),
  ),
  tagBuildBypass: write(
    'RootExports.tagBuildBypass(tag, build, force=False, notify=False)',
    ({ tag = null, build = null, force }, { hub, caller }) => {
      const user = mustHavePerm(caller, 'tag');
      const change = {
        build: mustFindBuild(hub, build),
        tag: mustFindTag(hub, tag),
        user,
        force: flag(force),
      };
      if (!flag(force)) assertAccess(change.tag, user);
      addTagging(hub, change);
      return null;
    },
  ),
  untagBuildBypass: write(
    'RootExports.untagBuildBypass(tag, build, strict=True, force=False, notify=False)',
    ({ tag = null, build = null, strict, force }, { hub, caller }) => {
      const user = mustHavePerm(caller, 'tag');
      const change = { build: mustFindBuild(hub, build), tag: mustFindTag(hub, tag), user };
      if (!flag(force)) assertAccess(change.tag, user);
      if (flag(strict) || isTagged(hub, change.build, change.tag)) removeTagging(hub, change);
      return null;
    },
  ),
  massTag: write('RootExports.massTag(tag, builds)', ({ tag = null, builds = null }, { hub, caller }) => {
    const user = mustHavePerm(caller, 'tag');
    const to = mustFindTag(hub, tag);
    for (const build of isList(builds) ? builds : []) {
      addTagging(hub, { build: mustFindBuild(hub, build), tag: to, user, force: true });
    }
    return null;
  }),
  grantPermission: write(
    'RootExports.grantPermission(userinfo, permission, create=False, description=None)',
    ({ userinfo = null, permission = null, create, description = null }, { hub, caller }) => {
      mustHavePerm(caller, 'admin');
      if (description !== null && !flag(create)) {
        throw generic('Description should be specified only with create.');
      }
      const user = mustFindUser(hub, userinfo);
      const name = plainText(permission);
      const known = hub.permissions.find((one) => one.name === name);
      if (known === undefined && !flag(create)) {
        throw generic(`No such entry in table permissions: ${name}`);
      }
      const told = description === null ? null : plainText(description);
      if (known === undefined) hub.permissions.push({ name, description: told });
      else if (told !== null) known.description = told;
      if (user.perms.includes(name)) {
        throw generic(`user ${plainText(userinfo)} already has permission: ${name}`);
      }
      user.perms.push(name);
      newEvent(hub);
      return null;
    },
  ),
  revokePermission: write(
    'RootExports.revokePermission(userinfo, permission)',
    ({ userinfo = null, permission = null }, { hub, caller }) => {
      mustHavePerm(caller, 'admin');
      const user = mustFindUser(hub, userinfo);
      const name = permissionOf(hub, permission);
      const at = user.perms.indexOf(String(name));
      if (at < 0) throw generic(`user ${plainText(userinfo)} does not have permission: ${name}`);
      user.perms.splice(at, 1);
      newEvent(hub);
      return null;
    },
  ),
  editPermission: write(
    'RootExports.editPermission(permission, description)',
    ({ permission = null, description = null }, { hub, caller }) => {
      mustHavePerm(caller, 'admin');
      const name = permissionOf(hub, permission);
      const known = hub.permissions.find((one) => one.name === name);
      if (known !== undefined) known.description = plainText(description);
      return null;
    },
  ),
  repoDelete: write('RootExports.repoDelete(repo_id)', ({ repo_id = null }, { hub, caller }) => {
    mustHavePerm(caller, 'repo');
    const repo = hub.repos.find(({ id }) => id === toInt(repo_id));
    if (repo === undefined) throw generic('query returned no rows');
    // No buildroot is kept, so that nothing refers to a repo.
    setRepoState(hub, repo, REPO.deleted);
    return 0;
  }),
};
