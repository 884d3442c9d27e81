import { firstOf } from './first-of.ts';
import type { Clock } from './ports.ts';

/** A wait that others can end early. A ring while nobody waits is kept for the next wait. */
export interface Bell {
  ring(): void;
  /** Ends after `ms`, at a ring or when the signal aborts; never throws. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function bell(clock: Clock): Bell {
  let rung = false;
  let wake: AbortController | undefined;
  return {
    ring() {
      rung = true;
      wake?.abort();
    },
    async wait(ms, signal) {
      if (!rung) {
        wake = new AbortController();
        using stop = firstOf(signal, wake.signal);
        await clock.sleep(ms, stop.signal).catch(() => {});
        wake = undefined;
      }
      rung = false;
    },
  };
}
