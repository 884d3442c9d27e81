import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Message, NewNotice, NoticeRecord, Outbox } from '../core/notice.ts';
import { parsed } from './rows.ts';
import type { Database, NoticesTable } from './schema.ts';
import type { Session } from './session.ts';
import { addTotals } from './totals.ts';

type Row = Selectable<NoticesTable>;

/** Neither delivered nor given up; in these words, for the index to serve it. */
const waits = sql`notices.delivered_at is null and notices.gave_up_at is null`;

/** An earlier change of the same incident is not settled: what came later must not be told first. */
const isNext = sql`(notices.type != 'incident' or not exists (
  select 1 from notices as earlier
  where earlier.receiver = notices.receiver and earlier.subject = notices.subject and earlier.notice_id < notices.notice_id
    and earlier.delivered_at is null and earlier.gave_up_at is null))`;

/** Why it was given up is worth its room, not what it said. */
const withoutMessage = sql`message = iif(type = 'incident', message, 'null')`;

export function outboxIn({ run, change }: Session): Outbox {
  return {
    due: (receiver, now, limit) =>
      run(async (db) => {
        const { rows } = await sql<Row>`
          select * from notices where notice_id in (
            select notice_id from notices
            where receiver = ${receiver} and due_at <= ${now} and ${waits} and ${isNext}
            order by notice_id limit ${limit})
          order by notice_id`.execute(db);
        return rows.map((row) => ({ ...recordOf(row), message: parsed<Message>(row.message) }));
      }),

    nextDue: (receiver) =>
      run(async (db) => {
        const { rows } = await sql<{ due_at: number }>`
          select due_at from notices where receiver = ${receiver} and ${waits} and ${isNext}
          order by due_at limit 1`.execute(db);
        return rows[0]?.due_at;
      }),

    delivered: (notice_id, at) =>
      change(async (transaction) => {
        const { rows } = await sql<{ receiver: string }>`
          update notices set attempts = attempts + 1, delivered_at = ${at}, last_error = null
          where notice_id = ${notice_id} and ${waits}
          returning receiver`.execute(transaction);
        // A dozen of them for each run would take more room than the run, which says the same.
        await sql`delete from notices where notice_id = ${notice_id} and type != 'incident'`.execute(
          transaction,
        );
        await count(transaction, rows[0]?.receiver, 'delivered');
      }),

    failed: (notice_id, error, at, due_at) =>
      change(async (transaction) => {
        const becomes =
          due_at === undefined ? sql`gave_up_at = ${at}, ${withoutMessage}` : sql`due_at = ${due_at}`;
        const { rows } = await sql<{ receiver: string }>`
          update notices set attempts = attempts + 1, last_error = ${error}, ${becomes}
          where notice_id = ${notice_id} and ${waits}
          returning receiver`.execute(transaction);
        await count(transaction, rows[0]?.receiver, due_at === undefined ? 'gave_up' : 'retried');
      }),

    backlog: () =>
      run(async (db) => {
        const { rows } = await sql<{ receiver: string; length: number; oldest: number }>`
          select receiver, count(*) as length, min(created_at) as oldest from notices where ${waits}
          group by receiver order by receiver`.execute(db);
        return rows;
      }),

    list: ({ receiver, subject, limit }) =>
      run(async (db) => {
        let query = db.selectFrom('notices').selectAll().orderBy('notice_id', 'desc').limit(limit);
        if (receiver !== undefined) query = query.where('receiver', '=', receiver);
        if (subject !== undefined) query = query.where('subject', '=', subject);
        return (await query.execute()).map(recordOf);
      }),
  };
}

/** Those that have no row yet: nobody is told the same twice. */
export async function addNotices(on: Kysely<Database>, notices: readonly NewNotice[]): Promise<void> {
  if (notices.length === 0) return;
  for (const notice of notices) await settleReplaced(on, notice);
  const rows = notices.map(({ message, replaces: _, ...notice }) => ({
    ...notice,
    type: message.type,
    message: JSON.stringify(message),
  }));
  await sql`
    insert into notices (receiver, subject, state, type, message, created_at, due_at)
    select one.value ->> 'receiver', one.value ->> 'subject', one.value ->> 'state', one.value ->> 'type',
      one.value ->> 'message', one.value ->> 'created_at', one.value ->> 'due_at'
    from json_each(${JSON.stringify(rows)}) as one where true
    on conflict (receiver, subject, state) do nothing`.execute(on);
}

/** What was never tried need not be told any more; nobody failed, so that nothing is counted. */
async function settleReplaced(
  on: Kysely<Database>,
  { receiver, subject, state, created_at, replaces = [] }: NewNotice,
): Promise<void> {
  if (replaces.length === 0) return;
  await sql`
    update notices set gave_up_at = ${created_at}, last_error = ${`told with ${state}`}
    where receiver = ${receiver} and subject = ${subject} and attempts = 0 and ${waits}
      and state in (select value from json_each(${JSON.stringify(replaces)}))`.execute(on);
}

async function count(
  transaction: Transaction<Database>,
  receiver: string | undefined,
  result: 'delivered' | 'retried' | 'gave_up',
): Promise<void> {
  if (receiver === undefined) return;
  await addTotals(transaction, [
    { metric: 'packprobe_notifications_total', labels: { receiver, result }, value: 1 },
  ]);
}

function recordOf({ message, type: _, ...row }: Row): NoticeRecord {
  return { ...row, message: parsed<Message | null>(message) };
}
