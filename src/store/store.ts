import type { Selectable } from 'kysely';
import type { Subject } from '../core/event.ts';
import { Fault, type FaultData, type Outcome } from '../core/fault.ts';
import type { Release } from '../core/release.ts';
import type { Owner, RunRecord } from '../core/run.ts';
import type { LookRecord, RunHeader, RunState, RunSummary, Store, StoredRun } from '../core/store.ts';
import { backUp } from './backup.ts';
import { asStoreFault, openDatabase } from './database.ts';
import { openJournal } from './journal.ts';
import { effectOf, parsed, parsedOrNull, progressOf, reportOf } from './rows.ts';
import type { RunsTable } from './schema.ts';

type Failing = LookRecord['failing'][number];

/** SQLite keeps no more variables than this in one statement by default. */
const SUBJECTS_PER_QUERY = 200;

/** The Store port on one SQLite file: one connection per process. */
export function openStore(file: string): Store {
  const db = openDatabase(file);
  const asFault = (error: unknown) => asStoreFault(error, file);

  async function guarded<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      throw asFault(error);
    }
  }

  async function stored(row: Selectable<RunsTable>): Promise<StoredRun> {
    const { run_id } = row;
    const steps = await db
      .selectFrom('steps')
      .selectAll()
      .where('run_id', '=', run_id)
      .orderBy('idx')
      .execute();
    const effects = await db
      .selectFrom('effects')
      .selectAll()
      .where('run_id', '=', run_id)
      .orderBy('effect_id')
      .execute();
    const subjects = await db
      .selectFrom('subjects')
      .select(['kind', 'key'])
      .where('run_id', '=', run_id)
      .execute();
    const commands = await db
      .selectFrom('commands')
      .select(['boot_id', 'pid', 'start', 'command'])
      .where('run_id', '=', run_id)
      .execute();
    return {
      header: parsed<RunHeader>(row.header),
      state: row.state as RunState,
      owner: parsed<Owner>(row.owner),
      fence: row.fence,
      restored: row.restored === 1,
      release: parsedOrNull<Release>(row.release),
      versions: parsed<Record<string, string>>(row.versions),
      steps: steps.map(progressOf),
      effects: effects.map(effectOf),
      subjects,
      commands,
      record: parsedOrNull<RunRecord>(row.record),
    };
  }

  return {
    begin: (header, owner, isAlive) =>
      guarded(async () => {
        const { run_id, environment, scope, probe, package: pkg, branch, started_at } = header;
        const fence = 1;
        // One transaction, begun as a writer: two processes that begin at once see each other.
        await db.transaction().execute(async (transaction) => {
          const holder = await transaction
            .selectFrom('runs')
            .select(['run_id', 'state', 'restored', 'owner'])
            .where('scope', '=', scope)
            .where('package', '=', pkg)
            .where('state', '!=', 'finished')
            .orderBy('run_id', 'desc')
            .executeTakeFirst();
          if (holder !== undefined) {
            throw held(header, holder, isAlive(parsed<Owner>(holder.owner)));
          }
          await transaction
            .insertInto('runs')
            .values({
              run_id,
              environment,
              scope,
              probe,
              package: pkg,
              branch,
              state: 'executing',
              started_at,
              header: JSON.stringify(header),
              owner: JSON.stringify(owner),
              fence,
              versions: '{}',
            })
            .execute();
        });
        return openJournal({ db, run_id, environment, package: pkg, fence, asFault });
      }),

    takeOver: (run_id, owner, isAlive) =>
      guarded(async () => {
        const {
          environment,
          package: pkg,
          fence,
        } = await db.transaction().execute(async (transaction) => {
          const row = await transaction
            .selectFrom('runs')
            .select(['environment', 'package', 'state', 'owner', 'fence'])
            .where('run_id', '=', run_id)
            .executeTakeFirstOrThrow();
          if (row.state === 'finished') throw finished(run_id);
          const former = parsed<Owner>(row.owner);
          if (isAlive(former)) throw owned(run_id, former);
          const raised = row.fence + 1;
          await transaction
            .updateTable('runs')
            .set({ fence: raised, owner: JSON.stringify(owner) })
            .where('run_id', '=', run_id)
            .execute();
          return { ...row, fence: raised };
        });
        const row = await db
          .selectFrom('runs')
          .selectAll()
          .where('run_id', '=', run_id)
          .executeTakeFirstOrThrow();
        const journal = openJournal({ db, run_id, environment, package: pkg, fence, asFault });
        return { run: await stored(row), journal };
      }),

    list: ({ unfinished, probe, environment, outcome, limit }) =>
      guarded(async () => {
        let query = db
          .selectFrom('runs')
          .selectAll()
          .select((select) =>
            select
              .selectFrom('effects')
              .whereRef('effects.run_id', '=', 'runs.run_id')
              .where('effects.state', 'in', ['intended', 'made'])
              .select(({ fn }) => fn.countAll<number>().as('count'))
              .as('leftovers'),
          )
          .orderBy('run_id', 'desc')
          .limit(limit);
        if (unfinished === true) query = query.where('state', '!=', 'finished');
        if (probe !== undefined) query = query.where('probe', '=', probe);
        if (environment !== undefined) query = query.where('environment', '=', environment);
        if (outcome !== undefined) query = query.where('outcome', '=', outcome);
        const rows = await query.execute();
        return rows.map(
          (row): RunSummary => ({
            run_id: row.run_id,
            probe: row.probe,
            environment: row.environment,
            package: row.package,
            state: row.state as RunState,
            owner: parsed<Owner>(row.owner),
            outcome: row.outcome as Outcome | null,
            started_at: row.started_at,
            ended_at: row.ended_at,
            fault: parsedOrNull<FaultData>(row.fault),
            leftovers: row.leftovers ?? 0,
          }),
        );
      }),

    find: (id) =>
      guarded(async () => {
        const rows = await db
          .selectFrom('runs')
          .selectAll()
          .where((where) => where('run_id', '>=', id).and('run_id', '<', `${id}~`))
          .orderBy('run_id')
          .limit(10)
          .execute();
        const [row] = rows;
        return row !== undefined && rows.length === 1
          ? { run: await stored(row), candidates: [row.run_id] }
          : { candidates: rows.map(({ run_id }) => run_id) };
      }),

    addReports: (environment, reports) =>
      guarded(async () => {
        if (reports.length === 0) return;
        await db.transaction().execute(async (transaction) => {
          for (const { subject, earliest, message_id, phase, data, ...report } of reports) {
            await transaction
              .insertInto('reports')
              .values({
                ...report,
                ...subject,
                environment,
                earliest: earliest ?? null,
                message_id: message_id ?? '',
                phase: phase ?? null,
                data: JSON.stringify(data),
              })
              .onConflict((conflict) => conflict.doNothing())
              .execute();
          }
        });
      }),

    reportsOf: (environment, subjects) =>
      guarded(async () => {
        const rows = [];
        for (const some of portions(subjects)) {
          rows.push(
            ...(await db
              .selectFrom('reports')
              .selectAll()
              .where('environment', '=', environment)
              .where(({ or, and, eb }) =>
                or(some.map(({ kind, key }) => and([eb('kind', '=', kind), eb('key', '=', key)]))),
              )
              .orderBy('seen_at')
              .execute()),
          );
        }
        return rows.map(reportOf);
      }),

    noteLooks: (environment, source, subjects, at, failure) =>
      guarded(async () => {
        await db.transaction().execute(async (transaction) => {
          for (const { kind, key } of subjects) {
            const known = await transaction
              .selectFrom('looks')
              .select('failing')
              .where('environment', '=', environment)
              .where('source', '=', source)
              .where('kind', '=', kind)
              .where('key', '=', key)
              .executeTakeFirst();
            const failing = JSON.stringify(
              withFailure(parsed<Failing[]>(known?.failing ?? '[]'), at, failure),
            );
            await transaction
              .insertInto('looks')
              .values({
                environment,
                source,
                kind,
                key,
                first: at,
                last: at,
                last_good: failure === undefined ? at : null,
                count: 1,
                failing,
              })
              .onConflict((conflict) =>
                conflict.columns(['environment', 'source', 'kind', 'key']).doUpdateSet(({ eb }) => ({
                  last: at,
                  count: eb('looks.count', '+', 1),
                  failing,
                  ...(failure === undefined ? { last_good: at } : {}),
                })),
              )
              .execute();
          }
        });
      }),

    looksOf: (environment, subjects) =>
      guarded(async () => {
        const rows = [];
        for (const some of portions(subjects)) {
          rows.push(
            ...(await db
              .selectFrom('looks')
              .selectAll()
              .where('environment', '=', environment)
              .where(({ or, and, eb }) =>
                or(some.map(({ kind, key }) => and([eb('kind', '=', kind), eb('key', '=', key)]))),
              )
              .execute()),
          );
        }
        return rows.map(({ environment: _, failing, ...look }) => ({
          ...look,
          failing: parsed<Failing[]>(failing),
        }));
      }),

    backup: (target) => backUp(db, file, target),

    [Symbol.asyncDispose]: () => db.destroy(),
  };
}

