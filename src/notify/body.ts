import type { IncidentMessage } from '../core/notice.ts';
import { manyLines, oneLine } from './text.ts';

/** Characters of one title of a link. */
const LINK_TITLE_LIMIT = 100;
const URL_LIMIT = 500;

const MOST_LINKS = 10;

/** The links of a message that its text does not name already, and that a click may follow. */
export function furtherLinks({ text, links }: IncidentMessage): IncidentMessage['links'] {
  return links
    .filter(({ url }) => url.length <= URL_LIMIT && /^https?:\/\/[!-~]+$/.test(url) && !text.includes(url))
    .slice(0, MOST_LINKS)
    .map(({ title, url }) => ({ title: oneLine(title, LINK_TITLE_LIMIT), url }));
}

/** All that a message has to say, as plain text of at most about `most` characters; links are kept whole. */
export function plainBody(message: IncidentMessage, most: number): string {
  const text = manyLines(message.text, most);
  const links = furtherLinks(message).map(({ title, url }) => `${title}: ${url}`);
  return links.length === 0 ? text : `${text}\n\n${links.join('\n')}`;
}
