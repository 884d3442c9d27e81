// Swedish writes dates as ISO 8601 does: `2026-11-17 08:00:05`.
const UTC = new Intl.DateTimeFormat('sv-SE', {
  dateStyle: 'short',
  timeStyle: 'medium',
  hourCycle: 'h23',
  timeZone: 'UTC',
});

/** A moment of data: UTC, ISO 8601 with ms. */
export function isoTime(epochMs: number): string {
  const ms = Math.floor(((epochMs % 1000) + 1000) % 1000);
  return `${UTC.format(epochMs).replace(' ', 'T')}.${String(ms).padStart(3, '0')}Z`;
}

const PATTERN =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:T(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?)?Z)?$/;

/** Reads `2026-11-17T08:00:05Z`, also without seconds, or the day alone; undefined where it is no moment that there is. Epoch ms. */
export function parseIsoTime(text: string): number | undefined {
  const groups = PATTERN.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const part = (name: string) => Number(groups[name] ?? 0);
  const [month, day, hour, minute, second] = ['month', 'day', 'hour', 'minute', 'second'].map(part);
  if (hour === undefined || hour > 23 || (minute ?? 60) > 59 || (second ?? 60) > 59) return undefined;
  const days = daysSinceEpoch(part('year'), month ?? 0, day ?? 0);
  const seconds = days * 86_400 + hour * 3600 + (minute ?? 0) * 60 + (second ?? 0);
  const epochMs = seconds * 1000 + Math.floor(Number(`0.${groups['fraction'] ?? 0}`) * 1000);
  // The 31st of a short month, and whatever else is no day, comes out as another one.
  return isoTime(epochMs).startsWith(text.slice(0, 10)) ? epochMs : undefined;
}

/** Years begin in March here, so that the leap day is the last one. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return (
    years * 365 +
    Math.floor(years / 4) -
    Math.floor(years / 100) +
    Math.floor(years / 400) +
    dayOfYear -
    719_468
  );
}
