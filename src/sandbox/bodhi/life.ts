import {
  type Bodhi,
  BodhiError,
  LockedError,
  sendToSigning,
  tagBuilds,
  tagsOf,
  untagBuilds,
  type Work,
} from './context.ts';
import { compareEvr, evrOf } from './evr.ts';
import { refreshGating } from './gating.ts';
import { updateUrl } from './json.ts';
import {
  type Build,
  gatingPassed,
  karmaOf,
  knownTags,
  mandatoryDays,
  meetsRequirements,
  minKarma,
  type Update,
} from './model.ts';
import { addComment, type NewComment, tell, tellComment } from './talk.ts';
import { MAX_NOTES, NO_AUTOPUSH_TEXT, NOT_TESTED_EPEL_TEXT, NOT_TESTED_TEXT, type Request } from './words.ts';

export interface Caveat {
  readonly name: string;
  readonly description: string;
}

/** Whether tests stand in the way, in Bodhi's words. */
export function testsVerdict(update: Update): { readonly ok: boolean; readonly text: string } {
  if (update.gating === 'passed') return { ok: true, text: 'All required tests passed or were waived' };
  if (update.gating === 'ignored') return { ok: true, text: 'No checks required' };
  if (update.gating === 'failed') {
    return { ok: false, text: 'Required tests did not pass on this update.' };
  }
  if (update.gating === 'greenwave_failed') return { ok: false, text: 'Greenwave failed to respond.' };
  return { ok: false, text: 'Required tests for this update are queued or running.' };
}

/** Why an update may not go to stable yet; undefined when it may. */
export function whyNotStable(update: Update, now: number): string | undefined {
  if (meetsRequirements(update, now)) return undefined;
  const tests = testsVerdict(update);
  if (!tests.ok) return tests.text;
  return `${tests.text} but update has less than ${minKarma(update)} karma and has been in testing less than ${mandatoryDays(update)} days.`;
}

/** Takes every tag of Bodhi's own from the builds; the pending_signing tag is none of those. */
function untag(bodhi: Bodhi, update: Update, keepOverride: boolean): void {
  const known = knownTags(bodhi.store);
  for (const build of update.builds) {
    if (bodhi.ports.koji.build(build.nvr) === undefined) throw new Error(`No such build: '${build.nvr}'`);
    for (const tag of tagsOf(bodhi, build.nvr)) {
      if (!known.has(tag) || (keepOverride && tag === update.release.override_tag)) continue;
      untagBuilds(bodhi, [build], tag);
    }
  }
  update.pushed = false;
}

export function obsolete(bodhi: Bodhi, update: Update, newer?: Build): void {
  untag(bodhi, update, false);
  update.status = 'obsolete';
  update.request = null;
  const by = newer?.update;
  const text =
    newer === undefined || by === undefined
      ? 'This update has been obsoleted.'
      : `This update has been obsoleted by [${newer.nvr}](${updateUrl(by, bodhi.url())}).`;
  addComment(bodhi, update, { text, author: 'bodhi' });
}

/** Back to the candidate tag; only from testing. */
export function unpush(bodhi: Bodhi, update: Update): void {
  if (update.status === 'unpushed') return;
  if (update.status !== 'testing') throw new BodhiError(`Can't unpush a ${update.status} update`);
  untag(bodhi, update, true);
  tagBuilds(bodhi, update.builds, update.release.candidate_tag);
  update.status = 'unpushed';
  update.request = null;
}

function revoke(bodhi: Bodhi, update: Update): void {
  if (update.request === null) throw new BodhiError('Can only revoke an update with an existing request');
  if (update.status === 'stable') {
    throw new BodhiError(
      `Can only revoke a pending, testing, unpushed, or obsolete update, not one that is ${update.status}`,
    );
  }
  const { pending_signing_tag, pending_testing_tag, pending_stable_tag } = update.release;
  const tags =
    update.request === 'testing' ? [pending_signing_tag, pending_testing_tag] : [pending_stable_tag];
  for (const tag of tags) untagBuilds(bodhi, update.builds, tag);
  update.request = null;
}

