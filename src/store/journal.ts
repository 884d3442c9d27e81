import type { Kysely, Transaction } from 'kysely';
import { sql } from 'kysely';
import { Fault } from '../core/fault.ts';
import type { AttemptRecord } from '../core/run.ts';
import type { RunJournal } from '../core/store.ts';
import { effectOf } from './rows.ts';
import type { Database } from './schema.ts';

export interface JournalOptions {
  readonly db: Kysely<Database>;
  readonly run_id: string;
  readonly environment: string;
  readonly package: string;
  readonly fence: number;
  /** Makes a fault of ours out of what SQLite said. */
  readonly asFault: (error: unknown) => Fault;
}

/** The journal of one run under one fence. */
export function openJournal({
  db,
  run_id,
  environment,
  package: pkg,
  fence,
  asFault,
}: JournalOptions): RunJournal {
  const lost = new AbortController();

  /** One transaction that fails when somebody else has taken the run over meanwhile. */
  async function write<Result>(
    act: (transaction: Transaction<Database>) => Promise<Result>,
    on: Kysely<Database> = db,
  ): Promise<Result> {
    try {
      return await on.transaction().execute(async (transaction) => {
        const held = await transaction
          .updateTable('runs')
          .set({ fence })
          .where('run_id', '=', run_id)
          .where('fence', '=', fence)
          .executeTakeFirst();
        if (held.numUpdatedRows !== 1n) throw takenOver(run_id);
        return act(transaction);
      });
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === TAKEN_OVER) lost.abort(fault);
      throw fault;
    }
  }

  /** As `write`, but on disk before it returns: what follows it may be made in somebody else's system. */
  function writeDurably<Result>(
    act: (transaction: Transaction<Database>) => Promise<Result>,
  ): Promise<Result> {
    return db.connection().execute(async (connection) => {
      await sql`pragma synchronous = full`.execute(connection);
      try {
        return await write(act, connection);
      } finally {
        await sql`pragma synchronous = normal`.execute(connection);
      }
    });
  }

  async function endAttempt(
    transaction: Transaction<Database>,
    idx: number,
    { attempt, duration_ms, outcome, fault }: AttemptRecord,
  ): Promise<void> {
    await transaction
      .updateTable('attempts')
      .set({ duration_ms, outcome, fault: fault === undefined ? null : JSON.stringify(fault) })
      .where('run_id', '=', run_id)
      .where('idx', '=', idx)
      .where('attempt', '=', attempt)
      .execute();
  }

  return {
    run_id,
    lost: lost.signal,
    stepStarted: ({ index, inputs, ...step }) =>
      write(async (transaction) => {
        await transaction
          .insertInto('steps')
          .values({ ...step, run_id, idx: index, inputs: JSON.stringify(inputs) })
          .execute();
        await transaction
          .insertInto('attempts')
          .values({ run_id, idx: index, attempt: 1, started_at: step.started_at })
          .execute();
      }),
    stepResumed: (idx, at) =>
      write(async (transaction) => {
        await transaction
          .updateTable('steps')
          .set({ resumed_at: sql`json_insert(resumed_at, '$[#]', ${at})` })
          .where('run_id', '=', run_id)
          .where('idx', '=', idx)
          .execute();
      }),
    attemptStarted: (idx, attempt, started_at) =>
      write(async (transaction) => {
        await transaction.insertInto('attempts').values({ run_id, idx, attempt, started_at }).execute();
      }),
    attemptEnded: (idx, attempt) => write((transaction) => endAttempt(transaction, idx, attempt)),
    stepEnded: ({ index, step, uses, system, outcome, duration_ms, outputs, phases, ...rest }) =>
      write(async (transaction) => {
        const { fault, reason, attempt } = rest;
        if (attempt !== undefined) await endAttempt(transaction, index, attempt);
        const ended = {
          outcome,
          duration_ms,
          outputs: JSON.stringify(outputs),
          phases: JSON.stringify(phases),
          reason: reason ?? null,
          fault: fault === undefined ? null : JSON.stringify(fault),
        };
        await transaction
          .insertInto('steps')
          .values({ ...ended, step, uses, system, run_id, idx: index })
          .onConflict((conflict) => conflict.columns(['run_id', 'idx']).doUpdateSet(ended))
          .execute();
      }),
    release: (release) =>
      write(async (transaction) => {
        await transaction
          .updateTable('runs')
          .set({ release: JSON.stringify(release) })
          .where('run_id', '=', run_id)
          .execute();
      }),
    versions: (versions) =>
      write(async (transaction) => {
        await transaction
          .updateTable('runs')
          .set({ versions: JSON.stringify(versions) })
          .where('run_id', '=', run_id)
          .execute();
      }),
    async effect(step, kind, key) {
      const row = await db
        .selectFrom('effects')
        .selectAll()
        .where('run_id', '=', run_id)
        .where('step', '=', step)
        .where('kind', '=', kind)
        .where('key', '=', key)
        .executeTakeFirst();
      return row === undefined ? undefined : effectOf(row);
    },
    intend: (intent) =>
      writeDurably(async (transaction) => {
        const row = await transaction
          .insertInto('effects')
          .values({
            ...intent,
            undoable: intent.undoable ? 1 : 0,
            sought: JSON.stringify(intent.sought),
            run_id,
            environment,
            package: pkg,
            state: 'intended',
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return effectOf(row);
      }),
    made: (effect, identity, undo, made_at) =>
      write(async (transaction) => {
        await transaction
          .updateTable('effects')
          .set({
            state: undo === null ? 'kept' : 'made',
            identity: JSON.stringify(identity),
            undo: undo === null ? null : JSON.stringify(undo),
            made_at,
          })
          .where('effect_id', '=', effect)
          .where('run_id', '=', run_id)
          .execute();
      }),
    follow: (subjects) =>
      write(async (transaction) => {
        for (const { kind, key } of subjects) {
          await transaction
            .insertInto('subjects')
            .values({ run_id, kind, key })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
      }),
    commandStarted: (command) =>
      write(async (transaction) => {
        await transaction
          .insertInto('commands')
          .values({ ...command, run_id })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }),
    commandEnded: ({ pid, start }) =>
      write(async (transaction) => {
        await transaction
          .deleteFrom('commands')
          .where('run_id', '=', run_id)
          .where('pid', '=', pid)
          .where('start', '=', start)
          .execute();
      }),
    finish: (record) =>
      // A result that was ever shown stays.
      writeDurably(async (transaction) => {
        await transaction
          .updateTable('runs')
          .set({
            state: 'finalizing',
            outcome: record.outcome,
            ended_at: record.ended_at,
            fault: record.fault === undefined ? null : JSON.stringify(record.fault),
            record: JSON.stringify(record),
          })
          .where('run_id', '=', run_id)
          .where('record', 'is', null)
          .execute();
      }),
    settle: (effect, { state, at, evidence, identity, undo }) =>
      write(async (transaction) => {
        await transaction
          .updateTable('effects')
          .set((column) => ({
            state,
            undo_attempts: column('undo_attempts', '+', 1),
            undo_evidence: JSON.stringify(evidence),
            ...(state === 'undone' || state === 'struck' ? { undone_at: at } : {}),
            ...(identity === undefined ? {} : { identity: JSON.stringify(identity) }),
            ...(undo === undefined ? {} : { undo: JSON.stringify(undo) }),
          }))
          .where('effect_id', '=', effect)
          .where('run_id', '=', run_id)
          .where('state', 'in', ['intended', 'made'])
          .execute();
      }),
    letGo: () =>
      write(async (transaction) => {
        await transaction
          .updateTable('runs')
          .set({ state: 'finished' })
          .where('run_id', '=', run_id)
          .where('state', '=', 'finalizing')
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('effects')
                  .select('effect_id')
                  .where('run_id', '=', run_id)
                  .where('state', 'in', ['intended', 'made']),
              ),
            ),
          )
          .execute();
      }),
  };
}

const TAKEN_OVER = 'RUN_TAKEN_OVER';

function takenOver(run: string): Fault {
  return new Fault(`run ${run} was taken over by another process`, {
    code: TAKEN_OVER,
    kind: 'prober',
    evidence: { run_id: run },
    hint: 'Another packprobe goes on with this run; this one must not write any more.',
  });
}
