import { type ChainEvent, HOP_DEFINITIONS, type Hop } from './chain.ts';
import { type EventSource, FILED_WITHIN_MS, type Report, subjectId } from './event.ts';
import type { Incident } from './incident.ts';
import type { MetricName } from './metrics.ts';
import type { AttemptRecord, RunRecord, StepRecord } from './run.ts';
import type { System } from './system.ts';
import type { Exemplar, Increment } from './totals.ts';

/** What of one hop is counted. Milliseconds. */
export interface CountedHop {
  readonly hop: Hop;
  readonly system: System;
  readonly shortest_ms: number;
  readonly longest_ms: number;
  readonly source: EventSource;
}

/** What of one build's way is counted; the chains of `evidence` fit. */
export interface CountedChain {
  readonly hops: readonly CountedHop[];
  readonly lost_messages: readonly ChainEvent[];
}

export interface RunTotalsOptions {
  readonly chains: readonly CountedChain[];
  /** All that was heard of the run's subjects. */
  readonly reports: readonly Report[];
  /** From the environment's clock to the host's; see `Clock.toHost`. */
  readonly toHost: (epochMs: number) => number;
}

/** What a run that has ended adds to the totals. To be added once, together with the mark that it was. */
export function totalsOfRun(
  record: RunRecord,
  { chains, reports, toHost }: RunTotalsOptions,
): readonly Increment[] {
  const { run_id, environment, probe, outcome, duration_ms, ended_at } = record;
  const at = toHost(ended_at);
  const seconds = duration_ms / 1000;
  // What the exemplar of a run tells is also how long it took and when it ended: gauges of the last run are made from it.
  const ofRun: Exemplar = { run_id, value: seconds, at };
  const count = counting(run_id, at);
  return [
    {
      metric: 'packprobe_runs_total' satisfies MetricName,
      labels: { environment, probe, outcome },
      value: 1,
      exemplar: ofRun,
    },
    ...(outcome === 'passed' || outcome === 'failed'
      ? [count('packprobe_run_duration_seconds', { environment, probe, outcome }, seconds)]
      : []),
    ...record.steps.flatMap((step) => totalsOfStep(step, record, count)),
    ...chains.flatMap((chain) => totalsOfChain(chain, environment, count)),
    ...totalsOfMessages(reports, environment, count),
  ];
}

type Count = (metric: MetricName, labels: Increment['labels'], value?: number) => Increment;

/** A counter grows by one and its exemplar says so; a histogram observes its value. */
function counting(run_id: string, at: number): Count {
  return (metric, labels, value = 1) => ({ metric, labels, value, exemplar: { run_id, value, at } });
}

function totalsOfStep(
  step: StepRecord,
  { environment, probe }: RunRecord,
  count: Count,
): readonly Increment[] {
  const { id, system, outcome, attempts, fault } = step;
  const labels = { environment, probe, step: id, system, outcome };
  return [
    count('packprobe_steps_total', labels),
    ...attempts.map((attempt, index) =>
      count('packprobe_step_attempts_total', {
        environment,
        system,
        result: resultOf(attempt, index === attempts.length - 1),
      }),
    ),
    // What was cut off by a limit tells the limit, not a duration.
    ...(outcome === 'passed' ? durationsOfStep(step, environment, labels, count) : []),
    ...(fault === undefined || outcome === 'skipped'
      ? []
      : [count('packprobe_faults_total', { environment, system: fault.system, kind: fault.kind })]),
  ];
}

function resultOf({ outcome }: AttemptRecord, isLast: boolean): 'ok' | 'retried' | 'gave_up' {
  if (outcome === 'passed') return 'ok';
  return isLast ? 'gave_up' : 'retried';
}

function durationsOfStep(
  { duration_ms, phases, system }: StepRecord,
  environment: string,
  labels: Increment['labels'],
  count: Count,
): readonly Increment[] {
  return [
    count('packprobe_step_duration_seconds', labels, duration_ms / 1000),
    ...phases.map(({ phase, duration_ms: ms }) =>
      count('packprobe_step_phase_duration_seconds', { environment, system, phase }, ms / 1000),
    ),
  ];
}

function totalsOfChain(
  { hops, lost_messages }: CountedChain,
  environment: string,
  count: Count,
): readonly Increment[] {
  return [
    ...hops.flatMap(({ hop, system, shortest_ms, longest_ms, source }) => [
      count(
        'packprobe_hop_duration_seconds',
        { environment, hop, system },
        (shortest_ms + longest_ms) / 2 / 1000,
      ),
      count(
        'packprobe_hop_uncertainty_seconds',
        { environment, source },
        (longest_ms - shortest_ms) / 2 / 1000,
      ),
    ]),
    ...lost_messages.map((event) =>
      count('packprobe_messages_total', { environment, system: senderOf(event), status: 'lost' }),
    ),
  ];
}

/** Who says that this has happened: whoever does the hop that ends with it. */
function senderOf(event: ChainEvent): System {
  return HOP_DEFINITIONS.find(({ to }) => to === event)?.system ?? 'messaging';
}

/** Each message is counted once, from wherever it was seen first; what tells the same again under another id is a duplicate. */
function totalsOfMessages(
  reports: readonly Report[],
  environment: string,
  count: Count,
): readonly Increment[] {
  const firstSeen = new Map<string, Report>();
  for (const report of reports) {
    if (report.source === 'api' || report.message_id === undefined) continue;
    const known = firstSeen.get(report.message_id);
    if (known === undefined || report.seen_at < known.seen_at) firstSeen.set(report.message_id, report);
  }
  const told = new Set<string>();
  return [...firstSeen.values()]
    .sort((a, b) => a.seen_at - b.seen_at)
    .flatMap((report) => {
      const what = `${subjectId(report.subject)} ${report.fact}`;
      const { system } = report;
      if (told.has(what)) {
        return [count('packprobe_messages_total', { environment, system, status: 'duplicate' })];
      }
      told.add(what);
      const delayMs = Math.max(0, report.seen_at - report.latest);
      const status = delayMs > FILED_WITHIN_MS ? 'late' : 'in_time';
      return [
        count('packprobe_messages_total', { environment, system, status }),
        count('packprobe_message_delay_seconds', { environment, system }, delayMs / 1000),
      ];
    });
}

/** What a change of an incident adds to the totals: `before` is undefined for one that was not there. */
export function totalsOfIncident(
  before: Incident | undefined,
  after: Incident,
  toHost: (epochMs: number) => number,
): readonly Increment[] {
  const { environment, system, since, opened_at, resolved_at, reopened_at } = after;
  const count = counting(after.runs.at(-1)?.run_id ?? after.incident_id, toHost(after.updated_at));
  const isNew = opened_at !== null && (before?.opened_at ?? null) === null;
  const isOver = after.state === 'resolved' && before?.state !== 'resolved' && resolved_at !== null;
  const seconds = Math.max(0, ((resolved_at ?? 0) - (reopened_at.at(-1) ?? since)) / 1000);
  return [
    ...(isNew ? [count('packprobe_incidents_total', { environment, system })] : []),
    ...(isOver ? [count('packprobe_incident_seconds_total', { environment, system }, seconds)] : []),
  ];
}
