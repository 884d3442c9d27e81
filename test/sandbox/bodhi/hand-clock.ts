import { setTimeout as later } from 'node:timers/promises';
import type { SandboxClock } from '../../../src/sandbox/kit/clock.ts';

/** A sandbox clock that stands still until it is moved. */
export interface HandClock extends SandboxClock {
  /** Moves on, timer by timer, with a breath for what each one starts. */
  advance(ms: number): Promise<void>;
  /** Time passes with nobody awake: what was due once is done late, periodic turns are missed. */
  jump(ms: number): Promise<void>;
}

interface Timer {
  at: number;
  readonly act: () => void;
  /** The next turn of a periodic timer. */
  readonly next: (() => number) | undefined;
}

export function handClock(epoch: number): HandClock {
  let now = epoch;
  let timers: Timer[] = [];
  const breath = () => later(1);

  async function runUntil(end: number): Promise<void> {
    for (;;) {
      const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      now = Math.max(now, due.at);
      if (due.next === undefined) timers = timers.filter((timer) => timer !== due);
      else due.at = due.next();
      due.act();
      await breath();
    }
    now = end;
    await breath();
  }

  return {
    epoch,
    start: 0,
    speed: 1,
    now: () => now,
    after: (delay, act) => void timers.push({ at: now + delay, act, next: undefined }),
    every(period, offset, act) {
      const next = () => Math.floor((now - offset) / period) * period + period + offset;
      timers.push({ at: next(), act, next });
    },
    advance: (ms) => runUntil(now + ms),
    async jump(ms) {
      now += ms;
      for (const timer of timers) if (timer.next !== undefined) timer.at = timer.next();
      await runUntil(now);
    },
    close() {
      timers = [];
    },
  };
}
