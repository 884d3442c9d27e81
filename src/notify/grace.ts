import type { Clock } from '../core/ports.ts';

/** What a send under way has at a shutdown: to end by itself, then to obey. Milliseconds. */
const GRACE_MS = 3000;
const OBEY_MS = 1000;

export interface Grace extends Disposable {
  /** Resolves when even the one who does not obey had its time. */
  readonly over: Promise<void>;
}

/** Aborts `closing` a moment after the signal, and is over a moment later: for a channel that does not obey. */
export function grace(clock: Clock, signal: AbortSignal, closing: AbortController): Grace {
  const done = new AbortController();
  const over = (async () => {
    await aborted(signal, done.signal);
    await clock.sleep(GRACE_MS, done.signal);
    closing.abort(signal.reason);
    await clock.sleep(OBEY_MS, done.signal);
  })().catch(() => {});
  return { over, [Symbol.dispose]: () => done.abort() };
}

/** Resolves when the first aborts; rejects when the second does. */
function aborted(signal: AbortSignal, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    signal.addEventListener('abort', () => resolve(), { once: true, signal: stop });
    stop.addEventListener('abort', () => reject(stop.reason), { once: true });
  });
}
