import type { MetricDefinition } from '../core/metrics.ts';
import { metricOf, OTHER, valuesOf } from '../core/metrics.ts';
import type { Exemplar, Total } from '../core/totals.ts';

export type Labels = Readonly<Record<string, string>>;

/** One series of a counter or a gauge, or of a histogram with all its buckets. */
export interface Series {
  readonly labels: Labels;
  /** Of a histogram the sum. */
  readonly value: number;
  /** Of a histogram only; the buckets are not cumulative, the last is `+Inf`. */
  readonly count?: number;
  readonly buckets?: readonly number[];
  readonly exemplar?: Exemplar | null;
}

/** What a line of an exposition is made of, as prom-client wants it. */
export interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly sharedLabels?: Labels;
  readonly metricName?: string;
  readonly exemplar?: { readonly labelSet: Labels; readonly value: number; readonly timestamp: number };
}

/** What the configuration says about labels whose range is not known beforehand. */
export interface KnownNames {
  /** Whether the label may say this, beside the others. */
  isKnown(label: string, labels: Labels): boolean;
}

/** Keeps a label within its range: what it does not know becomes `other`, so that no text from outside ever makes a series. */
export function bounded(definition: MetricDefinition, labels: Labels, known: KnownNames): Labels {
  const entries = definition.labels.map((label): [string, string] => {
    const value = labels[label] ?? OTHER;
    const values = valuesOf(definition, label);
    const isIn = values === undefined ? known.isKnown(label, labels) : values.includes(value);
    return [label, isIn ? value : OTHER];
  });
  return Object.fromEntries(entries);
}

/** Identifies a series of one metric. */
export function keyOf(definition: MetricDefinition, labels: Labels): string {
  return definition.labels.map((label) => labels[label]).join('\u0000');
}

/** Totals as series: first those that are known beforehand, at 0 where nothing was counted yet, then others by their labels. */
export function seriesOfTotals(
  name: string,
  totals: readonly Total[],
  expected: readonly Labels[],
  known: KnownNames,
): readonly Series[] {
  const definition = metricOf(name);
  if (definition === undefined) return [];
  const byKey = new Map<string, Series>();
  for (const labels of expected) byKey.set(keyOf(definition, labels), zero(definition, labels));
  const others: string[] = [];
  for (const total of totals) {
    const labels = bounded(definition, total.labels, known);
    const key = keyOf(definition, labels);
    const before = byKey.get(key);
    if (before === undefined) others.push(key);
    byKey.set(key, added(before ?? zero(definition, labels), total));
  }
  const last = others.sort().flatMap((key) => byKey.get(key) ?? []);
  return [...[...byKey].filter(([key]) => !others.includes(key)).map(([, series]) => series), ...last];
}

function zero({ type, buckets }: MetricDefinition, labels: Labels): Series {
  if (type !== 'histogram') return { labels, value: 0 };
  return { labels, value: 0, count: 0, buckets: new Array<number>((buckets?.length ?? 0) + 1).fill(0) };
}

/** Several totals meet in one series where their labels became `other`. */
function added(series: Series, { sum, count, buckets, exemplar }: Total): Series {
  const newest =
    exemplar === null || (series.exemplar?.at ?? 0) > exemplar.at ? (series.exemplar ?? null) : exemplar;
  const value = series.value + sum;
  if (series.buckets === undefined) return { labels: series.labels, value, exemplar: newest };
  return {
    labels: series.labels,
    value,
    count: (series.count ?? 0) + count,
    buckets: series.buckets.map((before, index) => before + (buckets[index] ?? 0)),
    exemplar: newest,
  };
}

/** The lines of a metric. */
export function valuesOfSeries(
  name: string,
  series: readonly Series[],
  bounds: readonly number[],
): readonly Value[] {
  return series.flatMap((one): readonly Value[] =>
    one.buckets === undefined ? [plain(one)] : histogram(name, one, one.buckets, bounds),
  );
}

function plain({ labels, value, exemplar }: Series): Value {
  return { value, labels, ...shown(exemplar) };
}

function histogram(
  name: string,
  { labels, value, count = 0, exemplar }: Series,
  buckets: readonly number[],
  bounds: readonly number[],
): readonly Value[] {
  let sum = 0;
  const hit = bounds.findIndex((bound) => (exemplar?.value ?? Number.POSITIVE_INFINITY) <= bound);
  const hitBucket = hit === -1 ? bounds.length : hit;
  const lines = [...bounds, '+Inf' as const].map((le, index): Value => {
    sum += buckets[index] ?? 0;
    return {
      metricName: `${name}_bucket`,
      labels: { le },
      sharedLabels: labels,
      value: sum,
      ...(index === hitBucket ? shown(exemplar) : {}),
    };
  });
  return [
    ...lines,
    { metricName: `${name}_sum`, labels: {}, sharedLabels: labels, value },
    { metricName: `${name}_count`, labels: {}, sharedLabels: labels, value: count },
  ];
}

function shown(exemplar: Exemplar | null | undefined): Pick<Value, 'exemplar'> {
  if (exemplar === null || exemplar === undefined) return {};
  const { run_id, value, at } = exemplar;
  // The trace of a run carries its id without the dashes.
  const labelSet = { run_id, trace_id: run_id.replaceAll('-', '') };
  return { exemplar: { labelSet, value, timestamp: at / 1000 } };
}
