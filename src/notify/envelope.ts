import { isoTime } from '../core/iso-time.ts';
import type { Notice } from '../core/notice.ts';
import { noticeId } from './notice-id.ts';

/** Version of what machines are sent; raised when a key goes or changes its meaning, not when one is added. */
export const SCHEMA_VERSION = 1;

/** A notice as machines get it, through a webhook or a command: JSON of one line, the same bytes for every try. */
export function envelope(notice: Notice): string {
  const whole = {
    schema_version: SCHEMA_VERSION,
    id: noticeId(notice),
    receiver: notice.receiver,
    created_at: isoTime(notice.created_at),
    message: notice.message,
  };
  // Half of a pair of characters is none: not every reader of JSON takes it.
  return JSON.stringify(whole, (_, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );
}
