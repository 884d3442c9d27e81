import { civilOf } from '../../core/civil.ts';

/** What `start`, `end` and `delta` mean together; epoch seconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
  readonly delta: number;
}

/** A parameter that the real server trips over: it answers 500 `internal_error`. */
export class Unreadable extends Error {
  /** For the server around it: the client is to blame, although the answer is the 500 of the real one. */
  readonly statusCode = 400;
}

/** What production has as `DEFAULT_QUERY_DELTA`. */
const DEFAULT_DELTA_S = 86_400;

/** The window of a query. Only what is needed is read: `delta` beside both others may be anything. */
export function windowOf(query: URLSearchParams, nowS: number): Window {
  const start = query.get('start');
  const end = query.get('end');
  const delta = () => {
    const given = query.get('delta');
    return given === null ? undefined : number(given);
  };
  if (start !== null && end !== null) return between(time(start), time(end));
  if (start !== null) {
    const from = time(start);
    const length = delta();
    return length === undefined ? between(from, nowS) : { start: from, end: from + length, delta: length };
  }
  const length = delta() ?? DEFAULT_DELTA_S;
  const to = end === null ? nowS : time(end);
  return { start: to - length, end: to, delta: length };
}

function between(start: number, end: number): Window {
  return { start, end, delta: end - start };
}

const NUMBER = /^\s*[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+)?\s*$/i;

function number(text: string): number {
  if (NUMBER.test(text)) return Number(text.replaceAll('_', ''));
  const [, sign = '', word] = /^\s*([+-]?)(inf|infinity|nan)\s*$/i.exec(text) ?? [];
  if (word === undefined) throw new Unreadable(`could not convert string to float: '${text}'`);
  if (/^nan$/i.test(word)) return Number.NaN;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

const DATE =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/i;
/** A `+` in an address is a blank: the zone becomes a second time of day, and the last one counts. */
const TWO_TIMES = /^(\d{4}-\d{1,2}-\d{1,2})[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)? (\d{1,2}:\d{2})$/;

function time(text: string): number {
  try {
    return number(text);
  } catch (error) {
    const seconds = dateSeconds(text.trim());
    if (seconds === undefined) throw error;
    return seconds;
  }
}

/** Epoch seconds of a date; without a zone it is UTC. */
export function dateSeconds(text: string): number | undefined {
  const [, day, hour] = TWO_TIMES.exec(text) ?? [];
  const match = DATE.exec(day === undefined ? text : `${day}T${hour}`);
  if (match === null) return undefined;
  const part = (at: number) => Number(match[at] ?? 0);
  const whole = Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6)) / 1000;
  const date = new Date(whole * 1000);
  if (date.getUTCMonth() !== part(2) - 1 || part(4) > 23 || part(5) > 59 || part(6) > 59) return undefined;
  const fraction = match[7] === undefined ? 0 : Number(`0.${match[7]}`);
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(match[8] ?? '') ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * 60;
  return whole + fraction - (sign === '-' ? -offset : offset);
}

/** What Python says of a time that it cannot hold; undefined for one that it can. */
export function outOfRange(seconds: number): string | undefined {
  if (Number.isNaN(seconds)) return 'cannot convert float NaN to integer';
  if (Math.abs(seconds) >= 2 ** 63) return 'timestamp out of range for platform time_t';
  // Far beyond what `Date` holds.
  const { year } = civilOf(seconds * 1000);
  return year < 1 || year > 9999 ? `year ${year} is out of range` : undefined;
}
