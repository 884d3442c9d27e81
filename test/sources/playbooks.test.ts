import { expect, test } from 'vitest';
import { playbooks } from '../../src/sources/playbooks.ts';
import { cannedHttp, testEnvironment } from '../support/step-context.ts';

const signal = new AbortController().signal;
const env = testEnvironment();
const window = { since: Date.UTC(2026, 10, 16, 8), until: Date.UTC(2026, 10, 17, 8) };

const BODHI = '/srv/web/infra/ansible/playbooks/openshift-apps/bodhi.yml';

function message(end: 'start' | 'complete', minute: number, body: object) {
  return {
    id: `id-${minute}`,
    topic: `org.fedoraproject.test.ansible.playbook.${end}`,
    headers: { 'sent-at': `2026-11-17T07:${String(minute).padStart(2, '0')}:00+00:00` },
    body,
  };
}

const answering = (...raw_messages: readonly object[]) =>
  cannedHttp(() => ({ body: JSON.stringify({ raw_messages, pages: 1, total: raw_messages.length }) }));

test('a playbook that has ended is told with what it changed, one that has not as begun', async () => {
  const http = answering(
    message('start', 1, { playbook: BODHI, userid: 'kevin' }),
    message('complete', 5, {
      playbook: BODHI,
      userid: 'kevin',
      results: { a: { ok: 9, changed: 2, failures: 0 }, b: { ok: 1, changed: 1, failures: 1 } },
    }),
    message('start', 7, {
      playbook: '/srv/web/infra/ansible/playbooks/groups/koji-hub.yml',
      userid: 'adamw',
    }),
  );
  expect(await playbooks({ http, env }, window, signal)).toEqual([
    {
      at: Date.UTC(2026, 10, 17, 7, 5),
      kind: 'playbook',
      text: 'playbook openshift-apps/bodhi.yml by kevin: 3 changed, 1 failed',
      link: 'http://datagrepper.test/v2/id?id=id-5',
    },
    {
      at: Date.UTC(2026, 10, 17, 7, 7),
      kind: 'playbook',
      text: 'playbook groups/koji-hub.yml by adamw was begun',
      link: 'http://datagrepper.test/v2/id?id=id-7',
    },
  ]);
  const asked = new URL(http.asked[0]?.url ?? '').searchParams;
  expect(asked.getAll('topic')).toEqual([
    'org.fedoraproject.test.ansible.playbook.start',
    'org.fedoraproject.test.ansible.playbook.complete',
  ]);
  expect(Number(asked.get('start'))).toBe(window.since / 1000);
});

test('a message that cannot be read hides no other', async () => {
  const http = answering(
    message('complete', 1, { no: 'playbook' }),
    message('complete', 2, { playbook: BODHI, userid: 'kevin', results: {} }),
  );
  expect(await playbooks({ http, env }, window, signal)).toHaveLength(1);
});

test('an archive that is out tells nothing, and breaks nothing', async () => {
  const http = cannedHttp(() => ({ status: 503 }));
  expect(await playbooks({ http, env }, window, signal)).toEqual([]);
});

test('an environment without an archive asks nobody', async () => {
  const http = answering();
  const without = testEnvironment({ datagrepper: undefined });
  expect(await playbooks({ http, env: without }, window, signal)).toEqual([]);
  expect(http.asked).toEqual([]);
});
