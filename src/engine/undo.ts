import { asFault } from '../core/fault.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Release } from '../core/release.ts';
import type { EffectRecord } from '../core/run.ts';
import type { Effect, RunFacts, StepContext, UndoStep } from '../core/step.ts';
import type { RunJournal } from '../core/store.ts';
import { lookFor } from './effects.ts';
import type { UndoResult } from './progress.ts';
import { retrying } from './retry.ts';
import type { CloseOptions } from './run-options.ts';
import { foldersOf, type Workplace } from './workplace.ts';

/** What a run has made and how: all that an undo needs to know of it. */
export interface Book {
  readonly effects: readonly EffectRecord[];
  readonly steps: readonly {
    readonly step: string;
    readonly uses: string;
    readonly inputs: JsonObject | null;
  }[];
  readonly release: Release | null;
}

export interface UndoOptions extends Omit<CloseOptions, 'store' | 'endSurvivors' | 'gone' | 'plan'> {
  readonly facts: RunFacts;
  readonly journal: Pick<RunJournal, 'settle' | 'fence' | 'lost'>;
  /** Aborts at the limit of the whole undo. */
  readonly signal: AbortSignal;
}

/** All tries at all effects of one run together; what is left then belongs to the ledger. Milliseconds. */
export const UNDO_LIMIT_MS = 600_000;

const TRIES = 3;
const PAUSE_MS = 10_000;

interface Outcome {
  readonly result: UndoResult;
  readonly text: string;
  readonly evidence: JsonObject;
}

/** What is still to be worked off. */
export function openEffects(effects: readonly EffectRecord[]): readonly EffectRecord[] {
  return effects.filter(({ state }) => state === 'intended' || state === 'made');
}

/** What was made in an environment that is gone has gone with it. Never throws. */
export async function strikeOut(
  { effects }: Pick<Book, 'effects'>,
  options: Pick<UndoOptions, 'journal' | 'clock' | 'log' | 'tell'>,
): Promise<void> {
  const evidence = { outcome: 'passed', environment: 'gone' };
  for (const effect of openEffects(effects)) {
    await settle(effect, { result: 'nothing', text: 'it is gone with its environment', evidence }, options);
  }
}

/**
 * Takes away what the ledger holds, the last first, in a fresh folder and HOME with a login of its own, needing nothing of the process that made it.
 * What could not be removed stays in the ledger with what was seen. Never throws.
 * @param open what is to be taken away of all that the run has made
 */
export async function undoEffects(
  { open, ...book }: Book & { readonly open: readonly EffectRecord[] },
  options: UndoOptions,
): Promise<void> {
  if (open.length === 0) return;
  options.tell({ type: 'undo_started', count: open.length });
  await using session = loginOnce(options);
  for (const effect of open.toReversed()) {
    // Somebody else has the run by now, and its ledger.
    if (options.journal.lost.aborted) return;
    const outcome: WorkedOff = await workOff(effect, book, session, options).catch((error: unknown) =>
      leftBehind(effect, error),
    );
    await settle(outcome.effect ?? effect, outcome, options);
  }
}

type WorkedOff = Outcome & { readonly effect?: EffectRecord };

async function workOff(
  effect: EffectRecord,
  book: Book,
  session: Session,
  options: UndoOptions,
): Promise<WorkedOff> {
  if (effect.state === 'made') return takeAway(effect, session, options);
  if (!effect.undoable) {
    const text = 'whether it was made is not known; it could not be undone';
    return { result: 'nothing', text, evidence: { outcome: 'passed' } };
  }
  const found = await lookFor(() => find(effect, book, session, options), true, options);
  if (found?.undo == null) {
    return { result: 'nothing', text: 'it was never made', evidence: { outcome: 'passed' } };
  }
  const known: EffectRecord = { ...effect, ...found, state: 'made' };
  return { ...(await takeAway(known, session, options)), effect: known };
}

export async function settle(
  effect: EffectRecord,
  { result, text, evidence }: Outcome,
  { journal, clock, log, tell }: Pick<UndoOptions, 'journal' | 'clock' | 'log' | 'tell'>,
): Promise<void> {
  if (journal.lost.aborted) return;
  const { effect_id, kind, identity, undo } = effect;
  log.info({ effect: kind, effect_id, result }, 'an effect was worked off');
  tell({ type: 'undo_ended', kind, identity: textOf(identity), result, text });
  const state = ({ gone: 'undone', nothing: 'struck', left: effect.state } as const)[result];
  const known = identity === null || undo === null ? {} : { identity, undo };
  await journal
    .settle(effect_id, { state, at: clock.now(), evidence, ...known })
    .catch((error: unknown) => log.error({ err: error }, 'the ledger could not be written'));
}

