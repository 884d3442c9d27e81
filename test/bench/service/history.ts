import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

const HOUR_MS = 3_600_000;

/** The tables that name the run that a row belongs to. */
const OF_RUN = ['steps', 'effects', 'subjects', 'verdicts'] as const;

/**
 * Makes many runs of the one that a database has: older ones, one an hour, digested, with all that is kept of a run when its evidence is gone. Past the store,
 * which would take an hour.
 */
export function multiply(file: string, count: number, environment: string, scope: string): void {
  const db = new DatabaseSync(file);
  try {
    db.exec('pragma synchronous = off');
    db.function('run_id_at', (ms) => uuidAt(Number(ms)));
    db.exec(`create temp table copies (run_id text primary key, at real not null);
      create temp table old as select run_id, started_at from runs where state = 'finished' limit 1;
      with recursive hours (n) as (select 1 union all select n + 1 from hours where n < ${count})
        insert into copies select run_id_at(at), at from (
          select started_at - n * ${HOUR_MS} as at from hours, old order by at);
      begin`);
    const columns = (table: string) =>
      db
        .prepare(`select name, pk from pragma_table_info(?)`)
        .all(table)
        .map(({ name }) => String(name));
    const copy = (table: string, changed: Readonly<Record<string, string>>) => {
      const names = columns(table).filter((name) => name !== 'effect_id');
      const values = names.map((name) => changed[name] ?? `t."${name}"`);
      db.exec(`insert into ${table} (${names.map((name) => `"${name}"`).join(', ')})
        select ${values.join(', ')} from copies, ${table} as t, old where t.run_id = old.run_id order by copies.at`);
    };
    const moved = (name: string) => `t.${name} - old.started_at + copies.at`;
    copy('runs', {
      run_id: 'copies.run_id',
      environment: `'${environment}'`,
      scope: `'${scope}'`,
      started_at: 'copies.at',
      ended_at: moved('ended_at'),
      record: `replace(t.record, old.run_id, copies.run_id)`,
      header: `replace(t.header, old.run_id, copies.run_id)`,
      digested: '1',
    });
    for (const table of OF_RUN) copy(table, { run_id: 'copies.run_id' });
    db.exec(`insert into evidence (scope, system, at, run_id, environment, probe, good, counted)
        select distinct runs.scope, steps.system, runs.ended_at, runs.run_id, runs.environment, runs.probe, 1, 1
        from runs join steps using (run_id) where runs.run_id in (select run_id from copies);
      insert into dues (scope, environment, probe, due_at, cause, state, run_id, decided_at)
        select scope, environment, probe, started_at, 'schedule', 'started', run_id, started_at
        from runs where run_id in (select run_id from copies);
      commit;
      pragma wal_checkpoint(truncate)`);
  } finally {
    db.close();
  }
}

/** A UUIDv7 of that moment. */
function uuidAt(ms: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Math.floor(ms), 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
