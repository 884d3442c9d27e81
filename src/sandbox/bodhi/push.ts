import { type Bodhi, pause, removeSideTag, rule, tagBuilds, tagsOf, untagBuilds, Work } from './context.ts';
import { whyNotStable } from './life.ts';
import type { Compose, Release, Update } from './model.ts';
import { addComment, tell } from './talk.ts';

/** How long repositories are made and mirrored. Sandbox milliseconds. */
const COMPOSE = { least: 45 * 60_000, median: 100 * 60_000, most: 6 * 3_600_000 } as const;
/** How often somebody tries to resume a compose that has failed. Sandbox milliseconds. */
const RESUME_MS = 3_600_000;
/** Who starts the nightly push. */
const AGENT = 'releng';

/** Moves what is asked for testing, then what is asked for stable, release by release; not at all while a compose is still there. */
export async function nightlyPush(bodhi: Bodhi): Promise<void> {
  if (bodhi.store.composes.size > 0) return;
  const releases = bodhi.store.releases.filter(
    ({ composed_by_bodhi, state, name }) =>
      composed_by_bodhi &&
      (state === 'current' || state === 'pending' || state === 'frozen') &&
      rule(bodhi, 'bodhi.push', name) !== 'never',
  );
  await Promise.all(
    releases.map(async (release) => {
      await push(bodhi, release, 'testing');
      // Stable requests wait until a freeze is over.
      if (release.state !== 'frozen') await push(bodhi, release, 'stable');
    }),
  );
}

async function push(bodhi: Bodhi, release: Release, request: 'testing' | 'stable'): Promise<void> {
  const asked = bodhi.store.updates.filter(
    (update) =>
      update.release === release && update.request === request && !update.locked && isReady(bodhi, update),
  );
  const work = new Work(bodhi);
  const updates = asked.filter((update) => !isEjected(bodhi, work, update));
  if (updates.length === 0) {
    work.commit();
    return;
  }
  const repo = request === 'testing' ? release.testing_tag : stableTag(release);
  const compose: Compose = {
    release,
    request,
    updates,
    created: bodhi.kit.clock.now(),
    failure: undefined,
  };
  bodhi.store.composes.add(compose);
  for (const update of updates) update.locked = true;
  work.say('bodhi.compose.start', { agent: AGENT });
  work.say('bodhi.compose.composing', {
    repo,
    updates: updates.map(({ builds }) => builds.map(({ nvr }) => nvr).join(' ')),
    agent: AGENT,
    ctype: 'rpm',
  });
  work.commit();
  // The tags move early, hours before anything else tells of it.
  for (const update of updates) moveTags(bodhi, update, request, repo);
  await pause(
    bodhi,
    bodhi.kit.delay('bodhi.push', `${release.name} ${request} ${updates[0]?.alias}`, COMPOSE),
  );
  while (isFailing(bodhi, work, compose, repo)) await pause(bodhi, RESUME_MS);
  if (bodhi.closing.aborted) return;
  for (const update of updates) complete(bodhi, work, update, request);
  bodhi.store.composes.delete(compose);
  work.say('bodhi.compose.complete', { success: true, repo, agent: AGENT, ctype: 'rpm' });
  work.commit();
}

/** A compose that has failed stays, with its updates locked and their tags moved, until somebody resumes it. */
function isFailing(bodhi: Bodhi, work: Work, compose: Compose, repo: string): boolean {
  if (bodhi.closing.aborted) return false;
  const message = rule(bodhi, 'bodhi.compose', `${compose.release.name} ${compose.request}`);
  if (typeof message !== 'string') return false;
  if (compose.failure === undefined) {
    compose.failure = { message, at: bodhi.kit.clock.now() };
    work.say('bodhi.compose.complete', { success: false, repo, agent: AGENT, ctype: 'rpm' });
    work.commit();
  }
  return true;
}

/** A build that is not in the signing tag counts as signed from here on; an update with one that is waits for another night. */
function isReady(bodhi: Bodhi, update: Update): boolean {
  if (update.builds.length === 0) return false;
  for (const build of update.builds) {
    if (build.signed) continue;
    build.signed = !tagsOf(bodhi, build.nvr).includes(update.release.pending_signing_tag);
  }
  return update.builds.every(({ signed }) => signed);
}

function isEjected(bodhi: Bodhi, work: Work, update: Update): boolean {
  const reason = ejection(bodhi, update);
  if (reason === undefined) return false;
  const { release, request } = update;
  addComment(bodhi, update, {
    text: `${update.alias} ejected from the push because '${reason}'`,
    author: 'bodhi',
  });
  untagBuilds(
    bodhi,
    update.builds,
    request === 'stable' ? release.pending_stable_tag : release.pending_testing_tag,
  );
  update.request = null;
  tell(bodhi, work, 'eject', update, {
    repo: request === 'stable' ? release.stable_tag : release.testing_tag,
    reason,
    request,
    release: release.name,
    agent: AGENT,
  });
  return true;
}

function ejection(bodhi: Bodhi, update: Update): string | undefined {
  const { release } = update;
  const from =
    update.request === 'stable' ? [release.testing_tag, release.candidate_tag] : [release.candidate_tag];
  for (const { nvr } of update.builds) {
    const tags = tagsOf(bodhi, nvr);
    if (from.some((tag) => tags.includes(tag))) continue;
    return `Cannot find relevant tag for ${nvr}.  None of ${list(tags)} are in ${list(from)}.`;
  }
  return update.request === 'stable' ? whyNotStable(update, bodhi.kit.clock.now()) : undefined;
}

function list(tags: readonly string[]): string {
  return `[${tags.map((tag) => `'${tag}'`).join(', ')}]`;
}

/** Before its beta a release takes stable builds into its dist tag. */
function stableTag(release: Release): string {
  return release.state === 'pending' ? release.dist_tag : release.stable_tag;
}

function moveTags(bodhi: Bodhi, update: Update, request: 'testing' | 'stable', to: string): void {
  const { release, builds } = update;
  tagBuilds(bodhi, builds, to);
  untagBuilds(bodhi, builds, release.candidate_tag);
  if (request === 'stable') {
    untagBuilds(bodhi, builds, release.testing_tag);
    untagBuilds(bodhi, builds, release.pending_stable_tag);
  }
  untagBuilds(bodhi, builds, release.pending_testing_tag);
}

function complete(bodhi: Bodhi, work: Work, update: Update, request: 'testing' | 'stable'): void {
  const now = bodhi.kit.clock.now();
  update.status = request;
  update.pushed = true;
  if (request === 'testing') update.date_testing = now;
  else update.date_stable = now;
  tell(bodhi, work, `complete.${request}`, update, { agent: 'composer' });
  addComment(bodhi, update, { text: `This update has been pushed to ${request}.`, author: 'bodhi' });
  update.request = null;
  update.locked = false;
  if (request === 'stable' && update.from_tag !== null) removeSideTag(bodhi, update.from_tag);
}