function held(
  { package: pkg, environment }: RunHeader,
  { run_id, state, restored }: { readonly run_id: string; readonly state: string; readonly restored: number },
  alive: boolean,
): Fault {
  const details = { code: 'PACKAGE_HELD', kind: 'prober', evidence: { run_id, package: pkg } } as const;
  if (alive) {
    return new Fault(`run ${run_id} is still at work on ${pkg} in ${environment}`, {
      ...details,
      hint: `Wait for it, or look at it with: packprobe runs show ${run_id}`,
    });
  }
  if (state === 'executing' && restored === 0) {
    return new Fault(`run ${run_id} was interrupted and still holds ${pkg} in ${environment}`, {
      ...details,
      hint: `Go on with it: packprobe runs resume ${run_id}. Or give it up and take away what it made: packprobe tidy ${run_id}`,
    });
  }
  const what = state === 'executing' ? 'comes from a backup, and' : 'has ended, but';
  return new Fault(`run ${run_id} ${what} ${pkg} in ${environment} still has what it made`, {
    ...details,
    hint: `Take it away: packprobe tidy ${run_id}`,
  });
}

function owned(run_id: string, { host, pid }: Owner): Fault {
  return new Fault(`run ${run_id} is at work: process ${pid} on ${host} has it`, {
    code: 'RUN_OWNED',
    kind: 'prober',
    evidence: { run_id, host, pid },
    hint: 'Wait for it. A process on another host cannot be seen and is believed to live; when it is surely dead: --force.',
  });
}

function finished(run_id: string): Fault {
  return new Fault(`run ${run_id} has ended and holds nothing any more`, {
    code: 'RUN_FINISHED',
    kind: 'prober',
    evidence: { run_id },
    hint: `Look at it with: packprobe runs show ${run_id}`,
  });
}

/** A look that failed opens a stretch, the next good one ends it. */
function withFailure(
  failing: readonly Failing[],
  at: number,
  message: string | undefined,
): readonly Failing[] {
  const last = failing.at(-1);
  const open = last?.to === null;
  if (message !== undefined) return open ? failing : [...failing, { from: at, to: null, message }];
  return open ? [...failing.slice(0, -1), { ...last, to: at }] : failing;
}

function* portions(subjects: readonly Subject[]): Generator<readonly Subject[]> {
  for (let from = 0; from < subjects.length; from += SUBJECTS_PER_QUERY) {
    yield subjects.slice(from, from + SUBJECTS_PER_QUERY);
  }
}
