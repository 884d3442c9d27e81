// Swedish writes dates as ISO 8601 does: `2026-11-17 08:00:05`.
const FIELDS = { dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' } as const;
const LOCAL = new Intl.DateTimeFormat('sv-SE', FIELDS);
const UTC = new Intl.DateTimeFormat('sv-SE', { ...FIELDS, timeZone: 'UTC' });

/** A moment of talk: local time, to the second. */
export function localTime(epochMs: number): string {
  return LOCAL.format(epochMs);
}

/** A moment of data: UTC, ISO 8601 with ms. */
export function isoTime(epochMs: number): string {
  const ms = Math.floor(((epochMs % 1000) + 1000) % 1000);
  return `${UTC.format(epochMs).replace(' ', 'T')}.${String(ms).padStart(3, '0')}Z`;
}
