import { describe, expect, test } from 'vitest';
import type { RunRecord, StepRecord } from '../../src/core/run.ts';
import { stepRecordOf } from '../../src/core/step-record.ts';
import type { StepProgress } from '../../src/core/store.ts';
import { withoutRows, withRows } from '../../src/store/step-rests.ts';

const fault = {
  code: 'KOJI_DOWN',
  kind: 'unavailable',
  message: 'nobody answers',
} as StepRecord['fault'] & {};

function row(index: number, more: Partial<StepProgress> = {}): StepProgress {
  return {
    index,
    step: `step-${index}`,
    uses: 'command/run',
    system: 'koji',
    outcome: 'passed',
    reason: null,
    started_at: 1000 * index,
    deadline_at: 1000 * index + 60_000,
    resumed_at: [],
    duration_ms: 900,
    inputs: { args: ['a', { b: [1, 2] }] },
    outputs: { nvr: 'p-1-1' },
    fault: null,
    phases: [{ phase: 'queued', started_at: 1000, duration_ms: 5 }],
    attempts: [{ attempt: 1, started_at: 1000 * index, duration_ms: 900, outcome: 'passed' }],
    ...more,
  };
}

function recordOf(steps: readonly StepRecord[]): RunRecord {
  return { run_id: 'r-1', probe: 'p', outcome: 'passed', steps } as unknown as RunRecord;
}

describe('a record beside the rows of its steps', () => {
  test('is read as it was', () => {
    const rows = [row(0), row(1, { outcome: 'failed', fault }), row(2, { resumed_at: [5], reason: 'why' })];
    const record = recordOf(
      rows.map((step) => ({ ...stepRecordOf(step), name: `Step ${step.index}`, normal_ms: 60_000 })),
    );
    expect(withRows(withoutRows(record, rows), rows)).toEqual(record);
  });

  test('says nothing that the rows say', () => {
    const step = { ...stepRecordOf(row(0)), name: 'Build', normal_ms: 60_000 };
    const stored = JSON.parse(withoutRows(recordOf([step]), [row(0)])) as RunRecord;
    expect(stored.steps).toEqual([{ name: 'Build', normal_ms: 60_000 }]);
  });

  test('keeps what the row of a killed step does not say, and what was never begun', () => {
    const open = row(0, { outcome: null, outputs: null, duration_ms: null });
    const ended = { ...stepRecordOf({ ...open, outcome: 'errored', fault, duration_ms: 7 }), name: 'Build' };
    const never = {
      ...stepRecordOf(row(1)),
      outcome: 'skipped',
      reason: 'the run was closed before',
    } as const;
    const record = recordOf([ended, never]);
    expect(withRows(withoutRows(record, [open]), [open])).toEqual(record);
  });

  test('keeps a step whole whose row says too much, or is that of another step', () => {
    const { fault: _, ...without } = stepRecordOf(row(0, { fault }));
    const record = recordOf([without, stepRecordOf(row(1))]);
    const rows = [row(0, { fault }), row(2)];
    expect(withRows(withoutRows(record, rows), rows)).toEqual(record);
  });

  test('is read where it was stored whole, as it was once', () => {
    const record = recordOf([stepRecordOf(row(0))]);
    expect(withRows(JSON.stringify(record), [])).toEqual(record);
  });

  test('is not read with a step missing', () => {
    const record = recordOf([stepRecordOf(row(0))]);
    expect(() => withRows(withoutRows(record, [row(0)]), [])).toThrow('step 1 of run r-1 has no row');
  });
});
