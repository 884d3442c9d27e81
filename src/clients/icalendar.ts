import ICAL from 'ical.js';
import type { Dropped, Reading, Told } from '../core/calendar.ts';
import { civilOf, epochOf, isoOf } from '../core/civil.ts';

/** A rule that has not come to the present after so many times is due every second of a year long gone. */
const MOST_TIMES = 20_000;

/** Periods of one event that are kept. */
const MOST_PERIODS = 1000;

interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Reads the events of an iCalendar file that touch a stretch of time, each occurrence of a recurring one by itself. Throws an Error where it is no
 * iCalendar at all; an event that is wrong hurts no other. Times without a zone, and whole days, are those of the calendar's `X-WR-TIMEZONE`, else UTC.
 */
export function readICalendar(body: string, span: Span): Reading {
  // Folded lines go on after a blank.
  const text = body.replace(/\r?\n[ \t]/g, '');
  if (!/^BEGIN:VCALENDAR\s*$/im.test(text)) throw new Error('it is no iCalendar');
  const zone = /^X-WR-TIMEZONE:(.+)$/im.exec(text)?.[1]?.trim();
  const zones = blocks(text, 'VTIMEZONE');
  const told: Told[] = [];
  const dropped: Dropped[] = [];
  // What belongs together is read together, and nothing else: the reader gives a whole file up for one bad line.
  for (const [uid, events] of byUid(blocks(text, 'VEVENT'))) {
    try {
      told.push(...occurrences(uid, { events, zones, zone: isZone(zone) ? zone : 'UTC', span }));
    } catch (thrown) {
      const title = /^SUMMARY[^:]*:(.*)$/im.exec(events[0] ?? '')?.[1]?.trim();
      dropped.push({ what: title || uid, why: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }
  return { told, dropped };
}

function blocks(text: string, name: string): readonly string[] {
  return text.match(new RegExp(`^BEGIN:${name}[ \\t]*\\r?$[\\s\\S]*?^END:${name}[ \\t]*\\r?$`, 'gim')) ?? [];
}

function byUid(events: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const [index, event] of events.entries()) {
    const uid = /^UID[^:]*:(.*)$/im.exec(event)?.[1]?.trim() || `event ${index + 1}`;
    groups.set(uid, [...(groups.get(uid) ?? []), event]);
  }
  return groups;
}

interface Group {
  readonly events: readonly string[];
  readonly zones: readonly string[];
  readonly zone: string;
  readonly span: Span;
}

function occurrences(uid: string, { events, zones, zone, span }: Group): readonly Told[] {
  const used = zones.filter((each) => {
    const id = /^TZID[^:]*:(.*)$/im.exec(each)?.[1]?.trim();
    return id !== undefined && events.some((event) => event.includes(id));
  });
  const text = ['BEGIN:VCALENDAR', 'VERSION:2.0', ...used, ...events, 'END:VCALENDAR'].join('\r\n');
  const calendar = new ICAL.Component(ICAL.parse(text));
  const all = calendar.getAllSubcomponents('vevent').map((component) => new ICAL.Event(component));
  const main = all.find((event) => !event.isRecurrenceException());
  // An exception whose rule is not told stands for itself.
  if (main === undefined) return all.flatMap((event) => toldOf(uid, event, event, zone));
  for (const event of all) if (event.isRecurrenceException()) main.relateException(event);
  if (!main.isRecurring()) return toldOf(uid, main, main, zone);

  const told: Told[] = [];
  const iterator = main.iterator();
  for (let count = 0; ; count += 1) {
    if (count >= MOST_TIMES) throw new Error(`it recurs more than ${MOST_TIMES} times`);
    const next = iterator.next() as ICAL.Time | null;
    if (!next) break;
    const { item, startDate, endDate } = main.getOccurrenceDetails(next);
    const [found] = toldOf(uid, item, { startDate, endDate }, zone);
    const from = found?.from ?? epochOfTime(next, main, zone);
    // One that was moved elsewhere says nothing of those after it.
    if (from > span.to && item === main) break;
    if (found === undefined || (found.to ?? found.from) < span.from || found.from > span.to) continue;
    told.push(found);
    if (told.length >= MOST_PERIODS) break;
  }
  return told;
}

interface Times {
  readonly startDate: ICAL.Time | null;
  readonly endDate: ICAL.Time | null;
}

/** None where it was called off. */
function toldOf(uid: string, event: ICAL.Event, times: Times, zone: string): readonly Told[] {
  const { component, summary } = event;
  if (textOf(component, 'status').toUpperCase() === 'CANCELLED') return [];
  const { startDate, endDate } = times;
  if (!startDate) throw new Error('it does not say when it begins');
  const from = epochOfTime(startDate, event, zone);
  const link = textOf(component, 'url');
  return [
    {
      id: `${uid} ${isoOf(from)}`,
      from,
      to: endDate ? epochOfTime(endDate, event, zone) : undefined,
      note: summary || uid,
      link: /^https?:\/\/[^\s@]+$/.test(link) ? link : null,
      systems: [],
    },
  ];
}

function textOf(component: ICAL.Component, name: string): string {
  const value = component.getFirstPropertyValue(name);
  return typeof value === 'string' ? value : '';
}

function epochOfTime(time: ICAL.Time, event: ICAL.Event, zone: string): number {
  const { year, month, day, hour, minute, second } = time;
  const civil = time.isDate
    ? { year, month, day, hour: 0, minute: 0, second: 0 }
    : { year, month, day, hour, minute, second };
  const isFloating = time.isDate || time.zone === ICAL.Timezone.localTimezone;
  if (!isFloating) return time.toUnixTime() * 1000;
  const named = event.component.getFirstProperty('dtstart')?.getFirstParameter('tzid');
  if (time.isDate || named === undefined) return epochIn(zone, epochOf(civil));
  // The file does not describe the zone that it names: those that everybody has are known.
  if (!isZone(named)) throw new Error(`nobody knows its time zone ${named}`);
  return epochIn(named, epochOf(civil));
}

function isZone(name: string | undefined): name is string {
  try {
    return name !== undefined && new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** What a clock on the wall there shows, taken for UTC, in real time. */
function epochIn(zone: string, wall: number): number {
  // The second look is for a wall time just beside a change of the clock.
  const first = wall - offsetAt(zone, wall);
  return wall - offsetAt(zone, first);
}

function offsetAt(zone: string, at: number): number {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const shown = { ...civilOf(at), ...parts };
  return epochOf(shown) - Math.floor(at / 1000) * 1000;
}
