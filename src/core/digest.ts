import type { Incident, SystemEvidence } from './incident.ts';
import type { NewNotice } from './notice.ts';
import type { LeftOut, NewDue } from './schedule.ts';
import type { StoredRun } from './store.ts';
import type { Increment } from './totals.ts';

/** All that follows from one finished run, stored at once and once: a run that was digested never is again, whoever is killed when. */
export interface Digest {
  readonly run_id: string;
  readonly left_out: LeftOut | null;
  readonly totals: readonly Increment[];
  readonly evidence: readonly SystemEvidence[];
  readonly incidents: readonly Incident[];
  readonly notices: readonly NewNotice[];
  readonly dues: readonly NewDue[];
}

/** A late word on a stored run: what a wait that ran out came to in the end. The run itself never changes. */
export interface Verdict {
  readonly run_id: string;
  readonly step: string;
  /** Epoch ms of the environment's clock. */
  readonly at: number;
  /** `came_late`: it happened after all; `never_came`: it had not when the watch ended; `ended`: it came to a final no. */
  readonly says: 'came_late' | 'never_came' | 'ended';
  /** `came after 9h 12m`. */
  readonly text: string;
}

/** A wait that ran out and is still watched. */
export interface LateWatch {
  readonly run_id: string;
  readonly step: string;
  /** Epoch ms of the environment's clock. */
  readonly until: number;
}

export interface Digests {
  /** Ids of runs that have ended and were not digested yet, in the order in which they ended. */
  undigested(limit: number): Promise<readonly string[]>;
  /** False where somebody was faster. */
  digest(digest: Digest): Promise<boolean>;
  /** Runs of the scope that ended since then, newest first, with all that is stored of them; for history. */
  ended(filter: {
    readonly scope: string;
    readonly probe?: string;
    readonly since: number;
    readonly limit: number;
  }): Promise<readonly StoredRun[]>;
}
