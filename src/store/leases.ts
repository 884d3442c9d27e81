import { type Selectable, sql } from 'kysely';
import type { Leases, Served, Service } from '../core/lease.ts';
import type { Owner } from '../core/run.ts';
import { parsed } from './rows.ts';
import type { ServicesTable } from './schema.ts';
import type { Session } from './session.ts';

export function leasesIn({ run }: Session): Leases {
  /** The id of whoever serves, 0 where nobody ever has. */
  const newest = sql`(select coalesce(max(service_id), 0) from services)`;

  return {
    current: () =>
      run(async (db) => {
        const { rows } = await sql<
          Selectable<ServicesTable>
        >`select * from services order by service_id desc limit 1`.execute(db);
        return rows[0] === undefined ? undefined : serviceOf(rows[0]);
      }),

    take: (owner, over, at) =>
      run(async (db) => {
        // Who has given a sign of life since has another number of beats.
        const unchanged =
          over === undefined
            ? sql`true`
            : sql`exists (select 1 from services where service_id = ${over.service_id} and beats = ${over.beats})`;
        const { rows } = await sql<Selectable<ServicesTable>>`
          insert into services (owner, began_at, beat_at)
          select ${JSON.stringify(owner)}, ${at}, ${at}
          where ${newest} = ${over?.service_id ?? 0} and ${unchanged}
          returning *`.execute(db);
        return rows[0] === undefined ? undefined : serviceOf(rows[0]);
      }),

    beat: (service_id, at) =>
      run(async (db) => {
        const { numAffectedRows } = await sql`
          update services set beats = beats + 1, beat_at = ${at}
          where service_id = ${service_id} and service_id = ${newest} and ended_at is null`.execute(db);
        return numAffectedRows === 1n;
      }),

    tellServed: (service_id, served) =>
      run(async (db) => {
        await sql`update services set served = ${JSON.stringify(served)} where service_id = ${service_id}`.execute(
          db,
        );
      }),

    end: (service_id, at) =>
      run(async (db) => {
        await sql`update services set ended_at = ${at} where service_id = ${service_id} and ended_at is null`.execute(
          db,
        );
      }),

    before: (service_id) =>
      run(async (db) => {
        const { rows } = await sql<{
          owner: string;
        }>`select distinct owner from services where service_id < ${service_id}`.execute(db);
        return rows.map(({ owner }) => parsed<Owner>(owner));
      }),
  };
}

function serviceOf({ owner, served, ...row }: Selectable<ServicesTable>): Service {
  return {
    ...row,
    owner: parsed<Owner>(owner),
    served: served === null ? null : parsed<Served>(served),
  };
}
