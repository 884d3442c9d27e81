import type { ColumnType, Generated } from 'kysely';

/** JSON text; read and written by the store. */
type JsonText = string;

export interface RunsTable {
  run_id: string;
  environment: string;
  scope: string;
  probe: string;
  package: string;
  branch: string;
  state: string;
  outcome: string | null;
  started_at: number;
  ended_at: number | null;
  header: JsonText;
  owner: JsonText;
  fence: number;
  release: JsonText | null;
  versions: JsonText;
  fault: JsonText | null;
  record: JsonText | null;
  /** 1 where it was under way when the backup was made that this database comes from. */
  restored: ColumnType<number, number | undefined, number>;
  /** 1 once all that follows from it is stored. */
  digested: ColumnType<number, number | undefined, number>;
  left_out: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  /** 1 where it has ended and nobody is at work on what it still holds. */
  resting: ColumnType<number, number | undefined, number>;
  /** Who wants it to be cancelled. */
  cancel_by: ColumnType<string | null, string | null | undefined, string | null>;
  retry_of: ColumnType<string | null, string | null | undefined, string | null>;
}

export interface StepsTable {
  run_id: string;
  idx: number;
  step: string;
  uses: string;
  system: string;
  outcome: string | null;
  started_at: number | null;
  deadline_at: number | null;
  resumed_at: ColumnType<JsonText, JsonText | undefined, JsonText>;
  duration_ms: number | null;
  inputs: JsonText | null;
  outputs: JsonText | null;
  phases: JsonText | null;
  attempts: ColumnType<JsonText, JsonText | undefined, JsonText>;
  reason: string | null;
  fault: JsonText | null;
}

export interface EffectsTable {
  effect_id: Generated<number>;
  run_id: string;
  environment: string;
  package: string;
  step: string;
  kind: string;
  key: string;
  system: string;
  state: string;
  /** 0 or 1. */
  undoable: number;
  sought: JsonText | null;
  intended_at: number;
  made_at: number | null;
  identity: JsonText | null;
  undo: JsonText | null;
  undo_attempts: ColumnType<number, number | undefined, number>;
  undone_at: number | null;
  undo_evidence: JsonText | null;
}

export interface SubjectsTable {
  run_id: string;
  kind: string;
  key: string;
}

export interface ReportsTable {
  environment: string;
  kind: string;
  key: string;
  fact: string;
  earliest: number | null;
  latest: number;
  source: string;
  system: string;
  message_id: string;
  seen_at: number;
  phase: string | null;
  data: JsonText;
}

export interface LooksTable {
  environment: string;
  source: string;
  kind: string;
  key: string;
  first: number;
  last: number;
  last_good: number | null;
  count: number;
  failing: JsonText;
}

export interface CommandsTable {
  run_id: string;
  boot_id: string;
  pid: number;
  start: number;
  command: string;
}

export interface ServicesTable {
  service_id: Generated<number>;
  owner: JsonText;
  began_at: number;
  beat_at: number;
  beats: ColumnType<number, number | undefined, number>;
  ended_at: number | null;
  served: JsonText | null;
}

export interface DuesTable {
  due_id: Generated<number>;
  scope: string;
  environment: string;
  probe: string;
  due_at: number;
  cause: string;
  of: string | null;
  by: string | null;
  state: ColumnType<string, string | undefined, string>;
  reason: string | null;
  note: string | null;
  run_id: string | null;
  decided_at: number | null;
}

export interface PausesTable {
  pause_id: Generated<number>;
  environment: string;
  probe: string | null;
  reason: string;
  by: string;
  from: number;
  until: number | null;
  ended_at: number | null;
  ended_by: string | null;
}

export interface TotalsTable {
  metric: string;
  /** JSON, its keys sorted. */
  labels: JsonText;
  sum: number;
  count: number;
  buckets: JsonText;
  exemplar: JsonText | null;
}

export interface EvidenceTable {
  scope: string;
  system: string;
  at: number;
  run_id: string;
  environment: string;
  probe: string;
  /** 0 or 1, both. */
  good: number;
  counted: number;
}

export interface IncidentsTable {
  incident_id: string;
  scope: string;
  environment: string;
  system: string;
  state: string;
  since: number;
  /** What an operator said stands here, and not in `data`: whoever stores the incident anew may not have heard of it. */
  acknowledged_at: number | null;
  acknowledged_by: string | null;
  ticket: string | null;
  closed_at: number | null;
  closed_by: string | null;
  closed_because: string | null;
  /** Nor does what `serve` has found of it. */
  unwatched_since: number | null;
  /** The incident, whole. */
  data: JsonText;
}

export interface SystemsTable {
  scope: string;
  system: string;
  environment: string;
  last_good: number | null;
  last_bad: number | null;
}

export interface NoticesTable {
  notice_id: Generated<number>;
  receiver: string;
  subject: string;
  state: string;
  type: string;
  message: JsonText;
  created_at: number;
  due_at: number;
  attempts: ColumnType<number, number | undefined, number>;
  delivered_at: number | null;
  gave_up_at: number | null;
  last_error: string | null;
}

export interface VerdictsTable {
  run_id: string;
  step: string;
  at: number;
  says: string;
  text: string;
}

export interface LateWatchesTable {
  run_id: string;
  step: string;
  until: number;
}

export interface AuditTable {
  audit_id: Generated<number>;
  at: number;
  who: string;
  through: string;
  action: string;
  subject: string;
  detail: string;
}

export interface Database {
  runs: RunsTable;
  steps: StepsTable;
  effects: EffectsTable;
  subjects: SubjectsTable;
  reports: ReportsTable;
  looks: LooksTable;
  commands: CommandsTable;
  services: ServicesTable;
  dues: DuesTable;
  pauses: PausesTable;
  totals: TotalsTable;
  evidence: EvidenceTable;
  systems: SystemsTable;
  incidents: IncidentsTable;
  notices: NoticesTable;
  verdicts: VerdictsTable;
  late_watches: LateWatchesTable;
  audit: AuditTable;
}
