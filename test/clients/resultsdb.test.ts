import { expect, test } from 'vitest';
import { resultMessage, resultNews, resultsDb } from '../../src/clients/resultsdb.ts';
import { exchanges } from '../support/fake-hub.ts';
import { cannedHttp } from '../support/step-context.ts';

const signal = new AbortController().signal;
const rows = exchanges('resultsdb/latest')
  .filter(({ response }) => response.status === 201)
  .map(({ response }) => resultMessage.parse(response.body));

test('a recorded result is exact news of its build', () => {
  const [first] = rows;
  if (first === undefined) return expect.fail('nothing recorded');
  expect(resultNews(first)).toEqual([
    {
      subject: { kind: 'build', key: 'lat-1.0-1.fc43' },
      fact: `result:${first.id}`,
      earliest: Date.UTC(2026, 10, 3, 10, 0, 0),
      latest: Date.UTC(2026, 10, 3, 10, 0, 0),
      system: 'resultsdb',
      data: { id: first.id, testcase: 'rec.lat', outcome: 'FAILED', variant: '//', ref_url: null },
    },
  ]);
});

test('variants are told apart by scenario, architecture and variant', () => {
  const variants = rows.map((row) => resultNews(row)[0]?.data['variant']);
  expect(new Set(variants)).toEqual(new Set(['//', 's1//', 's2//', 's1/x86_64/', 's1,s2//']));
});

test('results of updates and composes are no news of a build', () => {
  const [first] = rows;
  if (first === undefined) return expect.fail('nothing recorded');
  expect(resultNews({ ...first, data: { item: ['FEDORA-1'], type: ['bodhi_update'] } })).toEqual([]);
});

test('many builds are asked at once, page by page from 0, from the given moment on', async () => {
  const page = (count: number, from: number) =>
    JSON.stringify({
      data: Array.from({ length: count }, (_, index) => ({ ...rows[0], id: from + index })),
      next: null,
    });
  const http = cannedHttp(({ url }) => ({ body: url.includes('&page=0') ? page(100, 1) : page(3, 101) }));
  const found = await resultsDb({ http, url: 'http://r.test/api/v2.0' }).resultsOf(
    ['a-1-1', 'b-1-1'],
    Date.UTC(2026, 10, 3, 10, 0, 0),
    signal,
  );
  expect(found).toHaveLength(103);
  expect(http.asked.map(({ url }) => url)).toEqual([
    'http://r.test/api/v2.0/results?item=a-1-1,b-1-1&type=koji_build&_sort=asc%3Asubmit_time&limit=100&page=0&since=2026-11-03T10%3A00%3A00.000000',
    'http://r.test/api/v2.0/results?item=a-1-1,b-1-1&type=koji_build&_sort=asc%3Asubmit_time&limit=100&page=1&since=2026-11-03T10%3A00%3A00.000000',
  ]);
});
