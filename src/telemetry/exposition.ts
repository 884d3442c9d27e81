import { type Metric, Registry } from 'prom-client';
import type { MetricDefinition } from '../core/metrics.ts';
import { type Series, type Value, valuesOfSeries } from './series.ts';

export const TEXT_FORMAT: string = Registry.PROMETHEUS_CONTENT_TYPE;
export const OPEN_METRICS: string = Registry.OPENMETRICS_CONTENT_TYPE;

/** A metric with all its series. */
export interface Family {
  readonly name: string;
  readonly definition: MetricDefinition;
  readonly series: readonly Series[];
  /** Upper bounds of a histogram, without `+Inf`. */
  readonly bounds: readonly number[];
}

/** What prom-client asks of a metric. */
interface Shown {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly values: readonly Value[];
}

/** The text of these metrics; those without a series are left out. */
export async function textOf(
  families: readonly Family[],
  type: string = TEXT_FORMAT,
  more?: Registry,
): Promise<string> {
  // Each text has a registry of its own: in OpenMetrics prom-client renames the counters that it is given.
  const registry = new Registry();
  registry.setContentType(type as typeof Registry.PROMETHEUS_CONTENT_TYPE);
  for (const { name, definition, series, bounds } of families) {
    if (series.length === 0) continue;
    const { help, type: kind } = definition;
    register(registry, { name, help, type: kind, values: valuesOfSeries(name, series, bounds) });
  }
  for (const metric of more?.getMetricsAsArray() ?? []) {
    register(registry, await (metric as unknown as { get(): Promise<Shown> }).get());
  }
  return registry.metrics();
}

function register(registry: Registry, shown: Shown): void {
  const metric = { ...shown, get: async () => ({ ...shown, name: metric.name }) };
  registry.registerMetric(metric as unknown as Metric);
}
