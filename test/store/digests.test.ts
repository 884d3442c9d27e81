import { describe, expect, test } from 'vitest';
import type { SystemEvidence } from '../../src/core/incident.ts';
import type { LeftOut } from '../../src/core/schedule.ts';
import {
  digestOf,
  dueOf,
  ended,
  headerOf,
  incidentOf,
  noticeOf,
  OWNER,
  SCOPE,
  storeWorld,
} from '../support/store-world.ts';

const runs = { metric: 'packprobe_runs_total', labels: { probe: 'single-build' }, value: 1 };
const outage: LeftOut = { kind: 'outage', note: 'koji moves', link: null, source: 'config' };

function evidence(run_id: string, at: number, change: Partial<SystemEvidence> = {}): SystemEvidence {
  return {
    scope: SCOPE,
    environment: 'test',
    system: 'koji',
    probe: 'single-build',
    run_id,
    at,
    good: true,
    counted: true,
    ...change,
  };
}

test('runs are to be digested in the order in which they ended, those that go on are not', async () => {
  await using world = storeWorld();
  const { store } = world;
  await ended(store, 'run-1', { ended_at: 300 });
  await ended(store, 'run-2', { ended_at: 100 });
  await ended(store, 'run-3', { ended_at: 200 });
  await store.begin(headerOf('run-4'), OWNER, () => true);
  expect(await store.digests.undigested(9)).toEqual(['run-2', 'run-3', 'run-1']);
  expect(await store.digests.undigested(1)).toEqual(['run-2']);
  expect(await store.digests.digest(digestOf('run-2'))).toBe(true);
  expect(await store.digests.digest(digestOf('run-4'))).toBe(false);
  expect(await store.digests.undigested(9)).toEqual(['run-3', 'run-1']);
});

test('all that follows from a run is stored, once', async () => {
  await using world = storeWorld();
  const { store } = world;
  await ended(store, 'run-1');
  const digest = digestOf('run-1', {
    left_out: outage,
    totals: [runs],
    evidence: [evidence('run-1', 1500, { good: false, counted: false })],
    incidents: [incidentOf('i-1')],
    notices: [noticeOf('i-1', 'opened')],
    dues: [dueOf(2000, { cause: 'confirm', of: 'run-1' })],
  });
  expect(await store.digests.digest(digest)).toBe(true);
  expect(await store.digests.digest(digest)).toBe(false);
  expect(await store.totals.all()).toMatchObject([{ sum: 1 }]);
  expect(await store.incidents.evidence({ scope: SCOPE, limit: 9 })).toEqual(digest.evidence);
  expect(await store.incidents.live()).toEqual(digest.incidents);
  expect(await store.outbox.due('mail', 9, 9)).toHaveLength(1);
  expect(await store.dues.waiting()).toMatchObject([{ cause: 'confirm', of: 'run-1' }]);
  expect((await store.find('run-1')).run?.left_out).toEqual(outage);
  expect((await store.list({ limit: 1 }))[0]?.left_out).toEqual(outage);
});

test('a run that is asked for is not lost where its probe is due at the same millisecond', async () => {
  await using world = storeWorld();
  const { store } = world;
  await store.dues.claim([dueOf(2000)]);
  await ended(store, 'run-1');
  await ended(store, 'run-2');
  for (const of of ['run-1', 'run-2']) {
    await store.digests.digest(digestOf(of, { dues: [dueOf(2000, { cause: 'confirm', of })] }));
  }
  expect((await store.dues.waiting()).map(({ due_at, of }) => [due_at, of])).toEqual([
    [2000, null],
    [2001, 'run-1'],
    [2002, 'run-2'],
  ]);
});

test('where a part of it cannot be stored nothing of it is, and the run is still to be digested', async () => {
  await using world = storeWorld();
  const { store } = world;
  await ended(store, 'run-1');
  const broken = digestOf('run-1', {
    evidence: [evidence('run-1', 1500)],
    incidents: [incidentOf('i-1')],
    notices: [noticeOf('i-1', 'opened')],
    totals: [runs, { ...runs, metric: 'packprobe_made_up_total' }],
  });
  await expect(store.digests.digest(broken)).rejects.toThrow('packprobe_made_up_total');
  expect(await store.digests.undigested(9)).toEqual(['run-1']);
  expect(await store.incidents.evidence({ scope: SCOPE, limit: 9 })).toEqual([]);
  expect(await store.incidents.systems()).toEqual([]);
  expect(await store.incidents.live()).toEqual([]);
  expect(await store.outbox.list({ limit: 9 })).toEqual([]);
  expect(await store.digests.digest({ ...broken, totals: [runs] })).toBe(true);
});

