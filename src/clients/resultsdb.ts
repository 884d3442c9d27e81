import { z } from 'zod';
import type { Report } from '../core/event.ts';
import { FACT, type ResultData } from '../core/facts.ts';
import type { Http } from '../core/ports.ts';
import { askJson, below, readAs, withQuery } from './http-answer.ts';
import { buildSubject } from './koji.ts';
import { exactStampOf, isoUtc } from './timestamps.ts';

const result = z.object({
  id: z.number().int(),
  outcome: z.string(),
  submit_time: z.string(),
  ref_url: z.string().nullish(),
  testcase: z.object({ name: z.string() }),
  data: z.record(z.string(), z.array(z.string())).default({}),
});

export type Result = z.output<typeof result>;

/** The body of a `resultsdb.result.new` message is the same object as the API's. */
export const resultMessage = result;

export interface ResultsDb {
  /** Results of Koji builds, the oldest first; `since` is inclusive, epoch ms. */
  resultsOf(
    nvrs: readonly string[],
    since: number | undefined,
    signal: AbortSignal,
  ): Promise<readonly Result[]>;
}

const PAGE = 100;

export function resultsDb({ http, url }: { readonly http: Http; readonly url: string }): ResultsDb {
  return {
    async resultsOf(nvrs, since, signal) {
      const found = new Map<number, Result>();
      // Pages count from 0 and there is no total; a page that is not full is the last.
      for (let page = 0; ; page += 1) {
        const pairs: (readonly [string, string])[] = [
          ['item', nvrs.join(',')],
          ['type', 'koji_build'],
          ['_sort', 'asc:submit_time'],
          ['limit', String(PAGE)],
          ['page', String(page)],
        ];
        if (since !== undefined) pairs.push(['since', isoUtc(since)]);
        const answer = readAs(
          z.object({ data: z.array(result) }),
          await askJson(http, 'resultsdb', { url: withQuery(below(url, 'results'), pairs) }, signal),
          { system: 'resultsdb', what: 'results' },
        );
        for (const row of answer.data) found.set(row.id, row);
        if (answer.data.length < PAGE) return [...found.values()];
      }
    },
  };
}

const UNFINISHED = new Set(['QUEUED', 'RUNNING']);

export function isFinal(outcome: string): boolean {
  return !UNFINISHED.has(outcome);
}

export function hasPassed(outcome: string): boolean {
  return outcome === 'PASSED' || outcome === 'INFO';
}

/** Absent is a value of its own: a result without an architecture does not supersede one with it. */
export function variantOf(data: Result['data']): string {
  return ['scenario', 'system_architecture', 'system_variant']
    .map((name) => (data[name] ?? []).join(','))
    .join('/');
}

export function resultData({ id, testcase, outcome, data, ref_url }: Result): ResultData {
  return {
    id,
    testcase: testcase.name,
    outcome: outcome.toUpperCase(),
    variant: variantOf(data),
    ref_url: ref_url ?? null,
  };
}

/** The news in a result, without who told it; empty for results of something else than a Koji build. */
export function resultNews(row: Result): readonly Omit<Report, 'source' | 'seen_at'>[] {
  // Exact, also without a fraction: ResultsDB leaves out one that is 0.
  const stamp = exactStampOf(row.submit_time);
  if (stamp === undefined || !(row.data['type'] ?? []).includes('koji_build')) return [];
  const data = resultData(row);
  return (row.data['item'] ?? []).map((nvr) => ({
    subject: buildSubject(nvr),
    fact: FACT.result(row.id),
    ...stamp,
    system: 'resultsdb' as const,
    data: { ...data },
  }));
}
