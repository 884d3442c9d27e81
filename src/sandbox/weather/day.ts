import type { Kit } from '../kit/kit.ts';

const HOUR_MS = 3_600_000;

/** Sessions of one person on a weekday: a build or two every other day. */
const SESSIONS_A_DAY = 0.42;

/** When people work, by hour of UTC: Europe's day and America's, little in the night of both. In sum 24. */
const HOURS = [
  0.4, 0.35, 0.35, 0.35, 0.45, 0.6, 0.9, 1.3, 1.6, 1.7, 1.6, 1.4, 1.5, 1.7, 1.8, 1.7, 1.5, 1.3, 1.1, 0.9, 0.8,
  0.7, 0.55, 0.45,
] as const;
/** How much of a weekday's work is done on each day of the week, from Sunday. */
const WEEK = [0.3, 1, 1.1, 1.1, 1, 0.85, 0.3] as const;

/** How many builds others begin in the hour of a moment: few people at work make few, and no two hours are alike. */
export function buildsOfHour(kit: Kit, at: number, people: number): number {
  const date = new Date(at);
  const share = ((HOURS[date.getUTCHours()] ?? 1) / 24) * (WEEK[date.getUTCDay()] ?? 1);
  return poisson(people * SESSIONS_A_DAY * share, kit.draw('weather.hour', String(Math.floor(at / HOUR_MS))));
}

/** How often something happened that is expected so often. @param uniform in [0, 1) */
export function poisson(mean: number, uniform: number): number {
  let chance = Math.exp(-mean);
  let below = chance;
  let count = 0;
  // So many never come: the sum may stay a hair below 1.
  const most = Math.ceil(mean + 12 * Math.sqrt(mean) + 12);
  while (uniform >= below && count < most) {
    count += 1;
    chance *= mean / count;
    below += chance;
  }
  return count;
}
