import { Float, pythonJson } from './python-json.ts';
import type { StoredMessage } from './stored.ts';

/** A message as `/v2` gives it. */
export function current({ message, timestamp }: StoredMessage): Record<string, unknown> {
  const { headers, priority } = headersOf(message.headers, timestamp);
  return { body: message.body, headers, id: message.id, priority, queue: null, topic: message.topic };
}

function headersOf(given: Readonly<Record<string, unknown>>, timestamp: number) {
  const headers = given['sent-at'] === undefined ? { ...given, 'sent-at': isoMicros(timestamp) } : given;
  const priority = typeof given['priority'] === 'number' ? given['priority'] : 0;
  return { headers, priority };
}

/** A message in the envelope of fedmsg, which `/raw` and `/id` still give. */
export function legacy({
  message,
  timestamp,
  agent,
  users,
  packages,
}: StoredMessage): Record<string, unknown> {
  return {
    i: 0,
    msg_id: message.id,
    topic: message.topic,
    timestamp: new Float(Math.floor(timestamp)),
    certificate: null,
    signature: null,
    agent_name: agent,
    username: agent,
    crypto: null,
    msg: message.body,
    headers: message.headers,
    source_name: 'datanommer',
    source_version: '1.5.0',
    users,
    packages,
  };
}

/** Words that were replaced, and by what; asked for, they come with a warning. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ['subtitle', 'summary'],
  ['link', 'url'],
  ['icon', 'app_icon'],
]);

/** What the message's class would tell people about it. */
export function metaOf(row: StoredMessage, words: readonly string[]): Record<string, unknown> {
  const all: Record<string, unknown> = {
    summary: summaryOf(row),
    text: pythonJson(row.message.body),
    url: typeof row.message.body['url'] === 'string' ? row.message.body['url'] : null,
    app_icon: null,
    agent_avatar: null,
    usernames: row.users,
    packages: row.packages,
    containers: [],
    modules: [],
    flatpaks: [],
    date: isoMicros(row.timestamp),
  };
  const meta: Record<string, unknown> = {};
  for (const word of words) {
    const now = REPLACED.get(word);
    meta[word] = all[now ?? word];
    if (now === undefined) continue;
    const warnings = (meta['WARNING'] as string[] | undefined) ?? [];
    meta['WARNING'] = [...warnings, `Meta ${word} is deprecated and has been replaced by ${now}`];
  }
  return meta;
}

function summaryOf({ message }: StoredMessage): string {
  const [, verb] = /\.buildsys\.(tag|untag)$/.exec(message.topic) ?? [];
  if (verb === undefined) return message.topic;
  const { name, version, release, tag, user } = message.body;
  const moved = verb === 'tag' ? 'tagged into' : 'untagged from';
  return `${name}-${version}-${release} was ${moved} ${tag} by ${user}`;
}

/** Python's `isoformat` in UTC with six digits. */
function isoMicros(timestamp: number): string {
  const micros = Math.round((timestamp - Math.floor(timestamp)) * 1e6);
  const whole = new Date(Math.floor(timestamp) * 1000).toISOString().slice(0, 19);
  return micros === 0 ? `${whole}+00:00` : `${whole}.${String(micros).padStart(6, '0')}+00:00`;
}

/** An error page of werkzeug. */
export function errorPage(title: string, text: string): string {
  const escaped = text.replace(
    /[&<>'"]/g,
    (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;' })[sign] ?? '&#34;',
  );
  const [, name = title] = /^\d+ (.*)$/.exec(title) ?? [];
  return `<!doctype html>\n<html lang=en>\n<title>${title}</title>\n<h1>${name}</h1>\n<p>${escaped}</p>\n`;
}

/** Messages as a page for people. */
export function cardsPage(rows: readonly StoredMessage[]): string {
  const cards = rows.map(
    (row) =>
      `<li>${isoMicros(row.timestamp)} <a href="/v2/id?id=${row.message.id}">${row.message.topic}</a></li>`,
  );
  return `<!DOCTYPE html>\n<html lang="en">\n  <head>\n    <meta charset="utf-8" />\n    <title>Raw Messages</title>\n  </head>\n  <body>\n    <ul>\n${cards.join('\n')}\n    </ul>\n  </body>\n</html>\n`;
}
