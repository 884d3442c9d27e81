import { z } from 'zod';
import type { Report } from '../core/event.ts';
import { FACT } from '../core/facts.ts';
import { formatNvr } from '../core/nvr.ts';
import { updateSubject } from './bodhi.ts';
import { ciNews, ciStateOf } from './ci.ts';
import { buildSubject } from './koji.ts';
import { resultMessage, resultNews } from './resultsdb.ts';
import { stampOf } from './timestamps.ts';

/** A bus message, as the bus delivers it and the archive keeps it. */
export interface BusMessage {
  readonly id: string;
  readonly topic: string;
  /** The header `sent-at`. */
  readonly sent_at: string;
  readonly body: unknown;
}

/** Ends of topics, behind the environment's prefix, whose messages are news of the chain. */
export const TOPIC = {
  tag: 'buildsys.tag',
  announced: 'bodhi.update.status.testing.koji-build-group.build.complete',
  result: 'resultsdb.result.new',
} as const;

const tagBody = z.object({
  name: z.string(),
  version: z.string(),
  release: z.string(),
  tag: z.string(),
  user: z.string().nullish(),
});

const announcement = z.object({
  update: z.object({ alias: z.string() }),
  're-trigger': z.boolean().nullish(),
  artifact: z.object({ builds: z.array(z.object({ nvr: z.string() })).default([]) }).nullish(),
});

/** A message's own news: what remains to be said is who told it, and when that was. */
export type MessageNews = Omit<Report, 'source' | 'seen_at'>;

/** All news in a message; empty for messages of other topics and for bodies that cannot be read: one broken message must not hide the rest. */
export function newsOf(message: BusMessage): readonly MessageNews[] {
  const stamp = stampOf(message.sent_at);
  if (stamp === undefined) return [];
  const state = ciStateOf(message.topic);
  if (state !== undefined) {
    const news = ciNews(state, message.body, stamp);
    return news === undefined ? [] : [{ ...news, message_id: message.id }];
  }
  if (message.topic.endsWith(`.${TOPIC.tag}`)) {
    const body = tagBody.safeParse(message.body);
    if (!body.success) return [];
    const { tag, user } = body.data;
    return [
      {
        subject: buildSubject(formatNvr(body.data)),
        fact: FACT.tagged(tag),
        ...stamp,
        system: 'koji',
        message_id: message.id,
        data: { tag, user: user ?? null },
      },
    ];
  }
  if (message.topic.endsWith(`.${TOPIC.announced}`)) {
    const body = announcement.safeParse(message.body);
    if (!body.success) return [];
    return [
      {
        subject: updateSubject(body.data.update.alias),
        fact: FACT.announced,
        ...stamp,
        system: 'bodhi',
        message_id: message.id,
        data: {
          retrigger: body.data['re-trigger'] === true,
          builds: (body.data.artifact?.builds ?? []).map(({ nvr }) => nvr),
        },
      },
    ];
  }
  if (message.topic.endsWith(`.${TOPIC.result}`)) {
    const body = resultMessage.safeParse(message.body);
    return body.success ? resultNews(body.data).map((news) => ({ ...news, message_id: message.id })) : [];
  }
  return [];
}
