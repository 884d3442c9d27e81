import type { Environment } from '../core/environment.ts';
import type { Event, Subject } from '../core/event.ts';
import { asFault, Fault, type FaultData, mayRetry, outcomeOf } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { JsonObject } from '../core/json.ts';
import type { PlannedStep } from '../core/plan.ts';
import type { Clock, Exec, Http, Ids, Logger } from '../core/ports.ts';
import type { Release } from '../core/release.ts';
import type { AttemptRecord, PhaseRecord, StepRecord } from '../core/run.ts';
import type { RunFacts, StepContext } from '../core/step.ts';
import type { RunJournal } from '../core/store.ts';
import type { Charge } from '../core/system.ts';
import { effectsOf, type OpenIntent } from './effects.ts';
import { reasonOf, stepTimedOut } from './limits.ts';
import { phasesOf } from './phases.ts';
import type { Tell } from './progress.ts';
import { retrying } from './retry.ts';
import type { Watch } from './watch.ts';
import type { Workplace } from './workplace.ts';

const DEFAULT_HOLD_MS = 600_000;

/** Who broke a wait that ran out of time, told from what was heard from outside; undefined when nothing tells. */
export type Attribute = (
  step: PlannedStep,
  fault: Fault,
) => Promise<{ readonly system: Charge; readonly evidence: JsonObject } | undefined>;

/** All that the steps of one run share. */
export interface RunScope {
  readonly facts: RunFacts;
  readonly environment: Environment;
  readonly journal: RunJournal;
  readonly workplace: Workplace;
  readonly watch: Watch;
  readonly clock: Clock;
  readonly http: Http;
  readonly ids: Ids;
  readonly log: Logger;
  /** Aborts when the run is cancelled or its limit has passed. */
  readonly signal: AbortSignal;
  readonly intents: Map<number, OpenIntent>;
  readonly tell: Tell;
  readonly attribute: Attribute;
  /** Filled by the first step that asks. */
  readonly release: { known: Release | undefined };
  /** Epoch ms. */
  readonly startedAt: number;
}

/** Runs one step through all its attempts under its limit, and writes all of it down. */
export async function runStep(step: PlannedStep, inputs: JsonObject, scope: RunScope): Promise<StepRecord> {
  const { clock, journal, tell } = scope;
  const { index } = step;
  const system = step.system;
  const started_at = clock.now();
  const started = clock.monotonic();
  await journal.stepStarted({
    index,
    step: step.id,
    uses: step.uses,
    system,
    inputs,
    started_at,
    deadline_at: started_at + step.timeoutMs,
  });
  tell({ type: 'step_started', index, at: started_at });

  using limit = clock.deadline(step.timeoutMs, () => stepTimedOut(step.id, step.timeoutMs));
  using stop = firstOf(scope.signal, limit.signal);
  const { signal } = stop;
  const attempts: AttemptRecord[] = [];
  let heard: readonly Event[] = [];

  const tried = await retrying(
    async (attempt) => {
      const log = scope.log.child({ step: step.id, attempt });
      const began = clock.monotonic();
      const attemptStartedAt = clock.now();
      await journal.attemptStarted(index, attempt, attemptStartedAt);
      const work = await attemptOnce(step, inputs, { ...scope, signal, log }, (events) => {
        heard = events;
        const last = events.at(-1);
        if (last !== undefined) tell({ type: 'step_news', index, text: last.fact });
      });
      const fault = 'fault' in work ? toData(work.fault, system) : undefined;
      const record: AttemptRecord = {
        attempt,
        started_at: attemptStartedAt,
        duration_ms: clock.monotonic() - began,
        outcome: fault === undefined ? 'passed' : outcomeOf(fault.kind),
        ...(fault === undefined ? {} : { fault }),
      };
      attempts.push(record);
      await journal.attemptEnded(index, record);
      if (fault !== undefined) {
        log.info({ outcome: record.outcome, code: fault.code, kind: fault.kind }, 'an attempt did not pass');
        const again = attempt < step.attempts && mayRetry(fault.kind) && !signal.aborted;
        if (again) tell({ type: 'attempt_failed', index, attempt, of: step.attempts, fault });
      }
      return work;
    },
    { attempts: step.attempts, delayMs: step.retryDelayMs, clock, ids: scope.ids, signal },
  );

  const fault = 'fault' in tried ? await attributed(step, tried.fault, scope) : undefined;
  const outputs = 'result' in tried ? tried.result : {};
  const phases: readonly PhaseRecord[] = phasesOf(heard, system);
  const record: StepRecord = {
    id: step.id,
    name: step.name,
    uses: step.uses,
    system,
    outcome: fault === undefined ? 'passed' : outcomeOf(fault.kind),
    started_at,
    duration_ms: clock.monotonic() - started,
    ...(step.normalMs === undefined ? {} : { normal_ms: step.normalMs }),
    attempts,
    phases,
    inputs,
    outputs,
    ...(fault === undefined ? {} : { fault }),
  };
  await journal.stepEnded({ ...record, index, step: step.id });
  return record;
}

