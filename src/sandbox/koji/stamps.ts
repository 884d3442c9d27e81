import { pythonFault, sqlFault } from './faults.ts';
import { Float, repr, type Value } from './value.ts';

/** Seconds since the epoch with six decimals: what PostgreSQL keeps and the API gives as `…_ts`. */
export type Stamp = number;

/** A stamp from epoch milliseconds with fraction. */
export function stampOf(ms: number): Stamp {
  return Math.round(ms * 1000) / 1e6;
}

/** Epoch milliseconds of a stamp. */
export function msOf(stamp: Stamp): number {
  return stamp * 1000;
}

/** `2026-11-21 11:05:17.457175+00:00`; the fraction vanishes when it is 0. */
export function timeText(stamp: Stamp): string {
  const micros = Math.round(stamp * 1e6);
  const seconds = Math.floor(micros / 1e6);
  const rest = micros - seconds * 1e6;
  const head = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
  return rest === 0 ? `${head}+00:00` : `${head}.${String(rest).padStart(6, '0')}+00:00`;
}

/** Python's `repr` of the datetime that a stamp is; parts that are 0 at the end vanish. */
export function datetimeRepr(stamp: Stamp | null): string {
  if (stamp === null) return 'None';
  const micros = Math.round((stamp - Math.floor(stamp)) * 1e6);
  const at = new Date(Math.floor(stamp) * 1000);
  const parts = [
    at.getUTCFullYear(),
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
  ];
  if (at.getUTCSeconds() !== 0 || micros !== 0) parts.push(at.getUTCSeconds());
  if (micros !== 0) parts.push(micros);
  return `datetime.datetime(${parts.join(', ')}, tzinfo=datetime.timezone.utc)`;
}

/** The string form of a stamp that may be missing. */
export function timeOrNil(stamp: Stamp | null): string | null {
  return stamp === null ? null : timeText(stamp);
}

/** The float form of a stamp that may be missing. */
export function floatOrNil(stamp: Stamp | null): Float | null {
  return stamp === null ? null : new Float(stamp);
}

const ISO =
  /^\s*(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::(\d{2})(\.\d+)?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?\s*$/;

/** Reads a bound of a query: epoch seconds or an ISO text in UTC. */
export function readStamp(value: Value, column: string, operator: string, line: number): Stamp {
  if (value instanceof Float) return value.value;
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') {
    throw pythonFault('koji.ParameterError', `Invalid type for timestamp: ${repr(value)}`);
  }
  const match = ISO.exec(value);
  const [, day = '', time = '00:00', seconds = '00', fraction = '', zone = 'Z'] = match ?? [];
  const offset = /^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  const whole = match === null ? Number.NaN : Date.parse(`${day}T${time}:${seconds}${offset}`);
  if (Number.isNaN(whole)) {
    throw sqlFault({
      type: 'InvalidDatetimeFormat',
      text: `invalid input syntax for type timestamp with time zone: "${value}"`,
      line,
      where: `${column} ${operator} '${value}'`,
      at: `'${value}'`,
    });
  }
  return whole / 1000 + (fraction === '' ? 0 : Number(fraction));
}
