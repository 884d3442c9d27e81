import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Owner } from '../core/run.ts';

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
