import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { CommandRecord, Owner } from '../core/run.ts';

/** Environment variable that marks every process of a run, also those whose row in the journal was never written. */
export const RUN_MARK = 'PACKPROBE_RUN';

/** How long a survivor may take to obey SIGTERM, and to be gone after SIGKILL. Real milliseconds. */
const GRACE_MS = 5000;
const POLL_MS = 10;

/** Start time of a process in clock ticks since boot; undefined when there is no such process (a zombie is none). */
export function startOf(pid: number): number | undefined {
  try {
    // The name in field 2 may hold blanks and brackets: what follows the last bracket is regular.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : Number(fields[19]);
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

/** Whether the process that holds a run still lives; one on another host is believed to. */
export function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true;
  return owner.boot_id === bootId() && startOf(owner.pid) === owner.start;
}

/**
 * Ends what a killed process of ours left running for a run on this host, and waits until it is gone: only then what it was about to make can be looked
 * for. Gives how many there were.
 */
export async function endSurvivors(run_id: string, commands: readonly CommandRecord[]): Promise<number> {
  const boot = bootId();
  const written = commands.filter(({ boot_id, pid, start }) => boot_id === boot && startOf(pid) === start);
  const survivors = new Map([
    ...written.map(({ pid, start }) => [pid, start] as const),
    ...marked(`${RUN_MARK}=${run_id}`),
  ]);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const leaders = new Set(written.map(({ pid }) => pid));
    for (const pid of living(survivors)) send(leaders.has(pid) ? -pid : pid, signal);
    for (let waited = 0; waited < GRACE_MS && living(survivors).length > 0; waited += POLL_MS) {
      await pause(POLL_MS);
    }
  }
  return survivors.size;
}

function living(processes: ReadonlyMap<number, number>): readonly number[] {
  return [...processes].filter(([pid, start]) => startOf(pid) === start).map(([pid]) => pid);
}

/** Processes with this entry in the environment that they were started with; those of other users cannot be read and are not ours. */
function marked(entry: string): readonly (readonly [pid: number, start: number])[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(entry)) return [];
    } catch {
      return [];
    }
    const start = startOf(pid);
    return start === undefined ? [] : [[pid, start] as const];
  });
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}
