import { civilOf } from '../core/civil.ts';

const DAY_MS = 86_400_000;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
export const MONTHS = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
] as const;

/** `Sat Nov 21 2026`: rpm demands the names of the C locale, whatever the host speaks. */
export function changelogDate(epochMs: number): string {
  const { year, month, day } = civilOf(epochMs);
  // 1970-01-01 was a Thursday.
  const weekday = WEEKDAYS[(((Math.floor(epochMs / DAY_MS) + 4) % 7) + 7) % 7] ?? 'Thu';
  return `${weekday} ${MONTHS[month - 1] ?? 'Jan'} ${two(day)} ${year}`;
}

/**
 * When a run id was made, in real time (epoch ms): the first 48 bits of a UUIDv7. What must have the same bytes on a second call takes its
 * date from here.
 */
export function timeOfRunId(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
