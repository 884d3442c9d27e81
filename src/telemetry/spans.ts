import { createHash } from 'node:crypto';
import type { FaultData, StepOutcome } from '../core/fault.ts';
import type { ActiveRun } from '../core/observations.ts';
import type { AttemptRecord, RunRecord, StepRecord } from '../core/run.ts';
import type { CountedHop } from '../core/run-totals.ts';

/** A hop with the time of its end, epoch ms of the environment's clock; those of `evidence` fit. */
export interface TracedHop extends CountedHop {
  readonly ended_at: { readonly earliest: number; readonly latest: number };
}

/** One span as OpenTelemetry wants it. Times: epoch ms of the host, with fractions. */
export interface SpanData {
  readonly name: string;
  readonly kind: 'server' | 'internal';
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_id?: string;
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Why it is an error; undefined where it is none. */
  readonly error?: string;
}

type Result = 'success' | 'failure' | 'timeout' | 'error' | 'cancellation' | 'skip';

/** The words of OpenTelemetry for what became of a run or a step: a wait that ran out is told apart. */
export function resultOf(outcome: StepOutcome, fault: FaultData | undefined): Result {
  switch (outcome) {
    case 'passed':
      return 'success';
    case 'failed':
      return fault?.kind === 'timeout' ? 'timeout' : 'failure';
    case 'errored':
      return 'error';
    case 'cancelled':
      return 'cancellation';
    case 'skipped':
      return 'skip';
  }
}

/** The trace of a run is known by its id alone: so is every span, and what is sent twice is the same span. */
function idsOf(run_id: string): {
  readonly trace_id: string;
  readonly root: string;
  of(...path: readonly (string | number)[]): string;
} {
  const of = (...path: readonly (string | number)[]) =>
    createHash('sha256')
      .update([run_id, ...path].join('/'))
      .digest('hex')
      .slice(0, 16);
  return { trace_id: run_id.replaceAll('-', ''), root: of(), of };
}

type ToHost = (epochMs: number) => number;

/** The trace of a run that has ended: the run, its steps, their attempts and phases, and the hops between the systems. */
export function spansOfRun(
  record: RunRecord,
  hops: readonly TracedHop[],
  toHost: ToHost,
): readonly SpanData[] {
  const { run_id, probe, environment, outcome, fault, started_at, ended_at } = record;
  const { trace_id, root, of } = idsOf(run_id);
  const run: SpanData = {
    name: `RUN ${probe}`,
    kind: 'server',
    trace_id,
    span_id: root,
    start: toHost(started_at),
    end: toHost(ended_at),
    attributes: {
      'cicd.pipeline.name': probe,
      'cicd.pipeline.run.id': run_id,
      'cicd.pipeline.result': resultOf(outcome, fault),
      'cicd.pipeline.action.name': 'RUN',
      'packprobe.environment': environment,
      'packprobe.package': record.package,
      ...faultOf(fault),
    },
    ...errorOf(outcome, fault),
  };
  let lastEnd = started_at;
  const steps = record.steps.flatMap((step, index) => {
    const start = step.started_at ?? lastEnd;
    lastEnd = start + step.duration_ms;
    return spansOfStep(step, start, index);
  });
  return [run, ...steps, ...hops.map(spanOfHop)];

  function spansOfStep(step: StepRecord, start: number, index: number): readonly SpanData[] {
    const span_id = of('step', index);
    const inside = { kind: 'internal', trace_id, parent_id: span_id } as const;
    return [
      {
        name: step.id,
        kind: 'internal',
        trace_id,
        span_id,
        parent_id: root,
        start: toHost(start),
        end: toHost(start + step.duration_ms),
        attributes: {
          'cicd.pipeline.task.name': step.id,
          'cicd.pipeline.task.run.id': `${run_id}/${step.id}`,
          'cicd.pipeline.task.run.result': resultOf(step.outcome, step.fault),
          'packprobe.uses': step.uses,
          'peer.service': step.system,
          ...faultOf(step.fault),
        },
        ...errorOf(step.outcome, step.fault),
      },
      ...step.attempts.map((attempt) => ({
        ...inside,
        ...spanOfAttempt(attempt, toHost),
        span_id: of('step', index, 'attempt', attempt.attempt),
      })),
      ...step.phases.map((phase, at) => ({
        ...inside,
        name: phase.arch === undefined ? phase.phase : `${phase.phase} ${phase.arch}`,
        span_id: of('step', index, 'phase', at),
        start: toHost(phase.started_at),
        end: toHost(phase.started_at + phase.duration_ms),
        // Only systems that stamp both ends have phases.
        attributes: {
          'packprobe.time.source': 'api',
          'packprobe.time.uncertainty_s': 0,
          'peer.service': step.system,
        },
      })),
    ];
  }

  function spanOfHop(hop: TracedHop, at: number): SpanData {
    const { earliest, latest } = hop.ended_at;
    const end = (earliest + latest) / 2;
    return {
      name: `hop ${hop.hop}`,
      kind: 'internal',
      trace_id,
      span_id: of('hop', at),
      parent_id: root,
      start: toHost(end - (hop.shortest_ms + hop.longest_ms) / 2),
      end: toHost(end),
      attributes: {
        'packprobe.hop': hop.hop,
        'packprobe.time.source': hop.source,
        'packprobe.time.uncertainty_s': (hop.longest_ms - hop.shortest_ms) / 2 / 1000,
        'peer.service': hop.system,
      },
    };
  }
}

function spanOfAttempt(
  attempt: AttemptRecord,
  toHost: ToHost,
): Omit<SpanData, 'trace_id' | 'span_id' | 'kind'> {
  return {
    name: `attempt ${attempt.attempt}`,
    start: toHost(attempt.started_at),
    end: toHost(attempt.started_at + attempt.duration_ms),
    attributes: { 'packprobe.attempt': attempt.attempt, ...faultOf(attempt.fault) },
    ...errorOf(attempt.outcome, attempt.fault),
  };
}

/** A sign of life of a run that goes on: who receives traces drops a root that does not end for hours. */
export function snapshotOf(run: ActiveRun, now: number, toHost: ToHost): SpanData {
  const { run_id, probe, environment, started_at, steps } = run;
  const { trace_id, root, of } = idsOf(run_id);
  return {
    name: `SNAPSHOT ${probe}`,
    kind: 'internal',
    trace_id,
    span_id: of('snapshot', now),
    parent_id: root,
    start: toHost(now),
    end: toHost(now),
    attributes: {
      'cicd.pipeline.name': probe,
      'cicd.pipeline.run.id': run_id,
      'cicd.pipeline.run.state': 'executing',
      'packprobe.environment': environment,
      'packprobe.elapsed_s': (now - started_at) / 1000,
      ...(steps[0] === undefined
        ? {}
        : { 'cicd.pipeline.task.name': steps[0].step, 'peer.service': steps[0].system }),
    },
  };
}

function faultOf(fault: FaultData | undefined): Readonly<Record<string, string>> {
  if (fault === undefined) return {};
  return {
    'error.type': fault.kind,
    'packprobe.fault.code': fault.code,
    'packprobe.fault.system': fault.system,
  };
}

function errorOf(outcome: StepOutcome, fault: FaultData | undefined): Pick<SpanData, 'error'> {
  return outcome === 'failed' || outcome === 'errored' ? { error: fault?.message ?? outcome } : {};
}
