import { type Kysely, type Selectable, sql } from 'kysely';
import type { Verdict } from '../core/digest.ts';
import type { Subject } from '../core/event.ts';
import type { FaultData, Outcome } from '../core/fault.ts';
import type { Release } from '../core/release.ts';
import type { CommandRecord, Owner } from '../core/run.ts';
import type { LeftOut } from '../core/schedule.ts';
import type { RunHeader, RunState, RunSummary, Store, StoredRun } from '../core/store.ts';
import { effectOf, parsed, parsedOrNull, progressOf } from './rows.ts';
import type { Database, EffectsTable, RunsTable, StepsTable, VerdictsTable } from './schema.ts';
import { withRows } from './step-rests.ts';

/** All that is stored of these runs, in their order. */
export async function storedRuns(
  db: Kysely<Database>,
  runs: readonly Selectable<RunsTable>[],
): Promise<readonly StoredRun[]> {
  if (runs.length === 0) return [];
  const ids = JSON.stringify(runs.map(({ run_id }) => run_id));
  const ofThese = sql`run_id in (select value from json_each(${ids}))`;
  const steps = byRun(
    await sql<Selectable<StepsTable>>`select * from steps where ${ofThese} order by run_id, idx`.execute(db),
  );
  const effects = byRun(
    await sql<Selectable<EffectsTable>>`select * from effects where ${ofThese} order by effect_id`.execute(
      db,
    ),
  );
  const subjects = byRun(
    await sql<
      Subject & OfRun
    >`select run_id, kind, key from subjects where ${ofThese} order by run_id, kind, key`.execute(db),
  );
  const commands = byRun(
    await sql<
      CommandRecord & OfRun
    >`select run_id, boot_id, pid, start, command from commands where ${ofThese} order by run_id, pid, start`.execute(
      db,
    ),
  );
  const verdicts = byRun(
    await sql<Selectable<VerdictsTable>>`select * from verdicts where ${ofThese} order by at`.execute(db),
  );
  const stepsOf = ({ run_id }: Selectable<RunsTable>) => (steps.get(run_id) ?? []).map(progressOf);
  return runs.map((row) => ({
    header: parsed<RunHeader>(row.header),
    state: row.state as RunState,
    owner: parsed<Owner>(row.owner),
    fence: row.fence,
    restored: row.restored === 1,
    release: parsedOrNull<Release>(row.release),
    versions: parsed<Record<string, string>>(row.versions),
    steps: stepsOf(row),
    effects: (effects.get(row.run_id) ?? []).map(effectOf),
    subjects: (subjects.get(row.run_id) ?? []).map(({ run_id: _, ...subject }) => subject),
    commands: (commands.get(row.run_id) ?? []).map(({ run_id: _, ...command }) => command),
    record: row.record === null ? null : withRows(row.record, stepsOf(row)),
    left_out: parsedOrNull<LeftOut>(row.left_out),
    verdicts: (verdicts.get(row.run_id) ?? []).map((verdict) => ({
      ...verdict,
      says: verdict.says as Verdict['says'],
    })),
  }));
}

interface OfRun {
  readonly run_id: string;
}

function byRun<Row extends OfRun>({ rows }: { readonly rows: readonly Row[] }): Map<string, Row[]> {
  return Map.groupBy(rows, ({ run_id }) => run_id);
}

export async function findRun(db: Kysely<Database>, id: string): ReturnType<Store['find']> {
  const { rows } = await sql<Selectable<RunsTable>>`
    select * from runs where run_id >= ${id} and run_id < ${`${id}~`} order by run_id limit 10`.execute(db);
  const [run] = rows.length === 1 ? await storedRuns(db, rows) : [];
  return { ...(run === undefined ? {} : { run }), candidates: rows.map(({ run_id }) => run_id) };
}

export async function listRuns(
  db: Kysely<Database>,
  { unfinished, probe, environment, outcome, limit }: Parameters<Store['list']>[0],
): Promise<readonly RunSummary[]> {
  let query = summaries(db).orderBy('run_id', 'desc').limit(limit);
  // In these words, for the index to serve it.
  if (unfinished === true) query = query.where('state', '!=', sql.lit('finished'));
  if (probe !== undefined) query = query.where('probe', '=', probe);
  if (environment !== undefined) query = query.where('environment', '=', environment);
  if (outcome !== undefined) query = query.where('outcome', '=', outcome);
  return (await query.execute()).map(summaryOf);
}

/** Runs without the columns that hold the whole run: those are most of the row. */
export function summaries(db: Kysely<Database>) {
  return db
    .selectFrom('runs')
    .select([
      'run_id',
      'probe',
      'environment',
      'package',
      'state',
      'owner',
      'outcome',
      'started_at',
      'ended_at',
      'fault',
      'left_out',
      'retry_of',
    ])
    .select((select) =>
      select
        .selectFrom('effects')
        .whereRef('effects.run_id', '=', 'runs.run_id')
        .where('effects.state', 'in', ['intended', 'made'])
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .as('leftovers'),
    );
}

interface SummaryRow {
  readonly run_id: string;
  readonly probe: string;
  readonly environment: string;
  readonly package: string;
  readonly state: string;
  readonly owner: string;
  readonly outcome: string | null;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly fault: string | null;
  readonly left_out: string | null;
  readonly retry_of: string | null;
  readonly leftovers: number | null;
}

export function summaryOf({
  state,
  owner,
  outcome,
  fault,
  left_out,
  leftovers,
  ...row
}: SummaryRow): RunSummary {
  return {
    ...row,
    state: state as RunState,
    owner: parsed<Owner>(owner),
    outcome: outcome as Outcome | null,
    fault: parsedOrNull<FaultData>(fault),
    left_out: parsedOrNull<LeftOut>(left_out),
    leftovers: leftovers ?? 0,
  };
}
