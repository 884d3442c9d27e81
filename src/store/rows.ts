import type { Selectable } from 'kysely';
import type { EventSource, Phase, Report } from '../core/event.ts';
import type { FaultData, StepOutcome } from '../core/fault.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { EffectRecord, EffectState, PhaseRecord } from '../core/run.ts';
import type { UndoStep } from '../core/step.ts';
import type { AttemptProgress, StepProgress } from '../core/store.ts';
import type { Charge, System } from '../core/system.ts';
import type { EffectsTable, ReportsTable, StepsTable } from './schema.ts';

/** What the store wrote it can read: the types of JSON columns are those of `core`. */
export function parsed<Type>(text: string): Type {
  return JSON.parse(text) as Type;
}

export function parsedOrNull<Type>(text: string | null): Type | null {
  return text === null ? null : parsed<Type>(text);
}

export function effectOf(row: Selectable<EffectsTable>): EffectRecord {
  return {
    ...row,
    system: row.system as Charge,
    state: row.state as EffectState,
    undoable: row.undoable === 1,
    sought: parsedOrNull<Json>(row.sought),
    identity: parsedOrNull<Json>(row.identity),
    undo: parsedOrNull<UndoStep>(row.undo),
    undo_evidence: parsedOrNull<JsonObject>(row.undo_evidence),
  };
}

export function progressOf(row: Selectable<StepsTable>): StepProgress {
  return {
    index: row.idx,
    step: row.step,
    uses: row.uses,
    system: row.system as Charge,
    outcome: row.outcome as StepOutcome | null,
    reason: row.reason,
    started_at: row.started_at,
    deadline_at: row.deadline_at,
    resumed_at: parsed<number[]>(row.resumed_at),
    duration_ms: row.duration_ms,
    inputs: parsedOrNull<JsonObject>(row.inputs),
    outputs: parsedOrNull<JsonObject>(row.outputs),
    fault: parsedOrNull<FaultData>(row.fault),
    phases: parsedOrNull<PhaseRecord[]>(row.phases) ?? [],
    attempts: parsed<AttemptProgress[]>(row.attempts),
  };
}

export function reportOf(row: Selectable<ReportsTable>): Report {
  return {
    subject: { kind: row.kind, key: row.key },
    fact: row.fact,
    earliest: row.earliest ?? undefined,
    latest: row.latest,
    source: row.source as EventSource,
    system: row.system as System,
    ...(row.message_id === '' ? {} : { message_id: row.message_id }),
    seen_at: row.seen_at,
    ...(row.phase === null ? {} : { phase: row.phase as Phase }),
    data: parsed<JsonObject>(row.data),
  };
}
