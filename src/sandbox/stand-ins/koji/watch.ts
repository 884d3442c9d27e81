import { Interrupted, type Run } from '../common/stand-in.ts';
import { type Hub, HubError, kwargs } from './hub.ts';
import { stateOf, type TaskInfo, taskLabel } from './tasks.ts';

export interface WatchOptions {
  readonly quiet?: boolean;
  readonly pollIntervalS: number;
  /** Base URL of the files: switches the links to a failed task's logs on. */
  readonly topurl?: string | undefined;
  /** What is said on Ctrl-C, one line per open task. */
  readonly interrupted: (openTasks: readonly string[]) => void;
}

interface Watched {
  readonly id: number;
  readonly level: number;
  info: TaskInfo | undefined;
}

/** The hub does not know the task that was to be watched. */
export class NoSuchTask extends Error {}

/** Watches tasks and their children to their end. The exit code: 1 when one of the given tasks did not close. */
export async function watchTasks(
  run: Run,
  hub: Hub,
  ids: readonly number[],
  { quiet = false, pollIntervalS, topurl, interrupted }: WatchOptions,
): Promise<number> {
  const say = (line: string) => {
    if (!quiet) run.print(line);
  };
  const tasks = new Map<number, Watched>(ids.map((id) => [id, { id, level: 0, info: undefined }]));
  say('Watching tasks (this may be safely interrupted)...');
  let exit = 0;
  try {
    for (;;) {
      let allDone = true;
      for (const task of [...tasks.values()]) {
        const changed = await update(task);
        if (!isDone(task)) {
          allDone = false;
        } else {
          if (changed) say(counts());
          if (task.level === 0 && stateOf(task.info as TaskInfo) !== 'CLOSED') exit = 1;
        }
        for (const child of (await hub.call('getTaskChildren', task.id)) as readonly TaskInfo[]) {
          if (tasks.has(child.id)) continue;
          const found: Watched = { id: child.id, level: task.level + 1, info: undefined };
          tasks.set(child.id, found);
          await update(found);
          // It may have children of its own: one more round.
          allDone = false;
        }
      }
      if (allDone) break;
      await run.sleep(pollIntervalS);
    }
  } catch (error) {
    if (error instanceof Interrupted && !quiet) {
      const open = [...tasks.values()].filter((task) => task.info !== undefined && !isDone(task));
      interrupted(open.map((task) => `${name(task)}: ${plainState(task.info as TaskInfo)}`));
    }
    throw error;
  }
  say('');
  for (const task of tasks.values()) if (task.level === 0) say(`${name(task)} ${ending(task)}`);
  return exit;

  /** Looks at a task that is not done yet, and says what is new. Whether its state changed since the last look. */
  async function update(task: Watched): Promise<boolean> {
    if (isDone(task)) return false;
    const last = task.info;
    const info = (await hub.call('getTaskInfo', task.id, kwargs({ request: true }))) as TaskInfo | null;
    if (info === null) {
      say(`No such task id: ${task.id}`);
      throw new NoSuchTask();
    }
    task.info = info;
    if (last === undefined) {
      say(`${name(task)}: ${await stateText(info, task.level)}`);
      return false;
    }
    if (last.state === info.state) return false;
    say(`${name(task)}: ${await stateText(last, 0)} -> ${await stateText(info, 0)}`);
    return true;
  }

  async function stateText(info: TaskInfo, level: number): Promise<string> {
    const state = stateOf(info);
    if (quiet) return '';
    if (state === 'OPEN' || state === 'ASSIGNED') {
      if (info.host_id === null || info.host_id === undefined) return state.toLowerCase();
      const host = (await hub.call('getHost', info.host_id)) as { readonly name: string };
      return `${state.toLowerCase()} (${host.name})`;
    }
    if (state === 'FAILED') return `FAILED: ${await failure(info.id)}${await logLinks(info.id, level)}`;
    return state.toLowerCase();
  }

  async function failure(id: number): Promise<string> {
    try {
      await hub.call('getTaskResult', id);
      return 'unknown error';
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return `${error.python}: ${error.message.trim()}`;
    }
  }

  async function logLinks(id: number, level: number): Promise<string> {
    if (topurl === undefined) return '';
    const outputs = (await hub.call('listTaskOutput', id, kwargs({ all_volumes: true }))) as Record<
      string,
      readonly string[]
    >;
    const base = topurl.replace(/\/$/, '');
    const links = Object.entries(outputs)
      .filter(([file]) => file.endsWith('log'))
      .flatMap(([file, volumes]) =>
        volumes.map((volume) => {
          const root = volume === 'DEFAULT' ? base : `${base}/vol/${volume}`;
          return `${root}/work/tasks/${id % 10_000}/${id}/${file}`;
        }),
      );
    if (links.length === 0) return '';
    const indent = '  '.repeat(level + 1);
    return ['', 'Relevant logs:', ...links].join(`\n${indent}`);
  }

  function counts(): string {
    const states = [...tasks.values()].flatMap(({ info }) => (info === undefined ? [] : [stateOf(info)]));
    const count = (...wanted: readonly string[]) => states.filter((state) => wanted.includes(state)).length;
    return `  ${count('FREE')} free  ${count('OPEN', 'ASSIGNED')} open  ${count('CLOSED', 'CANCELED')} done  ${count('FAILED')} failed`;
  }
}

function name({ id, level, info }: Watched): string {
  return `${'  '.repeat(level)}${id}${info === undefined ? '' : ` ${taskLabel(info)}`}`;
}

function plainState(info: TaskInfo): string {
  return stateOf(info).toLowerCase();
}

function isDone({ info }: Watched): boolean {
  return info !== undefined && ['CLOSED', 'CANCELED', 'FAILED'].includes(stateOf(info));
}

function ending({ info }: Watched): string {
  switch (info === undefined ? undefined : stateOf(info)) {
    case 'CLOSED':
      return 'completed successfully';
    case 'CANCELED':
      return 'was canceled';
    case 'FAILED':
      return 'failed';
    default:
      return 'has not completed';
  }
}
