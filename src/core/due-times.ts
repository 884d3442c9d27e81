import { cronTimes } from './cron.ts';
import type { Schedule } from './probe.ts';

/** When one probe is due in one environment. Epoch ms and milliseconds of the environment's clock. */
export interface DueTimes {
  /**
   * The first due time after a moment.
   * @param last the due time before, where there was one: the next keeps the shortest interval to it
   */
  next(after: number, last?: number): number;
  /**
   * Those after `from`, up to and with `to`, oldest first.
   * @param span.limit where there are more, the newest of them
   */
  between(span: Span): { readonly times: readonly number[]; readonly isWhole: boolean };
  /** Typical time between two; of `cron` the longest gap within the fortnight that follows. */
  intervalMs(at: number): number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly last?: number | undefined;
}

const FORTNIGHT_MS = 14 * 86_400_000;

/** Gaps that are looked at one by one, before it looks only now and then. */
const EXACT_GAPS = 60;

/** Within a fortnight such steps come to every third of an hour of the day: a gap that comes daily is met, and any that is longer. */
const STEP_MS = 260 * 60_000;

/**
 * Due times follow from the schedule and the key alone, so that no restart shifts them.
 * @param key environment and probe: it says where within the jitter they lie
 * @param minIntervalMs shortest time between two: a faster schedule is slowed
 */
export function dueTimes(schedule: Schedule, key: string, minIntervalMs = 0): DueTimes {
  return schedule.every === undefined
    ? dueByCron(schedule, key, minIntervalMs)
    : dueEvery(Math.max(schedule.every, minIntervalMs), schedule.jitter, key);
}

/** The key of a probe's due times. By the environment's name, not its scope: a sandbox that starts again keeps them. */
export function dueKey(environment: string, probe: string): string {
  return `${environment}/${probe}`;
}

function dueEvery(every: number, jitter: number | undefined, key: string): DueTimes {
  const phase = Math.floor(share(key) * Math.min(jitter ?? every, every));
  // Counted from the epoch, never from the last one: what is late once is in phase again.
  const next = (after: number) => (Math.floor((after - phase) / every) + 1) * every + phase;
  return {
    next,
    between({ from, to, limit }) {
      const first = next(from);
      const count = Math.max(0, Math.floor((to - first) / every) + 1);
      const shown = Math.min(count, limit);
      const times = Array.from({ length: shown }, (_, index) => first + (count - shown + index) * every);
      return { times, isWhole: shown === count };
    },
    intervalMs: () => every,
  };
}

function dueByCron(schedule: Schedule, key: string, minIntervalMs: number): DueTimes {
  const cron = cronTimes(schedule.cron ?? '', schedule.time_zone);
  const shift = Math.floor(share(key) * (schedule.jitter ?? 0));
  const next = (after: number, last?: number) => {
    const isBehind = last !== undefined && last <= after;
    return cron.next((isBehind ? Math.max(after, last + minIntervalMs - 1) : after) - shift) + shift;
  };
  const walk = ({ from, to, limit, last }: Span) => {
    const times: number[] = [];
    for (let time = next(from, last); time <= to && times.length <= limit; time = next(time, time)) {
      times.push(time);
    }
    return times;
  };
  return {
    next,
    between(span) {
      const times = walk(span);
      if (times.length <= span.limit) return { times, isWhole: true };
      const [first = span.to] = cron.previous(span.limit, span.to - shift + 1);
      return { times: walk({ ...span, from: first + shift - 1, last: undefined }), isWhole: false };
    },
    intervalMs(at) {
      const first = next(at);
      let time = first;
      let longest = 0;
      for (let count = 0; count < EXACT_GAPS && time <= at + FORTNIGHT_MS; count += 1) {
        const following = next(time, time);
        longest = Math.max(longest, following - time);
        time = following;
      }
      // Each look takes a while, and a line can be due 20,000 times.
      for (time += STEP_MS; time <= at + FORTNIGHT_MS; time += STEP_MS) {
        const [before = time] = cron.previous(1, time - shift + 1).map((each) => each + shift);
        const following = next(before, before);
        longest = Math.max(longest, following - before);
        time = Math.max(time, following);
      }
      return longest > 0 ? longest : next(first, first) - first;
    },
  };
}

/** In [0, 1), always the same for a text, far apart for texts that are alike: FNV-1a and the last mixing of MurmurHash3. */
function share(text: string): number {
  let hash = 0x811c9dc5;
  for (const unit of new TextEncoder().encode(text)) hash = Math.imul(hash ^ unit, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
