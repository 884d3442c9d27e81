import { formatDuration } from '../core/duration.ts';
import { Fault } from '../core/fault.ts';

export function runTimedOut(limitMs: number): Fault {
  return new Fault(`the run did not end within ${formatDuration(limitMs)}`, {
    code: 'RUN_TIMED_OUT',
    kind: 'timeout',
    evidence: { limit_ms: limitMs },
  });
}

/** The limit of a run passed while no process was at work on it: nobody else is to blame for that. */
export function runLeftAlone(limitMs: number): Fault {
  return new Fault(`nobody was at work on the run when its limit of ${formatDuration(limitMs)} passed`, {
    code: 'RUN_LEFT_ALONE',
    kind: 'prober',
    evidence: { limit_ms: limitMs },
    hint: 'The process that ran it was killed or its host was down. Run it again.',
  });
}

/** The limit of a step passed while no process was at work on it, and what happened meanwhile could not be told afterwards. */
export function stepLeftAlone(step: string): Fault {
  return new Fault(`nobody was at work on step ${step} when its limit passed`, {
    code: 'STEP_LEFT_ALONE',
    kind: 'prober',
    hint: 'The process that ran it was killed or its host was down. Run it again.',
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

/** Not an outcome: the run is left as it is, and gone on with at the next start. */
export function runSuspended(): Fault {
  return new Fault('the run is suspended', {
    code: 'RUN_SUSPENDED',
    kind: 'prober',
    hint: 'Start `packprobe serve` again: it goes on with the run.',
  });
}

export function runCancelled(by: string): Fault {
  return new Fault(`cancelled by ${by}`, { code: 'RUN_CANCELLED', kind: 'cancelled', evidence: { by } });
}

/** The Fault that a signal was aborted with. */
export function reasonOf(signal: AbortSignal): Fault {
  return signal.reason instanceof Fault ? signal.reason : runCancelled('an abort');
}
