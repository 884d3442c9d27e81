import { type Kysely, type Selectable, sql } from 'kysely';
import type { Digests } from '../core/digest.ts';
import type { NewDue } from '../core/schedule.ts';
import { addDues } from './dues.ts';
import { addEvidence, putIncidents } from './incidents.ts';
import { addNotices } from './outbox.ts';
import { storedRuns } from './runs.ts';
import type { Database, RunsTable } from './schema.ts';
import type { Session } from './session.ts';
import { addTotals } from './totals.ts';

export function digestsIn({ run, changeDurably }: Session): Digests {
  return {
    undigested: (limit) =>
      run(async (db) => {
        // The index asks for these very words.
        const { rows } = await sql<{ run_id: string }>`
          select run_id from runs where digested = 0 and record is not null order by ended_at limit ${limit}`.execute(
          db,
        );
        return rows.map(({ run_id }) => run_id);
      }),

    digest: ({ run_id, left_out, totals, evidence, incidents, notices, dues }) =>
      changeDurably(async (transaction) => {
        const { numAffectedRows } = await sql`
          update runs set digested = 1, left_out = ${left_out === null ? null : JSON.stringify(left_out)}
          where run_id = ${run_id} and digested = 0 and record is not null`.execute(transaction);
        if (numAffectedRows !== 1n) return false;
        await addEvidence(transaction, evidence);
        await putIncidents(transaction, incidents);
        await addNotices(transaction, notices);
        await addAsked(transaction, dues);
        await addTotals(transaction, totals);
        return true;
      }),

    ended: ({ scope, probe, since, limit }) =>
      run(async (db) => {
        const { rows } = await sql<Selectable<RunsTable>>`
          select * from runs where scope = ${scope} ${probe === undefined ? sql`` : sql`and probe = ${probe}`}
            and ended_at >= ${since}
          order by ended_at desc limit ${limit}`.execute(db);
        return storedRuns(db, rows);
      }),
  };
}

/** A run that is asked for has a due time of its own, also where another one has the very millisecond. */
async function addAsked(on: Kysely<Database>, dues: readonly NewDue[]): Promise<void> {
  for (const due of dues) {
    for (let { due_at } = due; (await addDues(on, [{ ...due, due_at }])).length === 0; due_at += 1);
  }
}
