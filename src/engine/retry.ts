import pRetry from 'p-retry';
import { type Fault, mayRetry } from '../core/fault.ts';
import type { Clock, Ids } from '../core/ports.ts';
import { reasonOf } from './limits.ts';

export type Tried<Result> = { readonly result: Result } | { readonly fault: Fault };

export interface RetryOptions {
  /** Tries in all. */
  readonly attempts: number;
  /** Number of the first, where an earlier life made those before. @defaultValue 1 */
  readonly first?: number;
  /** Whether the first is one that an earlier life began: then nothing is paused before it. @defaultValue true for number 1 */
  readonly begun?: boolean;
  readonly delayMs: number;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly signal: AbortSignal;
}

/**
 * Tries until it goes well, the fault is none that a second try could mend, or the tries are used up. p-retry waits on real timers: the pause is ours, at
 * the head of every try but the first. Rejects only with what `attempt` threw itself, never for an abort: that is a fault of the attempt.
 */
export async function retrying<Result>(
  attempt: (number: number) => Promise<Tried<Result>>,
  { attempts, first = 1, begun = first === 1, delayMs, clock, ids, signal }: RetryOptions,
): Promise<Tried<Result>> {
  let last: Tried<Result> | undefined;
  const tried = pRetry(
    async (time) => {
      if ((time > 1 || !begun) && !(await slept(delayMs * (0.75 + ids.random() / 2), clock, signal))) {
        const reason = reasonOf(signal);
        // A limit that passes between two tries leaves what the last one found; who cancels wants to hear just that.
        return reason.kind === 'cancelled' || last === undefined ? { fault: reason } : last;
      }
      last = await attempt(first + time - 1);
      if ('fault' in last && mayRetry(last.fault.kind) && !signal.aborted) throw last.fault;
      return last;
    },
    {
      retries: Math.max(0, attempts - first),
      minTimeout: 0,
      factor: 1,
      // What the attempt itself could not turn into a fault (the journal broke) is no reason to do the work again.
      shouldRetry: ({ error }) => last !== undefined && 'fault' in last && last.fault === error,
    },
  );
  return tried.catch((error: unknown) => {
    if (last !== undefined && 'fault' in last && last.fault === error) return last;
    throw error;
  });
}

/** False when the signal aborted first. */
async function slept(ms: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(ms, signal).then(
    () => true,
    () => false,
  );
}
