import { Fault } from '../core/fault.ts';
import type { Clock } from '../core/ports.ts';

/** How often a port that somebody else has is tried again. Milliseconds of the host. */
const AGAIN_MS = 1000;

export interface WaitOptions {
  /** Whether another packprobe serves this database: it may be the one that has the port, and will give it back. */
  readonly isServed: () => Promise<boolean>;
  readonly waiting: () => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Listens. Where the port is taken, and the packprobe that is to be followed may have it, waits until it is free. */
export async function whenFree<Server>(
  open: () => Promise<Server>,
  { isServed, waiting, clock, signal }: WaitOptions,
): Promise<Server> {
  for (let told = false; ; ) {
    try {
      return await open();
    } catch (error) {
      if (!isTaken(error) || !(await isServed())) throw error;
      if (!told) waiting();
      told = true;
    }
    await clock.sleep(AGAIN_MS, signal);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Fault && error.code === 'LISTEN_FAILED' && error.evidence['error'] === 'EADDRINUSE';
}