async function takeAway(
  effect: EffectRecord,
  session: Session,
  { actions, clock, ids, signal }: UndoOptions,
): Promise<Outcome> {
  const { undo } = effect;
  const action = undo === null ? undefined : actions.get(undo.uses);
  if (undo === null || action === undefined) throw new Error(`there is no action ${undo?.uses}`);
  const { input, run } = action.definition;
  const tried = await retrying(
    async () => {
      try {
        return { result: (await run(input.parse(undo.with), await session.loggedIn())) as JsonObject };
      } catch (error) {
        return { fault: asFault(error) };
      }
    },
    { attempts: TRIES, delayMs: PAUSE_MS, clock, ids, signal },
  );
  if ('fault' in tried) return leftBehind(effect, tried.fault);
  // An undo action says so itself where it found nothing to take away, or what must be left alone.
  const { left_alone, ...seen } = tried.result;
  return {
    result: left_alone === true ? 'nothing' : 'gone',
    text: summaryOf(seen),
    evidence: { outcome: 'passed', ...seen },
  };
}

interface Found {
  readonly identity: Json;
  readonly undo: UndoStep | null;
}

/** Unwinds a step that was entered only to be asked how its effect is found. */
class Asked extends Error {
  readonly found: Found | undefined;
  constructor(found: Found | undefined) {
    super('asked');
    this.found = found;
  }
}

/** Enters the step again with its stored inputs, as far as the effect, and asks that to find what it meant to make. */
export async function find(
  effect: EffectRecord,
  { effects, steps, release }: Book,
  session: Pick<Session, 'context'>,
  { actions }: Pick<UndoOptions, 'actions'>,
): Promise<Found | undefined> {
  const step = steps.find((entry) => entry.step === effect.step);
  const action = actions.get(step?.uses ?? '');
  if (action === undefined) throw new Error(`there is no action ${step?.uses} that knows how to look for it`);
  const context = await session.context();
  const ask = async <Identity extends Json, Sought extends Json>(
    spec: Effect<Identity, Sought>,
  ): Promise<Identity> => {
    const { kind, key = '' } = spec;
    if (kind !== effect.kind || key !== effect.key) {
      const known = effects.find(
        (other) => other.step === effect.step && other.kind === kind && other.key === key,
      );
      if (known === undefined || known.identity === null) throw new Asked(undefined);
      return known.identity as Identity;
    }
    const identity = await spec.find(context.signal, effect.sought as Sought);
    throw new Asked(identity === undefined ? undefined : { identity, undo: spec.undo?.(identity) ?? null });
  };
  try {
    // As they were resolved: what an input's schema turns a text into, it does not read again.
    await action.definition.run(step?.inputs ?? {}, {
      ...context,
      effect: ask,
      release: async (asked) => release ?? asked(context.signal),
    });
  } catch (error) {
    if (error instanceof Asked) return error.found;
    throw error;
  }
  throw new Error(`step ${effect.step} ended without asking for its ${effect.kind}`);
}

function leftBehind(effect: EffectRecord, error: unknown): Outcome {
  const fault = asFault(error);
  const { code, kind, system } = fault.toData(effect.system);
  return {
    result: 'left',
    text: fault.message,
    evidence: { outcome: 'failed', message: fault.message, code, kind, system },
  };
}

interface Session extends AsyncDisposable {
  /** A context that can look. */
  context(): Promise<StepContext>;
  /** The same, logged in the first time it is asked for: it can take away. */
  loggedIn(): Promise<StepContext>;
}

function loginOnce(options: UndoOptions): Session {
  const { actions, environment, login, facts, journal, workplaces } = options;
  const { undo } = foldersOf(facts.id, journal.fence);
  const workplace = lazily(() => workplaces.open({ name: undo, run: facts.id, environment }));
  const context = lazily(async () => contextIn(await workplace.get(), options));
  const loggedIn = lazily(async (): Promise<StepContext> => {
    const place = await context.get();
    const action = environment.systems.fas === undefined ? undefined : actions.get(login);
    await action?.definition.run(action.definition.input.parse({}), place);
    return place;
  });
  return {
    context: context.get,
    loggedIn: loggedIn.get,
    async [Symbol.asyncDispose]() {
      if (workplace.begun) await workplaces.remove(undo);
    },
  };
}

/** What a step is given that is only to look for, or to take away, what it made. */
export function contextIn(
  { dir, home, exec, files, secretFile }: Workplace,
  { environment, facts, clock, http, ids, log, signal }: Omit<UndoOptions, 'journal' | 'tell'>,
): StepContext {
  return {
    run: facts,
    env: environment,
    exec,
    http,
    clock,
    ids,
    signal,
    log: log.child({ undo: true }),
    dir,
    home,
    files,
    secretFile,
    effect: refused('effect'),
    events: { until: refused('events.until'), follow: refused('events.follow') },
    release: refused('release'),
    defer: refused('defer'),
  };
}

function lazily<Value>(make: () => Promise<Value>): { get(): Promise<Value>; readonly begun: boolean } {
  let made: Promise<Value> | undefined;
  let begun = false;
  return {
    // One that failed is made anew the next time: a login that could not be had now may be had later.
    get() {
      begun = true;
      made ??= make().catch((error: unknown) => {
        made = undefined;
        throw error;
      });
      return made;
    },
    get begun() {
      return begun;
    },
  };
}

/** An undo needs nothing of the run's process: literal inputs, commands and requests only. */
function refused(what: string): () => never {
  return () => {
    throw new Error(`an undo cannot use ctx.${what}`);
  };
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function summaryOf(output: JsonObject): string {
  return Object.entries(output)
    .map(([name, value]) => `${name} ${textOf(value)}`)
    .join(', ');
}
