import type { HrTime } from '@opentelemetry/api';
import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Observations } from '../core/observations.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { RunRecord } from '../core/run.ts';
import type { Site } from '../core/site.ts';
import type { Family } from './exposition.ts';
import { instrumentsOf } from './points.ts';
import { type SpanData, snapshotOf, spansOfRun, type TracedHop } from './spans.ts';
import type { BuildInfo } from './state.ts';

export interface OtlpOptions {
  /** Base address of a collector: `/v1/traces` and `/v1/metrics` are below it. */
  readonly url: string;
  /** Secrets in them are never told. */
  readonly headers: Readonly<Record<string, string>>;
  readonly traces: boolean;
  readonly metrics: boolean;
  /** Between two exports of metrics. Milliseconds of the host. */
  readonly intervalMs: number;
  readonly families: () => Promise<readonly Family[]>;
  readonly observations: Pick<Observations, 'active'>;
  readonly sites: () => readonly Site[];
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly build: BuildInfo;
}

/** Sends traces and metrics to a collector. What it cannot send it logs and forgets: no run ever waits for it. */
export interface Otlp extends AsyncDisposable {
  /** @param toHost see `Clock.toHost` of the environment */
  runEnded(record: RunRecord, hops: readonly TracedHop[], toHost: (epochMs: number) => number): void;
}

/** Between two signs of life of a run that goes on. Milliseconds of the host. */
const SNAPSHOT_MS = 10 * 60_000;

/** How long an export may take, and the last ones when the service ends. Milliseconds. */
const EXPORT_LIMIT_MS = 3000;

/** Loads OpenTelemetry: without a collector it is not called, and nothing of that is in memory. */
export async function openOtlp(options: OtlpOptions): Promise<Otlp> {
  const { traces, metrics, intervalMs, clock, log } = options;
  const stop = new AbortController();
  const tracer = traces ? await openTracer(options) : undefined;
  const meter = metrics ? await openMeter(options) : undefined;

  async function every(ms: number, act: () => Promise<void>): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await clock.sleep(ms, stop.signal);
        await act();
      } catch (error) {
        if (!stop.signal.aborted) log.warn({ err: error }, 'telemetry could not be collected');
      }
    }
  }
  const loops = [
    ...(tracer === undefined ? [] : [every(SNAPSHOT_MS, tracer.snapshots)]),
    ...(meter === undefined ? [] : [every(intervalMs, meter.send)]),
  ];

  return {
    runEnded(record, hops, toHost) {
      tracer?.send(spansOfRun(record, hops, toHost));
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('telemetry ends'));
      await Promise.all(loops);
      await Promise.all([tracer?.close(), meter?.close()]);
    },
  };
}

async function openTracer(options: OtlpOptions) {
  const { observations, sites, log } = options;
  const [{ OTLPTraceExporter }, { SpanKind, SpanStatusCode, TraceFlags }, resource] = await Promise.all([
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/api'),
    resourceOf(options),
  ]);
  const exporter = new OTLPTraceExporter(exporterOptions(options, 'traces'));

  function readable(span: SpanData): ReadableSpan {
    const { trace_id: traceId, parent_id } = span;
    const context = (spanId: string) => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED });
    return {
      name: span.name,
      kind: span.kind === 'server' ? SpanKind.SERVER : SpanKind.INTERNAL,
      spanContext: () => context(span.span_id),
      ...(parent_id === undefined ? {} : { parentSpanContext: context(parent_id) }),
      startTime: hrTime(span.start),
      endTime: hrTime(span.end),
      duration: hrTime(span.end - span.start),
      status:
        span.error === undefined
          ? { code: SpanStatusCode.UNSET }
          : { code: SpanStatusCode.ERROR, message: span.error },
      attributes: span.attributes,
      links: [],
      events: [],
      ended: true,
      resource,
      instrumentationScope: scopeOf(options),
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }

  const send = (spans: readonly SpanData[]) => {
    if (spans.length > 0) exporter.export(spans.map(readable), tellFailure(log, 'traces'));
  };
  return {
    send,
    async snapshots() {
      const all = await observations.active();
      send(
        sites().flatMap(({ scope, clock }) => {
          const now = clock.now();
          return all
            .filter((run) => run.scope === scope && run.state === 'executing')
            .map((run) => snapshotOf(run, now, clock.toHost));
        }),
      );
    },
    close: () => exporter.shutdown(),
  };
}

async function openMeter(options: OtlpOptions) {
  const { families, clock, log } = options;
  const [{ OTLPMetricExporter }, { AggregationTemporality, DataPointType }, { ValueType }, resource] =
    await Promise.all([
      import('@opentelemetry/exporter-metrics-otlp-http'),
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/api'),
      resourceOf(options),
    ]);
  const exporter = new OTLPMetricExporter(exporterOptions(options, 'metrics'));
  const startTime = hrTime(clock.now());

  async function collect(): Promise<ResourceMetrics> {
    const endTime = hrTime(clock.now());
    const metrics = instrumentsOf(await families()).map(
      ({ name, description, unit, type, bounds, points }): MetricData => {
        const base = {
          descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
        };
        const point = <Of>(attributes: Readonly<Record<string, string>>, value: Of) => ({
          startTime,
          endTime,
          attributes,
          value,
        });
        if (type === 'histogram') {
          return {
            ...base,
            dataPointType: DataPointType.HISTOGRAM,
            dataPoints: points.map(({ labels, value, count = 0, buckets = [] }) =>
              point(labels, {
                sum: value,
                count,
                buckets: { boundaries: [...bounds], counts: [...buckets] },
              }),
            ),
          };
        }
        const dataPoints = points.map(({ labels, value }) => point(labels, value));
        if (type === 'gauge') return { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
        return { ...base, dataPointType: DataPointType.SUM, dataPoints, isMonotonic: type === 'counter' };
      },
    );
    return { resource, scopeMetrics: [{ scope: scopeOf(options), metrics }] };
  }

  const send = async () => exporter.export(await collect(), tellFailure(log, 'metrics'));
  return {
    send,
    async close() {
      // What was counted since the last export would else be lost to the collector.
      await send().catch((error: unknown) => log.warn({ err: error }, 'telemetry could not be collected'));
      await exporter.shutdown();
    },
  };
}

async function resourceOf({ build }: OtlpOptions) {
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  return resourceFromAttributes({ 'service.name': 'packprobe', 'service.version': build.version });
}

function scopeOf({ build }: OtlpOptions) {
  return { name: 'packprobe', version: build.version };
}

function exporterOptions({ url, headers }: OtlpOptions, signal: 'traces' | 'metrics') {
  return {
    url: `${url.replace(/\/+$/, '')}/v1/${signal}`,
    headers: { ...headers },
    timeoutMillis: EXPORT_LIMIT_MS,
  };
}

function tellFailure(log: Logger, signal: 'traces' | 'metrics') {
  return ({ code, error }: { readonly code: number; readonly error?: Error }) => {
    if (code !== 0)
      log.warn({ signal, ...(error === undefined ? {} : { err: error }) }, 'telemetry was not taken');
  };
}

/** Seconds and nanoseconds; a millisecond has fractions where the time of a sandbox was converted. */
function hrTime(ms: number): HrTime {
  const seconds = Math.trunc(ms / 1000);
  return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
}
