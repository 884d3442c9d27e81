import { type Environment, scopeOf } from '../core/environment.ts';
import { asFault, type Fault, type FaultData, type Outcome, outcomeOf } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { JsonObject } from '../core/json.ts';
import {
  evaluateCondition,
  evaluateInputs,
  type PlannedStep,
  type ProbePlan,
  placeholderInputs,
  type Scope,
} from '../core/plan.ts';
import type { Clock, Exec, Http, Ids, Logger } from '../core/ports.ts';
import type { Owner, RunRecord, StepRecord } from '../core/run.ts';
import type { Action, RunFacts } from '../core/step.ts';
import type { RunHeader, RunJournal, Store, StoredRun } from '../core/store.ts';
import type { OpenIntent } from './effects.ts';
import { runTimedOut, undoTimedOut } from './limits.ts';
import type { Tell } from './progress.ts';
import { type Attribute, type RunScope, runStep } from './step-runner.ts';
import { settleIntents, strikeOut, UNDO_LIMIT_MS, undoEffects } from './undo.ts';
import type { Watch } from './watch.ts';
import type { OpenWorkplace, Workplace } from './workplace.ts';

export interface RunOptions {
  readonly plan: ProbePlan;
  /** The probe file as it is, stored with the run. */
  readonly definition: { readonly file: string; readonly text: string };
  readonly environment: Environment;
  /** The environment as JSON, secrets as references. */
  readonly environmentDefinition: JsonObject;
  readonly package: string;
  readonly branch: string;
  readonly params: JsonObject;
  /** What templates see under `env` and `probe`. */
  readonly roots: Pick<Scope, 'env' | 'probe' | 'params'>;
  readonly actions: ReadonlyMap<string, Action>;
  readonly login: string;
  readonly store: Store;
  readonly owner: Owner;
  readonly isAlive: (owner: Owner) => boolean;
  /** Aborts when the whole environment is gone for ever (a sandbox of our own that died): nothing of the run is left to take away. */
  readonly gone: AbortSignal;
  readonly watch: Watch;
  readonly openWorkplace: OpenWorkplace;
  /** Versions of those of these commands that it knows; best effort, beside the run. */
  readonly versionsOf: (
    commands: readonly string[],
    exec: Exec,
    signal: AbortSignal,
  ) => Promise<Readonly<Record<string, string>>>;
  readonly attribute: (run: string, step: PlannedStep, fault: Fault) => ReturnType<Attribute>;
  readonly clock: Clock;
  readonly http: Http;
  readonly ids: Ids;
  readonly log: Logger;
  readonly tell: Tell;
  /** Aborts with a Fault of kind `cancelled`. */
  readonly signal: AbortSignal;
  readonly packprobe: string;
}

/** One execution of a probe: its steps in order, one finished Run, then the undo of what it made. */
export async function executeRun(options: RunOptions): Promise<RunRecord> {
  const { plan, environment, store, clock, ids, tell } = options;
  const run_id = ids.uuid();
  const log = options.log.child({ probe: plan.probe.name, run_id });
  const facts: RunFacts = {
    id: run_id,
    probe: plan.probe.name,
    package: options.package,
    branch: options.branch,
  };
  const started_at = clock.now();
  const started = clock.monotonic();
  const header: RunHeader = {
    run_id,
    probe: facts.probe,
    environment: environment.name,
    scope: scopeOf(environment),
    package: facts.package,
    branch: facts.branch,
    params: options.params,
    definition: options.definition,
    environment_definition: options.environmentDefinition,
    started_at,
    deadline_at: started_at + plan.probe.timeoutMs,
    packprobe: options.packprobe,
  };
  const journal = await store.begin(header, options.owner, options.isAlive);
  tell({ type: 'run_started', run_id, at: started_at });
  log.info({ environment: environment.name, package: facts.package }, 'a run began');

  const intents = new Map<number, OpenIntent>();
  using limit = clock.deadline(plan.probe.timeoutMs, () => runTimedOut(plan.probe.timeoutMs));
  using stop = firstOf(options.signal, limit.signal, journal.lost);
  const { signal } = stop;
  await using place = await openPlace(options, facts, journal);
  const walked = await walk(options, { facts, journal, log, signal, intents, place, startedAt: started_at });
  const { effects, subjects } = await bookOf(store, run_id, intents);
  const record: RunRecord = {
    run_id,
    probe: facts.probe,
    environment: environment.name,
    package: facts.package,
    branch: facts.branch,
    params: options.params,
    started_at,
    ended_at: clock.now(),
    duration_ms: clock.monotonic() - started,
    ...walked,
    subjects,
    packprobe: options.packprobe,
  };
  const open = effects.filter(({ state }) => state === 'intended' || state === 'made');
  const finish = () =>
    journal.finish(record, open.length > 0 ? 'finalizing' : 'finished').then(
      () => undefined,
      (error: unknown) => asFault(error),
    );
  let unstored = await finish();
  // Somebody else goes on with this run: what it made is theirs.
  if (journal.lost.aborted) throw journal.lost.reason;
  options.watch.release(run_id);

  const undoLimitMs = clock.ofHost(UNDO_LIMIT_MS);
  using undoLimit = clock.deadline(undoLimitMs, () => undoTimedOut(undoLimitMs));
  const undoing = { ...options, facts, journal, log, signal: undoLimit.signal };
  if (options.gone.aborted) {
    await strikeOut(open, undoing);
  } else {
    const made = await settleIntents(open, intents, undoing);
    await place[Symbol.asyncDispose]();
    // The room that the work folder took may be what was missing.
    if (unstored !== undefined) unstored = await finish();
    await undoEffects(made, undoing);
  }
  if (unstored !== undefined) throw unstored;
  tell({ type: 'run_ended', record });
  log.info({ outcome: record.outcome, duration_ms: record.duration_ms }, 'a run ended');
  await journal.letGo();
  return record;
}

