import { FAULT, generic, KojiFault, notAllowed } from '../faults.ts';
import { addPackage, addTag, addTarget } from '../furnish.ts';
import {
  type Build,
  findBuild,
  findTag,
  type Hub,
  hasPerm,
  isSideTag,
  mustFindBuild,
  mustFindTag,
  packageEntry,
  type Tag,
  type User,
} from '../hub.ts';
import { type CallContext, type Methods, write } from '../method.ts';
import { requestRepo, requestStruct } from '../repo-task.ts';
import { flag, mustBeUser } from '../sessions.ts';
import {
  assertAccess,
  assertMayTag,
  assertSideTag,
  isTagged,
  lastChange,
  removeSideTag,
  removeTagging,
} from '../tagging.ts';
import { newTask } from '../tasks.ts';
import type { Struct, Value } from '../value.ts';

interface TagOrder {
  readonly tag: Tag;
  readonly build: Build;
  readonly from: Tag | undefined;
  readonly force: boolean;
}

function startTagging(hub: Hub, owner: User, { tag, build, from, force }: TagOrder): number {
  assertMayTag(hub, build, tag, owner, force);
  if (force && hasPerm(owner, 'admin') && packageEntry(hub, tag, build.name) === undefined) {
    addPackage(hub, { tag, name: build.name, owner, creator: owner });
  }
  const task = newTask(hub, {
    method: 'tagBuild',
    request: [tag.id, build.id, force, from?.id ?? null],
    owner,
    priority: 10,
  });
  hub.start(task);
  return task.id;
}

/** Policy `sidetag`: build tags of the releases. */
function assertBase(hub: Hub, base: Tag): void {
  if (!hub.kit.world.releases.some(({ build_tag }) => build_tag === base.name)) {
    throw notAllowed('policy violation (sidetag)');
  }
}

function mySideTag(
  hub: Hub,
  info: Value,
  { caller }: CallContext,
): { readonly tag: Tag; readonly user: User } {
  const user = mustBeUser(caller);
  const tag = mustFindTag(hub, info);
  assertSideTag(tag);
  if (tag.extra['sidetag_user_id'] !== user.id && !hasPerm(user, 'admin')) {
    throw notAllowed('This is not your sidetag');
  }
  return { tag, user };
}

/** Tagging, and side tags. */
export const changeMethods: Methods = {
  tagBuild: write(
    'RootExports.tagBuild(tag, build, force=False, fromtag=None)',
    ({ tag = null, build = null, force, fromtag = null }, { hub, caller }) => {
      const user = mustBeUser(caller);
      const found = mustFindBuild(hub, build);
      const to = mustFindTag(hub, tag);
      const from = fromtag === null ? undefined : mustFindTag(hub, fromtag);
      return startTagging(hub, user, { tag: to, build: found, from, force: flag(force) });
    },
  ),
  moveBuild: write(
    'RootExports.moveBuild(tag1, tag2, build, force=False)',
    ({ tag1 = null, tag2 = null, build = null, force }, { hub, caller }) => {
      const user = mustBeUser(caller);
      const found = mustFindBuild(hub, build);
      const from = mustFindTag(hub, tag1);
      assertAccess(from, user);
      return startTagging(hub, user, { tag: mustFindTag(hub, tag2), build: found, from, force: flag(force) });
    },
  ),
  untagBuild: write(
    'RootExports.untagBuild(tag, build, strict=True, force=False)',
    ({ tag = null, build = null, strict }, { hub, caller }) => {
      const user = mustBeUser(caller);
      const found = findTag(hub, tag);
      if (found === undefined) throw generic(`No such tagInfo: '${tag}'`);
      const row = findBuild(hub, build) ?? mustFindBuild(hub, build);
      assertAccess(found, user);
      if (!isTagged(hub, row, found)) {
        if (!flag(strict)) return null;
        throw new KojiFault(FAULT.tag, `build ${row.nvr} not in tag ${found.name}`);
      }
      removeTagging(hub, { build: row, tag: found, user });
      return null;
    },
  ),
  createSideTag: write(
    'createSideTag(basetag, debuginfo=False, suffix=None)',
    ({ basetag = null, debuginfo, suffix = null }, { hub, caller }) => {
      const owner = mustBeUser(caller);
      if (suffix !== null) throw generic(`${suffix} suffix is not allowed for sidetag`);
      const base = mustFindTag(hub, basetag);
      if (isSideTag(base)) throw notAllowed('policy violation (sidetag)');
      assertBase(hub, base);
      const next = (hub.tags.at(-1)?.id ?? 0) + 2;
      const extra: Struct = {
        sidetag: true,
        sidetag_user: owner.name,
        sidetag_user_id: owner.id,
        ...(flag(debuginfo) ? { with_debuginfo: true } : {}),
      };
      const name = `${base.name}-side-${next}`;
      const tag = addTag(hub, { name, parent: base.name, arches: base.arches, extra });
      addTarget(hub, name, name, name);
      const { request } = requestRepo(hub, { tag, owner, minEvent: lastChange(hub, tag).id });
      return { name, id: tag.id, task_id: null, request: requestStruct(request) };
    },
  ),
  removeSideTag: write('removeSideTag(sidetag)', ({ sidetag = null }, context) => {
    const { tag, user } = mySideTag(context.hub, sidetag, context);
    removeSideTag(context.hub, tag, user);
    return null;
  }),
  editSideTag: write(
    'editSideTag(sidetag, debuginfo=None, rpm_macros=None, remove_rpm_macros=None, extra=None, remove_extra=None)',
    ({ sidetag = null, debuginfo }, context) => {
      mySideTag(context.hub, sidetag, context);
      if (flag(debuginfo)) throw generic('Debuginfo setting is not allowed in parent tag.');
      return null;
    },
  ),
};
