import { othersPackage } from '../kit/world.ts';
import {
  type Bodhi,
  removeSideTag,
  rule,
  tagBuilds,
  tagsOf,
  transaction,
  untagBuilds,
  type Work,
} from './context.ts';
import { sideTagSigning, sideTagTesting } from './create.ts';
import { refreshGating } from './gating.ts';
import { obsolete, setRequest } from './life.ts';
import { daysInTesting, gatingPassed, karmaOf, meetsRequirements, sinceReset, type Update } from './model.ts';
import { nightlyPush } from './push.ts';
import { addComment, tell } from './talk.ts';
import { APPROVAL_TEXT } from './words.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Younger updates are left to the ordinary course. */
const SIGNING_PATIENCE_MS = 2 * DAY_MS;

/** Bodhi's periodic tasks, in sandbox time; one that still runs is not started again. */
export function startTasks(bodhi: Bodhi): void {
  const task = (name: string, every: number, at: number, act: () => Promise<void>) => {
    let running = false;
    bodhi.kit.clock.every(every, at, () => {
      if (running || bodhi.closing.aborted) return;
      running = true;
      act()
        .catch((error: unknown) => {
          if (!bodhi.closing.aborted) bodhi.kit.trouble(`bodhi's task ${name}`, error);
        })
        .finally(() => {
          running = false;
        });
    });
  };
  task('approve_testing', 3 * MINUTE_MS, 0, () => approveTesting(bodhi));
  task('check_policies', HOUR_MS, 0, () => checkPolicies(bodhi));
  task('check_signed_builds', DAY_MS, 2 * HOUR_MS + 33 * MINUTE_MS, () => checkSignedBuilds(bodhi));
  task('push', DAY_MS, 14 * MINUTE_MS, () => nightlyPush(bodhi));
}

/** Approves, and pushes where that is automatic, every update in testing that asks for nothing. */
async function approveTesting(bodhi: Bodhi): Promise<void> {
  const updates = bodhi.store.updates.filter(
    ({ status, request }) => status === 'testing' && request === null,
  );
  for (const update of updates) {
    if (isAsBefore(update, bodhi.kit.clock.now())) continue;
    if (rule(bodhi, 'bodhi.approve', update.alias) === 'never') continue;
    await transaction(bodhi, (work) => approve(bodhi, work, update));
  }
}

/** What an update that could not be approved looked like then: without news another look is as vain. */
const vainLooks = new WeakMap<Update, string>();

function lookOf(update: Update, now: number): string {
  return `${update.comments.length} ${update.gating} ${daysInTesting(update, now)}`;
}

function isAsBefore(update: Update, now: number): boolean {
  return vainLooks.get(update) === lookOf(update, now);
}

async function approve(bodhi: Bodhi, work: Work, update: Update): Promise<void> {
  const now = bodhi.kit.clock.now();
  if (!meetsRequirements(update, now)) {
    vainLooks.set(update, lookOf(update, now));
    return;
  }
  update.date_approved ??= now;
  const byKarma =
    update.autokarma && update.release.composed_by_bodhi && karmaOf(update).sum >= update.stable_karma;
  const byTime = update.autotime && daysInTesting(update, now) >= update.stable_days;
  const told = sinceReset(update).some(({ user, text }) => user.name === 'bodhi' && text === APPROVAL_TEXT);
  if (byKarma || byTime) {
    if (!told) tell(bodhi, work, 'requirements_met.stable', update);
    if (update.release.composed_by_bodhi) await setRequest(bodhi, work, update, 'stable', 'bodhi');
    else pushUncomposed(bodhi, update);
    return;
  }
  if (told) {
    vainLooks.set(update, lookOf(update, now));
    return;
  }
  addComment(bodhi, update, { text: APPROVAL_TEXT, author: 'bodhi' });
  tell(bodhi, work, 'requirements_met.stable', update);
}

