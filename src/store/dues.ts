import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { Fault } from '../core/fault.ts';
import type { Cause, Due, DueState, Dues, NewDue, Pause, SkipReason } from '../core/schedule.ts';
import type { Database, DuesTable, PausesTable } from './schema.ts';
import type { Session } from './session.ts';
import { addTotals } from './totals.ts';

type Row = Selectable<DuesTable>;

export function duesIn({ run, change }: Session): Dues {
  return {
    claim: (dues) => run(async (db) => (await addDues(db, dues)).map(dueOf)),

    addSkipped: (dues, reason, note, at) =>
      change(async (transaction) => {
        const added = await addDues(transaction, dues, { reason, note, at });
        await countSkips(transaction, added, reason);
      }),

    waiting: () =>
      run(async (db) => {
        const { rows } = await sql<Row>`
          select * from dues where state = 'waiting' order by due_at, due_id`.execute(db);
        return rows.map(dueOf);
      }),

    skip: (due_id, reason, note, at) =>
      change(async (transaction) => {
        const { rows } = await sql<Row>`
          update dues set state = 'skipped', reason = ${reason}, note = ${note}, decided_at = ${at}
          where due_id = ${due_id} and state = 'waiting'
          returning *`.execute(transaction);
        await countSkips(transaction, rows, reason);
      }),

    lastScheduled: (scope, probe) =>
      run(async (db) => {
        const { rows } = await sql<Row>`
          select * from dues where scope = ${scope} and probe = ${probe} and cause = 'schedule'
          order by due_at desc limit 1`.execute(db);
        return rows[0] === undefined ? undefined : dueOf(rows[0]);
      }),

    find: (due_id) =>
      run(async (db) => {
        const { rows } = await sql<Row>`select * from dues where due_id = ${due_id}`.execute(db);
        return rows[0] === undefined ? undefined : dueOf(rows[0]);
      }),

    ofRun: (run_id) =>
      run(async (db) => {
        const { rows } = await sql<Row>`select * from dues where run_id = ${run_id}`.execute(db);
        return rows[0] === undefined ? undefined : dueOf(rows[0]);
      }),

    list: ({ environment, probe, state, before, limit }) =>
      run(async (db) => {
        let query = db.selectFrom('dues').selectAll().orderBy('due_id', 'desc').limit(limit);
        if (environment !== undefined) query = query.where('environment', '=', environment);
        if (probe !== undefined) query = query.where('probe', '=', probe);
        if (state !== undefined) query = query.where('state', '=', sql.lit(state));
        if (before !== undefined) query = query.where('due_id', '<', before);
        return (await query.execute()).map(dueOf);
      }),

    startedWith: (scope, uses, since) =>
      run(async (db) => {
        // A step that began since then belongs to a run that has not ended before.
        const { rows } = await sql<{ count: number }>`
          select count(*) as count from (
            select run_id from runs where scope = ${scope} and ended_at >= ${since}
            union all
            select run_id from runs where state != 'finished' and ended_at is null and scope = ${scope}
          ) as going join steps on steps.run_id = going.run_id
          where steps.uses = ${uses} and steps.started_at >= ${since}`.execute(db);
        return rows[0]?.count ?? 0;
      }),

    pause: (pause) =>
      run(async (db) => {
        const row = await db
          .insertInto('pauses')
          .values({ ...pause, ended_at: null, ended_by: null })
          .returningAll()
          .executeTakeFirstOrThrow();
        return pauseOf(row);
      }),

    endPause: (pause_id, by, at) =>
      run(async (db) => {
        const { rows } = await sql<Selectable<PausesTable>>`
          update pauses set ended_at = ${at}, ended_by = ${by}
          where pause_id = ${pause_id} and ended_at is null
          returning *`.execute(db);
        return rows[0] === undefined ? undefined : pauseOf(rows[0]);
      }),

    pauses: () =>
      run(async (db) => {
        const { rows } = await sql<
          Selectable<PausesTable>
        >`select * from pauses where ended_at is null order by pause_id`.execute(db);
        return rows.map(pauseOf);
      }),
  };
}

/** Those that have no row yet, in the order in which they are given. */
export async function addDues(
  on: Kysely<Database>,
  dues: readonly NewDue[],
  skipped?: { readonly reason: SkipReason; readonly note: string | null; readonly at: number },
): Promise<readonly Row[]> {
  if (dues.length === 0) return [];
  const { rows } = await sql<Row>`
    insert into dues (scope, environment, probe, due_at, cause, "of", "by", state, reason, note, decided_at)
    select due.value ->> 'scope', due.value ->> 'environment', due.value ->> 'probe', due.value ->> 'due_at',
      due.value ->> 'cause', due.value ->> 'of', due.value ->> 'by',
      ${skipped === undefined ? 'waiting' : 'skipped'}, ${skipped?.reason ?? null}, ${skipped?.note ?? null},
      ${skipped?.at ?? null}
    from json_each(${JSON.stringify(dues)}) as due where true
    on conflict (scope, probe, due_at) do nothing
    returning *`.execute(on);
  return rows.toSorted((one, other) => one.due_id - other.due_id);
}

/** Its run has begun. Throws the Fault `DUE_DECIDED` where it waits no more. */
export async function startDue(
  transaction: Transaction<Database>,
  due_id: number,
  run_id: string,
  at: number,
): Promise<void> {
  const { numAffectedRows } = await sql`
    update dues set state = 'started', run_id = ${run_id}, decided_at = ${at}
    where due_id = ${due_id} and state = 'waiting'`.execute(transaction);
  if (numAffectedRows === 1n) return;
  const { rows } = await sql<Row>`select * from dues where due_id = ${due_id}`.execute(transaction);
  throw decided(due_id, rows[0]);
}

async function countSkips(
  transaction: Transaction<Database>,
  skipped: readonly Row[],
  reason: SkipReason,
): Promise<void> {
  const increments = skipped.map(({ environment, probe }) => ({
    metric: 'packprobe_schedule_skips_total',
    labels: { environment, probe, reason },
    value: 1,
  }));
  await addTotals(transaction, increments);
}

function decided(due_id: number, due: Row | undefined): Fault {
  const became =
    due === undefined
      ? 'is not in the schedule'
      : due.state === 'started'
        ? `was started as run ${due.run_id}`
        : `was skipped: ${due.reason}`;
  return new Fault(`due time ${due_id} waits no more: it ${became}`, {
    code: 'DUE_DECIDED',
    kind: 'prober',
    evidence: { due_id, state: due?.state ?? null, run_id: due?.run_id ?? null },
    hint: 'Nothing: somebody else was faster, and each due time gets one run at most.',
  });
}

function dueOf(row: Row): Due {
  return {
    ...row,
    cause: row.cause as Cause,
    state: row.state as DueState,
    reason: row.reason as SkipReason | null,
  };
}

function pauseOf(row: Selectable<PausesTable>): Pause {
  return row;
}
