import { createHash } from 'node:crypto';
import type { FinishedRun } from '../core/finished-run.ts';
import { METRICS, type MetricName, valuesOf } from '../core/metrics.ts';
import type { Charge } from '../core/system.ts';
import { textOf } from './exposition.ts';
import type { Labels, Series } from './series.ts';
import type { BuildInfo } from './state.ts';

/**
 * What one run in the foreground can say of itself: gauges, the same as those of a service. No counters: they are what a service counts in its store,
 * and a file that is written anew by each run would only ever say 1.
 */
export function oneShotText(run: FinishedRun, build: BuildInfo): Promise<string> {
  const { record, timeoutMs, definition, lastEnds, toHost } = run;
  const { environment, probe } = record;
  const labels = { environment, probe };
  const ended = toHost(record.ended_at) / 1000;
  const file_hash = createHash('sha256').update(definition).digest('hex').slice(0, 12);
  const outcomes = valuesOf(METRICS.packprobe_run_last_end_timestamp_seconds, 'outcome') ?? [];
  const gauges: readonly (readonly [MetricName, readonly Series[]])[] = [
    [
      'packprobe_run_last_end_timestamp_seconds',
      outcomes.map((outcome) => {
        const at = (lastEnds as Readonly<Record<string, number>>)[outcome];
        return { labels: { ...labels, outcome }, value: at === undefined ? 0 : toHost(at) / 1000 };
      }),
    ],
    ['packprobe_run_last_duration_seconds', [{ labels, value: record.duration_ms / 1000 }]],
    ['packprobe_run_timeout_seconds', [{ labels, value: timeoutMs / 1000 }]],
    [
      'packprobe_system_last_evidence_timestamp_seconds',
      evidenceOf(run).map((evidence) => ({ labels: { environment, ...evidence }, value: ended })),
    ],
    ['packprobe_build_info', [{ labels: { ...build }, value: 1 }]],
    [
      'packprobe_probe_info',
      [{ labels: { ...labels, package: record.package, branch: record.branch, file_hash }, value: 1 }],
    ],
  ];
  return textOf(gauges.map(([name, series]) => ({ name, definition: METRICS[name], series, bounds: [] })));
}

/** Steps that passed speak for their systems, a fault against whom it charges. */
function evidenceOf({ record }: FinishedRun): readonly Labels[] {
  const bad = new Set<Charge>(
    record.steps.flatMap(({ fault }) => (fault === undefined ? [] : [fault.system])),
  );
  const good = new Set<Charge>(
    record.steps.flatMap(({ outcome, system }) =>
      outcome === 'passed' && system !== 'own' && !bad.has(system) ? [system] : [],
    ),
  );
  return [
    ...[...good].map((system) => ({ system, evidence: 'good' })),
    ...[...bad].map((system) => ({ system, evidence: 'bad' })),
  ];
}

/** Where a Pushgateway keeps them: one group for each probe and environment, whichever host has run it. */
export function pushAddress(gateway: string, { record: { environment, probe } }: FinishedRun): string {
  const group = { job: 'packprobe', environment, probe };
  const path = Object.entries(group).flatMap(([name, value]) => [name, encodeURIComponent(value)]);
  return `${gateway.replace(/\/+$/, '')}/metrics/${path.join('/')}`;
}
