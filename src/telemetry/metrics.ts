import { collectDefaultMetrics, Registry } from 'prom-client';
import { METRICS, type MetricDefinition, type MetricName } from '../core/metrics.ts';
import type { WriteStatistics } from '../core/store.ts';
import { type Family, OPEN_METRICS, TEXT_FORMAT, textOf } from './exposition.ts';
import { expectedLabels, knownNames } from './known.ts';
import { probePage } from './probe-page.ts';
import { seriesOfTotals } from './series.ts';
import { type MetricsSources, snapshots } from './sources.ts';
import { type BuildInfo, gaugesOf } from './state.ts';
import type { Telemetry } from './telemetry.ts';

/** A text with its media type, as it is sent. */
export interface Rendered {
  readonly type: string;
  readonly body: string;
}

export interface MetricsOptions {
  readonly sources: MetricsSources;
  readonly telemetry: Telemetry;
  /** False leaves out durations by step, the largest part of all series. */
  readonly stepHistograms: boolean;
  readonly build: BuildInfo;
}

export interface Metrics {
  /**
   * The exposition, in OpenMetrics where that is asked for.
   * @param accept the header as it came, empty where there is none
   */
  render(accept: string): Promise<Rendered>;
  /** The last finished run of a probe in the form of the blackbox exporter; the probe and the environment exist. */
  probe(name: string, environment: string): Promise<Rendered>;
  /** All families as numbers, for those who send them elsewhere. */
  families(): Promise<readonly Family[]>;
}

/** What prom-client shows beside its good ones: gauges whose names say `_total`, which the lint of Prometheus refuses, and a lag that is not measured. */
const LEFT_OUT = [
  ...['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`),
  ...['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
    (what) => `nodejs_eventloop_lag_${what}_seconds`,
  ),
];

/**
 * How often Node looks at the lag of its event loop by itself. Milliseconds: each look wakes the process, so that an idle service would be awake for
 * that alone. `nodejs_eventloop_lag_seconds` is measured by each scrape.
 */
const LAG_PRECISION_MS = 3_600_000;

export function openMetrics({ sources, telemetry, stepHistograms, build }: MetricsOptions): Metrics {
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess, eventLoopMonitoringPrecision: LAG_PRECISION_MS });
  for (const name of LEFT_OUT) ofProcess.removeSingleMetric(name);
  const snapshotOf = snapshots(sources.store);

  async function families(): Promise<readonly Family[]> {
    const sites = sources.sites();
    const receivers = sources.receivers();
    const snapshot = await snapshotOf(sites);
    const gauges = gaugesOf({
      sites,
      receivers,
      snapshot,
      service: sources.service(),
      nextDue: sources.nextDue,
      storeBytes: await sources.store.size(),
      build,
    });
    const known = knownNames(sites, receivers);
    const totals = Map.groupBy([...snapshot.totals, ...telemetry.counted()], ({ metric }) => metric);
    return Object.entries(METRICS)
      .map(([name, definition]) => ({ name: name as MetricName, definition: definition as MetricDefinition }))
      .filter(({ name }) => stepHistograms || name !== 'packprobe_step_duration_seconds')
      .map(({ name, definition }): Family => {
        if (name === 'packprobe_store_write_duration_seconds') return ofWrites(sources.store.writes());
        const series =
          definition.from === 'state'
            ? (gauges.get(name) ?? [])
            : seriesOfTotals(name, totals.get(name) ?? [], expectedLabels(name, sites, receivers), known);
        return { name, definition, series, bounds: definition.buckets ?? [] };
      });
  }

  return {
    families,
    async render(accept) {
      const type = formatOf(accept);
      return { type, body: await textOf(await families(), type, ofProcess) };
    },
    async probe(name, environment) {
      const site = sources.sites().find((one) => one.environment.name === environment);
      const snapshot = await snapshotOf(sources.sites());
      return {
        type: TEXT_FORMAT,
        body: probePage(site?.probes.get(name), snapshot, environment),
      };
    },
  };
}

/** Prometheus asks for what it likes best first, and weighs; whoever does not name OpenMetrics gets the text format. */
function formatOf(accept: string): string {
  const weightOf = (media: string) => {
    const entry = accept.split(',').find((part) => part.trim().toLowerCase().startsWith(media));
    if (entry === undefined) return 0;
    const weight = /;\s*q=([0-9.]+)/.exec(entry)?.[1];
    return weight === undefined ? 1 : Number(weight);
  };
  const open = weightOf('application/openmetrics-text');
  return open > 0 && open >= weightOf('text/plain') ? OPEN_METRICS : TEXT_FORMAT;
}

/** The store counts its own writes, by its own bounds. */
function ofWrites({ bounds, buckets, count, sum }: WriteStatistics): Family {
  const name = 'packprobe_store_write_duration_seconds';
  return { name, definition: METRICS[name], series: [{ labels: {}, value: sum, count, buckets }], bounds };
}
