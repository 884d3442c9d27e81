import { indexed } from '../kit/rows.ts';
import { type Build, type Hub, type Rpm, TASK_NAMES, type Tag, type Task, type User } from './hub.ts';
import { sighashOf, sizeAndHash } from './rpms.ts';
import type { Stamp } from './stamps.ts';
import { timeOrNil, timeText } from './stamps.ts';
import { Binary, DateTime, Float, isList, type Value } from './value.ts';

/** What every body of Koji's plugin begins with. */
function head(hub: Hub) {
  return { base_url: hub.url, files_base_url: `${hub.url}/kojifiles/`, instance: 'primary' };
}

/** Only parents of scratch builds are told about: the tasks of a real build are invisible on the bus. */
export function publishTaskState(hub: Hub, task: Task, old: string | null): void {
  const opts = task.request[2];
  const scratch = typeof opts === 'object' && opts !== null && 'scratch' in opts && opts['scratch'] === true;
  if (task.parent !== null || !scratch) return;
  const srpm = task.request[0];
  hub.kit.publish('buildsys.task.state.change', {
    ...head(hub),
    attribute: 'state',
    method: task.method,
    id: task.id,
    old,
    new: TASK_NAMES[task.state],
    owner: task.owner.name,
    srpm: typeof srpm === 'string' ? (srpm.split('/').at(-1) ?? srpm) : null,
    info: taskTree(hub, task),
  });
}

/** `old` is null for a new build. */
export function publishBuildState(hub: Hub, build: Build, old: number | null): void {
  const { task } = build;
  hub.kit.publish('buildsys.build.state.change', {
    ...head(hub),
    attribute: 'state',
    old,
    new: build.state,
    build_id: build.id,
    task_id: task?.id ?? null,
    name: build.name,
    version: build.version,
    release: build.release,
    epoch: build.epoch,
    owner: build.owner.name,
    request: task === null ? null : plain(task.request),
    creation_time: iso(build.creation.ts),
    completion_time: build.completion_ts === null ? null : iso(build.completion_ts),
    url: `${hub.url}/koji/buildinfo?buildID=${build.id}`,
    task: task === null ? null : taskTree(hub, task),
  });
}

/** `tag` or `untag`: `user` did it, `owner` owns the build. */
export function publishTagging(
  hub: Hub,
  topic: 'tag' | 'untag',
  { build, tag, user }: { readonly build: Build; readonly tag: Tag; readonly user: User },
): void {
  hub.kit.publish(`buildsys.${topic}`, {
    instance: 'primary',
    base_url: hub.url,
    build_id: build.id,
    name: build.name,
    version: build.version,
    release: build.release,
    tag: tag.name,
    tag_id: tag.id,
    user: user.name,
    owner: build.owner.name,
  });
}

export function publishSignature(hub: Hub, rpm: Rpm, key: string): void {
  const { build } = rpm;
  const { name: _name, ...common } = {
    name: build.name,
    version: build.version,
    release: build.release,
    epoch: build.epoch,
  };
  hub.kit.publish('buildsys.rpm.sign', {
    ...head(hub),
    sigkey: key,
    sighash: sighashOf(rpm, key) ?? null,
    rpm: {
      id: rpm.id,
      build_id: build.id,
      name: rpm.name,
      ...common,
      arch: rpm.arch,
      buildtime: rpm.buildtime,
      ...sizeAndHash(rpm),
      draft: false,
      buildroot_id: null,
      external_repo_id: 0,
      external_repo_name: 'INTERNAL',
      metadata_only: false,
      extra: null,
    },
    build: {
      id: build.id,
      build_id: build.id,
      nvr: build.nvr,
      name: build.name,
      package_name: build.name,
      package_id: build.package_id,
      ...common,
      state: build.state,
      task_id: build.task?.id ?? null,
      owner_id: build.owner.id,
      owner_name: build.owner.name,
      source: build.source,
      creation_time: timeText(build.creation.ts),
      completion_time: timeOrNil(build.completion_ts),
      volume_id: 0,
      volume_name: 'DEFAULT',
    },
  });
}

/** `init` when the regeneration begins, `done` when the repo can be used. */
export function publishRepo(hub: Hub, topic: 'init' | 'done', tag: Tag, repoId: number): void {
  hub.kit.publish(`buildsys.repo.${topic}`, {
    instance: 'primary',
    base_url: hub.url,
    tag: tag.name,
    tag_id: tag.id,
    repo_id: repoId,
  });
}

type Body = Record<string, unknown>;

const tasksByParent = indexed((task: Task) => task.parent);

function taskTree(hub: Hub, task: Task): Body {
  return {
    id: task.id,
    url: `${hub.url}/koji/taskinfo?taskID=${task.id}`,
    priority: task.priority,
    method: task.method,
    label: task.label,
    arch: task.arch,
    channel_id: task.channel,
    request: plain(task.request),
    result: task.fault === null ? plain(task.result) : null,
    create_time: task.create_ts,
    start_time: task.start_ts,
    completion_time: task.completion_ts,
    waiting: task.waiting,
    awaited: task.awaited,
    state: task.state,
    host_id: task.host?.id ?? null,
    host_name: task.host?.name ?? null,
    parent: task.parent,
    owner: task.owner.name,
    children: tasksByParent(hub.tasks, task.id).map((one) => taskTree(hub, one)),
  };
}

/** XML-RPC's values as JSON has them. */
function plain(value: Value): unknown {
  if (value instanceof Float) return value.value;
  if (value instanceof DateTime) return value.text;
  if (value instanceof Binary) return value.encoded;
  if (isList(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

function iso(stamp: Stamp): string {
  return timeText(stamp).replace(' ', 'T');
}
