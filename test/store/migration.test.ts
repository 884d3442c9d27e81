import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MIGRATIONS } from '../../src/store/migrations.ts';
import { openStore } from '../../src/store/store.ts';
import { headerOf, incidentOf, OWNER, recordOf } from '../support/store-world.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'packprobe-migration-'));
  file = join(dir, 'packprobe.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A database as the second schema has it. */
function secondSchema(): DatabaseSync {
  const db = new DatabaseSync(file);
  for (const statement of MIGRATIONS.slice(0, 2).flat()) db.exec(statement);
  db.exec('pragma user_version = 2');
  return db;
}

function addRun(db: DatabaseSync, run_id: string, state: string): void {
  const ended = state === 'executing' ? null : JSON.stringify(recordOf(run_id));
  db.prepare(
    `insert into runs (run_id, environment, scope, probe, package, branch, state, outcome, started_at, ended_at, header, owner, fence, record)
     values (?, 'test', 'test@1', 'single-build', ?, 'stable', ?, ?, 1, ?, ?, ?, 1, ?)`,
  ).run(
    run_id,
    state,
    state,
    ended === null ? null : 'passed',
    ended === null ? null : 1500,
    JSON.stringify(headerOf(run_id)),
    JSON.stringify(OWNER),
    ended,
  );
}

test('runs of the second schema are there, to be digested, and hold their package while they execute', async () => {
  const db = secondSchema();
  for (const state of ['executing', 'finalizing', 'finished']) addRun(db, `run-${state}`, state);
  db.close();
  await using store = openStore(file);
  expect(await store.list({ limit: 9 })).toMatchObject([
    { run_id: 'run-finished', left_out: null, retry_of: null },
    { run_id: 'run-finalizing' },
    { run_id: 'run-executing' },
  ]);
  expect((await store.digests.undigested(9)).toSorted()).toEqual(['run-finalizing', 'run-finished']);
  const begin = (pkg: string) =>
    store
      .begin(headerOf(`new-${pkg}`, { package: pkg }), OWNER, () => false)
      .then(
        () => 'begun',
        ({ code }) => code,
      );
  expect(await begin('executing')).toBe('PACKAGE_HELD');
  expect(await begin('finalizing')).toBe('begun');
  expect(await begin('finished')).toBe('begun');
});

test('an incident of the fourth schema is there, closed by nobody and watched, and can be closed', async () => {
  const db = new DatabaseSync(file);
  for (const statement of MIGRATIONS.slice(0, 4).flat()) db.exec(statement);
  db.exec('pragma user_version = 4');
  const whole = incidentOf('i-1');
  const { closed_at: _a, closed_by: _b, closed_because: _c, unwatched_since: _d, ...known } = whole;
  db.prepare(
    `insert into incidents (incident_id, scope, environment, system, state, since, data)
     values (?, ?, 'test', 'koji', 'open', 100.5, ?)`,
  ).run('i-1', whole.scope, JSON.stringify(known));
  db.close();
  await using store = openStore(file);
  expect(await store.incidents.live()).toEqual([whole]);
  const closed = await store.incidents.close('i-1', { by: 'ann', because: 'x', at: 900 });
  expect(closed).toMatchObject({ state: 'resolved', resolved_at: 900 });
  expect(await store.incidents.untold()).toEqual([closed]);
});
