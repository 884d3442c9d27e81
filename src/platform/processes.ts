import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { CommandRecord, Owner } from '../core/run.ts';

/** Environment variable that marks every process of a run, also those whose row in the journal was never written. */
export const RUN_MARK = 'PACKPROBE_RUN';

/** How long a survivor may take to obey SIGTERM, and to be gone after SIGKILL. Real milliseconds. */
const GRACE_MS = 5000;
const POLL_MS = 20;

/** Start time of a process in clock ticks since boot; undefined when there is no such process (a zombie is none). */
export function startOf(pid: number): number | undefined {
  return statusOf(pid)?.start;
}

function statusOf(pid: number): { readonly group: number; readonly start: number } | undefined {
  try {
    // The name in field 2 may hold blanks and brackets: what follows the last bracket is regular.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : { group: Number(fields[2]), start: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** This process as the owner of runs. */
export function thisOwner(): Owner {
  return { host: hostname(), boot_id: bootId(), pid: process.pid, start: startOf(process.pid) ?? 0 };
}

/** Whether the process that holds a run still lives. One on another host cannot be seen: it is believed to, unless somebody knows better. */
export function isAlive(owner: Owner, othersAreDead = false): boolean {
  if (owner.host !== hostname()) return !othersAreDead;
  return owner.boot_id === bootId() && startOf(owner.pid) === owner.start;
}

/**
 * Ends what a killed process of ours left running for a run on this host, and waits until it is gone: only then what it was about to make can be looked
 * for. Gives how many processes there were.
 */
export async function endSurvivors(run_id: string, commands: readonly CommandRecord[]): Promise<number> {
  const boot = bootId();
  const groups = commands
    .filter(({ boot_id, pid, start }) => boot_id === boot && startOf(pid) === start)
    .map(({ pid }) => pid);
  const mark = `${RUN_MARK}=${run_id}`;
  const look = () => processes().filter(({ pid, group }) => groups.includes(group) || isMarked(pid, mark));
  const seen = new Set<number>();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const ends = performance.now() + GRACE_MS;
    // Looked for anew each time: one of them may have been about to start another.
    for (let living = look(); living.length > 0 && performance.now() < ends; living = look()) {
      for (const { pid } of living) if (!seen.has(pid) || signal === 'SIGKILL') send(pid, signal);
      for (const { pid } of living) seen.add(pid);
      await pause(POLL_MS);
    }
  }
  return seen.size;
}

interface Process {
  readonly pid: number;
  readonly group: number;
  readonly start: number;
}

/** All that live, but for this one. */
function processes(): readonly Process[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    const status = Number.isInteger(pid) && pid !== process.pid ? statusOf(pid) : undefined;
    return status === undefined ? [] : [{ pid, ...status }];
  });
}

/** Whether it was started with this entry in its environment; that of another user's cannot be read, and is not ours. */
function isMarked(pid: number, entry: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(entry);
  } catch {
    return false;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}
