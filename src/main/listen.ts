import type { Clock } from '../core/ports.ts';

/** How often a port that somebody else has is tried again. Milliseconds of the host. */
const AGAIN_MS = 1000;

/** Listens; where the port is taken, waits until it is free: the packprobe that has it may be the one that is to be followed. */
export async function whenFree<Server>(
  open: () => Promise<Server>,
  {
    clock,
    signal,
    waiting,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly waiting: () => void },
): Promise<Server> {
  for (let told = false; ; ) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
      if (!told) waiting();
      told = true;
    }
    await clock.sleep(AGAIN_MS, signal);
  }
}
