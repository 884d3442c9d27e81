const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (number: number) => String(number).padStart(2, '0');
const hours = (date: Date) => [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');

/** `Tue Nov 14 22:13:20 2023`, local. */
export function asctime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  const day = String(date.getDate()).padStart(2, ' ');
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${hours(date)} ${date.getFullYear()}`;
}

/** `Tue, 14 Nov 2023 22:23:20 UTC`, in the local zone. */
export function longTime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  const zone = /\(([A-Z]+)\)$/.exec(date.toTimeString())?.[1] ?? zoneName(date);
  return `${DAYS[date.getDay()]}, ${two(date.getDate())} ${MONTHS[date.getMonth()]} ${date.getFullYear()} ${hours(date)} ${zone}`;
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
}

/** `2026-11-21 11:27:08,306`, local: how Python's logging begins a line. */
export function logTime(date: Date): string {
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${hours(date)},${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** `11/21/26 11:15:55`, local: how klist tells times. */
export function shortTime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  return `${two(date.getMonth() + 1)}/${two(date.getDate())}/${two(date.getFullYear() % 100)} ${hours(date)}`;
}
