import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Subject } from '../core/event.ts';
import type { LookRecord, Store } from '../core/store.ts';
import { parsed, reportOf } from './rows.ts';
import type { LooksTable, ReportsTable } from './schema.ts';
import type { Session } from './session.ts';

/** What was heard of subjects, and how often somebody looked. */
export function newsIn({ run }: Session): Pick<Store, 'addReports' | 'reportsOf' | 'noteLooks' | 'looksOf'> {
  return {
    addReports: (environment, reports) =>
      run(async (db) => {
        if (reports.length === 0) return;
        const rows = reports.map(({ data, ...report }) => ({ ...report, data: JSON.stringify(data) }));
        await sql`
          insert into reports (environment, kind, key, fact, earliest, latest, source, system, message_id, seen_at, phase, data)
          select ${environment}, one.value ->> '$.subject.kind', one.value ->> '$.subject.key', one.value ->> 'fact',
            one.value ->> 'earliest', one.value ->> 'latest', one.value ->> 'source', one.value ->> 'system',
            coalesce(one.value ->> 'message_id', ''), one.value ->> 'seen_at', one.value ->> 'phase', one.value ->> 'data'
          from json_each(${JSON.stringify(rows)}) as one where true
          on conflict do nothing`.execute(db);
      }),

    reportsOf: (environment, subjects) =>
      run(async (db) => {
        const { rows } = await sql<Selectable<ReportsTable>>`
          select * from reports where environment = ${environment} and (kind, key) in ${each(subjects)}
          order by seen_at`.execute(db);
        return rows.map(reportOf);
      }),

    noteLooks: (environment, source, subjects, at, failure) =>
      run(async (db) => {
        if (subjects.length === 0) return;
        const good = failure === undefined;
        const stretch = JSON.stringify({ from: at, to: null, message: failure });
        // A look that failed opens a stretch, the next good one ends it.
        const failing = good
          ? sql`iif(${isOpen}, json_set(looks.failing, '$[#-1].to', json(${JSON.stringify(at)})), looks.failing)`
          : sql`iif(${isOpen}, looks.failing, json_insert(looks.failing, '$[#]', json(${stretch})))`;
        await sql`
          insert into looks (environment, source, kind, key, first, last, last_good, count, failing)
          select ${environment}, ${source}, subject.kind, subject.key, ${at}, ${at}, ${good ? at : null}, 1,
            ${good ? '[]' : `[${stretch}]`}
          from ${each(subjects)} as subject where true
          on conflict (environment, source, kind, key) do update set
            last = excluded.last, last_good = coalesce(excluded.last_good, looks.last_good),
            count = looks.count + 1, failing = ${failing}`.execute(db);
      }),

    looksOf: (environment, subjects) =>
      run(async (db) => {
        const { rows } = await sql<Selectable<LooksTable>>`
          select * from looks where environment = ${environment} and (kind, key) in ${each(subjects)}`.execute(
          db,
        );
        return rows.map(({ environment: _, failing, ...look }) => ({
          ...look,
          failing: parsed<LookRecord['failing']>(failing),
        }));
      }),
  };
}

const isOpen = sql`json_type(looks.failing, '$[#-1].to') is 'null'`;

function each(subjects: readonly Subject[]): RawBuilder<unknown> {
  return sql`(select value ->> 'kind' as kind, value ->> 'key' as key from json_each(${JSON.stringify(subjects)}))`;
}
