import type { Environment } from '../core/environment.ts';
import { asFault } from '../core/fault.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Clock, Http, Ids, Logger } from '../core/ports.ts';
import type { EffectRecord } from '../core/run.ts';
import type { Action, RunFacts, StepContext } from '../core/step.ts';
import type { RunJournal } from '../core/store.ts';
import type { OpenIntent } from './effects.ts';
import type { Tell, UndoResult } from './progress.ts';
import { retrying } from './retry.ts';
import type { OpenWorkplace } from './workplace.ts';

export interface UndoOptions {
  readonly facts: RunFacts;
  readonly environment: Environment;
  readonly actions: ReadonlyMap<string, Action>;
  /** The action that logs in, where this environment has a login. */
  readonly login: string;
  readonly journal: Pick<RunJournal, 'settle'>;
  readonly openWorkplace: OpenWorkplace;
  readonly clock: Clock;
  readonly http: Http;
  readonly ids: Ids;
  readonly log: Logger;
  readonly tell: Tell;
  /** Aborts at the limit of the whole undo. */
  readonly signal: AbortSignal;
}

/** All tries at all effects of one run together; what is left then belongs to the ledger. Milliseconds. */
export const UNDO_LIMIT_MS = 600_000;

/** How often an intent without identity is looked for: what was asked for may come into being after the answer was lost. */
const LOOKS_FOR_INTENT = 3;
const TRIES = 3;
const PAUSE_MS = 10_000;

interface Outcome {
  readonly result: UndoResult;
  readonly text: string;
  readonly evidence: JsonObject;
}

export interface IntentOptions {
  readonly journal: Pick<RunJournal, 'settle'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/**
 * Looks for what was perhaps made, while the run's own folder is still there; gives what has to be taken away. What cannot be undone, and what
 * is not there, is struck out. Never throws.
 */
export async function settleIntents(
  effects: readonly EffectRecord[],
  intents: ReadonlyMap<number, OpenIntent>,
  options: IntentOptions,
): Promise<readonly EffectRecord[]> {
  const settled = effects.map(async (effect): Promise<EffectRecord | undefined> => {
    if (effect.state !== 'intended') return effect;
    if (!effect.undoable) {
      await settle(
        effect,
        { result: 'nothing', text: 'it cannot be undone', evidence: { outcome: 'passed' } },
        options,
      );
      return undefined;
    }
    try {
      const found = await look(intents.get(effect.effect_id), options.clock, options.signal);
      if (found?.undo != null) return { ...effect, ...found, state: 'made' };
      const evidence = { outcome: 'passed', looks: LOOKS_FOR_INTENT };
      await settle(effect, { result: 'nothing', text: 'it was never made', evidence }, options);
    } catch (error) {
      await settle(effect, leftBehind(effect, error), options);
    }
    return undefined;
  });
  return (await Promise.all(settled)).filter((effect) => effect !== undefined);
}

/** What was made in an environment that is gone has gone with it. Never throws. */
export async function strikeOut(effects: readonly EffectRecord[], options: IntentOptions): Promise<void> {
  const evidence = { outcome: 'passed', environment: 'gone' };
  for (const effect of effects) {
    await settle(effect, { result: 'nothing', text: 'it is gone with its environment', evidence }, options);
  }
}

/**
 * Takes away what the ledger holds, the last first, in a fresh folder and HOME with a login of its own. What could not be removed stays in the
 * ledger with what was seen. Never throws.
 */
export async function undoEffects(effects: readonly EffectRecord[], options: UndoOptions): Promise<void> {
  if (effects.length === 0) return;
  options.tell({ type: 'undo_started', count: effects.length });
  await using session = loginOnce(options);
  for (const effect of effects.toReversed()) {
    const outcome = await takeAway(effect, session, options).catch((error: unknown) =>
      leftBehind(effect, error),
    );
    await settle(effect, outcome, options);
  }
}

async function settle(
  effect: EffectRecord,
  { result, text, evidence }: Outcome,
  { journal, clock, log, tell }: IntentOptions,
): Promise<void> {
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
        return { result: (await run(input.parse(undo.with), await session.context())) as JsonObject };
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

async function look(intent: OpenIntent | undefined, clock: Clock, signal: AbortSignal) {
  if (intent === undefined) throw new Error('nobody knows how to look for it');
  for (let time = 1; ; time += 1) {
    const found = await intent.find(signal);
    if (found !== undefined || time === LOOKS_FOR_INTENT) return found;
    await clock.sleep(PAUSE_MS, signal);
  }
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
  /** A context that can run an undo action, logged in the first time it is asked for. */
  context(): Promise<StepContext>;
}

function loginOnce(options: UndoOptions): Session {
  const { actions, environment, login, facts, clock, http, ids, log, signal, openWorkplace } = options;
  const workplace = lazily(() => openWorkplace({ name: `${facts.id}-undo`, environment }));
  const context = lazily(async (): Promise<StepContext> => {
    const { dir, home, exec, files, secretFile } = await workplace.get();
    const context: StepContext = {
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
    const action = environment.systems.fas === undefined ? undefined : actions.get(login);
    await action?.definition.run(action.definition.input.parse({}), context);
    return context;
  });
  return {
    context: context.get,
    async [Symbol.asyncDispose]() {
      if (workplace.begun)
        await workplace.get().then(
          (place) => place.remove(),
          () => {},
        );
    },
  };
}

function lazily<Value>(make: () => Promise<Value>): { get(): Promise<Value>; readonly begun: boolean } {
  let made: Promise<Value> | undefined;
  return {
    // One that failed is made anew the next time: a login that could not be had now may be had later.
    get: () =>
      (made ??= make().catch((error: unknown) => {
        made = undefined;
        throw error;
      })),
    get begun() {
      return made !== undefined;
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
