import { Cron } from 'croner';

/** Due times as five fields of cron say them, in a time zone. Whole seconds, epoch ms. */
export interface CronTimes {
  /** The first one after a moment; Infinity where there is none any more. */
  next(after: number): number;
  /** The last `count` ones before a moment, oldest first. */
  previous(count: number, before: number): readonly number[];
}

/**
 * Throws where it is no cron line. A fixed time that the clock leaves out in spring is due at the first one that there is, one that comes twice in
 * autumn the first time only; a line with a wildcard or a step goes by elapsed time.
 */
export function cronTimes(text: string, timeZone: string): CronTimes {
  // A text would be looked up in the tables of time zones, which take 10 MB of a process: not for UTC, which has none.
  // biome-ignore lint/style/noRestrictedGlobals: the form that croner takes, of a given moment; no clock is read.
  const dateOf = (at: number) => new Date(at);
  const make = () =>
    new Cron(text, {
      mode: '5-part',
      ...(timeZone === 'UTC' ? { utcOffset: 0 } : { timezone: timeZone }),
      paused: true,
      // `5/15` is 5, 20, 35, 50, as many a cron has it.
      sloppyRanges: true,
      // Lists of hours are fixed times, too: `30 2,14 * * *` is due twice on every day.
      fixedTimeRule: 'no-wildcard',
    });
  // Each one lists ten thousand years, 80 kB: too much to hold on to for hours, too slow to make for every one of many times.
  let kept = new WeakRef(make());
  const cron = () => {
    const one = kept.deref() ?? make();
    kept = new WeakRef(one);
    return one;
  };
  return {
    next: (after) => cron().nextRun(dateOf(after))?.getTime() ?? Number.POSITIVE_INFINITY,
    // It takes the first of a moment's milliseconds for the whole second.
    previous: (count, before) =>
      cron()
        .previousRuns(count, dateOf(Math.ceil(before / 1000) * 1000))
        .map((date) => date.getTime())
        .reverse(),
  };
}

/** Whether it is a line of five fields. */
export function isCron(text: string): boolean {
  if (text.trim().split(/\s+/).length !== 5) return false;
  try {
    cronTimes(text.trim(), 'UTC');
    return true;
  } catch {
    return false;
  }
}

/** Whether a line of cron names a day that there is: the 30th of February is none. */
export function everComes(text: string): boolean {
  return cronTimes(text.trim(), 'UTC').next(0) !== Number.POSITIVE_INFINITY;
}
