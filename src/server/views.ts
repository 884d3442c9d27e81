import type { z } from 'zod';
import type { Incident } from '../core/incident.ts';
import { isoTime } from '../core/iso-time.ts';
import type { StepRow } from '../core/pages.ts';
import type { Due, Pause } from '../core/schedule.ts';
import type { Site } from '../core/site.ts';
import type { RunSummary, StepProgress, StoredRun } from '../core/store.ts';
import type * as answers from './answers.ts';

type View<Schema extends z.ZodType> = z.output<Schema>;

export function isoOrNull(epochMs: number | null | undefined): string | null {
  return epochMs === null || epochMs === undefined ? null : isoTime(epochMs);
}

/** How long ago a moment was in an environment; null where nobody here knows its clock. */
export type AgeOf = (environment: string, epochMs: number | null) => number | null;

export function agesOf(sites: readonly Site[]): AgeOf {
  const clocks = new Map(sites.map(({ environment, clock }) => [environment.name, clock]));
  return (environment, epochMs) => {
    const now = clocks.get(environment)?.now();
    return now === undefined || epochMs === null ? null : Math.round(now - epochMs);
  };
}

export function runView(run: RunSummary, ageOf: AgeOf): View<typeof answers.run> {
  const { run_id, environment, probe, package: pkg, state, outcome, started_at, ended_at } = run;
  return {
    run_id,
    environment,
    probe,
    package: pkg,
    state,
    outcome,
    started_at: isoTime(started_at),
    ended_at: isoOrNull(ended_at),
    duration_ms: ended_at === null ? null : ended_at - started_at,
    age_ms: ageOf(environment, ended_at ?? started_at),
    fault: run.fault,
    leftovers: run.leftovers,
    left_out: run.left_out,
    retry_of: run.retry_of,
  };
}

export function runDetailView(run: StoredRun, ageOf: AgeOf): View<typeof answers.runDetail> {
  const { header, record, owner, fence } = run;
  const summary: RunSummary = {
    ...header,
    retry_of: header.retry_of ?? null,
    state: run.state,
    owner,
    outcome: record?.outcome ?? null,
    ended_at: record?.ended_at ?? null,
    fault: record?.fault ?? null,
    leftovers: run.effects.filter(({ state }) => state === 'intended' || state === 'made').length,
    left_out: run.left_out,
  };
  return {
    ...runView(summary, ageOf),
    branch: header.branch,
    params: header.params,
    deadline_at: isoTime(header.deadline_at),
    packprobe: header.packprobe,
    owner: { host: owner.host, pid: owner.pid },
    resumes: fence - 1,
    release: run.release === null ? null : { ...run.release },
    versions: run.versions,
    steps: run.steps.map(stepDetailView),
    effects: run.effects.map((effect) => ({
      step: effect.step,
      kind: effect.kind,
      key: effect.key,
      system: effect.system,
      state: effect.state,
      intended_at: isoTime(effect.intended_at),
      made_at: isoOrNull(effect.made_at),
      undone_at: isoOrNull(effect.undone_at),
      undo_attempts: effect.undo_attempts,
      identity: effect.identity,
    })),
    subjects: run.subjects.map(({ kind, key }) => ({ kind, key })),
    verdicts: run.verdicts.map(({ step, at, says, text }) => ({ step, at: isoTime(at), says, text })),
  };
}

export function stepDetailView(step: StepProgress): View<typeof answers.stepDetail> {
  const { index, uses, system, outcome, reason, duration_ms, inputs, outputs, fault } = step;
  return {
    index,
    step: step.step,
    uses,
    system,
    outcome,
    reason,
    started_at: isoOrNull(step.started_at),
    deadline_at: isoOrNull(step.deadline_at),
    resumed_at: step.resumed_at.map(isoTime),
    duration_ms,
    inputs,
    outputs,
    fault,
    phases: step.phases.map((phase) => ({ ...phase, started_at: isoTime(phase.started_at) })),
    attempts: step.attempts.map((attempt) => ({
      attempt: attempt.attempt,
      started_at: isoTime(attempt.started_at),
      duration_ms: attempt.outcome === null ? null : attempt.duration_ms,
      outcome: attempt.outcome,
      fault: attempt.fault ?? null,
    })),
  };
}

export function stepView(row: StepRow, ageOf: AgeOf): View<typeof answers.step> {
  const { started_at, duration_ms } = row;
  const at = started_at === null ? null : started_at + (duration_ms ?? 0);
  return { ...row, started_at: isoOrNull(started_at), age_ms: ageOf(row.environment, at) };
}

export function incidentView(incident: Incident, ageOf: AgeOf): View<typeof answers.incident> {
  const { scope: _, runs, last_good, changes, recent, normal, ...rest } = incident;
  return {
    ...rest,
    since: isoTime(incident.since),
    opened_at: isoOrNull(incident.opened_at),
    resolved_at: isoOrNull(incident.resolved_at),
    updated_at: isoTime(incident.updated_at),
    age_ms: ageOf(incident.environment, incident.updated_at),
    runs: runs.map((run) => ({
      ...run,
      ended_at: isoTime(run.ended_at),
      builds: [...run.builds],
      updates: [...run.updates],
      details: [...run.details],
    })),
    last_good: last_good === null ? null : { ...last_good, ended_at: isoTime(last_good.ended_at) },
    recent: { ...recent },
    normal: { ...normal },
    changes: changes.map((change) => ({ ...change, at: isoTime(change.at) })),
    flapping_since: isoOrNull(incident.flapping_since),
    reopened_at: incident.reopened_at.map(isoTime),
    told_at: isoOrNull(incident.told_at),
    acknowledged_at: isoOrNull(incident.acknowledged_at),
    closed_at: isoOrNull(incident.closed_at),
    unwatched_since: isoOrNull(incident.unwatched_since),
  };
}

export function dueView({ scope: _, ...due }: Due, ageOf: AgeOf): View<typeof answers.due> {
  return {
    ...due,
    due_at: isoTime(due.due_at),
    age_ms: ageOf(due.environment, due.due_at),
    decided_at: isoOrNull(due.decided_at),
  };
}

export function pauseView(pause: Pause): View<typeof answers.pause> {
  return {
    ...pause,
    from: isoTime(pause.from),
    until: isoOrNull(pause.until),
    ended_at: isoOrNull(pause.ended_at),
  };
}
