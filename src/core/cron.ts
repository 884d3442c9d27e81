/** When a probe is due, as five fields of cron say it; every list is sorted. */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly weekdays: readonly number[];
  /** Where both days and weekdays are restricted, cron takes either. */
  readonly eitherDay: boolean;
}

interface Field {
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const LONGEST_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Reads `0 6,18 * * mon-fri`; undefined where it is no cron line or names no day that there is. */
export function parseCron(text: string): Cron | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const minutes = parseField(minute, { from: 0, to: 59 });
  const hours = parseField(hour, { from: 0, to: 23 });
  const days = parseField(day, { from: 1, to: 31 });
  const months = parseField(month, { from: 1, to: 12, names: MONTHS });
  const sundays = parseField(weekday, { from: 0, to: 7, names: WEEKDAYS });
  if (!minutes || !hours || !days || !months || !sundays) return undefined;
  const weekdays = [...new Set(sundays.map((each) => each % 7))].sort((a, b) => a - b);
  const eitherDay = !day.startsWith('*') && !weekday.startsWith('*');
  const isSomeDay = months.some((each) => days.some((date) => date <= (LONGEST_MONTH[each - 1] ?? 0)));
  return isSomeDay || eitherDay ? { minutes, hours, days, months, weekdays, eitherDay } : undefined;
}

function parseField(text: string, field: Field): readonly number[] | undefined {
  const values = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const { range, step } = /^(?<range>[^/]+)(?:\/(?<step>\d+))?$/.exec(part)?.groups ?? {};
    if (range === undefined || step === '0') return undefined;
    const [first, last, ...more] =
      range === '*' ? [field.from, field.to] : range.split('-').map(valueIn(field));
    if (first === undefined || more.length > 0) return undefined;
    // `5/15` is 5, 20, 35, 50: from there to the end.
    const end = last ?? (step === undefined || range.includes('-') ? first : field.to);
    if (range.includes('-') && last === undefined) return undefined;
    if (first > end) return undefined;
    for (let value = first; value <= end; value += Number(step ?? 1)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function valueIn(field: Field): (text: string) => number | undefined {
  return (text) => {
    const named = field.names?.indexOf(text) ?? -1;
    // Names of weekdays count from 0, those of months from 1: each from where its field begins.
    if (named !== -1) return named + field.from;
    if (!/^\d+$/.test(text)) return undefined;
    const value = Number(text);
    return value >= field.from && value <= field.to ? value : undefined;
  };
}
