import { FAULT, generic, KojiFault, notAllowed } from './faults.ts';
import {
  BUILD,
  BUILD_NAMES,
  type Build,
  type Event,
  type Hub,
  hasPerm,
  isActive,
  isSideTag,
  lineage,
  newEvent,
  packageEntry,
  type Tag,
  type Tagging,
  type User,
} from './hub.ts';
import { publishTagging } from './messages.ts';
import { taggingsByBuild, taggingsByTag } from './rows.ts';
import { msOf } from './stamps.ts';

/** Packages that only the secure-boot people may tag. */
const SECURE_BOOT = new Set(['kernel', 'shim', 'grub2', 'pesign', 'fwupd', 'fwupd-efi']);

/** Rows of the tag history that hold for a tag now, or held at an event. */
export function taggingsOf(hub: Hub, tag: Tag, event: number | null = null): readonly Tagging[] {
  return taggingsByTag(hub.taggings, tag).filter((row) => isActive(row.created, row.revoked, event));
}

export function isTagged(hub: Hub, build: Build, tag: Tag): boolean {
  return activeRow(hub, build, tag) !== undefined;
}

function activeRow(hub: Hub, build: Build, tag: Tag): Tagging | undefined {
  return taggingsByBuild(hub.taggings, build).find((row) => row.tag === tag && row.revoked === null);
}

/** What the hub checks before it takes a tag task; `force` helps admins alone. */
export function assertMayTag(hub: Hub, build: Build, tag: Tag, user: User, force: boolean): void {
  assertAccess(tag, user);
  if (build.state !== BUILD.complete) {
    throw new KojiFault(
      FAULT.tag,
      `build ${build.nvr} not complete: state ${BUILD_NAMES[build.state] ?? build.state}`,
    );
  }
  const entry = packageEntry(hub, tag, build.name);
  const admin = force && hasPerm(user, 'admin');
  if (entry === undefined && !admin) {
    throw new KojiFault(FAULT.tag, `Package ${build.name} not in list for ${tag.name}`);
  }
  if (entry?.blocked === true && !admin) {
    throw new KojiFault(FAULT.tag, `Package ${build.name} blocked in ${tag.name}`);
  }
  if (SECURE_BOOT.has(build.name) && !hasPerm(user, 'secure-boot')) {
    throw notAllowed('policy violation (tag): Only secure-boot people may tag this');
  }
}

/** A locked tag, or one that asks for a permission. */
export function assertAccess(tag: Tag, user: User): void {
  if (tag.locked) throw notAllowed('tag is locked');
  if (tag.perm !== null && !hasPerm(user, tag.perm)) {
    throw notAllowed(`tag requires ${tag.perm} permission`);
  }
}

export interface Change {
  readonly build: Build;
  readonly tag: Tag;
  readonly user: User;
  readonly force?: boolean;
  /** A move is one event: the revocation of one row and the creation of the other. */
  readonly event?: Event;
}

/** Adds a tag, tells the bus and writes down what it means for the chain of events. */
export function addTagging(hub: Hub, { build, tag, user, force = false, event }: Change): Event {
  const row = activeRow(hub, build, tag);
  if (row !== undefined && !force) {
    throw new KojiFault(FAULT.tag, `build ${build.nvr} already tagged (${tag.name})`);
  }
  const created = event ?? newEvent(hub);
  if (row !== undefined) revoke(row, created, user);
  hub.taggings.push({ build, tag, created, creator: user, revoked: null, revoker: null });
  tagChanged(hub, tag, created);
  noteTruth(hub, build, tag, created);
  publishTagging(hub, 'tag', { build, tag, user });
  return created;
}

/** Takes a tag away; the last build of a side tag takes the side tag with it. */
export function removeTagging(hub: Hub, { build, tag, user, event }: Change): Event {
  const row = activeRow(hub, build, tag);
  if (row === undefined) throw new KojiFault(FAULT.tag, `build ${build.nvr} not in tag ${tag.name}`);
  const revoked = event ?? newEvent(hub);
  revoke(row, revoked, user);
  tagChanged(hub, tag, revoked);
  publishTagging(hub, 'untag', { build, tag, user });
  if (isSideTag(tag) && taggingsOf(hub, tag).length === 0) removeSideTag(hub, tag, user);
  return revoked;
}

function revoke(row: Tagging, event: Event, user: User): void {
  row.revoked = event;
  row.revoker = user;
}

/** Removes a side tag with its target; builds in it are untagged. */
export function removeSideTag(hub: Hub, tag: Tag, user: User): void {
  for (const row of taggingsOf(hub, tag)) {
    revoke(row, newEvent(hub), user);
    publishTagging(hub, 'untag', { build: row.build, tag, user });
  }
  tag.revoked = newEvent(hub);
  for (const target of hub.targets) if (target.build_tag === tag) target.removed = true;
}

export function assertSideTag(tag: Tag): void {
  if (!isSideTag(tag)) throw generic(`Not a sidetag: ${tag.name}`);
}

/** The newest change of a tag or of what it inherits: tags, builds in them and package lists. */
export function lastChange(hub: Hub, tag: Tag): Event {
  const tags = new Set(lineage(hub, tag));
  let last = tag.created;
  const consider = (event: Event | null) => {
    if (event !== null && event.id > last.id) last = event;
  };
  for (const one of tags) consider(one.created);
  for (const row of hub.taggings) {
    if (!tags.has(row.tag)) continue;
    consider(row.created);
    consider(row.revoked);
  }
  for (const row of hub.packageList) {
    if (!tags.has(row.tag)) continue;
    consider(row.created);
    consider(row.revoked);
  }
  return last;
}

/** A repo ends to be current at the first change of what it was made from. */
function tagChanged(hub: Hub, tag: Tag, event: Event): void {
  for (const repo of hub.repos) {
    if (repo.end === null && lineage(hub, repo.tag).includes(tag)) repo.end = event;
  }
}

function noteTruth(hub: Hub, build: Build, tag: Tag, { ts }: Event): void {
  const { kit } = hub;
  const at = msOf(ts);
  const isRole = (role: 'candidate_tag' | 'pending_signing_tag' | 'pending_testing_tag') =>
    kit.world.releases.some((release) => release[role] === tag.name);
  if (isRole('candidate_tag')) kit.truth(build.nvr, 'candidate_tag', at);
  if (isRole('pending_signing_tag') || tag.name.endsWith('-signing-pending')) {
    kit.truth(build.nvr, 'signing_tag', at);
  }
  if (isRole('pending_testing_tag') || tag.name.endsWith('-testing-pending')) {
    kit.truth(build.nvr, 'signed', at);
  }
  // Bodhi composes what comes into the testing tag; where it composes nothing, only the stable tag is for the users.
  const isFinal = kit.world.releases.some(
    ({ composed_by_bodhi, testing_tag, stable_tag }) =>
      stable_tag === tag.name || (composed_by_bodhi && testing_tag === tag.name),
  );
  if (isFinal) kit.truth(build.nvr, 'final_tag', at);
}
