import type { Environment } from '../core/environment.ts';
import type { Event, Subject } from '../core/event.ts';
import { asFault, Fault, type FaultData, mayRetry, outcomeOf } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { JsonObject } from '../core/json.ts';
import type { PlannedStep } from '../core/plan.ts';
import type { Clock, Exec, Http, Ids, Logger } from '../core/ports.ts';
import type { Release } from '../core/release.ts';
import type { AttemptRecord, EffectRecord, StepRecord } from '../core/run.ts';
import type { RunFacts, StepContext } from '../core/step.ts';
import type { AttemptProgress, RunJournal, StepProgress } from '../core/store.ts';
import type { Charge } from '../core/system.ts';
import { effectsOf } from './effects.ts';
import { reasonOf, stepLeftAlone, stepTimedOut } from './limits.ts';
import { phasesOf } from './phases.ts';
import type { Tell } from './progress.ts';
import { retrying } from './retry.ts';
import type { WaitOptions, Watch } from './watch.ts';
import type { Workplace } from './workplace.ts';

const DEFAULT_HOLD_MS = 600_000;

/** How long a wait that ran out is watched on, where somebody stays to do so. Milliseconds. */
const WATCHED_ON_MS = 12 * 3_600_000;

/**
 * What a step whose limit passed while nobody was at work gets to hear what happened meanwhile. Real milliseconds: one request may take that
 * long.
 */
const CATCH_UP_MS = 120_000;

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
  /** See `EffectsOptions.book`. */
  readonly book: Map<number, EffectRecord>;
  readonly tell: Tell;
  readonly attribute: Attribute;
  /** Filled by the first step that asks. */
  readonly release: { known: Release | undefined };
  /** Whether somebody stays to watch on where a wait of this step runs out. */
  readonly watchOn: boolean;
  /** Epoch ms. */
  readonly startedAt: number;
}

/**
 * Least limit of a step whose probe file gives none. Real milliseconds: commands are the host's, however fast the environment's time runs, and a host
 * that is busy is nobody else's fault.
 */
const LEAST_LIMIT_MS = 20_000;

/** What an earlier life of the run has left of a step: entered again from its top, in the same attempt, under its original limit. */
export type BegunStep = Pick<StepProgress, 'started_at' | 'deadline_at' | 'resumed_at' | 'attempts'>;

