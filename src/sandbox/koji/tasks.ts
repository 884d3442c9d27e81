import { byId, indexed, nextId } from '../kit/rows.ts';
import type { KojiFault } from './faults.ts';
import { generic } from './faults.ts';
import {
  BUILD,
  type Build,
  type Host,
  type Hub,
  TASK,
  TASK_NAMES,
  type Task,
  type TaskRun,
  type User,
} from './hub.ts';
import { publishBuildState, publishTaskState } from './messages.ts';
import { floatOrNil, timeOrNil, timeText } from './stamps.ts';
import { Float, type Struct, type Value } from './value.ts';

export interface NewTask {
  readonly method: string;
  readonly request: readonly Value[];
  readonly owner: User;
  readonly arch?: string;
  readonly label?: string | null;
  readonly parent?: Task;
  readonly priority?: number;
  /** 1 is `default`, 2 `createrepo`. */
  readonly channel?: number;
}

/** A FREE task; a child stands one before its parent in the queue, is awaited by it and lives in its channel. */
export function newTask(hub: Hub, wanted: NewTask): Task {
  const { parent } = wanted;
  const task: Task = {
    id: nextId(hub.tasks),
    method: wanted.method,
    request: wanted.request,
    owner: wanted.owner,
    arch: wanted.arch ?? 'noarch',
    label: wanted.label ?? null,
    parent: parent?.id ?? null,
    channel: parent?.channel ?? wanted.channel ?? 1,
    priority: wanted.priority ?? (parent === undefined ? 20 : parent.priority - 1),
    state: TASK.free,
    host: null,
    weight: 1,
    waiting: null,
    awaited: parent === undefined ? null : true,
    create_ts: hub.now(),
    start_ts: null,
    completion_ts: null,
    result: null,
    fault: null,
    files: new Map(),
    ended: [],
  };
  hub.tasks.push(task);
  publishTaskState(hub, task, null);
  return task;
}

const tasksByParent = indexed((task: Task) => task.parent);
const runsByTask = indexed((run: TaskRun) => run.task);

/** The task as `getTaskInfo` gives it. */
export function taskStruct(task: Task, request = false): Struct {
  return {
    arch: task.arch,
    awaited: task.awaited,
    channel_id: task.channel,
    completion_time: timeOrNil(task.completion_ts),
    completion_ts: floatOrNil(task.completion_ts),
    create_time: timeText(task.create_ts),
    create_ts: new Float(task.create_ts),
    host_id: task.host?.id ?? null,
    id: task.id,
    label: task.label,
    method: task.method,
    owner: task.owner.id,
    parent: task.parent,
    priority: task.priority,
    ...(request ? { request: task.request } : {}),
    start_time: timeOrNil(task.start_ts),
    start_ts: floatOrNil(task.start_ts),
    state: task.state,
    waiting: task.waiting,
    weight: new Float(task.weight),
  };
}

export function findTask(hub: Hub, id: number): Task | undefined {
  return byId(hub.tasks, id);
}

export function childrenOf(hub: Hub, task: Task): readonly Task[] {
  return tasksByParent(hub.tasks, task.id);
}

export function hasEnded({ state }: Task): boolean {
  return state === TASK.closed || state === TASK.canceled || state === TASK.failed;
}

/** FREE -> ASSIGNED: a run is written down, because the task itself keeps no time of it. */
export function assignTask(hub: Hub, task: Task, host: Host): void {
  for (const run of runsByTask(hub.runs, task)) run.active = false;
  hub.runs.push({ id: nextId(hub.runs), task, host, active: true, create_ts: hub.now() });
  task.host = host;
  move(hub, task, TASK.assigned);
}

const WEIGHTS: Readonly<Record<string, number>> = { build: 0.2, buildArch: 1.5 };

/** ASSIGNED -> OPEN. */
export function openTask(hub: Hub, task: Task): void {
  task.start_ts = hub.now();
  task.weight = WEIGHTS[task.method] ?? 1;
  move(hub, task, TASK.open);
}

export function closeTask(hub: Hub, task: Task, result: Value): void {
  task.result = result;
  end(hub, task, TASK.closed);
}

export function failTask(hub: Hub, task: Task, fault: Pick<KojiFault, 'code' | 'message'>): void {
  task.fault = { code: fault.code, text: fault.message };
  end(hub, task, TASK.failed);
}

/** Cancels a task with its children and the build that it was making; what has ended stays as it is. */
export function cancelTask(hub: Hub, task: Task, recurse = true): void {
  if (hasEnded(task)) return;
  const stamp = hub.now();
  const canceled: Task[] = [];
  cancelTree(hub, task, recurse, stamp, canceled);
  const build = hub.builds.find((one) => one.task === task && one.state === BUILD.building);
  if (build !== undefined) endBuild(hub, build, BUILD.canceled, stamp);
  for (const one of canceled) tellEnded(one);
}

function cancelTree(hub: Hub, task: Task, recurse: boolean, stamp: number, canceled: Task[]): void {
  task.completion_ts = stamp;
  move(hub, task, TASK.canceled);
  canceled.push(task);
  if (!recurse) return;
  for (const one of childrenOf(hub, task)) {
    if (!hasEnded(one)) cancelTree(hub, one, true, stamp, canceled);
  }
}

/** The end of a build; its stamp is the moment of the import, or of the failure. */
export function endBuild(hub: Hub, build: Build, state: number, stamp = hub.now()): void {
  const old = build.state;
  build.state = state;
  build.completion_ts = stamp;
  publishBuildState(hub, build, old);
}

/** What a parent does with the results of its children: throws the fault of the first that failed. */
export function resultOf(task: Task): Value {
  if (task.state === TASK.canceled) throw generic(`Task ${task.id} is canceled`);
  if (!hasEnded(task)) throw generic(`Task ${task.id} is not finished`);
  return task.result;
}

function end(hub: Hub, task: Task, state: number): void {
  if (hasEnded(task)) return;
  task.completion_ts = hub.now();
  move(hub, task, state);
  tellEnded(task);
}

function tellEnded(task: Task): void {
  for (const tell of task.ended.splice(0)) tell();
}

function move(hub: Hub, task: Task, state: number): void {
  const old = task.state;
  task.state = state;
  publishTaskState(hub, task, TASK_NAMES[old] ?? null);
}
