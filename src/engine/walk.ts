import { asFault, type FaultData, type Outcome, outcomeOf } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import {
  evaluateCondition,
  evaluateInputs,
  type PlannedStep,
  placeholderInputs,
  type Scope,
} from '../core/plan.ts';
import type { Logger } from '../core/ports.ts';
import type { EffectRecord, RunRecord, StepRecord } from '../core/run.ts';
import type { RunFacts } from '../core/step.ts';
import { stepRecordOf } from '../core/step-record.ts';
import type { RunHeader, RunJournal, StepProgress, StoredRun } from '../core/store.ts';
import type { Place, RunOptions } from './run-options.ts';
import { type RunScope, runStep } from './step-runner.ts';
import type { Workplace } from './workplace.ts';

/** What comes of walking through the steps. */
export type Walked = Pick<RunRecord, 'outcome' | 'fault' | 'steps' | 'release' | 'versions'>;

/** One walk through the steps of a plan. */
export interface Walk {
  readonly facts: RunFacts;
  readonly journal: RunJournal;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** See `EffectsOptions.book`. */
  readonly made: Map<number, EffectRecord>;
  readonly place: Place;
  readonly header: RunHeader;
  /** What an earlier life has left: steps that have ended are taken as they are, the one that was under way is entered again. */
  readonly before: StoredRun | undefined;
}

/** The steps in order. */
export async function walk(options: RunOptions, walk: Walk): Promise<Walked> {
  const { facts, journal, log, signal, made, place, header, before } = walk;
  const { environment, plan, watch, clock, http, ids, tell } = options;
  const { workplace, fault } = place;
  if (workplace === undefined) {
    const steps = plan.steps.map((step): StepRecord => {
      const begun = before?.steps.find(({ index }) => index === step.index);
      if (begun === undefined) return skipped(step, 'the work folder could not be made');
      if (begun.outcome !== null) return stepRecordOf(begun, step);
      return stepRecordOf({ ...begun, outcome: 'errored', fault: fault ?? null }, step);
    });
    return {
      outcome: 'errored',
      ...(fault === undefined ? {} : { fault }),
      steps,
      release: before?.release ?? null,
      versions: before?.versions ?? {},
    };
  }
  const scope: RunScope = {
    facts,
    environment,
    journal,
    workplace,
    watch,
    clock,
    http,
    ids,
    log,
    signal,
    book: made,
    tell,
    attribute: (step, silence) => options.attribute(facts.id, step, silence),
    release: { known: before?.release ?? undefined },
    watchOn: options.watchOn,
    startedAt: header.started_at,
  };
  const asked = versionsBeside(options, facts, workplace, signal)
    .catch(() => ({}))
    .then(async (told) => {
      const versions = { ...told, ...before?.versions };
      await journal
        .versions(versions)
        .catch((error: unknown) => log.warn({ err: error }, 'versions were not stored'));
      return versions;
    });
  const steps = await runSteps(options, scope, before?.steps ?? []);
  const verdict = verdictOf(steps, signal);
  return { ...verdict, steps, release: scope.release.known ?? null, versions: await asked };
}

/** The outcome of the first step that did not pass; of a run that was stopped between two steps, why it was. */
function verdictOf(steps: readonly StepRecord[], signal: AbortSignal): Pick<RunRecord, 'outcome' | 'fault'> {
  const first = steps.find(decides);
  if (first !== undefined) {
    return {
      outcome: first.outcome as Outcome,
      ...(first.fault === undefined ? {} : { fault: first.fault }),
    };
  }
  if (!steps.some(({ reason }) => reason === STOPPED)) return { outcome: 'passed' };
  const fault = asFault(signal.reason).toData('own');
  return { outcome: outcomeOf(fault.kind), fault };
}

/** Whether the run takes its outcome from this step, where it is the first of its kind. */
function decides({ outcome }: StepRecord): boolean {
  return outcome !== 'passed' && outcome !== 'skipped';
}

const STOPPED = 'the run was stopped';

