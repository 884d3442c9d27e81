import type { FaultData, Outcome, StepOutcome } from './fault.ts';
import type { Incident } from './incident.ts';
import type { JsonObject } from './json.ts';
import type { Charge } from './system.ts';

/** What happened to an incident, as people are told: each at most once for an incident and a receiver. `reminded-3` is the third reminder. */
export type IncidentChange = 'opened' | 'flapping' | 'acknowledged' | 'resolved' | `reminded-${number}`;

/** For people: one message for each change of an incident, with all that belongs to it. */
export interface IncidentMessage {
  readonly type: 'incident';
  readonly change: IncidentChange;
  readonly incident: Incident;
  /** One line: `koji fails on fedora since 2026-11-21T08:00Z`. */
  readonly title: string;
  /** Plain text with all that a person on call wants to know. */
  readonly text: string;
  /** Where more stands: the runbook of the system, the run, the system's own procedure. */
  readonly links: readonly { readonly title: string; readonly url: string }[];
}

/** For machines: every run that has ended. `duplicate`: the same outcome and charge as that of the run of this probe before it. */
export interface RunMessage {
  readonly type: 'run';
  readonly run_id: string;
  readonly probe: string;
  readonly environment: string;
  readonly package: string;
  readonly outcome: Outcome;
  readonly started_at: number;
  readonly ended_at: number;
  readonly duration_ms: number;
  readonly fault: FaultData | null;
  readonly builds: readonly string[];
  readonly updates: readonly string[];
  readonly retry_of: string | null;
  readonly duplicate: boolean;
}

/** For machines: every step of a run that has ended. */
export interface StepMessage {
  readonly type: 'step';
  readonly run_id: string;
  readonly probe: string;
  readonly environment: string;
  readonly step: string;
  readonly uses: string;
  readonly system: Charge;
  readonly outcome: StepOutcome;
  readonly started_at: number | null;
  readonly duration_ms: number;
  readonly attempts: number;
  readonly fault: FaultData | null;
  readonly outputs: JsonObject;
  readonly duplicate: boolean;
}

export type Message = IncidentMessage | RunMessage | StepMessage;

/** A message for one receiver, on disk before it is sent. One row for each (receiver, subject, state). */
export interface NewNotice {
  readonly receiver: string;
  /** The incident's id; the run's; the run's and the step's, `RUN/STEP`. */
  readonly subject: string;
  /** The change of an incident; `ended` of runs and steps. */
  readonly state: string;
  readonly message: Message;
  /** Epoch ms of the host, as all times of notices. */
  readonly created_at: number;
  /** Not before: later than `created_at` in quiet hours. */
  readonly due_at: number;
  /**
   * States of the same subject that this receiver need not be told any more where they still wait and were never tried: they are given up
   * when this one is added, and count as neither delivered nor given up.
   */
  readonly replaces?: readonly string[];
}

export interface Notice extends NewNotice {
  readonly notice_id: number;
  readonly attempts: number;
  readonly delivered_at: number | null;
  readonly gave_up_at: number | null;
  readonly last_error: string | null;
}

/** What became of one. */
export interface NoticeRecord extends Omit<Notice, 'message'> {
  /** Null of a run or a step that is settled: all that it said stands in the run. */
  readonly message: Message | null;
}

/** Messages that wait, and what became of them. */
export interface Outbox {
  /** Those of a receiver that are due by now, oldest first; of runs and steps all, of an incident the oldest that is not settled: changes arrive in order. */
  due(receiver: string, now: number, limit: number): Promise<readonly Notice[]>;
  /** When the next one of this receiver is due; undefined where none waits. */
  nextDue(receiver: string): Promise<number | undefined>;
  delivered(notice_id: number, at: number): Promise<void>;
  /** It is tried again at `due_at`; without, it is given up. Each counts into `packprobe_notifications_total`. */
  failed(notice_id: number, error: string, at: number, due_at?: number): Promise<void>;
  /** How many wait for each receiver, and since when the oldest does. */
  backlog(): Promise<
    readonly { readonly receiver: string; readonly length: number; readonly oldest: number }[]
  >;
  /** Newest first. */
  list(filter: {
    readonly receiver?: string;
    readonly subject?: string;
    readonly limit: number;
  }): Promise<readonly NoticeRecord[]>;
}

/** A way to tell somebody; one file in `notify/` for each kind. */
export interface Channel {
  /** Which messages it carries: people's channels carry incidents, the machines' channel everything. */
  readonly carries: readonly Message['type'][];
  /**
   * Returns when the other side has taken it. Throws a Fault: `unavailable`, `timeout` and `malformed` are tried again, all else is given up. The same
   * notice may be sent again after a crash: it carries an id that lets the other side tell.
   */
  send(notice: Notice, signal: AbortSignal): Promise<void>;
  /** Of those whose other side forgets what it does not hear again: the incidents that it was told and that are still open, told anew every minute. */
  refresh?(open: readonly IncidentMessage[], signal: AbortSignal): Promise<void>;
}