/** Asks for a change of an update's state, by its owner or by Bodhi itself. Throws what Bodhi says no with. */
export async function setRequest(
  bodhi: Bodhi,
  work: Work,
  update: Update,
  asked: Request,
  user: string,
): Promise<void> {
  if (asked === update.status || asked === update.request) return;
  if (update.locked) throw new LockedError("Can't change the request on a locked update");
  if (!update.release.composed_by_bodhi && asked === 'stable') {
    throw new BodhiError('Setting a request on an Update for a Release not composed by Bodhi is not allowed');
  }
  if (asked === 'unpush') {
    unpush(bodhi, update);
    await comment(bodhi, work, update, { text: 'This update has been unpushed.', author: user });
    tell(bodhi, work, 'request.unpush', update, { agent: user });
    return;
  }
  if (asked === 'obsolete') {
    obsolete(bodhi, update);
    tell(bodhi, work, 'request.obsolete', update, { agent: user });
    return;
  }
  if (asked === 'revoke') {
    const wasNew = update.status === 'pending' && update.request === 'testing';
    revoke(bodhi, update);
    if (wasNew) update.status = 'unpushed';
    tell(bodhi, work, 'request.revoke', update, { agent: user });
    return;
  }
  await submit(bodhi, work, update, asked, user);
}

async function submit(
  bodhi: Bodhi,
  work: Work,
  update: Update,
  asked: 'testing' | 'stable',
  user: string,
): Promise<void> {
  const { release } = update;
  let action = asked;
  let note = '';
  if (action === 'stable') {
    if (update.status === 'pending' && release.state === 'frozen') {
      throw new BodhiError(
        'The release of this update is frozen and the update has not yet been pushed to testing. It is currently not possible to push it to stable.',
      );
    }
    const why = whyNotStable(update, bodhi.kit.clock.now());
    if (why !== undefined) {
      const text = `${release.id_prefix === 'FEDORA-EPEL' ? NOT_TESTED_EPEL_TEXT : NOT_TESTED_TEXT}: ${why}`;
      if (update.status === 'testing') update.request = null;
      if (update.status === 'testing' || update.request === 'testing') throw new BodhiError(text);
      action = 'testing';
      note = `${text}.`;
    }
  }
  if (action === 'testing' && update.from_tag === null) {
    sendToSigning(bodhi, update.builds, release.pending_signing_tag);
    // Bodhi looks at all builds together and then tags them all.
    if (!update.builds.some(({ nvr }) => tagsOf(bodhi, nvr).includes(release.candidate_tag))) {
      tagBuilds(bodhi, update.builds, release.candidate_tag);
    }
  } else if (action === 'stable') {
    tagBuilds(bodhi, update.builds, release.pending_stable_tag);
    if (update.request === 'testing') untagBuilds(bodhi, update.builds, release.pending_testing_tag);
  }
  if (update.status === 'obsolete' || update.status === 'unpushed') update.status = 'pending';
  update.request = action;
  const freeze =
    release.state === 'frozen' && action === 'stable'
      ? '\n\nThere is an ongoing freeze; this will be pushed to stable after the freeze is over. '
      : '';
  addComment(bodhi, update, {
    text: `This update has been submitted for ${action} by ${user}. ${note}${freeze}`,
    author: 'bodhi',
  });
  tell(bodhi, work, `request.${action}`, update, { agent: user });
  if (action === 'testing') await refreshGating(bodhi, update);
  else obsoleteOlder(bodhi, update);
  work.commit();
}

