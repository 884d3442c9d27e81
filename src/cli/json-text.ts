import { isoTime } from '../core/iso-time.ts';

/** Keys under which our own records hold moments; `from` and `to` of hops are names and stay. */
const MOMENTS = /^(.+_at|earliest|latest|first|last|from|to)$/;

/** Data for programs: moments in UTC, ISO 8601. */
export function jsonText(value: unknown): string {
  const moment = (member: unknown) => (typeof member === 'number' ? isoTime(member) : member);
  const written = (key: string, member: unknown) => {
    if (!MOMENTS.test(key)) return member;
    return Array.isArray(member) ? member.map(moment) : moment(member);
  };
  return `${JSON.stringify(value, written, 2)}\n`;
}
