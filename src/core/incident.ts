import type { FaultData } from './fault.ts';
import type { NewNotice } from './notice.ts';
import type { Charge } from './system.ts';
import type { Increment } from './totals.ts';

/**
 * - `suspected`: a failure that is not confirmed yet; nobody is told
 * - `open`: people were told, or will be
 * - `resolved`: it was open and is over, or somebody closed it
 * - `dismissed`: it was suspected, and the confirmation passed, or somebody closed it
 */
export type IncidentState = 'suspected' | 'open' | 'resolved' | 'dismissed';

/** Something that changed shortly before an incident. Epoch ms. */
export interface ChangeBefore {
  readonly at: number;
  /** `version` of a command or system, `playbook` of the infrastructure, `calendar`. */
  readonly kind: string;
  readonly text: string;
  readonly link: string | null;
}

/** A run as an incident remembers it. */
export interface IncidentRun {
  readonly run_id: string;
  readonly probe: string;
  readonly ended_at: number;
  readonly step: string | null;
  readonly fault: FaultData;
  /** What it had built, the updates, and what failed of it by arch or check. */
  readonly builds: readonly string[];
  readonly updates: readonly string[];
  readonly details: readonly string[];
}

/** One period in which a system fails its probes in one environment. Times: epoch ms of the environment's clock; `told_at` and `unwatched_since` of the host. */
export interface Incident {
  readonly incident_id: string;
  readonly scope: string;
  readonly environment: string;
  /** `own`: packprobe itself, its host or its configuration. */
  readonly system: Charge;
  readonly state: IncidentState;
  /** End of the first run that failed. */
  readonly since: number;
  readonly opened_at: number | null;
  readonly resolved_at: number | null;
  /** The newest evidence that belongs to it. */
  readonly updated_at: number;
  /** Which rule opened it: `confirmed`, `3 in a row`, `3 of the last 6`. */
  readonly rule: string | null;
  /** The first ten and the last; `failures` counts all. */
  readonly runs: readonly IncidentRun[];
  readonly failures: number;
  readonly last_good: { readonly run_id: string; readonly probe: string; readonly ended_at: number } | null;
  /** `3 of the last 6 failed; normal is 1 in 25`. */
  readonly recent: { readonly failed: number; readonly of: number };
  readonly normal: { readonly failed: number; readonly of: number };
  readonly changes: readonly ChangeBefore[];
  /** Since when it comes and goes; told as one. */
  readonly flapping_since: number | null;
  /** When it was resolved and came back. */
  readonly reopened_at: readonly number[];
  readonly reminders: number;
  /** Epoch ms of the host: when people were last told. */
  readonly told_at: number | null;
  readonly acknowledged_at: number | null;
  readonly acknowledged_by: string | null;
  readonly ticket: string | null;
  /** When an operator ended it, whom no run had contradicted or confirmed. */
  readonly closed_at: number | null;
  readonly closed_by: string | null;
  readonly closed_because: string | null;
  /** Since when nothing that `serve` runs could end it; null while something could. Of the host. */
  readonly unwatched_since: number | null;
}

/** An operator's word that an incident is over. */
export interface Closing {
  readonly by: string;
  readonly because: string;
  /** Epoch ms of the environment's clock. */
  readonly at: number;
}

/** What one finished run says of one system. One row for each (run, system). */
export interface SystemEvidence {
  readonly scope: string;
  readonly environment: string;
  readonly system: Charge;
  readonly probe: string;
  readonly run_id: string;
  /** Epoch ms of the environment's clock: of a failure the end of the run; of what is good the end of the last step that showed it. */
  readonly at: number;
  readonly good: boolean;
  /** False where the run is marked and left out. */
  readonly counted: boolean;
}

/** What is known of a system by its newest evidence. */
export interface SystemRow {
  readonly scope: string;
  readonly environment: string;
  readonly system: Charge;
  readonly last_good: number | null;
  readonly last_bad: number | null;
}

/** Incidents and the evidence below them, as they are stored. */
export interface Incidents {
  /** Suspected and open ones. */
  live(scope?: string): Promise<readonly Incident[]>;
  find(incident_id: string): Promise<Incident | undefined>;
  /** Newest first, by id: UUIDv7. */
  list(filter: {
    readonly environment?: string;
    readonly system?: string;
    readonly state?: IncidentState;
    readonly before?: string;
    readonly limit: number;
  }): Promise<readonly Incident[]>;
  /** Stores changed incidents and what is to be told of them, together. What an operator said of a stored one stays: see `acknowledge`, `setTicket`, `close`. */
  apply(changes: readonly Incident[], notices: readonly NewNotice[]): Promise<void>;
  /** An operator's word; undefined where there is no such incident. Written into the audit by whoever asks. */
  acknowledge(incident_id: string, by: string, at: number): Promise<Incident | undefined>;
  setTicket(incident_id: string, ticket: string | null): Promise<Incident | undefined>;
  /** Ends it: `resolved`, or `dismissed` where nobody was told of it. Undefined where there is no such incident or it is over; the first word stays. */
  close(incident_id: string, closing: Closing): Promise<Incident | undefined>;
  /** Closed ones whose end was not told yet. */
  untold(): Promise<readonly Incident[]>;
  /** Stores what is told of the end of one of these, and what it adds to the totals. False where somebody did so before: then nothing is stored. */
  tell(closed: Incident, notices: readonly NewNotice[], totals: readonly Increment[]): Promise<boolean>;
  setUnwatched(incident_id: string, since: number | null): Promise<void>;
  /** Newest first. */
  evidence(filter: {
    readonly scope: string;
    readonly system?: Charge;
    readonly since?: number;
    readonly limit: number;
  }): Promise<readonly SystemEvidence[]>;
  /** How many counted runs failed since then. */
  failureRate(
    scope: string,
    system: Charge,
    since: number,
  ): Promise<{ readonly failed: number; readonly of: number }>;
  systems(): Promise<readonly SystemRow[]>;
}
