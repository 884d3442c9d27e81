import type { Receiver } from '../core/config.ts';
import { isoTime, parseIsoTime } from '../core/iso-time.ts';

export type QuietHours = NonNullable<Receiver['quiet_hours']>;

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

/** Where every hour is quiet, some day has to be the last one. */
const LONGEST = 14;

/** From when on a receiver may be told: now, or the end of its quiet hours. Epoch ms of the host. */
export function quietUntil(quiet: QuietHours | undefined, now: number): number {
  let at = now;
  // One quiet time may end within the next.
  for (let times = 0; quiet !== undefined && times < LONGEST; times += 1) {
    const end = endOfQuiet(quiet, at);
    if (end === undefined) break;
    at = end;
  }
  return at;
}

const DAYS = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed'] as const;

function endOfQuiet({ from, to, time_zone, days }: QuietHours, now: number): number | undefined {
  const today = Math.floor(localOf(now, time_zone) / DAY_MS);
  // What began yesterday may reach into today.
  for (const day of [today - 1, today]) {
    // The first day of all was a Thursday.
    const name = DAYS[((day % 7) + 7) % 7];
    if (days !== undefined && name !== undefined && !days.includes(name)) continue;
    const begins = epochOfLocal(day * DAY_MS + minutesOf(from) * MINUTE_MS, time_zone);
    const last = minutesOf(to) > minutesOf(from) ? day : day + 1;
    const ends = epochOfLocal(last * DAY_MS + minutesOf(to) * MINUTE_MS, time_zone);
    if (begins <= now && now < ends) return ends;
  }
  return undefined;
}

function minutesOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** What the clock on the wall shows there, as if it were UTC. */
function localOf(epochMs: number, timeZone: string): number {
  const shown = formatFor(timeZone).format(epochMs).replace(' ', 'T');
  return parseIsoTime(`${shown}Z`) ?? epochMs;
}

/** The moment at which the clock there shows this; what it leaps over comes as much later, what it shows twice is the first. */
function epochOfLocal(local: number, timeZone: string): number {
  const offsetAt = (epochMs: number) => localOf(epochMs, timeZone) - Math.floor(epochMs / 1000) * 1000;
  const candidates = [offsetAt(local - DAY_MS), offsetAt(local + DAY_MS)].map((offset) => local - offset);
  const shown = candidates.filter((epochMs) => localOf(epochMs, timeZone) === local);
  return shown.length > 0 ? Math.min(...shown) : Math.max(...candidates);
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(timeZone);
  if (known !== undefined) return known;
  // Swedish writes dates as ISO 8601 does.
  const made = new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: 'medium',
    hourCycle: 'h23',
    timeZone,
  });
  FORMATS.set(timeZone, made);
  return made;
}

/** `2026-11-21T08:00Z`, as people are told: seconds say nothing to them. */
export function minuteTime(epochMs: number): string {
  return `${isoTime(epochMs).slice(0, 16)}Z`;
}
