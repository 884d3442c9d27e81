import { setTimeout as later, setImmediate as soon } from 'node:timers';
import { dueQueue } from './due-queue.ts';

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

/** A clock that is moved by hand until it is let go: what came before the first client, and days that nobody has time to wait for. */
export interface HeldClock extends SandboxClock {
  /**
   * Moves on to a moment, from one due action to the next, each at its own time and only when all that the one before it set off has
   * come to rest. What waits for the network is not waited for.
   */
  runTo(time: number): Promise<void>;
  /** From now on it goes by itself; it shows `epoch` at this moment. */
  release(): void;
}

export interface HeldClockOptions {
  readonly epoch: number;
  readonly speed: number;
  /** What it shows while it is held. @defaultValue the epoch */
  readonly from?: number;
  /** Told of what an action threw; without it the error reaches the process, which ends. */
  readonly trouble?: ((where: string, error: unknown) => void) | undefined;
}

/** Longest delay that a timer of Node takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** `trouble` is told what an action threw; without it the error reaches the process, which ends. */
export function sandboxClock(
  epoch: number,
  speed: number,
  trouble?: (where: string, error: unknown) => void,
): SandboxClock {
  const clock = heldClock({ epoch, speed, trouble });
  clock.release();
  return clock;
}

/** Stands still until it is moved or released. */
export function heldClock({ epoch, speed, from = epoch, trouble }: HeldClockOptions): HeldClock {
  const due = dueQueue();
  let start = real();
  let held: number | undefined = from;
  let open = true;
  /** The one timer of Node that all waits share, and the moment that it is set for. */
  let timer: { readonly at: number; cancel(): void } | undefined;

  const now = () => held ?? epoch + speed * (real() - start);

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
    due.add(time, act);
    arm();
  }

  function arm(): void {
    const next = due.next();
    if (held !== undefined || !open || next === undefined) return;
    if (timer !== undefined) {
      if (timer.at <= next) return;
      timer.cancel();
    }
    const wait = Math.max(0, (next - now()) / speed);
    timer = { at: next, cancel: wait === 0 ? atOnce(turn) : afterwards(turn, wait) };
  }

  /** One action a turn, so that what it set off comes before the next, as with timers of their own. */
  function turn(): void {
    timer = undefined;
    if (!open) return;
    const act = due.take(now());
    try {
      if (act !== undefined) guarded(act);
    } finally {
      arm();
    }
  }

  return {
    epoch,
    get start() {
      return start;
    },
    speed,
    now,
    after: (delayMs, act) => at(now() + delayMs, act),
    every(periodMs, offsetMs, act) {
      const next = () => Math.floor((now() - offsetMs) / periodMs) * periodMs + periodMs + offsetMs;
      const again = () => {
        at(next(), again);
        act();
      };
      at(next(), again);
    },
    async runTo(time) {
      await rest();
      for (;;) {
        // All that is due at one moment may act before anybody takes a breath: nobody can tell their order.
        const next = due.next();
        if (held === undefined || !open || next === undefined || next > time) break;
        held = Math.max(held, next);
        for (let act = due.take(held); act !== undefined; act = due.take(held)) guarded(act);
        await rest();
      }
      if (held !== undefined) held = Math.max(held, time);
    },
    release() {
      if (held === undefined) return;
      held = undefined;
      start = real();
      arm();
    },
    close() {
      open = false;
      timer?.cancel();
      due.clear();
    },
  };
}

function atOnce(act: () => void): () => void {
  const handle = soon(act);
  return () => clearImmediate(handle);
}

function afterwards(act: () => void, realMs: number): () => void {
  const handle = later(act, Math.min(Math.ceil(realMs), LONGEST_TIMER_MS));
  return () => clearTimeout(handle);
}

function real(): number {
  return performance.timeOrigin + performance.now();
}

/** Every promise that can be kept without waiting is kept before this one. */
function rest(): Promise<void> {
  return new Promise((resolve) => void soon(resolve));
}
