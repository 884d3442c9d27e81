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
  }
}

async function queue(hub: Hub, task: Task, work: Work | undefined): Promise<void> {
  const subject = subjectOf(hub, task);
  const name = `${task.method} ${task.label ?? task.arch} ${subject}`;
  const ruled = await obey(hub, task, 'koji.schedule', name);
  const host = pickHost(hub, task);
  // An arch that no host serves leaves the task FREE for ever, without a word: so does Koji.
  if (host === undefined || work === undefined) return never();
  await pause(hub, task, delay(hub, 'koji.assign', name) + (ruled?.delayMs ?? 0));
  assignTask(hub, task, host);
  await pause(hub, task, delay(hub, 'koji.open', name));
  openTask(hub, task);
}

function pickHost(hub: Hub, { arch }: Task): Host | undefined {
  const serving = hub.hosts.filter((host) => arch === 'noarch' || host.arches.includes(arch));
  return serving.toSorted((a, b) => loadOf(hub, a) - loadOf(hub, b) || a.id - b.id)[0];
}

/** Sum of the weights of what a host has been given. */
export function loadOf(hub: Hub, host: Host): number {
  const weights = hub.tasks
    .filter((task) => task.host === host && (task.state === TASK.open || task.state === TASK.assigned))
    .map(({ weight }) => weight);
  return weights.reduce((sum, weight) => sum + weight, 0);
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
  parent.waiting = false;
  for (const child of children) child.awaited = false;
  const failed = ended.find((child) => child.state !== TASK.closed);
  if (failed === undefined) return;
  if (failed.fault !== null) throw new KojiFault(failed.fault.code, failed.fault.text);
  resultOf(failed);
}
