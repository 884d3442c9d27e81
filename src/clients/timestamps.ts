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
  const days = daysSinceEpoch(number('year'), number('month'), number('day'));
  const fraction = groups['fraction'] === undefined ? 0 : Number(`0.${groups['fraction']}`);
  const seconds = days * 86_400 + number('hour') * 3600 + number('minute') * 60 + number('second') + fraction;
  return seconds * 1000 - zoneMs(groups['zone']);
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
  const { year, month, day } = dateOf(Math.floor(ms / 86_400_000));
  const rest = ((ms % 86_400_000) + 86_400_000) % 86_400_000;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const time = `${two(rest / 3_600_000)}:${two((rest / 60_000) % 60)}:${two((rest / 1000) % 60)}`;
  const fraction = `${String(Math.floor(rest % 1000)).padStart(3, '0')}000`;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time}.${fraction}`;
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  const digits = zone.replace(/\D/g, '');
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
}

// `Date` belongs to the clock alone; these two are the usual civil-calendar arithmetic (years begin in March, eras have 400 years).
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function dateOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}
