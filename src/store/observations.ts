import { sql } from 'kysely';
import type { ActiveRun, Leftovers, Observations } from '../core/observations.ts';
import type { Charge } from '../core/system.ts';
import type { Session } from './session.ts';

type Run = Omit<ActiveRun, 'steps'>;
type Step = ActiveRun['steps'][number] & { readonly run_id: string };

// Values stand in the text where a partial index asks for these very words: it does not know what a variable will be.
export function observationsIn({ run }: Session): Observations {
  return {
    active: () =>
      run(async (db) => {
        const { rows: runs } = await sql<Run>`
          select run_id, scope, environment, probe, state, started_at from runs
          where state != 'finished' order by run_id`.execute(db);
        const { rows: steps } = await sql<Step>`
          select steps.run_id, steps.step, steps.system, steps.started_at
          from runs join steps on steps.run_id = runs.run_id
          where runs.state != 'finished' and runs.record is null
            and steps.outcome is null and steps.started_at is not null
          order by steps.run_id, steps.idx`.execute(db);
        const stepsOf = Map.groupBy(steps, ({ run_id }) => run_id);
        return runs.map((row) => ({
          ...row,
          steps: (stepsOf.get(row.run_id) ?? []).map(({ run_id: _, ...step }) => step),
        }));
      }),

    leftovers: () =>
      run(async (db) => {
        const { rows } = await sql<Leftovers & { readonly system: Charge }>`
          select runs.scope, runs.environment, effects.system, count(*) as count, min(effects.intended_at) as oldest
          from effects join runs on runs.run_id = effects.run_id
          where effects.state in ('intended', 'made') and runs.record is not null
            and not exists (select 1 from late_watches where late_watches.run_id = runs.run_id)
          group by runs.scope, runs.environment, effects.system
          order by runs.scope, effects.system`.execute(db);
        return rows;
      }),

    firstDue: (scope, probe) =>
      run(async (db) => {
        const { rows } = await sql<{ readonly due_at: number }>`
          select due_at from dues where scope = ${scope} and probe = ${probe} order by due_at limit 1`.execute(
          db,
        );
        return rows[0]?.due_at;
      }),
  };
}
