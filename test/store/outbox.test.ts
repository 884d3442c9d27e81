import { expect, test } from 'vitest';
import type { NewNotice, Notice, RunMessage } from '../../src/core/notice.ts';
import { incidentOf, noticeOf, storeWorld } from '../support/store-world.ts';

const told = (notices: readonly Notice[]) => notices.map(({ subject, state }) => `${subject} ${state}`);

const ofRun: RunMessage = {
  type: 'run',
  run_id: 'run-1',
  probe: 'single-build',
  environment: 'test',
  package: 'gloster',
  outcome: 'passed',
  started_at: 1,
  ended_at: 2,
  duration_ms: 1,
  fault: null,
  builds: [],
  updates: [],
  retry_of: null,
  duplicate: false,
};

async function holding(...notices: readonly NewNotice[]) {
  const world = storeWorld();
  await world.store.incidents.apply([], notices);
  return world;
}

test('a message is stored once for its receiver, subject and state, and comes back as it was', async () => {
  const first = noticeOf('i-1', 'opened');
  await using world = await holding(first, noticeOf('i-1', 'opened', { receiver: 'matrix' }));
  const { outbox, incidents } = world.store;
  await incidents.apply([incidentOf('i-1')], [noticeOf('i-1', 'opened', { created_at: 99, due_at: 99 })]);
  expect(await outbox.due('mail', 1, 9)).toEqual([
    { ...first, notice_id: 1, attempts: 0, delivered_at: null, gave_up_at: null, last_error: null },
  ]);
  expect(await outbox.backlog()).toEqual([
    { receiver: 'mail', length: 1, oldest: 1 },
    { receiver: 'matrix', length: 1, oldest: 1 },
  ]);
});

test('of an incident a later change waits for the earlier one, other incidents and receivers do not', async () => {
  await using world = await holding(
    noticeOf('i-1', 'opened'),
    noticeOf('i-1', 'resolved'),
    noticeOf('i-2', 'opened'),
    noticeOf('i-1', 'resolved', { receiver: 'matrix' }),
  );
  const { outbox } = world.store;
  expect(told(await outbox.due('mail', 5, 9))).toEqual(['i-1 opened', 'i-2 opened']);
  expect(told(await outbox.due('matrix', 5, 9))).toEqual(['i-1 resolved']);
  await outbox.failed(1, 'refused', 5, 60);
  // What is tried again holds back what follows it, and is what is waited for.
  expect(told(await outbox.due('mail', 5, 9))).toEqual(['i-2 opened']);
  await outbox.delivered(3, 6);
  expect(await outbox.nextDue('mail')).toBe(60);
  await outbox.delivered(1, 60);
  expect(told(await outbox.due('mail', 60, 9))).toEqual(['i-1 resolved']);
});

test('what was given up holds nothing back', async () => {
  await using world = await holding(noticeOf('i-1', 'opened'), noticeOf('i-1', 'resolved'));
  const { outbox } = world.store;
  await outbox.failed(1, 'no such room', 7);
  expect(told(await outbox.due('mail', 7, 9))).toEqual(['i-1 resolved']);
  expect(await outbox.list({ subject: 'i-1', limit: 9 })).toMatchObject([
    { state: 'resolved', gave_up_at: null },
    { state: 'opened', gave_up_at: 7, last_error: 'no such room', attempts: 1 },
  ]);
});

test('what nobody was told yet is told with what replaces it, and counts as neither delivered nor given up', async () => {
  const asleep = { due_at: 100 };
  await using world = await holding(
    noticeOf('i-1', 'opened', asleep),
    noticeOf('i-1', 'reminded-1', asleep),
    noticeOf('i-1', 'opened', { receiver: 'matrix' }),
    noticeOf('i-2', 'opened', asleep),
  );
  const { outbox, incidents, totals } = world.store;
  // Somebody has tried already: the other side may know of it.
  await outbox.failed(3, 'refused', 5, 60);
  const before = await totals.all();
  const replaces = ['opened', 'flapping', 'reminded-1'];
  await incidents.apply(
    [],
    [
      noticeOf('i-1', 'resolved', { ...asleep, replaces }),
      noticeOf('i-1', 'resolved', { receiver: 'matrix', replaces }),
    ],
  );
  expect(told(await outbox.due('mail', 100, 9))).toEqual(['i-2 opened', 'i-1 resolved']);
  expect(told(await outbox.due('matrix', 100, 9))).toEqual(['i-1 opened']);
  expect(await totals.all()).toEqual(before);
});

test('messages of runs are due all at once, no more than asked for, the oldest first', async () => {
  const run = (state: string, due_at: number) => noticeOf('run-1', state, { message: ofRun, due_at });
  await using world = await holding(run('a', 3), run('b', 2), run('c', 1), run('d', 50));
  expect(told(await world.store.outbox.due('mail', 5, 2))).toEqual(['run-1 a', 'run-1 b']);
  expect(await world.store.outbox.due('mail', 5, 9)).toHaveLength(3);
});

test('every try is counted, and what is settled stays so', async () => {
  await using world = await holding(noticeOf('i-1', 'opened'), noticeOf('i-2', 'opened'));
  const { outbox, totals } = world.store;
  await outbox.failed(1, 'busy', 1, 2);
  await outbox.failed(1, 'busy', 2, 3);
  await outbox.delivered(1, 3);
  await outbox.delivered(1, 4);
  await outbox.failed(1, 'late answer', 5, 6);
  await outbox.failed(2, 'refused', 5);
  const counts = (await totals.all()).map(({ labels, sum }) => [labels['receiver'], labels['result'], sum]);
  expect(counts).toEqual([
    ['mail', 'delivered', 1],
    ['mail', 'gave_up', 1],
    ['mail', 'retried', 2],
  ]);
  expect(await outbox.nextDue('mail')).toBeUndefined();
  expect(await outbox.list({ subject: 'i-1', limit: 1 })).toMatchObject([
    { attempts: 3, delivered_at: 3, last_error: null },
  ]);
});

test('what a run said is kept until it is settled, what an incident said for good', async () => {
  const message = ofRun;
  await using world = await holding(
    noticeOf('r-1', 'ended', { message }),
    noticeOf('r-2', 'ended', { message }),
    noticeOf('i-1', 'opened'),
  );
  const { outbox } = world.store;
  expect((await outbox.due('mail', 7, 1))[0]).toMatchObject({ message });
  await outbox.failed(1, 'a cold', 7, 8);
  expect((await outbox.due('mail', 8, 1))[0]).toMatchObject({ message });
  await outbox.delivered(1, 9);
  await outbox.failed(2, 'gone', 9);
  await outbox.delivered(3, 9);
  expect(await outbox.list({ limit: 9 })).toMatchObject([
    { subject: 'i-1', message: { type: 'incident' } },
    { subject: 'r-2', message: null, last_error: 'gone' },
  ]);
});
