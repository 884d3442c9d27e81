// Swedish writes dates as ISO 8601 does: `2026-11-17 08:00:05`.
const LOCAL = new Intl.DateTimeFormat('sv-SE', {
  dateStyle: 'short',
  timeStyle: 'medium',
  hourCycle: 'h23',
});

/** A moment of talk: local time, to the second. */
export function localTime(epochMs: number): string {
  return LOCAL.format(epochMs);
}
