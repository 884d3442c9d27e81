import { type Kysely, type Selectable, sql } from 'kysely';
import { metricOf } from '../core/metrics.ts';
import type { Exemplar, Increment, Total, Totals } from '../core/totals.ts';
import { parsed, parsedOrNull } from './rows.ts';
import type { Database, TotalsTable } from './schema.ts';
import type { Session } from './session.ts';

export function totalsIn({ run }: Session): Totals {
  return {
    add: (increments) => run((db) => addTotals(db, increments)),

    all: () =>
      run(async (db) => {
        const { rows } = await sql<
          Selectable<TotalsTable>
        >`select * from totals order by metric, labels`.execute(db);
        return rows.map(
          (row): Total => ({
            ...row,
            labels: parsed<Record<string, string>>(row.labels),
            buckets: parsed<number[]>(row.buckets),
            exemplar: parsedOrNull<Exemplar>(row.exemplar),
          }),
        );
      }),
  };
}

/**
 * Adds all of them by one statement; within a transaction they count only if that is committed. The bounds of a histogram are not stored: who changes
 * them in `core/metrics.ts` has to bring the rows along by a migration.
 */
export async function addTotals(on: Kysely<Database>, increments: readonly Increment[]): Promise<void> {
  if (increments.length === 0) return;
  await sql`
    insert into totals (metric, labels, sum, count, buckets, exemplar)
    select more.value ->> 'metric', more.value ->> 'labels', more.value ->> 'sum', more.value ->> 'count',
      more.value ->> 'buckets', more.value ->> 'exemplar'
    from json_each(${JSON.stringify(summed(increments))}) as more where true
    on conflict (metric, labels) do update set
      sum = totals.sum + excluded.sum,
      count = totals.count + excluded.count,
      buckets = (
        select json_group_array(had.value + more.value order by had.key)
        from json_each(totals.buckets) as had join json_each(excluded.buckets) as more on more.key = had.key),
      exemplar = coalesce(excluded.exemplar, totals.exemplar)`.execute(on);
}

interface Sum {
  readonly metric: string;
  readonly labels: string;
  sum: number;
  count: number;
  buckets: number[];
  exemplar?: string;
}

/** One row for each series, however many increments it has. */
function summed(increments: readonly Increment[]): readonly Sum[] {
  const sums = new Map<string, Sum>();
  for (const { metric, labels, value, exemplar } of increments) {
    const definition = metricOf(metric);
    if (definition === undefined) throw new Error(`no metric is called ${metric}`);
    const bounds = definition.type === 'histogram' ? (definition.buckets ?? []) : undefined;
    const key = sortedJson(labels);
    const series = `${metric} ${key}`;
    const sum = sums.get(series) ?? {
      metric,
      labels: key,
      sum: 0,
      count: 0,
      buckets: bounds === undefined ? [] : Array.from({ length: bounds.length + 1 }, () => 0),
    };
    sums.set(series, sum);
    sum.sum += value;
    if (exemplar !== undefined) sum.exemplar = JSON.stringify(exemplar);
    if (bounds === undefined) continue;
    sum.count += 1;
    const at = bounds.findIndex((bound) => value <= bound);
    const bucket = at === -1 ? bounds.length : at;
    sum.buckets[bucket] = (sum.buckets[bucket] ?? 0) + 1;
  }
  // Arrays inside would come back out of SQLite as it writes them: as text they stay as they are.
  return [...sums.values()].map((sum) => ({ ...sum, buckets: JSON.stringify(sum.buckets) as never }));
}

/** The same labels are the same row, in whatever order they were given. */
function sortedJson(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
