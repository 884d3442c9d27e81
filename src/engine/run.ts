import { scopeOf } from '../core/environment.ts';
import { asFault } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { EffectRecord, RunRecord } from '../core/run.ts';
import type { RunFacts } from '../core/step.ts';
import type { RunHeader, RunJournal, Store, StoredRun } from '../core/store.ts';
import type { OpenIntent } from './effects.ts';
import { runTimedOut, undoTimedOut } from './limits.ts';
import type { Place, RunOptions } from './run-options.ts';
import { settleIntents, strikeOut, UNDO_LIMIT_MS, undoEffects } from './undo.ts';
import { type Walk, walk } from './walk.ts';

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
  await close(record, effects, intents, place, { ...options, facts, journal, log });
  return record;
}

type Closing = RunOptions & Pick<Walk, 'facts' | 'journal' | 'log'>;

/** Stores the finished run and takes away what it made, whether or not it could be stored. */
async function close(
  record: RunRecord,
  effects: readonly EffectRecord[],
  intents: ReadonlyMap<number, OpenIntent>,
  place: Place,
  options: Closing,
): Promise<void> {
  const { journal, clock, log, tell, watch, gone } = options;
  const open = effects.filter(({ state }) => state === 'intended' || state === 'made');
  const finish = () =>
    journal.finish(record, open.length > 0 ? 'finalizing' : 'finished').then(
      () => undefined,
      (error: unknown) => asFault(error),
    );
  let unstored = await finish();
  // Somebody else goes on with this run: what it made is theirs.
  if (journal.lost.aborted) throw journal.lost.reason;
  watch.release(record.run_id);

  const undoLimitMs = clock.ofHost(UNDO_LIMIT_MS);
  using undoLimit = clock.deadline(undoLimitMs, () => undoTimedOut(undoLimitMs));
  const undoing = { ...options, signal: undoLimit.signal };
  if (gone.aborted) {
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

/** What the run holds. Where the store cannot be read any more, what this process knows of: that is taken away all the same. */
async function bookOf(
  store: Store,
  run: string,
  intents: ReadonlyMap<number, OpenIntent>,
): Promise<Pick<StoredRun, 'effects' | 'subjects'>> {
  const found = await store.find(run).catch(() => ({ run: undefined }));
  return found.run ?? { effects: [...intents.values()].map(({ effect }) => effect), subjects: [] };
}
