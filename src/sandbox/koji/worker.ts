import { FAULT, KojiFault } from './faults.ts';
import { type Host, type Hub, TASK, type Task } from './hub.ts';
import { type DelayPoint, delay, faultOf, type Ruling, ruling } from './rules.ts';
import { assignTask, closeTask, failTask, hasEnded, openTask, resultOf } from './tasks.ts';
import type { Value } from './value.ts';

/** What a builder does with an open task; the value is the task's result, a KojiFault its failure. */
export type Work = (hub: Hub, task: Task) => Promise<Value>;

/** Thrown to leave the work of a task that was cancelled under way; never a failure. */
class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** Takes a task from the queue to its end: FREE -> ASSIGNED -> OPEN -> CLOSED or FAILED. */
export async function live(hub: Hub, task: Task, work: Work | undefined): Promise<void> {
  try {
    await queue(hub, task, work);
    if (work === undefined) throw new KojiFault(FAULT.generic, `No handler for method ${task.method}`);
    const result = await work(hub, task);
    if (!hasEnded(task)) closeTask(hub, task, result);
  } catch (error) {
    if (error instanceof Stopped || hasEnded(task)) return;
    if (error instanceof KojiFault) {
      failTask(hub, task, error);
      return;
    }
    hub.kit.trouble(`koji task ${task.id} (${task.method})`, error);
    failTask(hub, task, { code: 1, message: String(error) });
  } finally {
    fillHosts(hub);
  }
}

async function queue(hub: Hub, task: Task, work: Work | undefined): Promise<void> {
  const subject = subjectOf(hub, task);
  const name = `${task.method} ${task.label ?? task.arch} ${subject}`;
  const ruled = await obey(hub, task, 'koji.schedule', name);
  // An arch that no host serves leaves the task FREE for ever, without a word: so does Koji.
  if (servingHosts(hub, task).length === 0 || work === undefined) return never();
  await pause(hub, task, delay(hub, 'koji.assign', name) + (ruled?.delayMs ?? 0));
  await assignment(hub, task);
  await pause(hub, task, delay(hub, 'koji.open', name));
  openTask(hub, task);
}

function servingHosts(hub: Hub, { arch, channel }: Task): readonly Host[] {
  return hub.hosts.filter(
    ({ arches, channels, enabled, reports }) =>
      reports && enabled && channels.has(channel) && (arch === 'noarch' || arches.includes(arch)),
  );
}

interface Waiting {
  readonly task: Task;
  readonly go: () => void;
}

/** Tasks for which all hosts that serve them were full, by hub. */
const waitingFor = new WeakMap<Hub, Waiting[]>();

/** Gives a task to the least loaded host with room: at once, or when it is its turn. */
function assignment(hub: Hub, task: Task): Promise<void> {
  return new Promise((go) => {
    const queue = waitingFor.get(hub) ?? [];
    waitingFor.set(hub, queue);
    queue.push({ task, go });
    fillHosts(hub);
  });
}

/** Gives out what room there is, by priority and age. */
function fillHosts(hub: Hub): void {
  const queue = waitingFor.get(hub) ?? [];
  if (queue.length === 0) return;
  const loads = loadsOf(hub, ({ waiting }) => waiting !== true);
  const left: Waiting[] = [];
  const inTurn = queue
    .splice(0)
    .toSorted((a, b) => a.task.priority - b.task.priority || a.task.id - b.task.id);
  for (const one of inTurn) {
    if (hasEnded(one.task)) continue;
    const [host] = servingHosts(hub, one.task)
      .filter((each) => (loads.get(each) ?? 0) < each.capacity)
      .toSorted((a, b) => (loads.get(a) ?? 0) - (loads.get(b) ?? 0) || a.id - b.id);
    if (host === undefined) {
      left.push(one);
      continue;
    }
    loads.set(host, (loads.get(host) ?? 0) + one.task.weight);
    assignTask(hub, one.task, host);
    one.go();
  }
  queue.push(...left);
}

/** Sum of the weights of what a host has been given. */
export function loadOf(hub: Hub, host: Host): number {
  return loadsOf(hub).get(host) ?? 0;
}

function loadsOf(hub: Hub, counts: (task: Task) => boolean = () => true): Map<Host, number> {
  const loads = new Map<Host, number>();
  for (const task of unended(hub)) {
    const isGiven = task.state === TASK.open || task.state === TASK.assigned;
    if (!isGiven || task.host === null || !counts(task)) continue;
    loads.set(task.host, (loads.get(task.host) ?? 0) + task.weight);
  }
  return loads;
}

