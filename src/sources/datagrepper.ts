import { ciTopics } from '../clients/ci.ts';
import { datagrepper } from '../clients/datagrepper.ts';
import { newsOf, TOPIC } from '../clients/messages.ts';
import { systemOf } from '../core/environment.ts';
import { FILED_WITHIN_MS, type Report, type Source, subjectId } from '../core/event.ts';
import { KIND } from '../core/facts.ts';
import type { SourceOptions } from './options.ts';

const POLL_MS = 60_000;

/** How far the first look goes back: subjects are followed from the moment they are known. Milliseconds. */
const FIRST_MS = 60 * 60_000;

/** Longest window of one query: wide ones are slow and end in a proxy's time-out. Milliseconds. */
const WINDOW_MS = 6 * 60 * 60_000;

/** The message archive: what the bus said, one query for all subjects at once. */
export function datagrepperSource({ http, env, clock }: SourceOptions): Source {
  const { url, poll } = systemOf(env, 'datagrepper');
  const client = datagrepper({ http, url });
  const topics = chainTopics(env.systems.messaging?.topic_prefix ?? 'org.fedoraproject.prod');
  return {
    name: 'datagrepper',
    system: 'datagrepper',
    kind: 'archive',
    intervalMs: poll ?? POLL_MS,
    covers: ({ kind }) => kind === KIND.build || kind === KIND.update,
    async look(subjects, since, signal) {
      const wanted = new Set(subjects.map(subjectId));
      const end = clock.now();
      const reports: Report[] = [];
      for (let start = since === undefined ? end - FIRST_MS : since - FILED_WITHIN_MS; start < end; ) {
        const until = Math.min(end, start + WINDOW_MS);
        const messages = await client.messages(topics, { start, end: until }, signal);
        const seen = clock.now();
        for (const news of messages.flatMap(newsOf)) {
          if (wanted.has(subjectId(news.subject)))
            reports.push({ ...news, source: 'archive', seen_at: seen });
        }
        start = until;
      }
      return reports;
    },
  };
}

/** The topics whose messages are news of the chain. Results are left to ResultsDB: their topic is busy with other people's tests. */
export function chainTopics(prefix: string): readonly string[] {
  return [`${prefix}.${TOPIC.tag}`, `${prefix}.${TOPIC.announced}`, ...ciTopics(prefix)];
}