/** Runs one step through all its attempts under its limit, and writes all of it down. */
export async function runStep(
  step: PlannedStep,
  inputs: JsonObject,
  scope: RunScope,
  begun?: BegunStep,
): Promise<StepRecord> {
  const { clock, journal, ids, tell } = scope;
  const { index, system } = step;
  const entry = await enter(step, inputs, scope, begun);
  tell({ type: 'step_started', index, at: entry.startedAt });

  using limit = clock.deadline(entry.leftMs, entry.ranOut);
  using stop = firstOf(scope.signal, limit.signal);
  const attempts = [...entry.ended];
  let heard: readonly Event[] = [];
  let ranOut = false;
  const ears: Ears = {
    heard(events) {
      heard = events;
      const last = events.at(-1);
      if (last !== undefined) tell({ type: 'step_news', index, text: last.fact });
    },
    ranOut() {
      ranOut = true;
    },
  };

  const tried = await retrying(
    async (attempt) => {
      const { open, interrupted, late } = entry;
      const log = scope.log.child({ step: step.id, attempt });
      const before = attempt === open?.attempt ? open : undefined;
      const attemptStartedAt = before?.started_at ?? (attempt === 1 ? entry.startedAt : clock.now());
      const took = stopwatch(clock, before?.started_at);
      // The first began with its step.
      if (before === undefined && attempt > 1) {
        const under_way = { attempt, started_at: attemptStartedAt, duration_ms: 0, outcome: null };
        await journal.attempted(index, [...attempts, under_way]);
      }
      const resumed = begun !== undefined;
      const { signal } = stop;
      const work = await attemptOnce(
        step,
        inputs,
        { ...scope, signal, log, resumed, interrupted, late },
        ears,
      );
      const fault = 'fault' in work ? toData(work.fault, system) : undefined;
      const record: AttemptRecord = {
        attempt,
        started_at: attemptStartedAt,
        duration_ms: took(),
        outcome: fault === undefined ? 'passed' : outcomeOf(fault.kind),
        ...(fault === undefined ? {} : { fault }),
      };
      attempts.push(record);
      if (fault !== undefined && !journal.lost.aborted) {
        log.info({ outcome: record.outcome, code: fault.code, kind: fault.kind }, 'an attempt did not pass');
        if (attempt < step.attempts && mayRetry(fault.kind) && !signal.aborted) {
          tell({ type: 'attempt_failed', index, attempt, of: step.attempts, fault });
          await journal.attempted(index, attempts);
        }
      }
      return work;
    },
    {
      attempts: step.attempts,
      first: entry.open?.attempt ?? entry.ended.length + 1,
      begun: begun === undefined || entry.open !== undefined,
      delayMs: step.retryDelayMs,
      clock,
      ids,
      signal: stop.signal,
    },
  );

  const fault = 'fault' in tried ? await attributed(step, tried.fault, scope) : undefined;
  const record: StepRecord = {
    id: step.id,
    name: step.name,
    uses: step.uses,
    system,
    outcome: fault === undefined ? 'passed' : outcomeOf(fault.kind),
    started_at: entry.startedAt,
    duration_ms: entry.passed(),
    ...(entry.resumedAt.length === 0 ? {} : { resumed_at: entry.resumedAt }),
    ...(step.normalMs === undefined ? {} : { normal_ms: step.normalMs }),
    attempts,
    phases: phasesOf(heard, system),
    inputs,
    outputs: 'result' in tried ? tried.result : {},
    ...(fault === undefined ? {} : { fault }),
  };
  const isWatched = scope.watchOn && ranOut && record.outcome === 'failed';
  await journal.stepEnded({
    ...record,
    index,
    step: step.id,
    ...(isWatched ? { watched_until: clock.now() + WATCHED_ON_MS } : {}),
  });
  return record;
}

interface Entry extends Pick<WaitOptions, 'interrupted'> {
  readonly startedAt: number;
  readonly resumedAt: readonly number[];
  /** Milliseconds since its start. */
  passed(): number;
  /** Until the work is stopped, with `ranOut`. Milliseconds. */
  readonly leftMs: number;
  ranOut(): Fault;
  /** Whether its limit passed while nobody was at work: what happened meanwhile is still heard, but nothing new is begun. */
  readonly late: boolean;
  /** Attempts that an earlier life has ended, and the one that it was in. */
  readonly ended: readonly AttemptRecord[];
  readonly open: AttemptProgress | undefined;
}

/** Writes down that the step begins, or that somebody goes on with it, and finds out how much of its time is left. */
async function enter(
  step: PlannedStep,
  inputs: JsonObject,
  { clock, journal }: RunScope,
  begun: BegunStep | undefined,
): Promise<Entry> {
  const { index, id, uses, system, timeoutMs } = step;
  const isDefault = timeoutMs === step.action.definition.timeoutMs;
  const limitMs = isDefault ? Math.max(timeoutMs, clock.ofHost(LEAST_LIMIT_MS)) : timeoutMs;
  const timedOut = () => stepTimedOut(id, limitMs);
  const now = clock.now();
  if (begun === undefined) {
    const passed = stopwatch(clock);
    const deadline_at = now + limitMs;
    await journal.stepStarted({ index, step: id, uses, system, inputs, started_at: now, deadline_at });
    return {
      startedAt: now,
      resumedAt: [],
      passed,
      leftMs: limitMs,
      ranOut: timedOut,
      ended: [],
      open: undefined,
      interrupted: undefined,
      late: false,
    };
  }
  await journal.stepResumed(index, now);
  const startedAt = begun.started_at ?? now;
  const deadlineAt = begun.deadline_at ?? startedAt + limitMs;
  const late = deadlineAt <= now;
  const leftAlone = stepLeftAlone(id);
  return {
    startedAt,
    resumedAt: [...begun.resumed_at, now],
    passed: stopwatch(clock, startedAt),
    leftMs: late ? clock.ofHost(CATCH_UP_MS) : deadlineAt - now,
    ranOut: () => (late ? leftAlone : timedOut()),
    ended: begun.attempts.filter(hasEnded),
    open: begun.attempts.find((attempt) => !hasEnded(attempt)),
    interrupted: { deadlineAt, timedOut: timedOut(), leftAlone },
    late,
  };
}

