import { createHash } from 'node:crypto';
import { pythonJson } from '../datagrepper/python-json.ts';
import {
  type Build,
  type Comment,
  type Compose,
  karmaOf,
  meetsRequirements,
  type Override,
  type Release,
  thresholds,
  type Update,
  type User,
} from './model.ts';

export type Json = Record<string, unknown>;

/** How Bodhi's objects look outside. `asked` is true where it answers a request itself: only then users have avatars. */
export interface Look {
  readonly now: number;
  readonly url: string;
  readonly asked: boolean;
}

/** `YYYY-MM-DD HH:MM:SS`, UTC, whole seconds. */
export function stamp(time: number): string;
export function stamp(time: number | null): string | null;
export function stamp(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

export function releaseJson(release: Release): Json {
  const { id: _, ...columns } = release;
  return { ...columns, ...thresholds(release) };
}

export function userJson(user: User, { asked }: Look): Json {
  const avatar =
    user.name === 'bodhi' ? 'https://apps.fedoraproject.org/img/icons/bodhi-24.png' : 'libravatar.org';
  return {
    name: user.name,
    email: user.email,
    id: user.id,
    avatar: asked ? avatar : null,
    openid: asked ? `${user.name}.id.fedoraproject.org` : null,
    groups: user.groups.map((name) => ({ name })),
  };
}

export function buildJson(build: Build): Json {
  return {
    nvr: build.nvr,
    signed: build.signed,
    release_id: build.release.id,
    type: 'rpm',
    epoch: build.epoch,
  };
}

export function titleOf(update: Update): string {
  if (update.builds.length === 0) return update.alias;
  return update.builds
    .map(({ nvr }) => nvr)
    .sort()
    .join(' ');
}

export function updateUrl(update: Update, url: string): string {
  return `${url}/updates/${update.alias}`;
}

function updateColumns(update: Update, look: Look): Json {
  const nvrs = update.builds.map(({ nvr }) => nvr).sort();
  return {
    autokarma: update.autokarma,
    autotime: update.autotime,
    stable_karma: update.stable_karma,
    stable_days: update.stable_days,
    unstable_karma: update.unstable_karma,
    require_bugs: update.require_bugs,
    require_testcases: update.require_testcases,
    display_name: update.display_name,
    notes: update.notes,
    type: update.type,
    status: update.status,
    request: update.request,
    severity: update.severity,
    suggest: update.suggest,
    locked: update.locked,
    pushed: update.pushed,
    critpath: update.critpath,
    critpath_groups: update.critpath_groups,
    close_bugs: update.close_bugs,
    date_submitted: stamp(update.date_submitted),
    date_modified: stamp(update.date_modified),
    date_approved: stamp(update.date_approved),
    date_testing: stamp(update.date_testing),
    date_stable: stamp(update.date_stable),
    alias: update.alias,
    test_gating_status: update.gating,
    from_tag: update.from_tag,
    date_pushed: stamp(update.date_stable ?? update.date_testing),
    meets_testing_requirements: meetsRequirements(update, look.now),
    url: updateUrl(update, look.url),
    title: titleOf(update),
    version_hash: createHash('sha1').update(nvrs.join(' ')).digest('hex'),
    release: releaseJson(update.release),
    user: userJson(update.user, look),
  };
}

export function updateJson(update: Update, look: Look): Json {
  return {
    ...updateColumns(update, look),
    comments: update.comments.map((comment) => ({
      ...commentColumns(comment),
      user: userJson(comment.user, look),
    })),
    builds: update.builds.map(buildJson),
    bugs: update.bugs.map(bugJson),
    updateid: update.alias,
    karma: karmaOf(update).sum,
    content_type: update.builds.length === 0 ? null : 'rpm',
    test_cases: [],
  };
}

/** As it is announced at its creation: before the row is written, its columns are not filled yet. */
export function unwrittenUpdateJson(update: Update, look: Look): Json {
  return {
    ...updateJson(update, look),
    request: null,
    locked: null,
    pushed: null,
    date_submitted: null,
    comments: [],
  };
}

function bugJson(bug_id: number): Json {
  return { bug_id, title: null, security: false, parent: false, feedback: [] };
}

function commentColumns(comment: Comment): Json {
  return {
    karma: comment.karma,
    karma_critpath: comment.karma_critpath,
    text: comment.text,
    timestamp: stamp(comment.timestamp),
    update_id: comment.update.id,
    user_id: comment.user.id,
    id: comment.id,
    bug_feedback: [],
    testcase_feedback: [],
  };
}

export function commentJson(comment: Comment, look: Look): Json {
  const { update } = comment;
  return {
    ...commentColumns(comment),
    update: {
      ...updateColumns(update, look),
      builds: update.builds.map(buildJson),
      bugs: update.bugs.map(bugJson),
      karma: karmaOf(update).sum,
    },
    user: userJson(comment.user, look),
    author: comment.user.name,
    update_alias: update.alias,
  };
}

export function overrideJson(override: Override, look: Look): Json {
  return {
    notes: override.notes,
    submission_date: stamp(override.submitted),
    expiration_date: stamp(override.expires),
    expired_date: stamp(override.expired),
    build_id: override.build.id,
    submitter_id: override.submitter.id,
    nvr: override.build.nvr,
    build: buildJson(override.build),
    submitter: userJson(override.submitter, look),
  };
}

/** How long a compose looks at its updates before it makes repositories. Sandbox ms. */
const COMPOSE_INITIALIZING_MS = 120_000;

export function composeJson(compose: Compose, now: number): Json {
  const { failure, created } = compose;
  const isEarly = now < created + COMPOSE_INITIALIZING_MS;
  const since = failure?.at ?? (isEarly ? created : created + COMPOSE_INITIALIZING_MS);
  return {
    release_id: compose.release.id,
    request: compose.request,
    checkpoints: pythonJson({ determine_and_perform_tag_actions: true }),
    error_message: failure?.message ?? null,
    date_created: stamp(compose.created),
    state_date: stamp(since),
    state: failure === undefined ? (isEarly ? 'initializing' : 'punging') : 'failed',
    content_type: 'rpm',
    security: compose.updates.some(({ type }) => type === 'security'),
    update_summary: compose.updates.map((update) => ({ alias: update.alias, title: shortTitle(update) })),
    release: releaseJson(compose.release),
  };
}

function shortTitle(update: Update): string {
  if (update.display_name !== '') return update.display_name;
  const nvrs = update.builds.map(({ nvr }) => nvr);
  if (nvrs.length === 0) return update.alias;
  return nvrs.length > 2 ? `${nvrs.slice(0, 2).join(', ')}, and ${nvrs.length - 2} more` : nvrs.join(' and ');
}
