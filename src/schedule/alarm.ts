import type { Clock } from '../core/ports.ts';

/** What a loop sleeps on: the first of several clocks to reach its time, or somebody who rings. */
export interface Alarm {
  /** Ends the sleep under way, or the next one before it begins. */
  ring(): void;
  /** Resolves when the first time is over, when it rings, and when the signal aborts; leaves no timer behind. */
  sleep(times: readonly Nap[], signal: AbortSignal): Promise<void>;
}

export interface Nap {
  readonly clock: Clock;
  /** Milliseconds of that clock. */
  readonly ms: number;
}

/** Reason of every sleep that is given up; nobody sees it. */
const OVER = new Error('the sleep is over');

export function openAlarm(): Alarm {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async sleep(times, signal) {
      if (!rung && !signal.aborted) {
        const over = new AbortController();
        const end = () => over.abort(OVER);
        signal.addEventListener('abort', end, { once: true });
        const rings = new Promise<void>((resolve) => {
          wake = resolve;
        });
        // A sleep that is given up rejects: none of them has anything to say.
        const naps = times.map(({ clock, ms }) => clock.sleep(ms, over.signal).catch(() => {}));
        await Promise.race([rings, ...naps]);
        end();
        signal.removeEventListener('abort', end);
        await Promise.all(naps);
        wake = undefined;
      }
      rung = false;
    },
  };
}
