import { nextId } from '../kit/rows.ts';
import { FAULT, generic, KojiFault } from './faults.ts';
import { canonicalArch } from './furnish.ts';
import {
  findTag,
  type Hub,
  hasPerm,
  isActive,
  isSideTag,
  newEvent,
  REPO,
  type Repo,
  type RepoRequest,
  type Tag,
  type Task,
  type User,
  userByName,
} from './hub.ts';
import { publishRepo } from './messages.ts';
import { delay } from './rules.ts';
import { floatOrNil, timeOrNil, timeText } from './stamps.ts';
import { lastChange } from './tagging.ts';
import { newTask } from './tasks.ts';
import { Float, isStruct, type Struct, type Value } from './value.ts';
import { collect, obey, spend } from './worker.ts';

/** Between two looks of the repo daemon at a tag that is being regenerated. Sandbox ms. */
const NEXT_LOOK_MS = 60_000;
/** Tasks that one request may use up. */
const MOST_TRIES = 4;

/** The newest READY repo of a tag that holds at least `minEvent`. */
export function readyRepo(hub: Hub, tag: Tag, minEvent: number | null, atEvent: number | null = null) {
  return hub.repos.findLast(
    (repo) =>
      repo.tag === tag &&
      repo.state === REPO.ready &&
      (minEvent === null || repo.created.id >= minEvent) &&
      (atEvent === null || isActive(repo.begin, repo.end, atEvent)),
  );
}

export interface Wanted {
  readonly tag: Tag;
  readonly owner: User;
  readonly minEvent: number;
  readonly priority?: number;
}

/** Joins the request for the same or a later state of the tag, or makes one that the repo daemon will take up. */
export function requestRepo(
  hub: Hub,
  wanted: Wanted,
): { readonly request: RepoRequest; readonly duplicate: boolean } {
  const { tag, owner, minEvent, priority = 20 } = wanted;
  const known = hub.repoRequests.find(
    (request) => request.active && request.tag === tag && request.min_event >= minEvent,
  );
  if (known !== undefined) return { request: known, duplicate: true };
  const stamp = hub.now();
  const request: RepoRequest = {
    id: nextId(hub.repoRequests),
    tag,
    owner,
    priority,
    min_event: minEvent,
    create_ts: stamp,
    update_ts: stamp,
    active: true,
    task: null,
    tries: 0,
    repo: null,
  };
  hub.repoRequests.push(request);
  hub.kit.clock.after(delay(hub, 'koji.regenerate', tag.name), () => takeUp(hub, request));
  return { request, duplicate: false };
}

function takeUp(hub: Hub, request: RepoRequest): void {
  const { tag } = request;
  // A tag without arches, or one that is gone, is never regenerated.
  if (tag.arches === '' || tag.revoked !== null) return;
  request.task = newTask(hub, {
    method: 'newRepo',
    request: [
      { id: tag.id, name: tag.name },
      { opts: {}, __starstar: true },
    ],
    owner: userByName(hub, 'kojira'),
    priority: 15,
    channel: 2,
  });
  request.tries += 1;
  request.update_ts = hub.now();
  request.task.ended.push(() => {
    request.update_ts = hub.now();
    request.repo = readyRepo(hub, tag, request.min_event) ?? null;
    if (request.repo !== null || request.tries >= MOST_TRIES) request.active = false;
    else takeUp(hub, request);
  });
  hub.start(request.task);
}

/** Keeps the repos of the releases' build tags current, as the repo daemon does without being asked. */
export function watchBuildTags(hub: Hub): void {
  const buildTags = new Set(hub.kit.world.releases.map(({ build_tag }) => build_tag));
  let later = false;
  const again = () => {
    if (later) return;
    later = true;
    hub.kit.clock.after(NEXT_LOOK_MS, () => {
      later = false;
      look();
    });
  };
  const look = () => {
    const kojira = userByName(hub, 'kojira');
    for (const tag of hub.tags) {
      if (!buildTags.has(tag.name) && !isSideTag(tag)) continue;
      if (tag.revoked !== null) continue;
      const current = hub.repos.findLast((repo) => repo.tag === tag && repo.state <= REPO.ready);
      if (current === undefined || current.end === null) continue;
      // One regeneration of a tag at a time: what changes meanwhile waits for the next.
      const isUnderWay = hub.repoRequests.some(
        (request) => request.active && request.tag === tag && request.owner === kojira,
      );
      if (isUnderWay) again();
      else requestRepo(hub, { tag, owner: kojira, minEvent: lastChange(hub, tag).id });
    }
  };
  for (const topic of ['buildsys.tag', 'buildsys.untag']) hub.kit.subscribe(topic, look);
}

