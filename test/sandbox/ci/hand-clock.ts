import type { SandboxClock } from '../../../src/sandbox/kit/clock.ts';

interface Timer {
  readonly at: number;
  readonly act: () => void;
}

/** A sandbox clock that stands until it is moved. */
export class HandClock implements SandboxClock {
  readonly epoch: number;
  readonly start = 0;
  readonly speed = 60;
  #now: number;
  #timers: Timer[] = [];

  constructor(now = Date.UTC(2026, 10, 21, 12)) {
    this.epoch = now;
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** How many things are still to happen. */
  get waiting(): number {
    return this.#timers.length;
  }

  after(delayMs: number, act: () => void): void {
    this.#timers.push({ at: this.#now + delayMs, act });
  }

  every(periodMs: number, _offsetMs: number, act: () => void): void {
    const turn = () => {
      act();
      this.after(periodMs, turn);
    };
    this.after(periodMs, turn);
  }

  /** Goes to the next thing that is to happen, and lets it happen. */
  next(): void {
    const [timer] = this.#timers.sort((a, b) => a.at - b.at).splice(0, 1);
    if (timer === undefined) throw new Error('nothing is to happen');
    this.#now = Math.max(this.#now, timer.at);
    timer.act();
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#timers.some(({ at }) => at <= end)) this.next();
    this.#now = end;
  }

  close(): void {
    this.#timers = [];
  }
}
