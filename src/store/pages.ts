import { sql } from 'kysely';
import { environmentOfScope } from '../core/environment.ts';
import type { FaultData, StepOutcome } from '../core/fault.ts';
import type { Page, Pages, StepRow } from '../core/pages.ts';
import type { Charge } from '../core/system.ts';
import { parsedOrNull } from './rows.ts';
import { summaries, summaryOf } from './runs.ts';
import type { Session } from './session.ts';

/** So many runs are looked through for one page: SQLite answers in the thread that everything else waits for. */
const WINDOW = { runs: 5_000, steps: 500 } as const;

const RUN_ID = /^[0-9a-f-]{1,36}$/;

/** Every question walks a piece of a key backwards. */
export function pagesIn({ db, run }: Session): Pages {
  /** The oldest run of a window; undefined where that reaches to the first run of all. */
  async function startOfWindow(
    size: number,
    end?: { readonly op: '<' | '<='; readonly run_id: string },
  ): Promise<string | undefined> {
    let query = db
      .selectFrom('runs')
      .select('run_id')
      .orderBy('run_id', 'desc')
      .limit(1)
      .offset(size - 1);
    if (end !== undefined) query = query.where('run_id', end.op, end.run_id);
    return (await query.executeTakeFirst())?.run_id;
  }

  return {
    runs: async ({ environment, probe, system, since, state, outcome, before, limit }) => {
      if (before !== undefined && !RUN_ID.test(before)) throw new RangeError(`"${before}" is no cursor`);
      const end = before === undefined ? undefined : ({ op: '<', run_id: before } as const);
      return run(async () => {
        const from = await startOfWindow(WINDOW.runs, end);
        let query = summaries(db).orderBy('run_id', 'desc');
        if (end !== undefined) query = query.where('run_id', end.op, end.run_id);
        if (from !== undefined) query = query.where('run_id', '>=', from);
        if (environment !== undefined) query = query.where('environment', '=', environment);
        if (probe !== undefined) query = query.where('probe', '=', probe);
        if (state !== undefined) query = query.where('state', '=', state);
        if (outcome !== undefined) query = query.where('outcome', '=', outcome);
        if (since !== undefined) query = query.where('started_at', '>=', since);
        if (system !== undefined) query = query.where(sql`json_extract(fault, '$.system')`, '=', system);
        const rows = await query.limit(limit + 1).execute();
        return pageOf(rows.map(summaryOf), limit, ({ run_id }) => run_id, from);
      });
    },

    steps: async ({ environment, probe, system, since, outcome, uses, before, limit }) => {
      const [last, index] = before === undefined ? [] : stepCursor(before);
      return run(async () => {
        // There may be more of the run where the page before ended.
        const end = last === undefined ? undefined : ({ op: '<=', run_id: last } as const);
        const from = await startOfWindow(WINDOW.steps, end);
        let query = db
          .selectFrom('runs')
          .innerJoin('steps', 'steps.run_id', 'runs.run_id')
          .select([
            'runs.run_id',
            'runs.environment',
            'runs.probe',
            'steps.idx',
            'steps.step',
            'steps.uses',
            'steps.system',
            'steps.outcome',
            'steps.reason',
            'steps.started_at',
            'steps.duration_ms',
            'steps.fault',
            sql<number>`json_array_length(steps.attempts)`.as('attempts'),
          ])
          .orderBy('runs.run_id', 'desc')
          .orderBy('steps.idx', 'desc');
        if (last !== undefined && index !== undefined) {
          query = query
            .where('runs.run_id', '<=', last)
            .where(({ or, eb }) => or([eb('runs.run_id', '<', last), eb('steps.idx', '<', index)]));
        }
        if (from !== undefined) query = query.where('runs.run_id', '>=', from);
        if (environment !== undefined) query = query.where('runs.environment', '=', environment);
        if (probe !== undefined) query = query.where('runs.probe', '=', probe);
        if (system !== undefined) query = query.where('steps.system', '=', system);
        if (outcome !== undefined) query = query.where('steps.outcome', '=', outcome);
        if (uses !== undefined) query = query.where('steps.uses', '=', uses);
        if (since !== undefined) query = query.where('steps.started_at', '>=', since);
        const rows = await query.limit(limit + 1).execute();
        const steps = rows.map(
          ({ idx, fault, ...row }): StepRow => ({
            ...row,
            index: idx,
            system: row.system as Charge,
            outcome: row.outcome as StepOutcome | null,
            fault: parsedOrNull<FaultData>(fault),
          }),
        );
        const cursor = (step: StepRow) => `${step.run_id}.${step.index}`;
        return pageOf(steps, limit, cursor, from === undefined ? undefined : `${from}.0`);
      });
    },

    names: () =>
      run(async () => {
        const rows = await db
          .selectFrom('runs')
          .select(['scope', 'probe'])
          .distinct()
          .orderBy('scope')
          .orderBy('probe')
          .execute();
        // Every sandbox has a scope of its own, and all have one name.
        const names = rows.map(({ scope, probe }) => ({ environment: environmentOfScope(scope), probe }));
        return [...new Map(names.map((name) => [`${name.environment} ${name.probe}`, name])).values()];
      }),

    lastEnded: (scope, probe) =>
      run(async () => {
        const row = await summaries(db)
          .where('scope', '=', scope)
          .where('probe', '=', probe)
          .where('ended_at', 'is not', null)
          .orderBy('ended_at', 'desc')
          .limit(1)
          .executeTakeFirst();
        return row === undefined ? undefined : summaryOf(row);
      }),
  };
}

/** @param rows one more than asked for, where there are more in the window */
function pageOf<Item>(
  rows: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => string,
  windowStart: string | undefined,
): Page<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  if (rows.length > limit && last !== undefined) return { items, next: cursorOf(last) };
  return { items, next: windowStart ?? null };
}

function stepCursor(text: string): readonly [run_id: string, index: number] {
  const [run_id = '', index = '', ...more] = text.split('.');
  if (!RUN_ID.test(run_id) || !/^\d{1,6}$/.test(index) || more.length > 0)
    throw new RangeError(`"${text}" is no cursor`);
  return [run_id, Number(index)];
}
