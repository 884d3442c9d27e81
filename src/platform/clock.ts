import type { Clock, Deadline } from '../core/ports.ts';

/** `epoch + speed × (real − start)`; all in ms, `start` in real time. */
export interface ClockDefinition {
  readonly epoch: number;
  readonly start: number;
  readonly speed: number;
}

/** Longest delay that a timer of Node takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of an environment: the host's, or that of a sandbox, which runs faster. */
export function openClock(definition?: ClockDefinition): Clock {
  const speed = definition?.speed ?? 1;
  // A sandbox is another process on this host: both derive the real time from the same clock, which Date alone tells without drift.
  const now = definition
    ? () => definition.epoch + speed * (preciseNow() - definition.start)
    : () => Date.now();

  function after(ms: number, act: () => void): () => void {
    const end = performance.now() + Math.max(0, ms) / speed;
    let timer: NodeJS.Timeout;
    const arm = () => {
      const left = end - performance.now();
      if (left <= 0) act();
      else timer = setTimeout(arm, Math.min(Math.ceil(left), LONGEST_TIMER_MS));
    };
    timer = setTimeout(arm, Math.min(Math.ceil(Math.max(0, ms) / speed), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  }

  return {
    now,
    monotonic: () => performance.now() * speed,
    blurMs: definition === undefined ? 0 : speed,
    ofHost: (ms) => ms * speed,
    fromHost: (epochMs) =>
      definition === undefined ? epochMs : definition.epoch + speed * (epochMs - definition.start),
    toHost: (epochMs) =>
      definition === undefined ? epochMs : definition.start + (epochMs - definition.epoch) / speed,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const stop = () => {
          disarm();
          reject(signal.reason);
        };
        const disarm = after(ms, () => {
          signal.removeEventListener('abort', stop);
          resolve();
        });
        signal.addEventListener('abort', stop, { once: true });
      });
    },
    deadline(ms, reason): Deadline {
      const controller = new AbortController();
      const disarm = after(ms, () => controller.abort(reason()));
      return { signal: controller.signal, [Symbol.dispose]: disarm };
    },
  };
}

/** Epoch ms with a fraction, as every process of this host would tell it. */
function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

/** Real time, for what is drawn on a terminal. */
export function repeat(everyMs: number, act: () => void): Disposable {
  const timer = setInterval(act, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
