import {
  type Bodhi,
  BodhiError,
  LockedError,
  look,
  rule,
  sendToSigning,
  tagBuilds,
  tagsOf,
  untagBuilds,
  Work,
} from './context.ts';
import { mandatoryKarma, refreshCriticalPath } from './critical-path.ts';
import { refreshGating, setGating } from './gating.ts';
import { unwrittenUpdateJson } from './json.ts';
import { type Caveat, obsolete, setRequest, unpush } from './life.ts';
import { type Build, isSigned, mandatoryDays, type Release, type Update, type User } from './model.ts';
import type { Fields } from './schema.ts';
import { addComment, announce, tell } from './talk.ts';
import type { CheckedUpdate } from './validate.ts';

/** A row with the defaults of the database. */
export function newRow(
  bodhi: Bodhi,
  given: Pick<Update, 'release' | 'user' | 'from_tag' | 'notes' | 'type'> & Partial<Update>,
): Update {
  const id = bodhi.store.nextId('update');
  const now = bodhi.kit.clock.now();
  const digits = Math.floor(bodhi.kit.draw('bodhi.alias', String(id)) * 16 ** 10);
  return {
    id,
    alias: `${given.release.id_prefix}-${new Date(now).getUTCFullYear()}-${digits.toString(16).padStart(10, '0')}`,
    builds: [],
    comments: [],
    bugs: [],
    autokarma: true,
    autotime: true,
    stable_karma: 3,
    stable_days: 0,
    unstable_karma: -3,
    require_bugs: false,
    require_testcases: false,
    display_name: '',
    own_notes: given.notes,
    status: 'pending',
    request: null,
    severity: 'unspecified',
    suggest: 'unspecified',
    locked: false,
    pushed: false,
    critpath: false,
    critpath_groups: '',
    close_bugs: true,
    date_submitted: now,
    date_modified: null,
    date_approved: null,
    date_testing: null,
    date_stable: null,
    gating: null,
    written: true,
    ...given,
  };
}

/** What a form says of an update, but its builds and bugs. */
function settings(values: Fields) {
  return {
    display_name: String(values['display_name']).trim(),
    close_bugs: Boolean(values['close_bugs']),
    type: String(values['type']),
    severity: String(values['severity']),
    notes: String(values['notes']),
    own_notes: String(values['notes']),
    autokarma: Boolean(values['autokarma']),
    stable_karma: Number(values['stable_karma']),
    unstable_karma: Number(values['unstable_karma']),
    suggest: String(values['suggest']),
    require_bugs: Boolean(values['require_bugs']),
    require_testcases: Boolean(values['require_testcases']),
    autotime: Boolean(values['autotime']),
    stable_days: Number(values['stable_days']),
  };
}

/** Makes an update: the row first, and the word to CI; then Koji; then the first question to Greenwave. */
export async function createUpdate(
  bodhi: Bodhi,
  work: Work,
  asked: { release: Release; builds: readonly Build[]; user: User; checked: CheckedUpdate; values: Fields },
): Promise<{ readonly update: Update; readonly caveats: readonly Caveat[] }> {
  const { release, builds, user, checked, values } = asked;
  const caveats: Caveat[] = [];
  const update = newRow(bodhi, {
    ...settings(values),
    release,
    user,
    from_tag: checked.from_tag,
    written: false,
    bugs: checked.bugs ?? [],
    ...(release.composed_by_bodhi ? {} : { autotime: true, stable_days: 0 }),
  });
  const trouble = rule(bodhi, 'bodhi.create', builds[0]?.nvr ?? '');
  if (isForgotten(trouble)) {
    update.builds = [...builds];
    return { update, caveats };
  }
  for (const build of builds) bodhi.store.moveBuild(build, update);
  refreshCriticalPath(bodhi, update);
  caveats.push(...raiseToMandatory(update, update, 'set'));
  bodhi.store.updates.push(update);
  for (const { nvr } of builds) bodhi.kit.truth(nvr, 'update', update.date_submitted);
  announce(bodhi, work, update, {
    agent: 'bodhi',
    json: unwrittenUpdateJson(update, look(bodhi, false)),
  });
  work.commit();
  bodhi.store.orderBuilds(update);

  try {
    if (typeof trouble === 'string') throw new BodhiError(trouble);
    if (checked.from_tag === null) {
      await setRequest(bodhi, work, update, 'testing', user.name);
    } else {
      setGating(bodhi, update, 'waiting');
      tagSideTagBuilds(bodhi, update, checked.from_tag);
    }
  } finally {
    // Also of a request that is refused from here on the row stays.
    update.written = true;
  }
  withdrawLater(bodhi, update);
  return { update, caveats };
}

function isForgotten(trouble: unknown): boolean {
  return typeof trouble === 'object' && trouble !== null && 'forget' in trouble;
}

/** Somebody does it who may, and who is not its owner. */
function withdrawLater(bodhi: Bodhi, update: Update): void {
  const say = rule(bodhi, 'bodhi.withdraw', update.alias);
  if (typeof say !== 'number') return;
  bodhi.kit.clock.after(say, () => {
    if (bodhi.closing.aborted || (update.status !== 'pending' && update.status !== 'testing')) return;
    const work = new Work(bodhi);
    obsolete(bodhi, update);
    tell(bodhi, work, 'request.obsolete', update, { agent: 'releng' });
    work.commit();
  });
}

