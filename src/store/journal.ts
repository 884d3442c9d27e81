import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import { Fault } from '../core/fault.ts';
import type { EffectState } from '../core/run.ts';
import type { AttemptProgress, RunJournal } from '../core/store.ts';
import { effectOf, progressOf } from './rows.ts';
import type { Database, EffectsTable, StepsTable } from './schema.ts';
import { durably, type Session } from './session.ts';
import { withoutRows } from './step-rests.ts';
import { addTotals } from './totals.ts';

export interface JournalOptions {
  readonly session: Session;
  readonly run_id: string;
  readonly environment: string;
  readonly package: string;
  readonly fence: number;
}

/**
 * The journal of one run under one fence. What a write changes it changes in one statement that looks at the fence itself, so that it needs no
 * transaction around it: a run writes often, and each write is to cost little.
 */
export function openJournal({
  session: { db, asFault },
  run_id,
  environment,
  package: pkg,
  fence,
}: JournalOptions): RunJournal {
  const lost = new AbortController();
  /** The row of the run while it is ours: what selects from it, or asks whether it exists, does nothing once somebody else has it. */
  const ours = sql`from runs where runs.run_id = ${run_id} and runs.fence = ${fence}`;

  /** Runs one statement that is bound to `ours`. */
  function write<Row>(statement: RawBuilder<Row>): Promise<readonly Row[]> {
    return guarded(() => db.connection().execute((connection) => writeOn(connection, statement)));
  }

  /** As `write`, but on disk before it returns: what follows it may be made in somebody else's system, or be told. */
  function writeDurably<Row>(statement: RawBuilder<Row>): Promise<readonly Row[]> {
    return guarded(() => durably(db, (connection) => writeOn(connection, statement)));
  }

  async function writeOn<Row>(on: Kysely<Database>, statement: RawBuilder<Row>): Promise<readonly Row[]> {
    // Asked for here, and not before the wait for the connection: who has left writes nothing any more.
    lost.signal.throwIfAborted();
    const { rows, numAffectedRows } = await statement.execute(on);
    // Nothing to write, or nobody to write for?
    if (rows.length === 0 && !numAffectedRows) {
      const held = await sql`select 1 ${ours}`.execute(on);
      if (held.rows.length === 0) throw takenOver(run_id);
    }
    return rows;
  }

  async function guarded<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === TAKEN_OVER) lost.abort(fault);
      throw fault;
    }
  }

  const nothing = async (written: Promise<unknown>): Promise<void> => void (await written);

  return {
    run_id,
    fence,
    lost: lost.signal,

    stepStarted: ({ index, step, uses, system, inputs, started_at, deadline_at }) =>
      nothing(
        write(sql`
          insert into steps (run_id, idx, step, uses, system, inputs, started_at, deadline_at, attempts)
          select ${run_id}, ${index}, ${step}, ${uses}, ${system}, ${JSON.stringify(inputs)}, ${started_at}, ${deadline_at},
            ${JSON.stringify([begun(1, started_at)])} ${ours}`),
      ),

    stepResumed: (index, at) =>
      nothing(
        write(sql`
          update steps set resumed_at = json_insert(resumed_at, '$[#]', ${at})
          where run_id = ${run_id} and idx = ${index} and exists (select 1 ${ours})`),
      ),

    attempted: (index, attempts) =>
      nothing(
        write(sql`
          update steps set attempts = ${JSON.stringify(attempts)}
          where run_id = ${run_id} and idx = ${index} and exists (select 1 ${ours})`),
      ),

    stepEnded: ({
      index,
      step,
      uses,
      system,
      outcome,
      duration_ms,
      outputs,
      phases,
      reason,
      fault,
      attempts,
      watched_until,
    }) => {
      const ended = sql`
          insert into steps (run_id, idx, step, uses, system, outcome, duration_ms, outputs, phases, reason, fault, attempts)
          select ${run_id}, ${index}, ${step}, ${uses}, ${system}, ${outcome}, ${duration_ms}, ${JSON.stringify(outputs)},
            ${JSON.stringify(phases)}, ${reason ?? null}, ${jsonOrNull(fault)}, ${JSON.stringify(attempts)} ${ours}
          on conflict (run_id, idx) do update set
            outcome = excluded.outcome, duration_ms = excluded.duration_ms, outputs = excluded.outputs,
            phases = excluded.phases, reason = excluded.reason, fault = excluded.fault, attempts = excluded.attempts`;
      if (watched_until === undefined) return nothing(write(ended));
      // Whoever dies between two statements would leave a wait that nobody watches on.
      return guarded(() =>
        db.transaction().execute(async (transaction) => {
          await writeOn(transaction, ended);
          await writeOn(
            transaction,
            sql`insert into late_watches (run_id, step, until) select ${run_id}, ${step}, ${watched_until} ${ours}`,
          );
        }),
      );
    },

    release: (release) =>
      nothing(
        write(
          sql`update runs set release = ${JSON.stringify(release)} where run_id = ${run_id} and fence = ${fence}`,
        ),
      ),

    versions: (versions) =>
      nothing(
        write(
          sql`update runs set versions = ${JSON.stringify(versions)} where run_id = ${run_id} and fence = ${fence}`,
        ),
      ),

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

    async intend({ step, kind, key, system, intended_at, undoable, sought }) {
      const [row] = await writeDurably(sql<Selectable<EffectsTable>>`
        insert into effects (run_id, environment, package, step, kind, key, system, state, undoable, sought, intended_at)
        select ${run_id}, ${environment}, ${pkg}, ${step}, ${kind}, ${key}, ${system}, 'intended', ${undoable ? 1 : 0},
          ${JSON.stringify(sought)}, ${intended_at} ${ours}
        returning *`);
      if (row === undefined) throw new Error('an intent was not written');
      return effectOf(row);
    },

    made: (effect, identity, undo, made_at) =>
      nothing(
        write(sql`
          update effects set state = ${undo === null ? 'kept' : 'made'}, identity = ${JSON.stringify(identity)},
            undo = ${jsonOrNull(undo ?? undefined)}, made_at = ${made_at}
          where effect_id = ${effect} and run_id = ${run_id} and exists (select 1 ${ours})`),
      ),

    async follow(subjects) {
      if (subjects.length === 0) return;
      await write(sql`
        insert or ignore into subjects (run_id, kind, key)
        select runs.run_id, subject.value ->> 'kind', subject.value ->> 'key'
        from json_each(${JSON.stringify(subjects)}) as subject, runs
        where runs.run_id = ${run_id} and runs.fence = ${fence}`);
    },

    commandStarted: ({ boot_id, pid, start, command }) =>
      nothing(
        write(sql`
          insert or ignore into commands (run_id, boot_id, pid, start, command)
          select ${run_id}, ${boot_id}, ${pid}, ${start}, ${command} ${ours}`),
      ),

    finish: (record) =>
      // A result that was ever shown stays.
      guarded(() =>
        durably(db, async (connection) => {
          const { rows } = await sql<
            Selectable<StepsTable>
          >`select * from steps where run_id = ${run_id} order by idx`.execute(connection);
          await writeOn(
            connection,
            sql`
              update runs set state = 'finalizing', outcome = ${record.outcome}, ended_at = ${record.ended_at},
                fault = ${jsonOrNull(record.fault)}, record = ${withoutRows(record, rows.map(progressOf))}
              where run_id = ${run_id} and fence = ${fence} and record is null`,
          );
        }),
      ),

    settle: (effect, { state, at, evidence, identity, undo }) =>
      guarded(() =>
        // What was counted was done, and what was done is counted.
        db.transaction().execute(async (transaction) => {
          const settled = await writeOn(
            transaction,
            sql<{ environment: string; system: string }>`
              update effects set state = ${state}, undo_attempts = undo_attempts + 1, undo_evidence = ${JSON.stringify(evidence)},
                undone_at = ${state === 'undone' || state === 'struck' ? at : null},
                identity = coalesce(${jsonOrNull(identity)}, identity), undo = coalesce(${jsonOrNull(undo)}, undo)
              where effect_id = ${effect} and run_id = ${run_id} and state in ('intended', 'made') and exists (select 1 ${ours})
              returning environment, system`,
          );
          const result = cleanedUp(state);
          await addTotals(
            transaction,
            settled.map((labels) => ({
              metric: 'packprobe_cleanups_total',
              labels: { ...labels, result },
              value: 1,
            })),
          );
        }),
      ),

    letGo: () =>
      nothing(
        write(sql`
          update runs set resting = 1, state = iif(
            exists (select 1 from effects where effects.run_id = runs.run_id and effects.state in ('intended', 'made'))
              or exists (select 1 from late_watches where late_watches.run_id = runs.run_id),
            state, 'finished')
          where run_id = ${run_id} and fence = ${fence} and state = 'finalizing'`),
      ),

    wake: () =>
      nothing(
        write(
          sql`update runs set resting = 0 where run_id = ${run_id} and fence = ${fence} and state != 'finished'`,
        ),
      ),

    leave: (reason) => lost.abort(reason),
  };
}

function begun(attempt: number, started_at: number): AttemptProgress {
  return { attempt, started_at, duration_ms: 0, outcome: null };
}

/** As `packprobe_cleanups_total` calls it. */
function cleanedUp(state: EffectState): 'gone' | 'nothing' | 'failed' {
  if (state === 'undone') return 'gone';
  return state === 'struck' ? 'nothing' : 'failed';
}

function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

const TAKEN_OVER = 'RUN_TAKEN_OVER';

function takenOver(run: string): Fault {
  return new Fault(`run ${run} was taken over by another process`, {
    code: TAKEN_OVER,
    kind: 'prober',
    evidence: { run_id: run },
    hint: `Nothing here: another packprobe goes on with this run, and this one has left it as it is. Look at it with: packprobe runs show ${run}`,
  });
}
