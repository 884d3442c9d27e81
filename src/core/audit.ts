/** Who asked for what. Epoch ms of the host. */
export interface AuditEntry {
  readonly at: number;
  /** Name of the token, or the account and host of a command line. */
  readonly who: string;
  /** `api` or `command`. */
  readonly through: string;
  /** `run.start`, `run.cancel`, `schedule.pause`, `schedule.unpause`, `incident.acknowledge`, `incident.ticket`, `incident.close`. */
  readonly action: string;
  readonly subject: string;
  readonly detail: string;
}

/** Is only ever added to. */
export interface Audit {
  add(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<readonly AuditEntry[]>;
}
