import type { JsonObject } from './json.ts';
import type { Charge } from './system.ts';

/**
 * What a fault says, and so what becomes of the step. The kind is decided once, where the answer is read.
 *
 * - `rejected`: the system answered and said no
 * - `unavailable`: it could not be reached, or answered that it is broken
 * - `timeout`: no answer within the step's limit
 * - `malformed`: it answered, but not in its own protocol
 * - `unexpected`: a readable answer in a form or with a text that we do not know
 * - `prober`: our side: missing binary, expired keytab, full disk, a bug
 * - `cancelled`: an operator or Ctrl-C
 */
export const FAULT_KINDS = [
  'rejected',
  'unavailable',
  'timeout',
  'malformed',
  'unexpected',
  'prober',
  'cancelled',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export type Outcome = 'passed' | 'failed' | 'errored' | 'cancelled';
export type StepOutcome = Outcome | 'skipped';

export interface FaultDetails {
  /** Stable, upper case with underscores, listed in docs/faults.md. */
  readonly code: string;
  readonly kind: FaultKind;
  /** Who is charged; left out, it is the system of the step. A fault of kind `prober` or `unexpected` is always charged to `own`. */
  readonly system?: Charge;
  /** A little of what proves it: ids, states, the last lines of an output. Never a secret. */
  readonly evidence?: JsonObject;
  /** One line that says what to do about it. Expected of every `prober` fault. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The fault as it is stored and shown. */
export interface FaultData {
  readonly message: string;
  readonly code: string;
  readonly kind: FaultKind;
  readonly system: Charge;
  readonly evidence: JsonObject;
  readonly hint?: string;
}

/** Why a step failed. Data first: `code`, `kind`, `system`, `evidence`; the message names the thing and what happened to it. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: string;
  readonly kind: FaultKind;
  readonly system: Charge | undefined;
  readonly evidence: JsonObject;
  readonly hint: string | undefined;

  constructor(message: string, details: FaultDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.kind = details.kind;
    this.system = isOurs(details.kind) ? 'own' : details.system;
    this.evidence = details.evidence ?? {};
    this.hint = details.hint;
  }

  /** @param charged who is charged when the fault itself does not say */
  toData(charged: Charge): FaultData {
    return {
      message: this.message,
      code: this.code,
      kind: this.kind,
      system: this.system ?? charged,
      evidence: this.evidence,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    };
  }
}

function isOurs(kind: FaultKind): boolean {
  return kind === 'prober' || kind === 'unexpected';
}

/** Failed is a system's doing, errored our own; only the first counts for uptime. */
export function outcomeOf(kind: FaultKind): Exclude<Outcome, 'passed'> {
  if (kind === 'cancelled') return 'cancelled';
  return isOurs(kind) ? 'errored' : 'failed';
}

/** Whether a second attempt of a repeatable step makes sense: only where the system was not itself. */
export function mayRetry(kind: FaultKind): boolean {
  return kind === 'unavailable' || kind === 'malformed';
}

/** Turns whatever was thrown into a Fault: what we did not foresee is a fault of our own. */
export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Fault(`packprobe went wrong: ${message}`, {
    code: 'PROBER_BUG',
    kind: 'prober',
    hint: 'This is a defect of packprobe: report it with the log of the run.',
    cause: thrown,
  });
}
