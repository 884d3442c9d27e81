import { expect, test } from 'vitest';
import { buildSubject, taskSubject } from '../../src/clients/koji.ts';
import type { XmlRpcValue } from '../../src/clients/xmlrpc.ts';
import { kojiSource } from '../../src/sources/koji.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { exchanges, fakeHub, recordedHub } from '../support/fake-hub.ts';
import { cannedHttp, testEnvironment } from '../support/step-context.ts';

const signal = new AbortController().signal;
const env = testEnvironment();

const sourceOn = (recording: string) => {
  const http = cannedHttp(recordedHub(`koji/${recording}`));
  return { http, source: kojiSource({ http, env, clock: new FakeClock() }) };
};

test('a closed task tells when it was queued, opened and closed, and what its children waited', async () => {
  const { http, source } = sourceOn('build-ok');
  const reports = await source.look([taskSubject(13)], undefined, signal);
  expect(http.asked).toHaveLength(1);
  expect(reports.map(({ fact, phase }) => [fact, phase])).toEqual([
    ['created', 'queued'],
    ['started', 'running'],
    ['closed', 'ended'],
  ]);
  for (const { earliest, latest } of reports) expect(latest - (earliest ?? 0)).toBeLessThanOrEqual(1);
  const children = reports.at(-1)?.data['children'] as Record<string, Record<string, number>>;
  expect(Object.keys(children)).toEqual(['srpm', 'noarch', 'tag']);
  expect(children['noarch']?.['queued_ms']).toBeGreaterThan(0);
  expect(children['noarch']?.['running_ms']).toBeGreaterThan(0);
});

test('a failed task names the child that failed first', async () => {
  const reports = await sourceOn('build-fail-arch').source.look([taskSubject(17)], undefined, signal);
  expect(reports.at(-1)).toMatchObject({
    fact: 'failed',
    data: { failed_child: { name: expect.stringMatching(/^buildArch /) } },
  });
});

test('a task that was canceled before it started never ran', async () => {
  const canceled = exchanges('koji/build-cancel').find(({ note }) => note === 'completion without start')
    ?.response.body as XmlRpcValue;
  const http = cannedHttp(fakeHub((method) => (method === 'getTaskInfo' ? canceled : { '44': [] })));
  const source = kojiSource({ http, env, clock: new FakeClock() });
  const reports = await source.look([taskSubject(44)], undefined, signal);
  expect(reports.map(({ fact }) => fact)).toEqual(['created', 'canceled']);
});

test('a build is complete before it is tagged, both to the millisecond', async () => {
  const { source } = sourceOn('build-ok');
  const reports = await source.look(
    [buildSubject('world-2-1.fc44'), buildSubject('nope-1-1')],
    undefined,
    signal,
  );
  expect(reports.map(({ fact, earliest }) => [fact, earliest])).toEqual([
    ['complete', 1795259124500],
    ['tagged:f44-updates-candidate', 1795259126408],
  ]);
});

test('it covers tasks and builds only, at the interval of the environment', () => {
  const { source } = sourceOn('build-ok');
  expect(source.intervalMs).toBe(30_000);
  expect(source.covers(taskSubject(1))).toBe(true);
  expect(source.covers({ kind: 'update', key: 'FEDORA-1' })).toBe(false);
});

test('a garbage answer is a failed look', async () => {
  const http = cannedHttp(() => ({ body: '<html>busy</html>' }));
  const source = kojiSource({ http, env, clock: new FakeClock() });
  await expect(source.look([taskSubject(1)], undefined, signal)).rejects.toMatchObject({
    kind: 'malformed',
    system: 'koji',
  });
});