/** Straight into the stable tag: nobody composes these releases for Bodhi. */
function pushUncomposed(bodhi: Bodhi, update: Update): void {
  const { release, builds } = update;
  // Newer by Koji's own order of builds, not by version.
  const conflicts = builds.filter(({ name, nvr }) => {
    const own = bodhi.ports.koji.build(nvr)?.build_id ?? 0;
    const inStable = bodhi.ports.koji.taggedWith(release.stable_tag, name);
    return inStable.some((other) => other.name === name && other.build_id > own);
  });
  if (conflicts.length > 0) {
    addComment(bodhi, update, {
      text: `This update cannot be pushed to stable. These builds ${conflicts.map(({ nvr }) => nvr).join(', ')} have a more recent build in koji's ${release.stable_tag} tag.`,
      author: 'bodhi',
    });
    update.request = null;
    if (update.from_tag !== null) {
      update.status = 'pending';
      return;
    }
    update.status = 'obsolete';
    untagBuilds(bodhi, builds, release.pending_testing_tag);
    untagBuilds(bodhi, builds, release.candidate_tag);
    return;
  }
  tagBuilds(bodhi, builds, release.stable_tag);
  update.status = 'stable';
  update.request = null;
  update.pushed = true;
  update.date_stable = bodhi.kit.clock.now();
  addComment(bodhi, update, { text: 'This update has been submitted for stable by bodhi', author: 'bodhi' });
  const done =
    update.from_tag === null
      ? [
          release.pending_testing_tag,
          release.pending_stable_tag,
          release.pending_signing_tag,
          release.testing_tag,
          release.candidate_tag,
        ]
      : [sideTagSigning(update.from_tag), sideTagTesting(update.from_tag), update.from_tag];
  for (const tag of done) untagBuilds(bodhi, builds, tag);
  if (update.from_tag !== null) removeSideTag(bodhi, update.from_tag);
}

/** Asks Greenwave again for everything that is under way: what heals a lost result or waiver message. */
async function checkPolicies(bodhi: Bodhi): Promise<void> {
  if (rule(bodhi, 'bodhi.check-policies', 'all') === 'never') return;
  for (const update of liveUpdates(bodhi, ['pending', 'testing'])) {
    // What others have passed stays so: nobody plays with their results.
    if (gatingPassed(update) && isOthers(bodhi, update)) continue;
    try {
      await refreshGating(bodhi, update);
    } catch (error) {
      if (bodhi.closing.aborted) return;
      bodhi.kit.trouble(`the check of the policies of ${update.alias}`, error);
    }
  }
}

function isOthers({ kit }: Bodhi, { builds }: Update): boolean {
  return builds.every(({ nvr }) => othersPackage(kit.world, nvr) !== undefined);
}

function liveUpdates(bodhi: Bodhi, statuses: readonly Update['status'][]): Update[] {
  return bodhi.store.updates.filter(
    ({ status, locked, release }) =>
      statuses.includes(status) && !locked && release.state !== 'archived' && release.state !== 'disabled',
  );
}

/** Heals pending updates whose builds got lost on their way through signing. */
async function checkSignedBuilds(bodhi: Bodhi): Promise<void> {
  const stuck: { build: Update['builds'][number]; tag: string; again: boolean }[] = [];
  for (const update of liveUpdates(bodhi, ['pending'])) {
    if (bodhi.kit.clock.now() - update.date_submitted < SIGNING_PATIENCE_MS) continue;
    if (update.builds.length === 0) {
      obsolete(bodhi, update);
      continue;
    }
    const { pending_signing_tag, pending_testing_tag, testing_tag, candidate_tag } = update.release;
    for (const build of [...update.builds]) {
      const tags = tagsOf(bodhi, build.nvr);
      const signing = tags.includes(pending_signing_tag);
      const testing = tags.includes(pending_testing_tag);
      if (build.signed) {
        if (!tags.includes(testing_tag) || tags.includes(candidate_tag)) continue;
        await transaction(bodhi, (work) => setRequest(bodhi, work, update, 'testing', 'bodhi'));
        break;
      }
      if (!signing && testing) build.signed = true;
      else if (signing !== testing || !signing)
        stuck.push({ build, tag: pending_signing_tag, again: signing });
    }
  }
  for (const { build, tag, again } of stuck) if (again) untagBuilds(bodhi, [build], tag);
  for (const { build, tag } of stuck) tagBuilds(bodhi, [build], tag);
}
