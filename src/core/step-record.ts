import type { PlannedStep } from './plan.ts';
import type { StepRecord } from './run.ts';
import type { StepProgress } from './store.ts';

/** A step as the journal has it; `planned` where its plan is known, too. */
export function stepRecordOf(step: StepProgress, planned?: PlannedStep): StepRecord {
  const { started_at, resumed_at, duration_ms, outcome, fault, reason } = step;
  return {
    id: step.step,
    name: planned?.name ?? step.step,
    uses: step.uses,
    system: step.system,
    outcome: outcome ?? 'skipped',
    ...(started_at === null ? {} : { started_at }),
    duration_ms: duration_ms ?? 0,
    ...(resumed_at.length === 0 ? {} : { resumed_at }),
    ...(planned?.normalMs === undefined ? {} : { normal_ms: planned.normalMs }),
    // Only one that was given up has no outcome of its own: it ended as its step.
    attempts: step.attempts.map((attempt) => ({
      ...attempt,
      outcome: attempt.outcome ?? (outcome === 'cancelled' ? outcome : 'errored'),
    })),
    phases: step.phases,
    inputs: step.inputs ?? {},
    outputs: step.outputs ?? {},
    ...(fault === null ? {} : { fault }),
    ...(reason === null ? {} : { reason }),
  };
}
