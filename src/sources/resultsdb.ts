import { chunks } from '../clients/http-answer.ts';
import { resultNews, resultsDb } from '../clients/resultsdb.ts';
import { systemOf } from '../core/environment.ts';
import type { Report, Source } from '../core/event.ts';
import { KIND } from '../core/facts.ts';
import { DEFAULT_POLL_MS, type SourceOptions } from './options.ts';

/** How far back of the last look is read again: who posts a result may give it an earlier time. Milliseconds. */
const OVERLAP_MS = 15 * 60_000;

const BUILDS_PER_REQUEST = 40;

/** Results of Koji builds, with ResultsDB's exact stamps. */
export function resultsdbSource({ http, env, clock }: SourceOptions): Source {
  const { url, poll } = systemOf(env, 'resultsdb');
  const client = resultsDb({ http, url });
  return {
    name: 'resultsdb',
    system: 'resultsdb',
    kind: 'api',
    intervalMs: poll ?? DEFAULT_POLL_MS,
    covers: ({ kind }) => kind === KIND.build,
    async look(subjects, since, signal) {
      const nvrs = subjects.filter(({ kind }) => kind === KIND.build).map(({ key }) => key);
      const from = since === undefined ? undefined : since - OVERLAP_MS;
      const reports: Report[] = [];
      for (const part of chunks(nvrs, BUILDS_PER_REQUEST)) {
        const rows = await client.resultsOf(part, from, signal);
        const seen = clock.now();
        for (const row of rows) {
          const news = resultNews(row).filter(({ subject }) => part.includes(subject.key));
          reports.push(...news.map((item) => ({ ...item, source: 'api' as const, seen_at: seen })));
        }
      }
      return reports;
    },
  };
}
