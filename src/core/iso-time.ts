import { epochOf, isoOf } from './civil.ts';

/** A moment of data: UTC, ISO 8601 with ms. */
export function isoTime(epochMs: number): string {
  const ms = Math.floor(((epochMs % 1000) + 1000) % 1000);
  return isoOf(epochMs).replace('Z', `.${String(ms).padStart(3, '0')}Z`);
}

const PATTERN =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:T(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?)?Z)?$/;

/** Reads `2026-11-17T08:00:05Z`, also without seconds, or the day alone; undefined where it is no moment that there is. Epoch ms. */
export function parseIsoTime(text: string): number | undefined {
  const groups = PATTERN.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const part = (name: string) => Number(groups[name] ?? 0);
  const civil = {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
  const whole = epochOf(civil);
  // The 31st of a short month, the 25th hour: what is no moment comes out as another one.
  if (!isoOf(whole).startsWith(text.slice(0, 16).replace('Z', ''))) return undefined;
  if (civil.second > 59) return undefined;
  return whole + Math.floor(Number(`0.${groups['fraction'] ?? 0}`) * 1000);
}
