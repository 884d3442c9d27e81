import type { LateWatch } from '../core/digest.ts';
import { scopeOf } from '../core/environment.ts';
import { asFault, type FaultData, outcomeOf } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { ProbePlan } from '../core/plan.ts';
import type { Deadline, Logger } from '../core/ports.ts';
import type { EffectRecord, RunRecord, StepRecord } from '../core/run.ts';
import type { RunFacts } from '../core/step.ts';
import { stepRecordOf } from '../core/step-record.ts';
import type { RunHeader, RunJournal, Store, StoredRun, TakenRun } from '../core/store.ts';
import { runLeftAlone, runSuspended, runTimedOut, undoTimedOut } from './limits.ts';
import { lookBack } from './look-back.ts';
import type { CloseOptions, NewRun, Place, RunOptions } from './run-options.ts';
import { stopwatch } from './step-runner.ts';
import { type Book, openEffects, strikeOut, UNDO_LIMIT_MS, undoEffects } from './undo.ts';
import { skipped, type Walked, walk } from './walk.ts';
import { foldersOf, movedInto } from './workplace.ts';

/** One execution of a probe: its steps in order, one finished Run, then the undo of what it made. */
export async function executeRun(asked: NewRun, options: RunOptions): Promise<RunRecord> {
  return (await beginRun(asked, options)).goOn();
}

/** A run that is in the store, and nothing more yet. */
export interface BegunRun {
  readonly run_id: string;
  goOn(): Promise<RunRecord>;
}

/**
 * Puts a run into the store, where it holds its package.
 * @param due_id the row of the schedule that it is for
 */
export async function beginRun(asked: NewRun, options: RunOptions, due_id?: number): Promise<BegunRun> {
  const { plan, environment, store, clock, ids } = options;
  const started_at = clock.now();
  const header: RunHeader = {
    ...asked,
    run_id: ids.uuid(),
    probe: plan.probe.name,
    environment: environment.name,
    scope: scopeOf(environment),
    started_at,
    deadline_at: started_at + plan.probe.timeoutMs,
  };
  const journal = await store.begin(header, options.owner, options.isAlive, due_id);
  return { run_id: header.run_id, goOn: () => goOn({ header, journal }, options) };
}

/**
 * Goes on with a run whose process is dead: where it was, with what it made, under its original limits. Rejects with the reason where it is suspended
 * again, as every run does.
 */
export async function resumeRun({ run, journal }: TakenRun, options: RunOptions): Promise<RunRecord> {
  const { header, record } = run;
  if (record !== null) {
    await finishRun({ run, journal }, record, options);
    return record;
  }
  await clearAway({ run, journal }, options);
  await options.watch.follow(header.run_id, run.subjects, header.started_at);
  return goOn({ header, journal, before: run }, options);
}

/**
 * Ends a run whose process is dead without going on with it: an unfinished one gets this fault, and what it made is taken away.
 * @param fault why it does not go on
 */
export async function closeRun(
  { run, journal }: TakenRun,
  fault: FaultData,
  options: CloseOptions,
): Promise<RunRecord> {
  const { header, release, versions, subjects } = run;
  const ended_at = options.clock.now();
  const record: RunRecord = run.record ?? {
    ...factsOfHeader(header),
    started_at: header.started_at,
    ended_at,
    duration_ms: Math.max(0, ended_at - header.started_at),
    outcome: outcomeOf(fault.kind),
    fault,
    steps: stepsOfClosed(run, fault, ended_at, options.plan),
    release,
    versions,
    subjects,
  };
  await finishRun({ run, journal }, record, options);
  return record;
}

/** Takes away what a run that has ended, or ends with this, still holds. */
export async function finishRun(
  { run, journal }: TakenRun,
  record: RunRecord,
  options: CloseOptions,
): Promise<void> {
  using _suspension = leftOn(options.suspend, journal);
  await clearAway({ run, journal }, options);
  const { header } = run;
  await sparing(journal, options, () =>
    close(record, { journal, book: run }, { ...options, log: logOf(header, options) }),
  );
}

/** Leaves the run as it is for whoever goes on with it, when the signal aborts: no outcome, no undo. */
export function leftOn(suspend: AbortSignal, journal: RunJournal): Disposable {
  const leave = () => journal.leave(runSuspended());
  if (suspend.aborted) leave();
  else suspend.addEventListener('abort', leave, { once: true });
  return { [Symbol.dispose]: () => suspend.removeEventListener('abort', leave) };
}

