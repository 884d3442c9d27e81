import { statSync } from 'node:fs';
import { type Selectable, sql } from 'kysely';
import { Fault } from '../core/fault.ts';
import type { Owner } from '../core/run.ts';
import type { RunHeader, Store } from '../core/store.ts';
import { auditIn } from './audit.ts';
import { backUp } from './backup.ts';
import { openDatabase } from './database.ts';
import { digestsIn } from './digests.ts';
import { duesIn, startDue } from './dues.ts';
import { incidentsIn } from './incidents.ts';
import { openJournal } from './journal.ts';
import { lateWatchesIn } from './late.ts';
import { leasesIn } from './leases.ts';
import { newsIn } from './news.ts';
import { observationsIn } from './observations.ts';
import { outboxIn } from './outbox.ts';
import { pagesIn } from './pages.ts';
import { parsed } from './rows.ts';
import { findRun, listRuns, storedRuns } from './runs.ts';
import type { RunsTable } from './schema.ts';
import { openSession } from './session.ts';
import { totalsIn } from './totals.ts';
import { watchWrites } from './watch.ts';
import { writeMeter } from './writes.ts';

export interface StoreOptions {
  /** A clock that never jumps, in milliseconds: what writes take is counted by it, and not counted without it. */
  readonly now?: () => number;
}

/** The Store port on one SQLite file: one connection per process. */
export function openStore(file: string, { now }: StoreOptions = {}): Store {
  const meter = now === undefined ? undefined : writeMeter(now);
  const { db, version } = openDatabase(file, meter);
  const session = openSession(db, file);
  const { run, change } = session;

  return {
    version() {
      try {
        return version();
      } catch (error) {
        throw session.asFault(error);
      }
    },

    onWrite: (act) => watchWrites(file, act),

    begin: async (header, owner, isAlive, due_id) => {
      const { run_id, environment, scope, probe, package: pkg, branch, started_at, retry_of } = header;
      const fence = 1;
      await change(async (transaction) => {
        if (due_id !== undefined) await startDue(transaction, due_id, run_id, started_at);
        const { rows } = await sql<Pick<Selectable<RunsTable>, 'run_id' | 'state' | 'restored' | 'owner'>>`
          select run_id, state, restored, owner from runs
          where scope = ${scope} and package = ${pkg} and state in ('executing', 'finalizing') and resting = 0
          order by run_id desc limit 1`.execute(transaction);
        const [holder] = rows;
        if (holder !== undefined) throw held(header, holder, isAlive(parsed<Owner>(holder.owner)));
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
            retry_of: retry_of ?? null,
          })
          .execute();
      });
      return openJournal({ session, run_id, environment, package: pkg, fence });
    },

    takeOver: (run_id, owner, isAlive) =>
      change(async (transaction) => {
        const row = await transaction
          .selectFrom('runs')
          .selectAll()
          .where('run_id', '=', run_id)
          .executeTakeFirstOrThrow();
        if (row.state === 'finished') throw finished(run_id);
        const former = parsed<Owner>(row.owner);
        if (isAlive(former)) throw owned(run_id, former);
        const taken = { ...row, fence: row.fence + 1, owner: JSON.stringify(owner) };
        await sql`
          update runs set fence = ${taken.fence}, owner = ${taken.owner}, resting = 0 where run_id = ${run_id}`.execute(
          transaction,
        );
        const [stored] = await storedRuns(transaction, [taken]);
        if (stored === undefined) throw new Error('a run that was taken over was not read');
        const { environment, package: pkg, fence } = taken;
        return { run: stored, journal: openJournal({ session, run_id, environment, package: pkg, fence }) };
      }),

    list: (filter) => run(() => listRuns(db, filter)),
    find: (id) => run(() => findRun(db, id)),
    ...newsIn(session),

    askToCancel: (run_id, by) =>
      run(async () => {
        // Who asked first is who is told.
        const { numAffectedRows } = await sql`
          update runs set cancel_by = coalesce(cancel_by, ${by})
          where run_id = ${run_id} and state = 'executing' and record is null`.execute(db);
        return numAffectedRows === 1n;
      }),

    toCancel: () =>
      run(async () => {
        const { rows } = await sql<{ run_id: string; by: string }>`
          select run_id, cancel_by as "by" from runs
          where state != 'finished' and state = 'executing' and cancel_by is not null and record is null
          order by run_id`.execute(db);
        return rows;
      }),

    leases: leasesIn(session),
    dues: duesIn(session),
    digests: digestsIn(session),
    totals: totalsIn(session),
    incidents: incidentsIn(session),
    outbox: outboxIn(session),
    late: lateWatchesIn(session),
    audit: auditIn(session),
    observations: observationsIn(session),
    pages: pagesIn(session),

    size: async () => {
      const sizes = ['', '-wal', '-shm'].map(
        (log) => statSync(`${file}${log}`, { throwIfNoEntry: false })?.size ?? 0,
      );
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    writes: () => meter?.read() ?? { bounds: [], buckets: [], count: 0, sum: 0 },
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
