import { formatDuration } from '../core/duration.ts';
import { Fault } from '../core/fault.ts';

export function runTimedOut(limitMs: number): Fault {
  return new Fault(`the run did not end within ${formatDuration(limitMs)}`, {
    code: 'RUN_TIMED_OUT',
    kind: 'timeout',
    evidence: { limit_ms: limitMs },
  });
}

export function undoTimedOut(limitMs: number): Fault {
  return new Fault(`the undo did not end within ${formatDuration(limitMs)}`, {
    code: 'UNDO_TIMED_OUT',
    kind: 'timeout',
    evidence: { limit_ms: limitMs },
  });
}

export function stepTimedOut(step: string, limitMs: number): Fault {
  return new Fault(`step ${step} did not end within ${formatDuration(limitMs)}`, {
    code: 'STEP_TIMED_OUT',
    kind: 'timeout',
    evidence: { limit_ms: limitMs },
  });
}

export function runCancelled(by: string): Fault {
  return new Fault(`cancelled by ${by}`, { code: 'RUN_CANCELLED', kind: 'cancelled', evidence: { by } });
}

/** The Fault that a signal was aborted with. */
export function reasonOf(signal: AbortSignal): Fault {
  return signal.reason instanceof Fault ? signal.reason : runCancelled('an abort');
}
