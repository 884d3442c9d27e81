import type { Clock, Deadline } from '../../src/core/ports.ts';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** A clock that stands until it is moved. Timers fire in the order of their time, each with the work it causes done before the next. */
export class FakeClock implements Clock {
  readonly blurMs = 0;
  #now: number;
  #timers: Timer[] = [];

  constructor(now = Date.UTC(2026, 10, 17, 8, 0, 0)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  ofHost(ms: number): number {
    return ms;
  }

  toHost(epochMs: number): number {
    return epochMs;
  }

  fromHost(epochMs: number): number {
    return epochMs;
  }

  /** How many sleeps and deadlines are waiting. */
  get waiting(): number {
    return this.#timers.length;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        this.#remove(timer);
        reject(signal.reason);
      };
      const timer: Timer = {
        at: this.#now + ms,
        fire: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#timers.push(timer);
    });
  }

  deadline(ms: number, reason: () => Error): Deadline {
    const controller = new AbortController();
    const timer: Timer = { at: this.#now + ms, fire: () => controller.abort(reason()) };
    this.#timers.push(timer);
    return { signal: controller.signal, [Symbol.dispose]: () => this.#remove(timer) };
  }

  /** Moves time on, firing what falls due on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#remove(due);
      this.#now = Math.max(this.#now, due.at);
      due.fire();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #remove(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }
}

/** Lets everything that is ready to run do so: promise jobs and the I/O callbacks behind them. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