function hasEnded(attempt: AttemptProgress): attempt is AttemptRecord {
  return attempt.outcome !== null;
}

/** Milliseconds since now; or, where it began in an earlier life, since `startedAt` by wall time, the only one that both lives share. */
export function stopwatch(clock: Clock, startedAt?: number): () => number {
  if (startedAt !== undefined) return () => Math.max(0, clock.now() - startedAt);
  const started = clock.monotonic();
  return () => clock.monotonic() - started;
}

/** Who is told what a step hears while it waits. */
export interface Ears {
  heard(events: readonly Event[]): void;
  /** Its time passed while it waited. */
  ranOut(): void;
}

type Work = { readonly result: JsonObject } | { readonly fault: Fault };

/** One attempt; whatever goes wrong in it is its fault, and when a limit stopped it, the first reason is. */
export async function attemptOnce(
  step: PlannedStep,
  inputs: JsonObject,
  scope: RunScope & Pick<Entry, 'interrupted' | 'late'> & { readonly resumed: boolean },
  { heard, ranOut }: Ears,
): Promise<Work> {
  const { definition } = step.action;
  const { signal, journal, watch, clock } = scope;
  const cleanUps: (() => Promise<void>)[] = [];
  /** What a wait said at its deadline; it says more than that time ran out. */
  let ended: Fault | undefined;
  const context: StepContext = {
    run: scope.facts,
    env: scope.environment,
    exec: scope.late ? tooLate(step.id) : logged(scope.workplace.exec, scope),
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
      resumed: scope.resumed,
      late: scope.late,
      book: scope.book,
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
            interrupted: scope.interrupted,
            heard,
            ranOut,
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
    signal.throwIfAborted();
    const output = await definition.run(inputs, context);
    await following;
    return { result: definition.output.parse(output) as JsonObject };
  } catch (error) {
    if (!signal.aborted) return { fault: asFault(error) };
    const reason = reasonOf(signal);
    return { fault: reason.kind === 'timeout' ? (ended ?? charged(error) ?? reason) : reason };
  } finally {
    // What came to be followed behind the end of its run would be followed for ever.
    await following.catch(() => {});
    for (const cleanUp of cleanUps.reverse()) {
      await cleanUp().catch((error: unknown) => scope.log.warn({ err: error }, 'a clean-up failed'));
    }
  }
}

/** The limit of the step, where a client has said whom it was waiting for just then. */
function charged(error: unknown): Fault | undefined {
  return error instanceof Fault && error.kind === 'timeout' && error.system !== undefined ? error : undefined;
}

/** No command is begun behind the limit of its step. */
function tooLate(step: string): Exec {
  return async () => {
    throw stepLeftAlone(step);
  };
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
  if (fault.kind !== 'timeout' || fault.system !== undefined) return data;
  const told = await scope.attribute(step, fault).catch((error: unknown) => {
    scope.log.error({ err: error }, 'a silence could not be attributed');
    return undefined;
  });
  if (told === undefined) return data;
  const { missing, nvr } = told.evidence;
  const silence = typeof missing === 'string' ? `: ${missing} of ${nvr} never came` : '';
  return {
    ...data,
    message: `${data.message}${silence}`,
    system: told.system,
    evidence: { ...data.evidence, ...told.evidence },
  };
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
