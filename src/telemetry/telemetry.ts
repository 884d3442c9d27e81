import type { FaultKind } from '../core/fault.ts';
import {
  type Component,
  type LogLevel,
  METRICS,
  type MetricDefinition,
  type MetricName,
  type RequestResult,
} from '../core/metrics.ts';
import type { Charge } from '../core/system.ts';
import type { Total } from '../core/totals.ts';
import type { Labels } from './series.ts';

/** What one request or command came to. */
export interface Request {
  readonly environment: string;
  readonly system: Charge;
  readonly result: RequestResult;
  /** Of the host. */
  readonly seconds: number;
}

/** Numbers that this process alone counts: they begin at 0 with it. Nothing here throws. */
export interface Telemetry {
  request(request: Request): void;
  /** Something of packprobe itself went wrong outside of a run. */
  ownFault(component: Component, kind: FaultKind): void;
  /** From a due time to its start. Seconds of the host. */
  lateness(seconds: number): void;
  logLine(level: LogLevel): void;
  /** All that was counted, in the shape of the store's totals. */
  counted(): readonly Total[];
}

export function openTelemetry(): Telemetry {
  const totals = new Map<string, Total>();

  function add(metric: MetricName, labels: Labels, value: number): void {
    const key = `${metric} ${Object.values(labels).join(' ')}`;
    const { type, buckets = [] }: MetricDefinition = METRICS[metric];
    const before = totals.get(key) ?? {
      metric,
      labels,
      sum: 0,
      count: 0,
      buckets: type === 'histogram' ? new Array<number>(buckets.length + 1).fill(0) : [],
      exemplar: null,
    };
    const hit = buckets.findIndex((bound) => value <= bound);
    totals.set(key, {
      ...before,
      sum: before.sum + value,
      count: type === 'histogram' ? before.count + 1 : 0,
      // Behind the last bound stands `+Inf`, which -1 finds.
      buckets: type === 'histogram' ? before.buckets.with(hit, (before.buckets.at(hit) ?? 0) + 1) : [],
    });
  }

  return {
    request({ environment, system, result, seconds }) {
      add('packprobe_requests_total', { environment, system, result }, 1);
      add('packprobe_request_duration_seconds', { environment, system }, Math.max(0, seconds));
    },
    ownFault: (component, kind) => add('packprobe_own_faults_total', { component, kind }, 1),
    lateness: (seconds) => add('packprobe_schedule_lateness_seconds', {}, Math.max(0, seconds)),
    logLine: (level) => add('packprobe_log_lines_total', { level }, 1),
    counted: () => [...totals.values()],
  };
}
