import { setTimeout as later } from 'node:timers';

/** The one clock of the sandbox: `epoch + speed × (real − start)`. Every stamp, delay and rule is in its time. */
export interface SandboxClock {
  readonly epoch: number;
  /** Real time at which the clock showed `epoch`, epoch ms with fraction. */
  readonly start: number;
  readonly speed: number;
  /** Sandbox time, epoch ms. */
  now(): number;
  /** Calls `act` once, `delayMs` of sandbox time from now. Nothing fires after `close`. */
  after(delayMs: number, act: () => void): void;
  /** Calls `act` whenever sandbox time passes a multiple of `periodMs` plus `offsetMs` since midnight UTC. */
  every(periodMs: number, offsetMs: number, act: () => void): void;
  close(): void;
}

/** Longest delay that a timer of Node takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** `trouble` is told what an action threw; without it the error reaches the process, which ends. */
export function sandboxClock(
  epoch: number,
  speed: number,
  trouble?: (where: string, error: unknown) => void,
): SandboxClock {
  const start = performance.timeOrigin + performance.now();
  const timers = new Set<NodeJS.Timeout>();
  let open = true;

  const now = () => epoch + speed * (performance.timeOrigin + performance.now() - start);

  function guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (trouble === undefined) throw error;
      trouble('a timer of the sandbox', error);
    }
  }

  function at(time: number, act: () => void): void {
    if (!open) return;
    const real = Math.max(0, (time - now()) / speed);
    const timer = later(
      () => {
        timers.delete(timer);
        if (!open) return;
        if (now() < time) at(time, act);
        else guarded(act);
      },
      Math.min(Math.ceil(real), LONGEST_TIMER_MS),
    );
    timers.add(timer);
  }

  return {
    epoch,
    start,
    speed,
    now,
    after: (delayMs, act) => at(now() + delayMs, act),
    every(periodMs, offsetMs, act) {
      const next = () => Math.floor((now() - offsetMs) / periodMs) * periodMs + periodMs + offsetMs;
      const turn = () => {
        at(next(), turn);
        act();
      };
      at(next(), turn);
    },
    close() {
      open = false;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
