import { z } from 'zod';
import type { Receiver } from '../core/config.ts';
import { Fault } from '../core/fault.ts';
import type { Channel, IncidentMessage } from '../core/notice.ts';
import type { HttpResponse } from '../core/ports.ts';
import { plainBody, safeLinks } from './body.ts';
import { type ChannelOptions, readToken } from './channel-options.ts';
import { busy, type Exchange, exchange, notTaken, refused } from './exchange.ts';
import { noticeId } from './notice-id.ts';
import { escapeHtml, manyLines, oneLine } from './text.ts';

/** Characters. An event may have 64 KiB, and a text stands in it twice, once escaped. */
const TEXT_LIMIT = 4000;
const TITLE_LIMIT = 300;

/** How many incidents are remembered for their threads. */
const THREADS_LIMIT = 500;

const problem = z.object({
  errcode: z.string().catch(''),
  error: z.string().catch(''),
  retry_after_ms: z.number().optional().catch(undefined),
});
const aliasAnswer = z.object({ room_id: z.string() });
const sendAnswer = z.object({ event_id: z.string() });

/** For people: one event in a room for each change of an incident, the later ones in a thread of the first. The homeserver tells repeats by the transaction. */
export function matrix(
  name: string,
  receiver: Extract<Receiver, { kind: 'matrix' }>,
  options: ChannelOptions,
): Channel {
  const { http, clock } = options;
  const base = receiver.homeserver.replace(/\/+$/, '');
  const other: Exchange = { http, clock, who: `the Matrix homeserver ${new URL(base).host}` };
  let room: string | undefined = receiver.room.startsWith('!') ? receiver.room : undefined;
  const first = new Map<string, string>();

  async function call<Answer>(
    schema: z.ZodType<Answer>,
    [method, path, content]: readonly [string, string, object?],
    signal: AbortSignal,
  ): Promise<Answer> {
    const token = await readToken(options, receiver.token, `receivers.${name}.token`);
    const response = await exchange(
      other,
      {
        method,
        url: `${base}/_matrix/client/v3/${path}`,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(content === undefined ? {} : { body: JSON.stringify(content) }),
      },
      signal,
    );
    if (response.status !== 200) throw problemOf(other, response);
    const answer = schema.safeParse(jsonOf(response.body));
    if (answer.success) return answer.data;
    throw new Fault(`${other.who} answered, but not as a Matrix homeserver does`, {
      code: 'RECEIVER_MALFORMED',
      kind: 'malformed',
      system: 'own',
    });
  }

  return {
    carries: ['incident'],
    async send(notice, signal) {
      const { message } = notice;
      if (message.type !== 'incident') return;
      const path = `directory/room/${encodeURIComponent(receiver.room)}`;
      room ??= (await call(aliasAnswer, ['GET', path], signal)).room_id;
      const root = first.get(notice.subject);
      const content = { ...contentOf(message), ...(root === undefined ? {} : inThread(root)) };
      const transaction = encodeURIComponent(`packprobe.${noticeId(notice).replaceAll('/', '.')}`);
      const target = `rooms/${encodeURIComponent(room)}/send/m.room.message/${transaction}`;
      try {
        const { event_id } = await call(sendAnswer, ['PUT', target, content], signal);
        if (first.size >= THREADS_LIMIT) first.clear();
        if (root === undefined) first.set(notice.subject, event_id);
      } catch (error) {
        // The alias may lead to another room by now.
        if (error instanceof Fault && error.kind === 'rejected' && receiver.room.startsWith('#'))
          room = undefined;
        throw error;
      }
    },
  };
}

/** Homeservers say in their own words what is wrong, and for how long. */
function problemOf(other: Exchange, response: HttpResponse): Fault {
  const { errcode, error, retry_after_ms } = problem
    .catch({ errcode: '', error: '' })
    .parse(jsonOf(response.body));
  const said = `${errcode} ${error}`.trim();
  if (errcode === 'M_LIMIT_EXCEEDED') return busy(other, response, { said, retryAfterMs: retry_after_ms });
  if (errcode === 'M_FORBIDDEN') return refused(other, response, `${said}; has the account joined the room?`);
  // Another 2xx than the one that the protocol knows is no yes.
  return notTaken(other, response, said) ?? refused(other, response, said);
}

function contentOf(message: IncidentMessage): object {
  const title = oneLine(message.title, TITLE_LIMIT);
  const links = safeLinks(message).map(
    ({ title: text, url }) => `<a href="${escapeHtml(url)}">${escapeHtml(text)}</a>`,
  );
  const html = [
    `<p><strong>${escapeHtml(title)}</strong></p>`,
    `<pre>${escapeHtml(manyLines(message.text, TEXT_LIMIT))}</pre>`,
    ...(links.length === 0 ? [] : [`<p>${links.join(' · ')}</p>`]),
  ];
  return {
    // Clients ring for a text, and not for a notice: what is good news or somebody's own doing wakes nobody.
    msgtype: message.change === 'resolved' || message.change === 'acknowledged' ? 'm.notice' : 'm.text',
    body: `${title}\n\n${plainBody(message, TEXT_LIMIT)}`,
    format: 'org.matrix.custom.html',
    formatted_body: html.join('\n'),
    // A word of the text that happens to be somebody's name calls nobody.
    'm.mentions': {},
  };
}

function inThread(root: string): object {
  return {
    'm.relates_to': {
      rel_type: 'm.thread',
      event_id: root,
      is_falling_back: true,
      'm.in_reply_to': { event_id: root },
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
