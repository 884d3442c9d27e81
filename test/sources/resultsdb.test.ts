import { expect, test } from 'vitest';
import { buildSubject } from '../../src/clients/koji.ts';
import { resultsdbSource } from '../../src/sources/resultsdb.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { exchanges } from '../support/fake-hub.ts';
import { cannedHttp, testEnvironment } from '../support/step-context.ts';

const signal = new AbortController().signal;
const rows = exchanges('resultsdb/latest')
  .filter(({ response }) => response.status === 201)
  .map(({ response }) => response.body);

test('all rows of a build are told with their exact stamps, those of other builds are not', async () => {
  const http = cannedHttp(() => ({ body: JSON.stringify({ data: rows, next: null, prev: null }) }));
  const source = resultsdbSource({ http, env: testEnvironment(), clock: new FakeClock() });
  const reports = await source.look(
    [buildSubject('lat-1.0-1.fc43'), buildSubject('b-1-1')],
    undefined,
    signal,
  );
  expect(http.asked).toHaveLength(1);
  expect(reports).toHaveLength(rows.length);
  expect(new Set(reports.map(({ subject }) => subject.key))).toEqual(new Set(['lat-1.0-1.fc43']));
  expect(reports[0]).toMatchObject({ source: 'api', system: 'resultsdb', earliest: reports[0]?.latest });
  expect(await source.look([buildSubject('b-1-1')], undefined, signal)).toEqual([]);
});

test('a later look asks for what came since, a little earlier to be sure', async () => {
  const http = cannedHttp(() => ({ body: JSON.stringify({ data: [] }) }));
  const source = resultsdbSource({ http, env: testEnvironment(), clock: new FakeClock() });
  await source.look([buildSubject('b-1-1')], Date.UTC(2026, 10, 17, 8, 30, 0), signal);
  expect(http.asked[0]?.url).toContain('since=2026-11-17T08%3A15%3A00.000000');
});

test('a broken ResultsDB is a failed look', async () => {
  const http = cannedHttp(() => ({ status: 500, body: '{"message": "Internal Server Error"}' }));
  const source = resultsdbSource({ http, env: testEnvironment(), clock: new FakeClock() });
  await expect(source.look([buildSubject('b-1-1')], undefined, signal)).rejects.toMatchObject({
    kind: 'unavailable',
    system: 'resultsdb',
  });
});
