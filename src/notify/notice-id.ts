import { createHash } from 'node:crypto';
import type { Notice } from '../core/notice.ts';

/** Characters: a header of a mail has this in one piece. */
const LIMIT = 150;

/**
 * What tells a repeated message: the same for every try to send a notice, also by another process after a crash, and of no other notice to this
 * receiver. `SUBJECT/STATE`, made of letters, digits, dots, dashes, underscores and slashes.
 */
export function noticeId({ subject, state }: Pick<Notice, 'subject' | 'state'>): string {
  return `${plain(subject)}/${plain(state)}`;
}

/** Ids of ours are plain and short; what is neither stays told apart. */
function plain(text: string): string {
  if (text.length <= LIMIT && /^[\w./-]+$/.test(text)) return text;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return `${text.slice(0, LIMIT - digest.length).replace(/[^\w./-]/g, '-')}-${digest}`;
}