type Walked = Pick<RunRecord, 'outcome' | 'fault' | 'steps' | 'release' | 'versions'>;

/** The run's own folder, or why there is none; removed once. */
interface Place extends AsyncDisposable {
  readonly workplace: Workplace | undefined;
  readonly fault: FaultData | undefined;
}

async function openPlace(options: RunOptions, facts: RunFacts, journal: RunJournal): Promise<Place> {
  const { environment } = options;
  const { commandStarted: started, commandEnded: ended } = journal;
  const opened = await options
    .openWorkplace({ name: facts.id, environment, started, ended })
    .catch((error: unknown) => asFault(error).toData('own'));
  if (!('exec' in opened))
    return { workplace: undefined, fault: opened, [Symbol.asyncDispose]: async () => {} };
  let there = true;
  return {
    workplace: opened,
    fault: undefined,
    async [Symbol.asyncDispose]() {
      if (there) await opened.remove();
      there = false;
    },
  };
}

interface Walk {
  readonly facts: RunFacts;
  readonly journal: RunJournal;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly intents: Map<number, OpenIntent>;
  readonly place: Place;
  readonly startedAt: number;
}

/** The steps in order. */
async function walk(options: RunOptions, walk: Walk): Promise<Walked> {
  const { facts, journal, log, signal, intents, place, startedAt } = walk;
  const { environment, plan, watch, clock, http, ids, tell } = options;
  const { workplace, fault } = place;
  if (workplace === undefined) {
    const steps = plan.steps.map((step) => skipped(step, 'the work folder could not be made'));
    return {
      outcome: 'errored',
      ...(fault === undefined ? {} : { fault }),
      steps,
      release: null,
      versions: {},
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
    intents,
    tell,
    attribute: (step, silence) => options.attribute(facts.id, step, silence),
    release: { known: undefined },
    startedAt,
  };
  const asked = versionsBeside(options, facts, workplace, signal).catch(() => ({}));
  const steps = await runSteps(options, scope);
  const verdict = verdictOf(steps, signal);
  const versions = await asked;
  await journal
    .versions(versions)
    .catch((error: unknown) => log.warn({ err: error }, 'versions were not stored'));
  return { ...verdict, steps, release: scope.release.known ?? null, versions };
}

/** The outcome of the first step that did not pass; of a run that was stopped between two steps, why it was. */
function verdictOf(steps: readonly StepRecord[], signal: AbortSignal): Pick<RunRecord, 'outcome' | 'fault'> {
  const first = steps.find(({ outcome }) => outcome !== 'passed' && outcome !== 'skipped');
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

const STOPPED = 'the run was stopped';

/** What the run holds. Where the store cannot be read any more, what this process knows of: that is taken away all the same. */
async function bookOf(
  store: Store,
  run: string,
  intents: ReadonlyMap<number, OpenIntent>,
): Promise<Pick<StoredRun, 'effects' | 'subjects'>> {
  const found = await store.find(run).catch(() => ({ run: undefined }));
  return found.run ?? { effects: [...intents.values()].map(({ effect }) => effect), subjects: [] };
}

async function runSteps(options: RunOptions, scope: RunScope): Promise<readonly StepRecord[]> {
  const records: StepRecord[] = [];
  const seen: Scope = { ...options.roots, run: { ...scope.facts }, steps: {} };
  const steps: Record<string, Scope['steps'][string]> = {};
  let failed: string | undefined;
  for (const step of options.plan.steps) {
    const view: Scope = { ...seen, steps };
    const record = await oneStep(step, view, failed, scope);
    records.push(record);
    if (record.outcome === 'skipped') await noteSkipped(step, record.reason ?? '', scope);
    scope.tell({ type: 'step_ended', index: step.index, record });
    steps[step.id] = {
      outcome: record.outcome,
      outputs: record.outcome === 'passed' ? record.outputs : null,
    };
    const passed = record.outcome === 'passed' || record.outcome === 'skipped';
    if (!passed && !step.continue_on_failure) failed ??= step.id;
  }
  return records;
}

async function oneStep(
  step: PlannedStep,
  view: Scope,
  failed: string | undefined,
  scope: RunScope,
): Promise<StepRecord> {
  if (scope.signal.aborted) return skipped(step, STOPPED);
  try {
    if (!evaluateCondition(step, view, { failed: failed !== undefined })) {
      return skipped(step, failed === undefined ? 'its `if` is false' : `step ${failed} did not pass`);
    }
    return await runStep(step, evaluateInputs(step, view) as JsonObject, scope);
  } catch (error) {
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
      reason,
    })
    .catch((error: unknown) =>
      log.error({ err: error, step: step.id }, 'a skipped step could not be written down'),
    );
}

function skipped(step: PlannedStep, reason: string): StepRecord {
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