/** What had ended as it is, what was under way with the fault, and what it never came to. */
function stepsOfClosed(
  { steps }: StoredRun,
  fault: FaultData,
  endedAt: number,
  plan: ProbePlan | undefined,
): readonly StepRecord[] {
  const begun = steps.map((step) => {
    const duration_ms = Math.max(0, endedAt - (step.started_at ?? endedAt));
    const ended =
      step.outcome === null ? { ...step, outcome: outcomeOf(fault.kind), fault, duration_ms } : step;
    return stepRecordOf(ended, plan?.steps[step.index]);
  });
  const never = (plan?.steps ?? []).filter(({ index }) => !steps.some((step) => step.index === index));
  return [...begun, ...never.map((step) => skipped(step, 'the run was closed before'))];
}

/** Behind it no command of an earlier life lives, and an undo that was killed has left no folder. */
async function clearAway({ run, journal }: TakenRun, options: CloseOptions): Promise<void> {
  const { header, commands } = run;
  const survivors = await options.endSurvivors(header.run_id, commands);
  if (survivors > 0) logOf(header, options).info({ survivors }, 'commands of a killed process were ended');
  for (let fence = 1; fence < journal.fence; fence += 1) {
    await options.workplaces.remove(foldersOf(header.run_id, fence).undo);
  }
}

function logOf({ probe, run_id }: RunHeader, { log }: Pick<CloseOptions, 'log'>): Logger {
  return log.child({ probe, run_id });
}

interface Life {
  readonly header: RunHeader;
  readonly journal: RunJournal;
  /** What an earlier life has left. */
  readonly before?: StoredRun;
}

function goOn(life: Life, options: RunOptions): Promise<RunRecord> {
  return sparing(life.journal, options, () => walkAndClose(life, options));
}

/**
 * Who finds out that somebody else has taken the run over leaves all folders alone: until the new owner has renamed it, the work folder is among
 * them. Only where that one has ended the run, and with it removed what there was, what was made since in the folder of this owner is nobody's.
 */
async function sparing<Result>(
  { run_id, fence, lost }: RunJournal,
  { store, workplaces }: Pick<CloseOptions, 'store' | 'workplaces'>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { run } = lost.aborted ? await store.find(run_id).catch(() => ({ run: undefined })) : {};
    const isOver = run !== undefined && run.fence > fence && run.record !== null;
    if (isOver) await workplaces.remove(foldersOf(run_id, fence).work);
    throw error;
  }
}

async function walkAndClose({ header, journal, before }: Life, options: RunOptions): Promise<RunRecord> {
  const { environment, clock, tell } = options;
  const { run_id, probe, branch, started_at } = header;
  const facts: RunFacts = { id: run_id, probe, package: header.package, branch };
  const log = logOf(header, options);
  const passed = stopwatch(clock, before === undefined ? undefined : started_at);
  const done = (before?.steps ?? [])
    .filter(({ outcome }) => outcome !== null)
    .map((step) => stepRecordOf(step, options.plan.steps[step.index]));
  tell({ type: 'run_started', run_id, at: started_at, done });
  log.info(
    { environment: environment.name, package: facts.package, steps_done: done.length },
    before === undefined ? 'a run began' : 'a run was resumed',
  );

  using _suspension = leftOn(options.suspend, journal);
  using limit = limitOf(header, before !== undefined, options);
  using stop = firstOf(options.signal, limit.signal, journal.lost);
  const place = await openPlace({ header, journal, ...(before && { before }) }, options);
  const made = new Map<number, EffectRecord>();
  const ended = await walk(options, {
    facts,
    journal,
    log,
    signal: stop.signal,
    made,
    place,
    header,
    before: before && place.workplace ? movedInto(place.workplace, before) : before,
  }).finally(() => options.watch.release(run_id));
  const walked = await spared(ended, options);
  const book = await bookOf(run_id, made, walked, options.store);
  const record: RunRecord = {
    ...factsOfHeader(header),
    started_at,
    ended_at: clock.now(),
    duration_ms: passed(),
    ...walked,
    subjects: book.subjects,
  };
  await close(record, { journal, book }, { ...options, log });
  return record;
}

/** What failed because its whole environment is gone is nobody's failure. */
async function spared(walked: Walked, { lookIfGone }: RunOptions): Promise<Walked> {
  const gone = walked.outcome === 'passed' ? undefined : (await lookIfGone())?.toData('own');
  if (gone === undefined || walked.outcome !== 'failed') return walked;
  const steps = walked.steps.map((step): StepRecord => {
    if (step.outcome !== 'failed') return step;
    const seen = step.fault === undefined ? {} : { seen: step.fault.message };
    return { ...step, outcome: 'errored', fault: { ...gone, evidence: { ...gone.evidence, ...seen } } };
  });
  return { ...walked, outcome: 'errored', fault: gone, steps };
}