type Work = { readonly result: JsonObject } | { readonly fault: Fault };

/** One attempt; whatever goes wrong in it is its fault, and when a limit stopped it, the first reason is. */
async function attemptOnce(
  step: PlannedStep,
  inputs: JsonObject,
  scope: RunScope & { readonly log: Logger },
  heard: (events: readonly Event[]) => void,
): Promise<Work> {
  const { definition } = step.action;
  const { signal, journal, watch, clock } = scope;
  const cleanUps: (() => Promise<void>)[] = [];
  /** What a wait said at its deadline; it says more than that time ran out. */
  let ended: Fault | undefined;
  const context: StepContext = {
    run: scope.facts,
    env: scope.environment,
    exec: logged(scope.workplace.exec, scope),
    http: scope.http,
    clock,
    ids: scope.ids,
    signal,
    log: scope.log,
    dir: scope.workplace.dir,
    home: scope.workplace.home,
    files: scope.workplace.files,
    secretFile: scope.workplace.secretFile,
    effect: effectsOf({
      journal,
      watch,
      clock,
      step: step.id,
      system: step.system,
      signal,
      intents: scope.intents,
    }),
    events: {
      follow: (...subjects: readonly Subject[]) => {
        // The journal's writes are in order: the next one waits for this, and reports what went wrong with it.
        following = following.then(() => follow(subjects));
        following.catch(() => {});
      },
      async until(subject, judge) {
        await following;
        await follow([subject]);
        try {
          return await watch.until(subject, judge, {
            signal,
            holdMs: definition.holdMs ?? DEFAULT_HOLD_MS,
            heard,
          });
        } catch (error) {
          if (error instanceof Fault && error !== signal.reason) ended = error;
          throw error;
        }
      },
    },
    async release(ask) {
      if (scope.release.known === undefined) {
        const release = await ask(signal);
        await journal.release(release);
        scope.release.known = release;
      }
      return scope.release.known;
    },
    defer: (cleanUp) => void cleanUps.push(cleanUp),
  };
  let following: Promise<void> = Promise.resolve();
  async function follow(subjects: readonly Subject[]): Promise<void> {
    await journal.follow(subjects);
    await watch.follow(journal.run_id, subjects, scope.startedAt);
  }

  try {
    const output = await definition.run(inputs, context);
    await following;
    return { result: definition.output.parse(output) as JsonObject };
  } catch (error) {
    if (!signal.aborted) return { fault: asFault(error) };
    const reason = reasonOf(signal);
    return { fault: reason.kind === 'timeout' && ended !== undefined ? ended : reason };
  } finally {
    for (const cleanUp of cleanUps.reverse()) {
      await cleanUp().catch((error: unknown) => scope.log.warn({ err: error }, 'a clean-up failed'));
    }
  }
}

/** Secrets never stand in argv, so that a command line can stand in the log. */
function logged(exec: Exec, { log, clock }: Pick<RunScope, 'log' | 'clock'>): Exec {
  return async (command, signal) => {
    const started = clock.monotonic();
    const result = await exec(command, signal);
    const { exit, signal: killed } = result;
    const duration_ms = clock.monotonic() - started;
    log.debug({ command: [command.file, ...command.args], exit, killed, duration_ms }, 'a command ended');
    return result;
  };
}

/** Charges a wait that ran out of time to who was silent, where that can be told. */
async function attributed(step: PlannedStep, fault: Fault, scope: RunScope): Promise<FaultData> {
  const data = toData(fault, step.system);
  if (fault.kind !== 'timeout') return data;
  const told = await scope.attribute(step, fault).catch((error: unknown) => {
    scope.log.error({ err: error }, 'a silence could not be attributed');
    return undefined;
  });
  return told === undefined
    ? data
    : { ...data, system: told.system, evidence: { ...data.evidence, ...told.evidence } };
}

/** A `no` that is charged to nobody but us is no failure of the workflow. */
function toData(fault: Fault, charged: Charge): FaultData {
  const data = fault.toData(charged);
  if (data.system !== 'own' || outcomeOf(data.kind) !== 'failed') return data;
  return {
    ...data,
    kind: 'prober',
    hint: data.hint ?? 'Give the step a `system:` if what it does speaks for a system of the workflow.',
  };
}
