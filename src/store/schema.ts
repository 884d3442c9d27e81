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

export interface Database {
  runs: RunsTable;
  steps: StepsTable;
  effects: EffectsTable;
  subjects: SubjectsTable;
  reports: ReportsTable;
  looks: LooksTable;
  commands: CommandsTable;
}
