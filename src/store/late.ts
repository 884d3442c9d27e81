import { sql } from 'kysely';
import type { LateWatch } from '../core/digest.ts';
import type { LateWatches } from '../core/store.ts';
import type { Session } from './session.ts';

export function lateWatchesIn({ run, change }: Session): LateWatches {
  return {
    begin: ({ run_id, step, until }) =>
      run(async (db) => {
        // A later life of the run goes on with the watch that it finds.
        await sql`
          insert into late_watches (run_id, step, until) values (${run_id}, ${step}, ${until})
          on conflict (run_id) do nothing`.execute(db);
      }),

    of: (run_id) =>
      run(async (db) => {
        const { rows } = await sql<LateWatch>`select * from late_watches where run_id = ${run_id}`.execute(
          db,
        );
        return rows[0];
      }),

    end: ({ run_id, step, at, says, text }) =>
      change(async (transaction) => {
        const { numAffectedRows } = await sql`
          delete from late_watches where run_id = ${run_id} and step = ${step}`.execute(transaction);
        // Somebody else was faster.
        if (numAffectedRows !== 1n) return;
        await sql`
          insert into verdicts (run_id, step, at, says, text)
          values (${run_id}, ${step}, ${at}, ${says}, ${text})`.execute(transaction);
      }),
  };
}