/** Nobody may ask for less than the release does. */
function raiseToMandatory(
  update: Update,
  given: { stable_days: number; stable_karma: number },
  verb: 'set' | 'raised',
): Caveat[] {
  const caveats: Caveat[] = [];
  const days = mandatoryDays(update);
  if (days > given.stable_days) {
    given.stable_days = days;
    caveats.push({
      name: 'stable days',
      description: `The number of stable days required was ${verb} to the mandatory release value of ${days} days`,
    });
  }
  const karma = mandatoryKarma(update);
  if (karma > given.stable_karma) {
    given.stable_karma = karma;
    caveats.push({
      name: 'stable karma',
      description: `The stable karma required was ${verb} to the mandatory release value of ${karma}`,
    });
  }
  return caveats;
}

/** Funnels the builds of a side tag into the release's ordinary way; those of a release that Bodhi does not compose stay beside the side tag. */
function tagSideTagBuilds(bodhi: Bodhi, update: Update, tag: string): void {
  if (update.release.composed_by_bodhi) {
    tagBuilds(bodhi, update.builds, update.release.candidate_tag);
    sendToSigning(bodhi, update.builds, update.release.pending_signing_tag);
  } else {
    sendToSigning(bodhi, update.builds, sideTagSigning(tag));
  }
}

export function sideTagSigning(tag: string): string {
  return `${tag}-signing-pending`;
}

export function sideTagTesting(tag: string): string {
  return `${tag}-testing-pending`;
}

/** Edits an update. What a form leaves out goes back to its default, but for the bugs. */
export async function editUpdate(
  bodhi: Bodhi,
  work: Work,
  asked: { update: Update; builds: readonly Build[]; user: User; checked: CheckedUpdate; values: Fields },
): Promise<readonly Caveat[]> {
  const { update, builds, user, checked, values } = asked;
  const { release } = update;
  const caveats: Caveat[] = [];
  const given = settings(values);
  caveats.push(...raiseToMandatory(update, given, 'raised'));
  const added = builds.filter((build) => !update.builds.includes(build));
  if (added.length > 0 && update.locked) throw new LockedError("Can't add builds to a locked update");
  for (const build of added) bodhi.store.moveBuild(build, update);
  const removed = update.builds.filter((build) => !builds.includes(build));
  if (removed.length > 0 && update.locked) {
    throw new LockedError("Can't remove builds from a locked update");
  }
  for (const build of removed) removeBuild(bodhi, update, build);

  const text = editText(user.name, added, removed);
  addComment(bodhi, update, { text, author: 'bodhi' });
  caveats.push({ name: 'builds', description: text });
  const changed = added.length > 0 || removed.length > 0;
  if (changed) caveats.push(...resend(bodhi, update, added));

  const newBugs = (checked.bugs ?? []).filter((bug) => !update.bugs.includes(bug));
  if (checked.bugs !== null) update.bugs = [...new Set(checked.bugs)];
  if (changed && release.composed_by_bodhi) {
    await setRequest(bodhi, work, update, 'testing', user.name);
  }
  bodhi.store.orderBuilds(update);
  if (changed) refreshCriticalPath(bodhi, update);
  Object.assign(update, given);
  update.date_modified = bodhi.kit.clock.now();
  tell(bodhi, work, 'edit', update, {
    agent: user.name,
    new_bugs: newBugs,
    new_builds: added.map(({ nvr }) => nvr),
    removed_builds: removed.map(({ nvr }) => nvr),
  });
  if (changed) announce(bodhi, work, update, { agent: user.name });
  if (!release.composed_by_bodhi && update.status === 'pending' && isSigned(update)) {
    update.status = 'testing';
    update.date_testing = bodhi.kit.clock.now();
    update.request = null;
  }
  await refreshGating(bodhi, update);
  work.commit();
  return caveats;
}

function removeBuild(bodhi: Bodhi, update: Update, build: Build): void {
  const { pending_signing_tag, pending_testing_tag, testing_tag, candidate_tag } = update.release;
  for (const tag of [pending_signing_tag, pending_testing_tag]) untagBuilds(bodhi, [build], tag);
  if (tagsOf(bodhi, build.nvr).includes(testing_tag)) {
    untagBuilds(bodhi, [build], testing_tag);
    tagBuilds(bodhi, [build], candidate_tag);
  }
  update.builds = update.builds.filter((other) => other !== build);
  build.update = undefined;
  if (!bodhi.store.overrides.has(build.nvr)) bodhi.store.builds.delete(build.nvr);
}

function editText(user: string, added: readonly Build[], removed: readonly Build[]): string {
  const list = (title: string, builds: readonly Build[]) =>
    builds.length === 0 ? '' : `\n\n${title}:\n${builds.map(({ nvr }) => `\n- ${nvr}`).join('')}`;
  const reset = added.length + removed.length > 0 ? '\n\nKarma has been reset.' : '';
  return `${user} edited this update.${list('New build(s)', added)}${list('Removed build(s)', removed)}${reset}`;
}

/** Builds changed: all of them, or the new ones, are signed afresh. */
function resend(bodhi: Bodhi, update: Update, added: readonly Build[]): Caveat[] {
  const { release } = update;
  update.date_testing = null;
  const back = update.status !== 'pending' && (update.from_tag === null || release.composed_by_bodhi);
  if (back) unpush(bodhi, update);
  const builds = back ? [...update.builds] : [...added];
  if (update.from_tag !== null && !release.composed_by_bodhi) {
    sendToSigning(bodhi, builds, sideTagSigning(update.from_tag));
  } else {
    if (update.from_tag !== null) tagBuilds(bodhi, builds, release.candidate_tag);
    sendToSigning(bodhi, builds, release.pending_signing_tag);
  }
  if (!back) return [];
  return [{ name: 'status', description: 'Builds changed.  Your update is being sent back to testing.' }];
}
