import { expect, test } from 'vitest';
import { datagrepper } from '../../src/clients/datagrepper.ts';
import { cannedHttp } from '../support/step-context.ts';

const signal = new AbortController().signal;
const row = (id: string) => ({
  id,
  topic: 't',
  headers: { 'sent-at': '2026-11-20T00:00:00+00:00' },
  body: {},
});

function archive(pages: readonly (readonly string[])[], total: number) {
  return cannedHttp(({ url }) => {
    const page = Number(new URL(url).searchParams.get('page'));
    const raw = (pages[page - 1] ?? []).map(row);
    return { body: JSON.stringify({ raw_messages: raw, pages: pages.length, total, count: raw.length }) };
  });
}

test('all pages of a window are read, topics repeated, and a start of 0 is never sent', async () => {
  const http = archive(
    [
      ['a', 'b'],
      ['b', 'c'],
    ],
    3,
  );
  const found = await datagrepper({ http, url: 'http://d.test/v2' }).messages(
    ['t.one', 't.two'],
    { start: -5000, end: 90_000 },
    signal,
  );
  expect(found.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect(http.asked[0]?.url).toBe(
    'http://d.test/v2/search?topic=t.one&topic=t.two&start=1&end=90&order=asc&rows_per_page=100&page=1',
  );
});

test('a window from which rows vanished is walked once more', async () => {
  const http = archive([['a'], ['b']], 3);
  await datagrepper({ http, url: 'http://d.test/v2' }).messages(['t'], { start: 1000, end: 2000 }, signal);
  expect(http.asked).toHaveLength(4);
});

test('an empty window is one request', async () => {
  const http = archive([], 0);
  expect(
    await datagrepper({ http, url: 'http://d.test/v2' }).messages(['t'], { start: 1000, end: 2000 }, signal),
  ).toEqual([]);
  expect(http.asked).toHaveLength(1);
});

test('a page of the proxy is the archive’s fault, not ours', async () => {
  const http = cannedHttp(() => ({ status: 200, body: '<html>busy</html>' }));
  const asked = datagrepper({ http, url: 'http://d.test/v2' }).messages(['t'], { start: 1, end: 2 }, signal);
  await expect(asked).rejects.toMatchObject({ kind: 'malformed', system: 'datagrepper' });
});
