import type { BuildFacts, KojiPort } from '../kit/kit.ts';
import { addTag } from './furnish.ts';
import {
  BUILD,
  type Build,
  findTag,
  type Hub,
  isSideTag,
  mustFindBuild,
  type Tag,
  userByName,
} from './hub.ts';
import { publishSignature } from './messages.ts';
import { buildsByNvr, taggingsByBuild, taggingsByTag } from './rows.ts';
import { rpmsOf, signRpm } from './rpms.ts';
import { addTagging, isTagged, removeSideTag, removeTagging } from './tagging.ts';

function factsOf(hub: Hub, build: Build): BuildFacts {
  const { id, task, nvr, name, version, release, epoch, state, source, owner, creation, completion_ts } =
    build;
  return {
    build_id: id,
    task_id: task?.id ?? 0,
    nvr,
    name,
    version,
    release,
    epoch,
    state,
    source,
    owner_name: owner.name,
    creation_ts: creation.ts,
    completion_ts,
    tags: taggingsByBuild(hub.taggings, build)
      .filter(({ revoked }) => revoked === null)
      .map(({ tag }) => tag.name),
  };
}

/** Bodhi makes the pending tags of a side tag by itself, beside the side tag. */
function pendingTag(hub: Hub, name: string): Tag | undefined {
  const base = /^(?<base>.+)-(?:signing|testing)-pending$/.exec(name)?.groups?.['base'];
  const side = base === undefined ? undefined : findTag(hub, base);
  if (side === undefined || !isSideTag(side)) return undefined;
  return addTag(hub, { name, parent: side.name });
}

/** The hub as the other systems of the sandbox use it; tagging here is done at once, without a task. */
export function kojiPort(hub: Hub): KojiPort {
  const tagNamed = (name: string): Tag => {
    const tag = findTag(hub, name) ?? pendingTag(hub, name);
    if (tag === undefined) throw new Error(`koji has no tag ${name}`);
    return tag;
  };
  return {
    build(nvr) {
      const [build] = buildsByNvr(hub.builds, nvr);
      return build === undefined ? undefined : factsOf(hub, build);
    },
    taggedWith(name, pkg) {
      const tag = findTag(hub, name);
      if (tag === undefined) throw new Error(`No such tag: ${name}`);
      return taggingsByTag(hub.taggings, tag)
        .filter(({ revoked, build }) => revoked === null && (pkg === undefined || build.name === pkg))
        .map(({ build }) => build)
        .filter(({ state }) => state === BUILD.complete)
        .toSorted((a, b) => a.id - b.id)
        .map((build) => factsOf(hub, build));
    },
    tag(nvr, name, user) {
      const change = { build: mustFindBuild(hub, nvr), tag: tagNamed(name), user: userByName(hub, user) };
      if (!isTagged(hub, change.build, change.tag)) addTagging(hub, change);
    },
    untag(nvr, name, user) {
      const build = mustFindBuild(hub, nvr);
      const tag = findTag(hub, name);
      if (tag === undefined || !isTagged(hub, build, tag)) return;
      removeTagging(hub, { build, tag, user: userByName(hub, user) });
    },
    sign(nvr, key) {
      const build = mustFindBuild(hub, nvr);
      for (const rpm of rpmsOf(hub.rpms, build)) {
        if (signRpm(rpm, key)) publishSignature(hub, rpm, key);
      }
    },
    removeSideTag(name, user) {
      const tag = findTag(hub, name);
      if (tag !== undefined && isSideTag(tag) && tag.revoked === null) {
        removeSideTag(hub, tag, userByName(hub, user));
      }
    },
    sideTags: () =>
      hub.tags
        .filter((tag) => isSideTag(tag) && tag.revoked === null)
        .map(({ id, name, extra }) => ({ id, name, user: String(extra['sidetag_user'] ?? '') })),
  };
}