test('history gives whole runs of a scope that ended since then, the newest first', async () => {
  await using world = storeWorld();
  const { store } = world;
  await ended(store, 'run-1', { ended_at: 100 });
  await ended(store, 'run-2', { ended_at: 300 });
  await ended(store, 'run-3', { ended_at: 200 }, { probe: 'rawhide' });
  await ended(store, 'run-4', { ended_at: 400 }, { scope: 'other@1' });
  const ids = async (filter: { readonly since: number; readonly probe?: string; readonly limit?: number }) =>
    (await store.digests.ended({ scope: SCOPE, limit: 9, ...filter })).map((run) => run.header.run_id);
  expect(await ids({ since: 0 })).toEqual(['run-2', 'run-3', 'run-1']);
  expect(await ids({ since: 200 })).toEqual(['run-2', 'run-3']);
  expect(await ids({ since: 0, limit: 1 })).toEqual(['run-2']);
  expect(await ids({ since: 0, probe: 'rawhide' })).toEqual(['run-3']);
  const [newest] = await store.digests.ended({ scope: SCOPE, since: 0, limit: 1 });
  expect(newest).toEqual((await store.find('run-2')).run);
});

describe('evidence', () => {
  test('of a system is its newest good and bad, whenever runs were digested', async () => {
    await using world = storeWorld();
    const { store } = world;
    for (const [run_id, at, good] of [
      ['run-1', 500, true],
      ['run-2', 300, true],
      ['run-3', 400, false],
    ] as const) {
      await ended(store, run_id);
      const found = [evidence(run_id, at, { good }), evidence(run_id, at, { system: 'bodhi' })];
      await store.digests.digest(digestOf(run_id, { evidence: found }));
    }
    expect(await store.incidents.systems()).toEqual([
      { scope: SCOPE, environment: 'test', system: 'bodhi', last_good: 500, last_bad: null },
      { scope: SCOPE, environment: 'test', system: 'koji', last_good: 500, last_bad: 400 },
    ]);
  });

  test('is counted where it is to be counted, from a moment on', async () => {
    await using world = storeWorld();
    const { store } = world;
    await ended(store, 'run-1');
    const given = [
      evidence('a', 100, { good: false }),
      evidence('b', 200),
      evidence('c', 300, { good: false }),
      evidence('d', 400, { good: false, counted: false }),
      evidence('e', 500, { system: 'bodhi', good: false }),
    ];
    await store.digests.digest(digestOf('run-1', { evidence: given }));
    expect(await store.incidents.failureRate(SCOPE, 'koji', 200)).toEqual({ failed: 1, of: 2 });
    expect(await store.incidents.failureRate(SCOPE, 'ci', 0)).toEqual({ failed: 0, of: 0 });
    const ids = async (filter: object) =>
      (await store.incidents.evidence({ scope: SCOPE, limit: 9, ...filter })).map(({ run_id }) => run_id);
    expect(await ids({})).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(await ids({ system: 'koji', since: 200 })).toEqual(['d', 'c', 'b']);
    expect(await ids({ limit: 1 })).toEqual(['e']);
  });
});

