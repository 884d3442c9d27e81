import { z } from 'zod';
import type { Http } from '../core/ports.ts';
import { askJson, below, readAs, repeated, withQuery } from './http-answer.ts';
import type { BusMessage } from './messages.ts';

const row = z.object({
  id: z.string(),
  topic: z.string(),
  headers: z.record(z.string(), z.unknown()).nullish(),
  body: z.unknown(),
});

const answer = z.object({
  raw_messages: z.array(row),
  pages: z.number().int(),
  total: z.number().int(),
});

export interface Window {
  /** Both inclusive, epoch ms. */
  readonly start: number;
  readonly end: number;
}

export interface Datagrepper {
  /** All messages of the topics in the window, the oldest first, each once. */
  messages(topics: readonly string[], window: Window, signal: AbortSignal): Promise<readonly BusMessage[]>;
}

const ROWS = 100;

export function datagrepper({ http, url }: { readonly http: Http; readonly url: string }): Datagrepper {
  async function walk(topics: readonly string[], window: Window, signal: AbortSignal) {
    const found = new Map<string, BusMessage>();
    let total = 0;
    for (let page = 1; ; page += 1) {
      const pairs = [
        ...repeated('topic', topics),
        // A start of 0 makes the server forget the window and give everything.
        ['start', seconds(Math.max(window.start, 1000))],
        ['end', seconds(window.end)],
        ['order', 'asc'],
        ['rows_per_page', String(ROWS)],
        ['page', String(page)],
      ] as const;
      const read = readAs(
        answer,
        await askJson(http, 'datagrepper', { url: withQuery(below(url, 'search'), pairs) }, signal),
        { system: 'datagrepper', what: 'a search' },
      );
      for (const { id, topic, headers, body } of read.raw_messages) {
        const sentAt = headers?.['sent-at'];
        found.set(id, { id, topic, body, sent_at: typeof sentAt === 'string' ? sentAt : '' });
      }
      total = Math.max(total, read.total);
      if (page >= read.pages || read.raw_messages.length === 0)
        return { messages: [...found.values()], total };
    }
  }

  return {
    async messages(topics, window, signal) {
      const first = await walk(topics, window, signal);
      if (first.messages.length >= first.total) return first.messages;
      // At page boundaries messages of one second can repeat or vanish: a second walk brings most of them back.
      const second = await walk(topics, window, signal);
      const all = new Map([...first.messages, ...second.messages].map((message) => [message.id, message]));
      return [...all.values()];
    },
  };
}

function seconds(ms: number): string {
  return String(ms / 1000);
}