async function runSteps(
  options: RunOptions,
  scope: RunScope,
  before: readonly StepProgress[],
): Promise<readonly StepRecord[]> {
  const records: StepRecord[] = [];
  const seen: Scope = { ...options.roots, run: { ...scope.facts }, steps: {} };
  const steps: Record<string, Scope['steps'][string]> = {};
  let failed: string | undefined;
  for (const step of options.plan.steps) {
    const view: Scope = { ...seen, steps };
    const begun = before.find(({ index }) => index === step.index);
    const hasEnded = begun !== undefined && begun.outcome !== null;
    const here = { ...scope, watchOn: scope.watchOn && !records.some(decides) };
    const record = hasEnded ? stepRecordOf(begun, step) : await oneStep(step, view, failed, here, begun);
    // Somebody else goes on from here: nothing of what comes now could be written.
    if (scope.journal.lost.aborted) throw scope.journal.lost.reason;
    records.push(record);
    if (!hasEnded) {
      if (record.outcome === 'skipped') await noteSkipped(step, record.reason ?? '', scope);
      scope.tell({ type: 'step_ended', index: step.index, record });
    }
    steps[step.id] = {
      outcome: record.outcome,
      outputs: record.outcome === 'passed' ? record.outputs : null,
    };
    if (decides(record) && !step.continue_on_failure) failed ??= step.id;
  }
  return records;
}

async function oneStep(
  step: PlannedStep,
  view: Scope,
  failed: string | undefined,
  scope: RunScope,
  begun: StepProgress | undefined,
): Promise<StepRecord> {
  try {
    if (begun !== undefined) return await runStep(step, begun.inputs ?? {}, scope, begun);
    if (scope.signal.aborted) return skipped(step, STOPPED);
    if (!evaluateCondition(step, view, { failed: failed !== undefined })) {
      return skipped(step, failed === undefined ? 'its `if` is false' : `step ${failed} did not pass`);
    }
    return await runStep(step, evaluateInputs(step, view) as JsonObject, scope);
  } catch (error) {
    // Not its end: somebody else goes on with it.
    if (scope.journal.lost.aborted) throw scope.journal.lost.reason;
    // An expression that cannot be evaluated, or a journal that cannot be written: ours, and the step's end.
    return notRun(step, asFault(error).toData('own'), scope);
  }
}

async function noteSkipped(step: PlannedStep, reason: string, { journal, log }: RunScope): Promise<void> {
  await journal
    .stepEnded({
      index: step.index,
      step: step.id,
      uses: step.uses,
      system: step.system,
      outcome: 'skipped',
      duration_ms: 0,
      outputs: {},
      phases: [],
      attempts: [],
      reason,
    })
    .catch((error: unknown) =>
      log.error({ err: error, step: step.id }, 'a skipped step could not be written down'),
    );
}

/** A step that the run did not come to. */
export function skipped(step: PlannedStep, reason: string): StepRecord {
  return { ...blank(step), outcome: 'skipped', reason };
}

function notRun(step: PlannedStep, fault: FaultData, { log }: RunScope): StepRecord {
  log.error({ step: step.id, code: fault.code }, 'a step could not be run');
  return { ...blank(step), outcome: outcomeOf(fault.kind), fault };
}

function blank(step: PlannedStep): Omit<StepRecord, 'outcome'> {
  return {
    id: step.id,
    name: step.name,
    uses: step.uses,
    system: step.system,
    duration_ms: 0,
    attempts: [],
    phases: [],
    inputs: {},
    outputs: {},
  };
}

/** Asked while the steps run: an answer that costs a second must not cost the run one. */
async function versionsBeside(
  { plan, versionsOf, environment }: RunOptions,
  facts: RunFacts,
  { exec }: Workplace,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const commands = plan.steps.flatMap(
    (step) =>
      step.action.definition.commands?.(placeholderInputs(step), { run: facts, env: environment }) ?? [],
  );
  const files = new Set(commands.flatMap(([file]) => file ?? []));
  return files.size === 0 ? {} : versionsOf([...files], exec, signal).catch(() => ({}));
}