/** What of the run's time is left; where it passed while nobody was at work, none, and nobody else is to blame. */
function limitOf({ started_at, deadline_at }: RunHeader, resumed: boolean, { clock }: RunOptions): Deadline {
  const limitMs = deadline_at - started_at;
  const leftMs = deadline_at - clock.now();
  if (!resumed || leftMs > 0) return clock.deadline(leftMs, () => runTimedOut(limitMs));
  return { signal: AbortSignal.abort(runLeftAlone(limitMs)), [Symbol.dispose]() {} };
}

async function openPlace(
  { header: { run_id }, journal, before }: Life,
  { workplaces, environment }: RunOptions,
): Promise<Place> {
  const { commandStarted: started } = journal;
  const { work: name, former } = foldersOf(run_id, journal.fence);
  const earlier = before === undefined ? {} : { former };
  return workplaces.open({ name, run: run_id, ...earlier, environment, started }).then(
    (workplace) => ({ workplace, fault: undefined }),
    (error: unknown) => ({ workplace: undefined, fault: asFault(error).toData('own') }),
  );
}

interface Ending {
  readonly journal: RunJournal;
  readonly book: Book;
}

/** Stores the finished run and takes away what it made, whether or not it could be stored. */
async function close(
  record: RunRecord,
  { journal, book: told }: Ending,
  options: CloseOptions,
): Promise<void> {
  const { run_id } = record;
  const facts: RunFacts = { id: run_id, probe: record.probe, package: record.package, branch: record.branch };
  const { store, clock, log, tell, gone, workplaces } = options;
  const finish = () =>
    journal.finish(record).then(
      () => undefined,
      (error: unknown) => asFault(error),
    );
  let unstored = await finish();
  // Somebody else goes on with this run: what it made, and its folder, are theirs.
  if (journal.lost.aborted) throw journal.lost.reason;
  const book = await lookBack(told, { ...options, facts, journal });
  if (journal.lost.aborted) throw journal.lost.reason;
  const { work, former } = foldersOf(run_id, journal.fence);
  // Of earlier owners also what one has made that woke up behind the take-over.
  for (const name of [work, ...former]) await workplaces.remove(name);
  // The room that the work folder took may be what was missing.
  if (unstored !== undefined) unstored = await finish();

  // What is still waited for must not be taken away before it has come.
  const watched = await stillWatched(record, store).catch(() => undefined);
  const at = book.steps.findIndex(({ step }) => step === watched?.step);
  const free = book.effects.filter((effect) => {
    return book.steps.findIndex(({ step }) => step === effect.step) > at || watched === undefined;
  });

  const undoLimitMs = clock.ofHost(UNDO_LIMIT_MS);
  using undoLimit = clock.deadline(undoLimitMs, () => undoTimedOut(undoLimitMs));
  using stop = firstOf(undoLimit.signal, journal.lost);
  const undoing = { ...options, facts, journal, signal: stop.signal };
  if (gone.aborted) await strikeOut(book, undoing);
  else await undoEffects({ ...book, open: openEffects(free) }, undoing);
  if (journal.lost.aborted) throw journal.lost.reason;
  if (unstored !== undefined) throw unstored;
  tell({ type: 'run_ended', record });
  const { outcome, duration_ms, fault } = record;
  const why = fault === undefined ? {} : { system: fault.system, code: fault.code, fault: fault.message };
  log.info({ outcome, duration_ms: Math.round(duration_ms), ...why }, 'a run ended');
  await journal.letGo();
}

/** The wait of the run that is watched on; none where the run was spared or closed behind the end of that step. */
async function stillWatched({ run_id, outcome }: RunRecord, { late }: Store): Promise<LateWatch | undefined> {
  const watched = await late.of(run_id);
  if (watched === undefined || outcome === 'failed') return watched;
  await late.drop(run_id);
  return undefined;
}

/** What the run has made. Where the store cannot be read, or could not be written, what this process knows of: that is taken away all the same. */
async function bookOf(
  run_id: string,
  made: ReadonlyMap<number, EffectRecord>,
  { steps, release }: Walked,
  store: Store,
): Promise<Book & Pick<StoredRun, 'subjects'>> {
  const { run } = await store.find(run_id).catch(() => ({ run: undefined }));
  if (run !== undefined) {
    const newest = (effect: EffectRecord) =>
      effect.state === 'intended' ? (made.get(effect.effect_id) ?? effect) : effect;
    return { ...run, effects: run.effects.map(newest) };
  }
  return {
    effects: [...made.values()],
    steps: steps.map(({ id, uses, inputs }) => ({ step: id, uses, inputs })),
    release,
    subjects: [],
  };
}

function factsOfHeader({
  run_id,
  probe,
  environment,
  branch,
  params,
  packprobe,
  retry_of,
  ...header
}: RunHeader) {
  return {
    run_id,
    probe,
    environment,
    package: header.package,
    branch,
    params,
    packprobe,
    ...(retry_of === undefined ? {} : { retry_of }),
  };
}
