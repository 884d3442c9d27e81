import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Report } from '../../src/core/event.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Owner } from '../../src/core/run.ts';
import type { RunJournal, Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/store.ts';
import { headerOf, OWNER, recordOf } from '../support/store-world.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'packprobe-store-'));
  file = join(dir, 'data', 'packprobe.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const header = (run_id: string) => headerOf(run_id, { package: 'gloster' });

function report(change: Partial<Report> = {}): Report {
  return {
    subject: { kind: 'build', key: 'a-1-1' },
    fact: 'complete',
    earliest: undefined,
    latest: 10,
    source: 'api',
    system: 'koji',
    seen_at: 11,
    data: { state: 1 },
    ...change,
  };
}

/** Something that it made in another system and that is still there; its id. */
async function leftover(journal: RunJournal, key = ''): Promise<number> {
  const { effect_id } = await journal.intend({
    step: 'build',
    kind: 'koji-task',
    key,
    system: 'koji',
    undoable: true,
    sought: null,
    intended_at: 2,
  });
  await journal.made(effect_id, 101, { uses: 'koji/cancel-task', with: { task_id: 101 } }, 3);
  return effect_id;
}

test('what a journal wrote is there after the process that wrote it is gone', async () => {
  {
    await using store = openStore(file);
    const journal = await store.begin(header('run-1'), OWNER, () => true);
    await journal.stepStarted({
      index: 0,
      step: 'build',
      uses: 'koji/build',
      system: 'koji',
      inputs: { dir: 'x' },
      started_at: 1,
      deadline_at: 9,
    });
    const intent = await journal.intend({
      step: 'build',
      kind: 'koji-task',
      key: '',
      system: 'koji',
      undoable: true,
      sought: null,
      intended_at: 2,
    });
    await journal.made(intent.effect_id, 101, { uses: 'koji/cancel-task', with: { task_id: 101 } }, 3);
    await journal.follow([{ kind: 'koji-task', key: '101' }]);
    await journal.commandStarted({ boot_id: 'boot', pid: 8, start: 1, command: 'fedpkg' });
  }
  await using store = openStore(file);
  const { run } = await store.find('run-1');
  expect(run).toMatchObject({
    state: 'executing',
    owner: OWNER,
    header: header('run-1'),
    steps: [{ step: 'build', outcome: null, inputs: { dir: 'x' }, attempts: [{ attempt: 1 }] }],
    effects: [{ kind: 'koji-task', state: 'made', identity: 101, undo: { uses: 'koji/cancel-task' } }],
    subjects: [{ kind: 'koji-task', key: '101' }],
    commands: [{ pid: 8, command: 'fedpkg' }],
    record: null,
  });
});

test('an effect without an undo is kept and no leftover', async () => {
  await using store = openStore(file);
  const journal = await store.begin(header('run-1'), OWNER, () => true);
  const intent = await journal.intend({
    step: 'push',
    kind: 'commit',
    key: '',
    system: 'dist-git',
    undoable: true,
    sought: null,
    intended_at: 2,
  });
  await journal.made(intent.effect_id, 'abc', null, 3);
  await journal.finish(recordOf('run-1'));
  expect(await store.list({ limit: 1 })).toMatchObject([{ outcome: 'passed', leftovers: 0 }]);
});

test('a write with an old fence is refused', async () => {
  await using store = openStore(file);
  const journal = await store.begin(header('run-1'), OWNER, () => true);
  const other = new DatabaseSync(file);
  other.exec(`update runs set fence = 2 where run_id = 'run-1'`);
  other.close();
  const late = journal.intend({
    step: 'build',
    kind: 'koji-task',
    key: '',
    system: 'koji',
    undoable: true,
    sought: null,
    intended_at: 2,
  });
  await expect(late).rejects.toMatchObject({ code: 'RUN_TAKEN_OVER', kind: 'prober' });
  expect((await store.find('run-1')).run?.effects).toEqual([]);
});

test('a finished run never changes', async () => {
  await using store = openStore(file);
  const journal = await store.begin(header('run-1'), OWNER, () => true);
  await journal.finish(recordOf('run-1'));
  await journal.finish({ ...recordOf('run-1'), outcome: 'failed' });
  expect((await store.find('run-1')).run?.record?.outcome).toBe('passed');
});

test('a run is finished when nothing of it is held any more, not before', async () => {
  await using store = openStore(file);
  const journal = await store.begin(header('run-1'), OWNER, () => true);
  const intent = await journal.intend({
    step: 'u',
    kind: 'update',
    key: '',
    system: 'bodhi',
    undoable: true,
    sought: null,
    intended_at: 2,
  });
  await journal.made(
    intent.effect_id,
    'FEDORA-1',
    { uses: 'bodhi/obsolete', with: { update: 'FEDORA-1' } },
    3,
  );
  await journal.finish(recordOf('run-1'));
  await journal.letGo();
  expect((await store.find('run-1')).run?.state).toBe('finalizing');
  await journal.settle(intent.effect_id, { state: 'undone', at: 5, evidence: { after: 'obsolete' } });
  await journal.letGo();
  expect((await store.find('run-1')).run?.state).toBe('finished');
  expect((await store.find('run-1')).run?.effects).toMatchObject([
    { state: 'undone', undone_at: 5, undo_attempts: 1 },
  ]);
});

test('a run is found by a beginning that fits only one', async () => {
  await using store = openStore(file);
  await store.begin(header('run-11'), OWNER, () => false);
  await store.begin({ ...header('run-12'), package: 'other' }, OWNER, () => false);
  expect((await store.find('run-11')).run?.header.run_id).toBe('run-11');
  expect(await store.find('run-1')).toEqual({ candidates: ['run-11', 'run-12'] });
  expect(await store.find('nothing')).toEqual({ candidates: [] });
});

describe('a package is held', () => {
  const alive = { host: 'here', boot_id: 'boot', pid: 7, start: 42 };
  const dead = { ...alive, pid: 8 };
  const isAlive = ({ pid }: Owner) => pid === 7;
  const refusedIn = (store: Store) => (run: string) =>
    store.begin(header(run), alive, isAlive).then(
      () => undefined,
      (fault: Fault) => `${fault.code}: ${fault.message}`,
    );

  test('by a run that is executing, also where its process is dead', async () => {
    await using store = openStore(file);
    const refused = refusedIn(store);
    await store.begin(header('run-1'), dead, isAlive);
    expect(await refused('run-2')).toBe(
      'PACKAGE_HELD: run run-1 was interrupted and still holds gloster in test',
    );
    const { journal } = await store.takeOver('run-1', alive, isAlive);
    expect(await refused('run-2')).toBe('PACKAGE_HELD: run run-1 is still at work on gloster in test');
    await store.begin({ ...header('run-4'), package: 'other' }, alive, isAlive);
    await store.begin({ ...header('run-5'), scope: 'elsewhere' }, alive, isAlive);
    await journal.finish(recordOf('run-1'));
    await journal.letGo();
    expect(await refused('run-6')).toBeUndefined();
    expect((await store.list({ limit: 9 })).map(({ run_id }) => run_id)).not.toContain('run-2');
  });

  test('by one that has ended while somebody is at work on its undo, not while it rests', async () => {
    await using store = openStore(file);
    const refused = refusedIn(store);
    const first = await store.begin(header('run-1'), dead, isAlive);
    await leftover(first);
    await first.finish(recordOf('run-1'));
    expect(await refused('run-2')).toMatch(/^PACKAGE_HELD: run run-1 has ended, but gloster/);
    await first.letGo();
    expect((await store.find('run-1')).run?.state).toBe('finalizing');
    await first.wake();
    expect(await refused('run-2')).toMatch(/^PACKAGE_HELD: run run-1 has ended/);
    await first.letGo();
    await store.takeOver('run-1', alive, isAlive);
    expect(await refused('run-2')).toMatch(/^PACKAGE_HELD: run run-1 is still at work/);
    const again = await store.takeOver('run-1', alive, () => false);
    await again.journal.letGo();
    expect(await refused('run-2')).toBeUndefined();
  });
});

const RAN_OUT: Parameters<RunJournal['stepEnded']>[0] = {
  index: 0,
  step: 'ci',
  uses: 'ci/wait-complete',
  system: 'ci',
  outcome: 'failed',
  duration_ms: 1,
  outputs: {},
  phases: [],
  attempts: [],
  watched_until: 9000.5,
};

describe('a run that is watched on', () => {
  test('is so from the end of its step, of which whoever has lost it writes nothing', async () => {
    await using store = openStore(file);
    const journal = await store.begin(header('run-1'), OWNER, () => true);
    await store.takeOver('run-1', { ...OWNER, pid: 99 }, () => false);
    await expect(journal.stepEnded(RAN_OUT)).rejects.toMatchObject({
      code: 'RUN_TAKEN_OVER',
    });
    expect(await store.late.of('run-1')).toBeUndefined();
    expect((await store.find('run-1')).run?.steps).toEqual([]);
  });

  test('is not finished before its watch has ended with a verdict', async () => {
    await using store = openStore(file);
    const journal = await store.begin(header('run-1'), OWNER, () => true);
    await journal.stepEnded(RAN_OUT);
    await journal.finish(recordOf('run-1'));
    expect(await store.late.of('run-1')).toEqual({ run_id: 'run-1', step: 'ci', until: 9000.5 });
    await journal.letGo();
    expect((await store.find('run-1')).run).toMatchObject({ state: 'finalizing', verdicts: [] });
    const verdict = {
      run_id: 'run-1',
      step: 'ci',
      at: 5000,
      says: 'came_late',
      text: 'came after 9h',
    } as const;
    await store.late.end(verdict);
    await store.late.end({ ...verdict, at: 5001, says: 'never_came' });
    expect(await store.late.of('run-1')).toBeUndefined();
    await journal.letGo();
    expect((await store.find('run-1')).run).toMatchObject({ state: 'finished', verdicts: [verdict] });
  });
});

describe('a journal that was left', () => {
  const reason = new Fault('the service stops', { code: 'SUSPENDED', kind: 'prober' });

  test('writes nothing any more, and says why', async () => {
    await using store = openStore(file);
    const journal = await store.begin(header('run-1'), OWNER, () => true);
    journal.leave(reason);
    expect(journal.lost.reason).toBe(reason);
    await expect(journal.follow([{ kind: 'build', key: 'a-1-1' }])).rejects.toBe(reason);
    await expect(journal.finish(recordOf('run-1'))).rejects.toBe(reason);
    await expect(journal.settle(1, { state: 'undone', at: 1, evidence: {} })).rejects.toBe(reason);
    await expect(journal.letGo()).rejects.toBe(reason);
    expect((await store.find('run-1')).run).toMatchObject({ state: 'executing', subjects: [], record: null });
  });

  test('does not even do what was asked for before, and still waits for its turn', async () => {
    await using store = openStore(file);
    const journal = await store.begin(header('run-1'), OWNER, () => true);
    const before = store.audit.add({
      at: 1,
      who: 'a',
      through: 'api',
      action: 'a',
      subject: 's',
      detail: '',
    });
    const waiting = journal.follow([{ kind: 'build', key: 'a-1-1' }]);
    journal.leave(reason);
    await expect(waiting).rejects.toBe(reason);
    await before;
    expect((await store.find('run-1')).run?.subjects).toEqual([]);
  });

  test('is left to whoever goes on with it', async () => {
    await using store = openStore(file);
    const journal = await store.begin(header('run-1'), OWNER, () => true);
    journal.leave(reason);
    const later = await store.takeOver('run-1', { ...OWNER, pid: 9 }, () => false);
    await later.journal.follow([{ kind: 'build', key: 'a-1-1' }]);
    expect((await store.find('run-1')).run?.subjects).toHaveLength(1);
  });
});

test('a run is asked to cancel itself by the first who asks, as long as it has not ended', async () => {
  await using store = openStore(file);
  const journal = await store.begin(header('run-1'), OWNER, () => true);
  expect(await store.askToCancel('run-1', 'ann')).toBe(true);
  expect(await store.askToCancel('run-1', 'bob')).toBe(true);
  expect(await store.askToCancel('run-9', 'ann')).toBe(false);
  expect(await store.toCancel()).toEqual([{ run_id: 'run-1', by: 'ann' }]);
  await journal.finish(recordOf('run-1'));
  expect(await store.toCancel()).toEqual([]);
  expect(await store.askToCancel('run-1', 'ann')).toBe(false);
});

test('every try to take something away is counted with what came of it', async () => {
  await using store = openStore(file);
  const journal = await store.begin(header('run-1'), OWNER, () => true);
  const build = await leftover(journal, 'a');
  const tag = await leftover(journal, 'b');
  await journal.settle(build, { state: 'made', at: 1, evidence: {} });
  await journal.settle(build, { state: 'undone', at: 2, evidence: {} });
  await journal.settle(build, { state: 'undone', at: 3, evidence: {} });
  await journal.settle(tag, { state: 'struck', at: 4, evidence: {} });
  const counts = (await store.totals.all()).map(({ metric, labels, sum }) => [metric, labels, sum]);
  const labels = { environment: 'test', system: 'koji' };
  expect(counts).toEqual([
    ['packprobe_cleanups_total', { ...labels, result: 'failed' }, 1],
    ['packprobe_cleanups_total', { ...labels, result: 'gone' }, 1],
    ['packprobe_cleanups_total', { ...labels, result: 'nothing' }, 1],
  ]);
  await store.takeOver('run-1', OWNER, () => false);
  await expect(journal.settle(build, { state: 'made', at: 5, evidence: {} })).rejects.toMatchObject({
    code: 'RUN_TAKEN_OVER',
  });
});

test('who asked for what is listed, the newest first', async () => {
  await using store = openStore(file);
  const asked = (subject: string) => ({
    at: 1.5,
    who: 'ann',
    through: 'api',
    action: 'run.start',
    subject,
    detail: 'by hand',
  });
  await store.audit.add(asked('one'));
  await store.audit.add(asked('two'));
  expect(await store.audit.list(9)).toEqual([asked('two'), asked('one')]);
  expect(await store.audit.list(1)).toEqual([asked('two')]);
});

test('writes are counted by what they took, a transaction as one, and what only reads is not', async () => {
  let now = 0;
  await using store = openStore(file, { now: () => (now += 2) });
  await store.list({ limit: 1 });
  await store.leases.current();
  expect(store.writes()).toMatchObject({ count: 0, sum: 0 });
  await store.begin(header('run-1'), OWNER, () => true);
  await store.noteLooks('test', 'koji', [{ kind: 'build', key: 'a-1-1' }], 1);
  await expect(store.begin(header('run-2'), OWNER, () => true)).rejects.toMatchObject({
    code: 'PACKAGE_HELD',
  });
  const { bounds, buckets, count, sum } = store.writes();
  expect({ count, sum }).toEqual({ count: 2, sum: 0.004 });
  expect(buckets).toHaveLength(bounds.length + 1);
  expect(buckets[bounds.findIndex((bound) => bound >= 0.002)]).toBe(2);
});

test('its size is that of the database and its logs', async () => {
  await using store = openStore(file);
  await store.begin(header('run-1'), OWNER, () => true);
  const there = readdirSync(join(dir, 'data')).map((name) => statSync(join(dir, 'data', name)).size);
  expect(await store.size()).toBe(there.reduce((sum, size) => sum + size, 0));
});

describe('taking over', () => {
  const dead = { host: 'here', boot_id: 'boot', pid: 8, start: 1 };
  const one = { ...dead, pid: 9 };
  const other = { ...dead, pid: 10 };
  const isAlive = ({ pid }: Owner) => pid !== 8;

  test('a run of a dead owner gives all that it left, and its former journal can write no more', async () => {
    await using store = openStore(file);
    const former = await store.begin(header('run-1'), dead, isAlive);
    await former.follow([{ kind: 'koji-task', key: '1' }]);
    const { run, journal } = await store.takeOver('run-1', one, isAlive);
    expect(run).toMatchObject({ owner: one, fence: 2, subjects: [{ key: '1' }] });
    await expect(former.follow([{ kind: 'koji-task', key: '2' }])).rejects.toMatchObject({
      code: 'RUN_TAKEN_OVER',
    });
    expect(former.lost.reason).toMatchObject({ code: 'RUN_TAKEN_OVER' });
    await journal.follow([{ kind: 'koji-task', key: '3' }]);
    expect((await store.find('run-1')).run?.subjects.map(({ key }) => key)).toEqual(['1', '3']);
  });

  test('is refused where the owner lives, and where the run is finished', async () => {
    await using store = openStore(file);
    const journal = await store.begin(header('run-1'), one, isAlive);
    await expect(store.takeOver('run-1', other, isAlive)).rejects.toMatchObject({
      code: 'RUN_OWNED',
      message: 'run run-1 is at work: process 9 on here has it',
    });
    await journal.finish(recordOf('run-1'));
    await journal.letGo();
    await expect(store.takeOver('run-1', other, isAlive)).rejects.toMatchObject({ code: 'RUN_FINISHED' });
  });

  test('by two at once lets one win, and tells the other who has it', async () => {
    await using store = openStore(file);
    await store.begin(header('run-1'), dead, isAlive);
    const answers = await Promise.allSettled([
      store.takeOver('run-1', one, isAlive),
      store.takeOver('run-1', other, isAlive),
    ]);
    const lost = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    expect(lost).toMatchObject([{ code: 'RUN_OWNED' }]);
  });
});

test('a write waits for another process that holds the database, also when it read first', async () => {
  await using store = openStore(file);
  const journal = await store.begin(header('run-1'), OWNER, () => true);
  const other = new Worker(
    `const { DatabaseSync } = require('node:sqlite');
     const { workerData, parentPort } = require('node:worker_threads');
     const db = new DatabaseSync(workerData, { timeout: 5000 });
     const end = Date.now() + 600;
     parentPort.postMessage('writing');
     while (Date.now() < end) db.exec("begin immediate; update runs set branch = branch; commit");
     db.close();`,
    { eval: true, workerData: file },
  );
  await once(other, 'message');
  const ended = once(other, 'exit');
  const subject = { kind: 'build', key: 'a-1-1' };
  for (let look = 1; look <= 200; look += 1) await store.noteLooks('test', 'koji', [subject], look);
  await journal.follow([subject]);
  await ended;
  expect(await store.looksOf('test', [subject])).toMatchObject([{ count: 200 }]);
});

test('reports are kept once, under their environment', async () => {
  await using store = openStore(file);
  await store.addReports('test', [
    report(),
    report(),
    report({ source: 'archive', message_id: 'm1', earliest: 10 }),
  ]);
  await store.addReports('other', [report({ latest: 99 })]);
  const heard = await store.reportsOf('test', [{ kind: 'build', key: 'a-1-1' }]);
  expect(heard).toHaveLength(2);
  expect(heard).toContainEqual(report());
  expect(heard).toContainEqual(report({ source: 'archive', message_id: 'm1', earliest: 10 }));
});

test('of looks only the first, the last, the count and the failing stretches are kept', async () => {
  await using store = openStore(file);
  const subject = { kind: 'build', key: 'a-1-1' };
  const looks: [number, string?][] = [[1], [2, 'refused'], [3, 'refused'], [4], [5], [6, 'broken']];
  for (const [at, failure] of looks) await store.noteLooks('test', 'koji', [subject], at, failure);
  expect(await store.looksOf('test', [subject])).toEqual([
    {
      source: 'koji',
      ...subject,
      first: 1,
      last: 6,
      last_good: 5,
      count: 6,
      failing: [
        { from: 2, to: 4, message: 'refused' },
        { from: 6, to: null, message: 'broken' },
      ],
    },
  ]);
});

test('the data is nobody else’s to read', async () => {
  await using _store = openStore(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a database of a newer packprobe is refused with what to do, and left as it is', () => {
  openStore(file);
  const newer = new DatabaseSync(file);
  newer.exec('pragma user_version = 99');
  newer.close();
  expect(() => openStore(file)).toThrow(
    expect.objectContaining({
      code: 'STORE_TOO_NEW',
      kind: 'prober',
      hint: expect.stringContaining('Update packprobe'),
    }),
  );
});

test('a file that is no database is refused with what to do', () => {
  const garbage = join(dir, 'garbage.db');
  writeFileSync(garbage, 'no database at all '.repeat(500));
  expect(() => openStore(garbage)).toThrow(
    expect.objectContaining({ code: 'STORE_CORRUPT', kind: 'prober' }),
  );
});

test('a folder that cannot be made is refused with what to do', () => {
  writeFileSync(join(dir, 'file'), '');
  expect(() => openStore(join(dir, 'file', 'packprobe.db'))).toThrow(
    expect.objectContaining({ kind: 'prober', hint: expect.stringContaining('--data') }),
  );
  chmodSync(dir, 0o755);
});
