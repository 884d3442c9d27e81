import type { IncidentMessage } from '../core/notice.ts';
import { manyLines, oneLine } from './text.ts';

/** Characters of one title of a link. */
const LINK_TITLE_LIMIT = 100;
const URL_LIMIT = 500;

const MOST_LINKS = 10;

/** Those links of a message that a click may follow. */
export function safeLinks({ links }: IncidentMessage): IncidentMessage['links'] {
  return links
    .filter(({ url }) => url.length <= URL_LIMIT && /^https?:\/\/[!-~]+$/.test(url))
    .slice(0, MOST_LINKS)
    .map(({ title, url }) => ({ title: oneLine(title, LINK_TITLE_LIMIT), url }));
}

/** All that a message has to say, as plain text; links that the text lacks, or lost when it was cut to `most` characters, stand below it. */
export function plainBody(message: IncidentMessage, most: number): string {
  const text = manyLines(message.text, most);
  const missing = safeLinks(message).filter(({ url }) => !text.includes(url));
  return [text, missing.map(({ title, url }) => `${title}: ${url}`).join('\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}