/** A newer build of a package takes the place of older updates that are still on their way, and inherits their bugs and notes. */
export function obsoleteOlder(bodhi: Bodhi, update: Update): Caveat[] {
  const caveats: Caveat[] = [];
  const names = new Set(update.builds.map(({ name }) => name));
  for (const build of [...update.builds]) {
    for (const old of [...bodhi.store.builds.values()]) {
      const other = old.update;
      if (other === undefined || old.nvr === build.nvr || old.name !== build.name) continue;
      if (other.locked || other.release !== update.release) continue;
      if (other.status !== 'testing' && other.status !== 'pending') continue;
      if (other.request === 'stable' && update.request !== 'stable') continue;
      if (other.builds.length !== update.builds.length && other.user !== update.user) {
        caveats.push({
          name: 'update',
          description: `Please be aware that there is another update in flight owned by ${other.user.name}, containing ${old.nvr}. Are you coordinating with them?`,
        });
      }
      if (other.type === 'security' && update.type !== 'security') {
        caveats.push({
          name: 'update',
          description: 'Adjusting type of this update to security,since it obsoletes another security update',
        });
        update.type = 'security';
        update.severity = other.severity;
      }
      const isOlder = compareEvr(evrOf(old), evrOf(build)) < 0;
      if (!isOlder || !other.builds.every(({ name }) => names.has(name))) continue;
      update.bugs = [...new Set([...update.bugs, ...other.bugs])];
      const notes = `${update.notes}\n\n----\n\n${withoutChangelog(other.notes)}`;
      if (notes.length <= MAX_NOTES) update.notes = notes;
      obsolete(bodhi, other, build);
      const told = (name: string) =>
        `This update has obsoleted ${name}, and has inherited its bugs and notes.`;
      addComment(bodhi, update, {
        text: told(`[${old.nvr}](${updateUrl(other, bodhi.url())})`),
        author: 'bodhi',
      });
      caveats.push({ name: 'update', description: told(old.nvr) });
    }
  }
  return caveats;
}

/** The same where nobody is to be kept from his own update by an older one that cannot be put away. */
export function tryToObsoleteOlder(bodhi: Bodhi, update: Update): Caveat[] {
  try {
    return obsoleteOlder(bodhi, update);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return [{ name: 'update', description: `Problem obsoleting older updates: ${error.message}` }];
  }
}

function withoutChangelog(notes: string): string {
  return notes.replace(/\n##### \*\*Changelog\*\*\n\n```\n[\s\S]*\n```/g, '');
}

/** A comment with all that its karma may bring about. */
export async function comment(
  bodhi: Bodhi,
  work: Work,
  update: Update,
  { text, author, karma: wanted = 0 }: NewComment,
): Promise<Caveat[]> {
  const caveats: Caveat[] = [];
  const own = update.user.name === author;
  if (own && wanted !== 0) {
    caveats.push({ name: 'karma', description: 'You may not give karma to your own updates.' });
  }
  const karma = own ? 0 : wanted;
  const previous = update.comments.findLast(({ user, karma: old }) => user.name === author && old !== 0);
  const written = addComment(bodhi, update, { text, author, karma });
  if (karma !== 0) {
    if (previous !== undefined && previous.karma !== karma) {
      caveats.push({ name: 'karma', description: 'Your karma standing was reversed.' });
    }
    try {
      await checkThresholds(bodhi, work, update);
    } catch (error) {
      if (!(error instanceof BodhiError)) throw error;
      if (!(error instanceof LockedError)) caveats.push({ name: 'karma', description: error.message });
    }
  }
  tellComment(bodhi, work, written);
  return caveats;
}

async function checkThresholds(bodhi: Bodhi, work: Work, update: Update): Promise<void> {
  if (update.locked) throw new LockedError("Can't change the request on a locked update");
  if (update.status !== 'testing' && update.status !== 'pending') return;
  if (update.status !== 'testing' && update.release.state === 'frozen') return;
  const karma = karmaOf(update);
  const composed = update.release.composed_by_bodhi;
  const wasRequestedStable = update.request === 'stable';
  if (karma.sum <= update.unstable_karma) {
    obsolete(bodhi, update);
    tell(bodhi, work, 'karma.threshold.reach', update, { status: 'unstable' });
  } else if (composed && karma.sum >= update.stable_karma && gatingPassed(update)) {
    if (!update.autokarma) return;
    update.date_approved = bodhi.kit.clock.now();
    await setRequest(bodhi, work, update, 'stable', 'bodhi');
    tell(bodhi, work, 'karma.threshold.reach', update, { status: 'stable' });
    return;
  }
  if (composed && karma.bad < 0 && !wasRequestedStable && (update.autokarma || update.autotime)) {
    update.autokarma = false;
    update.autotime = false;
    addComment(bodhi, update, { text: NO_AUTOPUSH_TEXT, author: 'bodhi' });
  }
}
