import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/schema.ts';

let dir: string;
let db: Kysely<Database>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'packprobe-statements-'));
  ({ db } = openDatabase(join(dir, 'packprobe.db')));
});
afterEach(async () => {
  await db.destroy();
  rmSync(dir, { recursive: true, force: true });
});

const NORMAL = 1;
const FULL = 2;

/** How carefully SQLite writes just now. */
async function synchronous(): Promise<unknown> {
  const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(db);
  return rows[0]?.synchronous;
}

describe('statements that stay prepared', () => {
  test('a pragma is obeyed each time it is said, not only the first', async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      await sql`pragma synchronous = full`.execute(db);
      expect(await synchronous()).toBe(FULL);
      await sql`pragma synchronous = normal`.execute(db);
      expect(await synchronous()).toBe(NORMAL);
    }
  });

  test('one that failed works the next time, and each call has its own values', async () => {
    await sql`create table t (a integer primary key) strict`.execute(db);
    const insert = (value: unknown) => sql`insert into t (a) values (${value})`.execute(db);
    await insert(1);
    await expect(insert(1)).rejects.toThrow('UNIQUE');
    await expect(insert('one')).rejects.toThrow('datatype mismatch');
    await insert(2);
    const { rows } = await sql`select a from t order by a`.execute(db);
    expect(rows).toEqual([{ a: 1 }, { a: 2 }]);
  });

  test('one of a table that has got a column meanwhile gives the column', async () => {
    await sql`create table t (a integer)`.execute(db);
    await sql`insert into t values (1)`.execute(db);
    const all = () => sql`select * from t`.execute(db);
    expect((await all()).rows).toEqual([{ a: 1 }]);
    await sql`alter table t add column b text`.execute(db);
    expect((await all()).rows).toEqual([{ a: 1, b: null }]);
  });

  test('more texts than are kept are all answered, the first one again at last', async () => {
    for (const number of [...Array(200).keys(), 0]) {
      const { rows } = await sql`select ${sql.raw(String(number))} as n`.execute(db);
      expect(rows).toEqual([{ n: number }]);
    }
  });
});
