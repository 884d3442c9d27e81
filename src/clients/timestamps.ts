import { epochOf, isoOf } from '../core/civil.ts';
import { MONTHS } from './calendar.ts';

/** A moment as a system tells it: both bounds are the same where its stamp is exact. Epoch ms. */
export interface Stamp {
  readonly earliest: number;
  readonly latest: number;
}

const PATTERN =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[T ](?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?:\.(?<fraction>\d+))?\s*(?<zone>Z|[+-]\d\d:?\d\d)?$/;

/**
 * Reads the dialects of the systems: Bodhi's `2026-11-21 11:19:00`, ResultsDB's `2026-11-21T11:19:00.123456`, the `sent-at` of messages with
 * its offset. Without a zone it is UTC, as all of them mean it. Undefined where it is no timestamp.
 */
export function utcMs(text: string): number | undefined {
  const ms = preciseMs(text);
  return ms === undefined ? undefined : Math.round(ms);
}

function preciseMs(text: string): number | undefined {
  const groups = PATTERN.exec(text.trim())?.groups;
  if (groups === undefined) return undefined;
  const number = (name: string) => Number(groups[name] ?? 0);
  const whole = epochOf({
    year: number('year'),
    month: number('month'),
    day: number('day'),
    hour: number('hour'),
    minute: number('minute'),
    second: number('second'),
  });
  return whole + Number(`0.${groups['fraction'] ?? 0}`) * 1000 - zoneMs(groups['zone']);
}

/** Reads the date of an HTTP header, `Sat, 21 Nov 2026 12:15:55 GMT`; null where it is none. */
export function httpDate(text: string | undefined): number | null {
  const parts = /^\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(text?.trim() ?? '');
  const [, day = '', name = '', year, hour, minute, second] = parts ?? [];
  const month = (MONTHS as readonly string[]).indexOf(name) + 1;
  if (month === 0) return null;
  return epochOf({
    year: Number(year),
    month,
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  });
}

/** As a stamp: one without a fraction was cut to its second, and can lie anywhere in it. */
export function stampOf(text: string): Stamp | undefined {
  const ms = utcMs(text);
  if (ms === undefined || /:\d\d\.\d/.test(text)) return exactStampOf(text);
  return { earliest: ms, latest: ms + 1000 };
}

/** As a stamp of a system that leaves a fraction of 0 out. */
export function exactStampOf(text: string): Stamp | undefined {
  const ms = preciseMs(text);
  return ms === undefined ? undefined : around(ms);
}

/** Koji's epoch seconds with a fraction. */
export function stampOfSeconds(seconds: number): Stamp {
  return around(seconds * 1000);
}

/** The whole milliseconds around a moment. */
function around(ms: number): Stamp {
  return { earliest: Math.floor(ms), latest: Math.ceil(ms) };
}

/** `2026-11-21T11:19:00.123000`: the form that ResultsDB takes, whose fraction is mandatory. */
export function isoUtc(ms: number): string {
  const fraction = String(Math.floor(((ms % 1000) + 1000) % 1000)).padStart(3, '0');
  return isoOf(ms).replace('Z', `.${fraction}000`);
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  const digits = zone.replace(/\D/g, '');
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
}
