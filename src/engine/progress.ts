import type { FaultData } from '../core/fault.ts';
import type { RunRecord, StepRecord } from '../core/run.ts';

/** What a run tells while it goes on; for the live list, the plain lines and the log. */
export type Progress =
  /** `done` are the steps that an earlier life of the run has ended; none where it has just begun. */
  | {
      readonly type: 'run_started';
      readonly run_id: string;
      readonly at: number;
      readonly done: readonly StepRecord[];
    }
  | { readonly type: 'step_started'; readonly index: number; readonly at: number }
  | { readonly type: 'step_news'; readonly index: number; readonly text: string }
  /** A further attempt follows. */
  | {
      readonly type: 'attempt_failed';
      readonly index: number;
      readonly attempt: number;
      readonly of: number;
      readonly fault: FaultData;
    }
  | { readonly type: 'step_ended'; readonly index: number; readonly record: StepRecord }
  | { readonly type: 'run_ended'; readonly record: RunRecord }
  | { readonly type: 'undo_started'; readonly count: number }
  | {
      readonly type: 'undo_ended';
      readonly kind: string;
      readonly identity: string;
      readonly result: UndoResult;
      readonly text: string;
    };

/** `gone`: removed; `nothing`: there was nothing to remove; `left`: it is still there and stays in the ledger. */
export type UndoResult = 'gone' | 'nothing' | 'left';

export type Tell = (progress: Progress) => void;
