import { isDeepStrictEqual } from 'node:util';
import type { RunRecord, StepRecord } from '../core/run.ts';
import { stepRecordOf } from '../core/step-record.ts';
import type { StepProgress } from '../core/store.ts';

/**
 * What a step came to stands in its row already: of a finished run only that is stored which the rows do not say, such as the names that its probe gave
 * the steps then. A step that no row tells, or another, is stored whole; only a whole one has an id.
 */
type StepRest = StepRecord | Omit<Partial<StepRecord>, 'id'>;

/** The record as it is stored beside the rows of its steps. */
export function withoutRows(record: RunRecord, rows: readonly StepProgress[]): string {
  const plain = JSON.parse(JSON.stringify(record)) as RunRecord;
  return JSON.stringify({ ...plain, steps: plain.steps.map((step, at) => restOf(step, rows[at])) });
}

/** The record as it was. */
export function withRows(text: string, rows: readonly StepProgress[]): RunRecord {
  const { steps, ...record } = JSON.parse(text) as Omit<RunRecord, 'steps'> & {
    readonly steps: readonly StepRest[];
  };
  return {
    ...record,
    steps: steps.map((rest, at) => {
      if ('id' in rest) return rest;
      const row = rows[at];
      if (row === undefined) throw new Error(`step ${at + 1} of run ${record.run_id} has no row`);
      return { ...stepRecordOf(row), ...rest };
    }),
  };
}

function restOf(step: StepRecord, row: StepProgress | undefined): StepRest {
  if (row === undefined || row.step !== step.id) return step;
  const said: Readonly<Record<string, unknown>> = { ...stepRecordOf(row) };
  // What the row says too much could not be taken away again.
  if (Object.keys(said).some((key) => !(key in step))) return step;
  return Object.fromEntries(
    Object.entries(step).filter(([key, value]) => !isDeepStrictEqual(value, said[key])),
  );
}