/** `newRepo`: the parent of one `createrepo` per arch; its result is the repo's id and event. */
export async function newRepo(hub: Hub, task: Task): Promise<Value> {
  const info = task.request[0] ?? null;
  const tag = findTag(hub, isStruct(info) ? (info['id'] ?? null) : info);
  if (tag === undefined) throw generic('No such tag');
  const begin = lastChange(hub, tag);
  const created = newEvent(hub);
  const repo: Repo = {
    id: nextId(hub.repos),
    tag,
    state: REPO.init,
    task,
    begin,
    created,
    end: null,
    state_ts: created.ts,
  };
  hub.repos.push(repo);
  publishRepo(hub, 'init', tag, repo.id);
  const arches = [...new Set(tag.arches.split(' ').map(canonicalArch))].toSorted();
  const children = arches.map((arch) =>
    newTask(hub, {
      method: 'createrepo',
      request: [repo.id, arch, null],
      owner: task.owner,
      label: arch,
      parent: task,
    }),
  );
  for (const child of children) hub.start(child);
  try {
    await collect(hub, task, children);
    await obey(hub, task, 'koji.repo', tag.name);
  } catch (error) {
    if (error instanceof KojiFault) setRepoState(hub, repo, REPO.problem);
    throw error;
  }
  setRepoState(hub, repo, REPO.ready);
  publishRepo(hub, 'done', tag, repo.id);
  return [repo.id, created.id];
}

export function setRepoState(hub: Hub, repo: Repo, state: number): void {
  repo.state = state;
  repo.state_ts = hub.now();
}

/** `createrepo`: nothing of it is seen but its time. */
export async function createRepo(hub: Hub, task: Task): Promise<Value> {
  await spend(hub, task, 'koji.createrepo', `${task.label}`);
  return [`cli-build/repo-${task.id}`, [], {}];
}

/** `waitrepo`: waits for a repo of a tag that is new enough. */
export async function waitRepo(hub: Hub, task: Task): Promise<Value> {
  const [tagName, , , minEvent] = task.request;
  const tag = findTag(hub, tagName ?? null);
  if (tag === undefined) throw new KojiFault(FAULT.generic, `Invalid tag: ${tagName}`);
  const wanted = typeof minEvent === 'number' ? minEvent : lastChange(hub, tag).id;
  requestRepo(hub, { tag, owner: task.owner, minEvent: wanted });
  for (;;) {
    const repo = readyRepo(hub, tag, wanted);
    if (repo !== undefined) return repoStruct(repo);
    await spend(hub, task, 'koji.notice', tag.name);
  }
}

/** The repo as `getRepo` gives it. */
export function repoStruct(repo: Repo): Struct {
  return {
    begin_event: repo.begin.id,
    begin_ts: new Float(repo.begin.ts),
    create_event: repo.created.id,
    create_ts: new Float(repo.created.ts),
    creation_time: timeText(repo.created.ts),
    creation_ts: new Float(repo.created.ts),
    custom_opts: {},
    dist: false,
    end_event: repo.end?.id ?? null,
    end_ts: floatOrNil(repo.end?.ts ?? null),
    id: repo.id,
    opts: { src: false, maven: false, debuginfo: false, separate_src: false },
    state: repo.state,
    state_time: timeText(repo.state_ts),
    state_ts: new Float(repo.state_ts),
    tag_id: repo.tag.id,
    tag_name: repo.tag.name,
    task_id: repo.task?.id ?? null,
    task_state: repo.task?.state ?? null,
  };
}

/** The request as `repo.request` gives it. */
export function requestStruct(request: RepoRequest): Struct {
  return {
    active: request.active,
    at_event: null,
    create_time: timeText(request.create_ts),
    create_ts: new Float(request.create_ts),
    id: request.id,
    min_event: request.min_event,
    opts: {},
    owner: request.owner.id,
    owner_name: request.owner.name,
    priority: request.priority,
    repo_id: request.repo?.id ?? null,
    tag_id: request.tag.id,
    tag_name: request.tag.name,
    task_id: request.task?.id ?? null,
    task_state: request.task?.state ?? null,
    tries: request.tries,
    update_time: timeOrNil(request.update_ts),
    update_ts: new Float(request.update_ts),
  };
}

/** Whether somebody may jump the queue of repo requests. */
export function mayHurry(user: User, priority: number): boolean {
  return priority >= 0 || hasPerm(user, 'admin');
}
