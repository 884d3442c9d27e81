import { type Bodhi, BodhiError, LockedError, rule } from './context.ts';
import { gatingPassed, type Update } from './model.ts';
import { post, ServiceError } from './services.ts';
import { addComment } from './talk.ts';
import { GATINGS, type Gating } from './words.ts';

interface Requirement {
  readonly type?: string;
  readonly result_id?: number | null;
  readonly testcase?: string;
  readonly subject_type?: string;
  readonly subject_identifier?: string;
  readonly scenario?: string | null;
}

interface Decision {
  readonly satisfied_requirements?: readonly Requirement[];
  readonly unsatisfied_requirements?: readonly Requirement[];
}

const SUBJECTS_AT_ONCE = 8;
/** For so long after it was made or edited an update may lack results before that counts as failed. */
const GRACE_MS = 2 * 3_600_000;

export function productVersion({ release }: Update): string {
  return release.long_name.toLowerCase().replaceAll(' ', '-');
}

/** One question for the base context, and before it one for each group of the critical path. */
export function decisionContexts(update: Update): string[] {
  const base =
    update.request === 'testing' && update.status === 'pending'
      ? 'bodhi_update_push_testing'
      : 'bodhi_update_push_stable';
  if (update.critpath_groups !== '') {
    const groups = update.critpath_groups.split(' ').toReversed();
    return [...groups.map((group) => `${base}_${group}_critpath`), base];
  }
  return update.critpath ? [`${base}_critpath`, base] : [base];
}

function questions(update: Update, verbose: boolean) {
  const subjects = [
    ...update.builds.map(({ nvr }) => ({ item: nvr, type: 'koji_build' })),
    { item: update.alias, type: 'bodhi_update' },
  ];
  const batches: (typeof subjects)[] = [];
  for (let start = 0; start < subjects.length; start += SUBJECTS_AT_ONCE) {
    batches.push(subjects.slice(start, start + SUBJECTS_AT_ONCE));
  }
  return batches.map((subject) => ({
    product_version: productVersion(update),
    decision_context: decisionContexts(update),
    subject,
    verbose,
  }));
}

/** Greenwave's answers, one for each batch of 8 subjects. */
export async function askGreenwave(bodhi: Bodhi, update: Update, verbose: boolean): Promise<Decision[]> {
  const decisions: Decision[] = [];
  for (const body of questions(update, verbose)) {
    const url = `${bodhi.ports.greenwaveUrl()}/api/v1.0/decision`;
    decisions.push((await post(bodhi, { service: 'Greenwave', url, body, retries: 3 })) as Decision);
  }
  return decisions;
}

/** What Greenwave's answers make of an update. */
export function gatingOf(decisions: readonly Decision[], lastModified: number, now: number): Gating {
  const recent = now - lastModified < GRACE_MS;
  let satisfied = false;
  let unsatisfied = false;
  for (const decision of decisions) {
    const missing = decision.unsatisfied_requirements ?? [];
    if ((decision.satisfied_requirements ?? []).length > 0) satisfied = true;
    if (missing.length === 0) continue;
    unsatisfied = true;
    if (missing.some(({ type }) => type !== 'test-result-missing')) return 'failed';
    // A result that is queued or running counts as missing, but has an id.
    if (!recent && missing.some(({ result_id }) => !result_id)) return 'failed';
  }
  if (unsatisfied) return 'waiting';
  return satisfied ? 'passed' : 'ignored';
}

/** Writes a status down; only a change leaves a comment, which is all that tells when it was. */
export function setGating(bodhi: Bodhi, update: Update, gating: Gating): void {
  if (update.gating === gating) return;
  update.gating = gating;
  const { timestamp } = addComment(bodhi, update, {
    text: `This update's test gating status has been changed to '${gating}'.`,
    author: 'bodhi',
  });
  if (!gatingPassed(update)) return;
  for (const { nvr } of update.builds) bodhi.kit.truth(nvr, 'gate', timestamp);
}

/** Asks Greenwave afresh. An answer that is an error, and silence, make the status waiting; a broken connection is thrown. */
export async function refreshGating(bodhi: Bodhi, update: Update): Promise<void> {
  let gating: Gating = 'waiting';
  try {
    const decisions = await askGreenwave(bodhi, update, false);
    const modified = Math.max(update.date_submitted, update.date_modified ?? 0);
    gating = gatingOf(decisions, modified, bodhi.kit.clock.now());
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
  }
  const say = rule(bodhi, 'bodhi.gate', update.alias);
  if (say !== 'never') setGating(bodhi, update, isGating(say) ? say : gating);
}

function isGating(say: unknown): say is Gating {
  return GATINGS.some((status) => status === say);
}

/** Posts one waiver for each unsatisfied requirement (of `tests`, when there are any); the first refusal ends it, what was posted stays. */
export async function waiveResults(
  bodhi: Bodhi,
  update: Update,
  { user, comment, tests }: { user: string; comment: string | null; tests: readonly string[] },
): Promise<void> {
  if (update.locked) throw new LockedError("Can't waive test results on a locked update");
  if (gatingPassed(update)) {
    throw new BodhiError("Can't waive test results on an update that passes test gating");
  }
  const decisions = await askGreenwave(bodhi, update, false);
  const missing = decisions.flatMap(({ unsatisfied_requirements = [] }) => unsatisfied_requirements);
  for (const requirement of missing) {
    if (tests.length > 0 && !tests.includes(requirement.testcase ?? '')) continue;
    await post(bodhi, {
      service: 'WaiverDB',
      url: `${bodhi.ports.waiverdbUrl()}/api/v1.0/waivers/`,
      // The token of Bodhi's own account, which may waive for others.
      headers: { authorization: 'Bearer bodhi@service' },
      body: {
        subject_type: requirement.subject_type,
        subject_identifier: requirement.subject_identifier,
        testcase: requirement.testcase,
        scenario: requirement.scenario ?? null,
        product_version: productVersion(update),
        waived: true,
        username: user,
        comment,
      },
      retries: 0,
    });
  }
  setGating(bodhi, update, 'waiting');
}
