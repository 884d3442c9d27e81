import type { Notice } from '../core/notice.ts';

/**
 * What tells a repeated message: the same for every try to send a notice, also by another process after a crash, and of no other notice to this
 * receiver. `SUBJECT/STATE`, made of letters, digits, dots, dashes, underscores and slashes.
 */
export function noticeId({ subject, state }: Pick<Notice, 'subject' | 'state'>): string {
  return `${subject}/${state}`.replace(/[^\w./-]/g, '-');
}
