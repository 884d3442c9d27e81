import { expect, test } from 'vitest';
import { updateSubject } from '../../src/clients/bodhi.ts';
import { buildSubject } from '../../src/clients/koji.ts';
import { chainTopics, datagrepperSource } from '../../src/sources/datagrepper.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { exchanges } from '../support/fake-hub.ts';
import { cannedHttp, testEnvironment } from '../support/step-context.ts';

const signal = new AbortController().signal;
const env = testEnvironment({ messaging: { topic_prefix: 'org.fedoraproject.stg' } });
const recorded = exchanges('datagrepper/search-window').find(
  ({ note }) => note === 'nothing given: last 24 h',
)?.response.body;

test('one query serves all subjects, and only news of them are told', async () => {
  const http = cannedHttp(() => ({ body: JSON.stringify({ ...(recorded as object), pages: 1, total: 2 }) }));
  const clock = new FakeClock();
  const source = datagrepperSource({ http, env, clock });
  const subjects = [updateSubject('FEDORA-2026-d5ef512724'), buildSubject('a-1-1'), buildSubject('b-1-1')];
  const reports = await source.look(subjects, undefined, signal);
  expect(http.asked).toHaveLength(1);
  expect(reports).toMatchObject([{ fact: 'announced', source: 'archive', seen_at: clock.now() }]);
  expect(await source.look([updateSubject('FEDORA-other')], undefined, signal)).toEqual([]);
  const topics = new URL(http.asked[0]?.url ?? '').searchParams.getAll('topic');
  expect(topics).toEqual(chainTopics('org.fedoraproject.stg'));
  expect(topics).toContain('org.fedoraproject.stg.buildsys.tag');
  expect(topics).toContain('org.centos.stg.ci.koji-build.test.queued');
});

test('a window that is a day long is asked in parts without a gap', async () => {
  const http = cannedHttp(() => ({ body: JSON.stringify({ raw_messages: [], pages: 0, total: 0 }) }));
  const clock = new FakeClock();
  const source = datagrepperSource({ http, env, clock });
  const since = clock.now() - 24 * 3_600_000;
  await source.look([buildSubject('a-1-1')], since, signal);
  const windows = http.asked.map(({ url }) => new URL(url).searchParams);
  expect(windows).toHaveLength(5);
  expect(Number(windows[0]?.get('start'))).toBe(since / 1000 - 300);
  expect(Number(windows.at(-1)?.get('end'))).toBe(clock.now() / 1000);
  windows.slice(1).forEach((window, index) => {
    expect(window.get('start')).toBe(windows[index]?.get('end'));
  });
});
