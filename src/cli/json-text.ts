import { isoTime } from './times.ts';

/** Keys under which our own records hold moments; `from` and `to` of hops are names and stay. */
const MOMENTS = /^(.+_at|earliest|latest|first|last|from|to)$/;

/** Data for programs: moments in UTC, ISO 8601. */
export function jsonText(value: unknown): string {
  const written = (key: string, member: unknown) =>
    typeof member === 'number' && MOMENTS.test(key) ? isoTime(member) : member;
  return `${JSON.stringify(value, written, 2)}\n`;
}