interface Seen {
  last: number;
  readonly tasks: Set<Task>;
}

const seenTasks = new WeakMap<Hub, Seen>();

/** The few of all tasks that have not ended. */
function unended(hub: Hub): ReadonlySet<Task> {
  const seen = seenTasks.get(hub) ?? { last: 0, tasks: new Set() };
  seenTasks.set(hub, seen);
  for (let at = hub.tasks.length - 1; at >= 0; at--) {
    const task = hub.tasks[at];
    if (task === undefined || task.id <= seen.last) break;
    seen.tasks.add(task);
  }
  seen.last = hub.tasks.at(-1)?.id ?? 0;
  for (const task of seen.tasks) if (hasEnded(task)) seen.tasks.delete(task);
  return seen.tasks;
}

/** Name of what a task is about, the same in every sandbox: the draw of its delays depends on it. */
export function subjectOf(hub: Hub, task: Task): string {
  const [first, second] = task.request;
  if (task.method === 'tagBuild') {
    const build = hub.builds.find(({ id }) => id === second);
    const tag = hub.tags.find(({ id }) => id === first);
    return `${build?.nvr ?? second} ${tag?.name ?? first}`;
  }
  if (task.method === 'newRepo' || task.method === 'waitrepo' || task.method === 'createrepo') {
    const repo = hub.repos.find(({ id }) => id === first);
    return repo?.tag.name ?? (typeof first === 'string' ? first : 'repo');
  }
  if (typeof first !== 'string') return task.method;
  const known = hub.sourcePackages.get(first);
  if (known !== undefined) return known.nvr;
  return (
    first
      .split('/')
      .at(-1)
      ?.replace(/\.git(?=\?|#|$)/, '') ?? first
  );
}

/** Waits in sandbox time; leaves when the task has ended meanwhile. */
export async function pause(hub: Hub, task: Task, ms: number): Promise<void> {
  await new Promise<void>((resolve) => hub.kit.clock.after(ms, resolve));
  if (hasEnded(task)) throw new Stopped('the task has ended');
}

/** Asks a rule point: waits, fails or stays for ever as it says. */
export async function obey(
  hub: Hub,
  task: Task,
  point: string,
  subject: string,
  onFail: (ruled: Ruling) => void = () => undefined,
): Promise<Ruling | undefined> {
  const ruled = ruling(hub, point, subject);
  if (ruled === 'never') return never();
  if (ruled?.fail !== undefined) {
    if (ruled.delayMs !== undefined) await pause(hub, task, ruled.delayMs);
    onFail(ruled);
    throw faultOf(ruled);
  }
  return ruled;
}

/** Spends the time of a point, and what a rule adds to it. */
export async function spend(
  hub: Hub,
  task: Task,
  point: DelayPoint,
  subject: string,
  ruled?: Ruling,
): Promise<void> {
  await pause(hub, task, delay(hub, point, subject) + (ruled?.delayMs ?? 0));
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Waits for children as a parent does: all of them, or with `failFast` until the first that did not close. */
export async function collect(
  hub: Hub,
  parent: Task,
  children: readonly Task[],
  failFast = false,
): Promise<void> {
  parent.waiting = true;
  // Who only waits takes no room.
  fillHosts(hub);
  const subject = subjectOf(hub, parent);
  const ended: Task[] = [];
  await new Promise<void>((resolve) => {
    for (const child of children) {
      child.ended.push(() => {
        ended.push(child);
        // The parent looks at each child when it has ended, not only when all have.
        hub.kit.clock.after(delay(hub, 'koji.notice', subject), () => {
          if (!hasEnded(parent)) child.awaited = false;
        });
        if (ended.length === children.length || (failFast && child.state !== TASK.closed)) resolve();
      });
    }
  });
  await spend(hub, parent, 'koji.notice', subject);
  const failed = ended.find((child) => child.state !== TASK.closed);
  // A child that failed alone leaves its parent waiting: the result is read before the wait is taken back.
  parent.waiting = failed !== undefined && children.length === 1;
  for (const child of children) child.awaited = false;
  if (failed === undefined) return;
  if (failed.fault !== null) throw new KojiFault(failed.fault.code, failed.fault.text);
  resultOf(failed);
}
