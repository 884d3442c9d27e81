import { sql } from 'kysely';
import type { LateWatch } from '../core/digest.ts';
import type { LateWatches } from '../core/store.ts';
import type { Session } from './session.ts';

export function lateWatchesIn({ run, change }: Session): LateWatches {
  return {
    of: (run_id) =>
      run(async (db) => {
        const { rows } = await sql<LateWatch>`select * from late_watches where run_id = ${run_id}`.execute(
          db,
        );
        return rows[0];
      }),

    drop: (run_id) =>
      run(async (db) => {
        await sql`delete from late_watches where run_id = ${run_id}`.execute(db);
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