describe('incidents', () => {
  test('there is one live incident of a system, and one that ends makes room for the next', async () => {
    await using world = storeWorld();
    const { incidents } = world.store;
    await incidents.apply([incidentOf('i-1')], []);
    const second = incidentOf('i-2', { state: 'suspected' });
    await expect(incidents.apply([second], [noticeOf('i-2', 'opened')])).rejects.toThrow();
    expect(await world.store.outbox.list({ limit: 9 })).toEqual([]);
    await incidents.apply([second, incidentOf('i-1', { state: 'resolved', resolved_at: 900 })], []);
    expect(await incidents.live(SCOPE)).toEqual([second]);
    expect(await incidents.live('other@1')).toEqual([]);
    await incidents.apply([incidentOf('i-3', { system: 'bodhi' })], []);
    expect((await incidents.live()).map(({ incident_id }) => incident_id)).toEqual(['i-2', 'i-3']);
  });

  test('what an operator closes is over at once, and told once', async () => {
    await using world = storeWorld();
    const { incidents, outbox, totals } = world.store;
    await incidents.apply(
      [incidentOf('i-1'), incidentOf('i-2', { system: 'bodhi', state: 'suspected' })],
      [],
    );
    const word = { by: 'ann', because: 'shut down', at: 900 };
    const closed = await incidents.close('i-1', word);
    const ended = { closed_at: 900, closed_by: 'ann', closed_because: 'shut down' };
    expect(closed).toEqual(incidentOf('i-1', { ...ended, state: 'resolved', resolved_at: 900 }));
    expect(await incidents.close('i-2', word)).toMatchObject({
      ...ended,
      state: 'dismissed',
      resolved_at: null,
    });
    expect(await incidents.live()).toEqual([]);
    expect(await incidents.close('i-1', { by: 'bob', because: 'too late', at: 901 })).toBeUndefined();
    expect(await incidents.close('i-9', word)).toBeUndefined();
    expect(await incidents.find('i-1')).toEqual(closed);

    expect((await incidents.untold()).map(({ incident_id }) => incident_id)).toEqual(['i-1', 'i-2']);
    const tell = () =>
      incidents.tell(closed ?? incidentOf('i-1'), [noticeOf('i-1', 'resolved')], [{ ...runs, value: 7 }]);
    expect(await tell()).toBe(true);
    expect(await tell()).toBe(false);
    expect((await incidents.untold()).map(({ incident_id }) => incident_id)).toEqual(['i-2']);
    expect(await outbox.list({ limit: 9 })).toHaveLength(1);
    expect((await totals.all()).map(({ sum }) => sum)).toEqual([7]);
    expect(await incidents.find('i-1')).toEqual(closed);
  });

  test('one that is closed while a run is digested stays closed, and what the run had people told is told to be over', async () => {
    await using world = storeWorld();
    const { incidents } = world.store;
    const suspected = incidentOf('i-1', { state: 'suspected', opened_at: null });
    await incidents.apply([suspected], []);
    await incidents.close('i-1', { by: 'ann', because: 'a test', at: 900 });
    await incidents.apply([{ ...suspected, state: 'open', opened_at: 901 }], [noticeOf('i-1', 'opened')]);
    expect(await incidents.find('i-1')).toMatchObject({ state: 'resolved', resolved_at: 900 });
    expect(await incidents.untold()).toHaveLength(1);
    // The next failure of the system has room.
    await incidents.apply([incidentOf('i-2', { state: 'suspected' })], []);
    expect((await incidents.live()).map(({ incident_id }) => incident_id)).toEqual(['i-2']);
  });

  test('what is closed on a clock that nobody knows any more does not end before it began', async () => {
    await using world = storeWorld();
    const { incidents } = world.store;
    await incidents.apply([incidentOf('i-1', { since: 5000 })], []);
    expect(await incidents.close('i-1', { by: 'ann', because: 'x', at: 900 })).toMatchObject({
      resolved_at: 5000,
    });
  });

  test('what an operator said stays, whoever stores the incident anew', async () => {
    await using world = storeWorld();
    const { incidents } = world.store;
    const read = incidentOf('i-1');
    await incidents.apply([read], []);
    expect(await incidents.acknowledge('i-1', 'ann', 700)).toMatchObject({ acknowledged_by: 'ann' });
    expect(await incidents.setTicket('i-1', 'https://example.org/7')).toMatchObject({
      acknowledged_at: 700,
      ticket: 'https://example.org/7',
    });
    await incidents.apply([{ ...read, failures: 2 }], []);
    expect(await incidents.find('i-1')).toEqual({
      ...read,
      failures: 2,
      acknowledged_at: 700,
      acknowledged_by: 'ann',
      ticket: 'https://example.org/7',
    });
    expect(await incidents.setTicket('i-1', null)).toMatchObject({ ticket: null });
    expect(await incidents.acknowledge('i-9', 'ann', 1)).toBeUndefined();
    expect(await incidents.setTicket('i-9', 'x')).toBeUndefined();
    expect(await incidents.find('i-9')).toBeUndefined();
  });

  test('a list is filtered, and goes on below the last of the page before', async () => {
    await using world = storeWorld();
    const { incidents } = world.store;
    await incidents.apply(
      [
        incidentOf('i-1', { state: 'resolved' }),
        incidentOf('i-2', { state: 'dismissed' }),
        incidentOf('i-3'),
        incidentOf('i-4', { system: 'bodhi', environment: 'other' }),
      ],
      [],
    );
    const ids = async (filter: object) =>
      (await incidents.list({ limit: 2, ...filter })).map(({ incident_id }) => incident_id);
    expect(await ids({})).toEqual(['i-4', 'i-3']);
    expect(await ids({ before: 'i-3' })).toEqual(['i-2', 'i-1']);
    expect(await ids({ system: 'koji' })).toEqual(['i-3', 'i-2']);
    expect(await ids({ environment: 'other' })).toEqual(['i-4']);
    expect(await ids({ state: 'resolved' })).toEqual(['i-1']);
  });
});
