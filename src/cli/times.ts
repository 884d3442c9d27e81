// Swedish writes dates as ISO 8601 does: `2026-11-17 08:00:05`.
const make = () =>
  new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' });

/** Not before it is needed: it loads the tables of all time zones, 10 MB. */
let local: Intl.DateTimeFormat | undefined;

/** A moment of talk: local time, to the second. */
export function localTime(epochMs: number): string {
  local ??= make();
  return local.format(epochMs);
}
