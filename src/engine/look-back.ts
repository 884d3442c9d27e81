import { asFault } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import { relocated } from '../core/relocated.ts';
import type { EffectRecord } from '../core/run.ts';
import type { RunFacts } from '../core/step.ts';
import type { RunJournal } from '../core/store.ts';
import { lookFor } from './effects.ts';
import { undoTimedOut } from './limits.ts';
import { retrying } from './retry.ts';
import type { CloseOptions } from './run-options.ts';
import { type Book, contextIn, find, settle } from './undo.ts';
import { foldersOf, type Workplace } from './workplace.ts';

/** How long it may be asked, over all. Milliseconds of the host. */
const LIMIT_MS = 60_000;

/** A system that lost our answer may need a while until it answers again. */
const TRIES = 6;
const PAUSE_MS = 10_000;
/** Of the host, however fast the environment's time runs. */
const LEAST_PAUSE_MS = 1000;

export interface LookBackOptions extends CloseOptions {
  readonly facts: RunFacts;
  readonly journal: RunJournal;
}

/**
 * Asks for what steps meant to make, had no answer about, and nobody could take away, such as a pushed commit, while there is the folder in which it is
 * found. What is found is kept in the ledger, what was never made is struck out; of what cannot be asked nothing is known. Never throws.
 */
export async function lookBack(book: Book, options: LookBackOptions): Promise<Book> {
  const { facts, journal, workplaces, environment, gone, clock } = options;
  const isOpen = ({ state, undoable }: EffectRecord) => state === 'intended' && !undoable;
  if (gone.aborted || !book.effects.some(isOpen)) return book;
  const { work: name, former } = foldersOf(facts.id, journal.fence);
  const place = await workplaces
    .open({ name, run: facts.id, former, environment })
    .catch((error: unknown) => void options.log.warn({ err: error }, 'a run could not be looked back at'));
  if (place === undefined) return book;
  const steps = book.steps.map((step) => ({
    ...step,
    inputs: step.inputs && relocated(step.inputs, place.former, place.dir),
  }));
  const limitMs = clock.ofHost(LIMIT_MS);
  using limit = clock.deadline(limitMs, () => undoTimedOut(limitMs));
  using stop = firstOf(limit.signal, journal.lost);
  const asking = { ...options, signal: stop.signal };
  const effects: EffectRecord[] = [];
  for (const effect of book.effects) {
    effects.push(isOpen(effect) ? await asked(effect, { ...book, steps }, place, asking) : effect);
  }
  return { ...book, effects };
}

/** The effect as it is known now. */
async function asked(
  effect: EffectRecord,
  book: Book,
  place: Workplace,
  options: LookBackOptions & { readonly signal: AbortSignal },
): Promise<EffectRecord> {
  const { journal, clock, ids, signal, log } = options;
  const session = { context: async () => contextIn(place, options) };
  const tried = await retrying(
    async () => {
      try {
        return { result: await lookFor(() => find(effect, book, session, options), true, { clock, signal }) };
      } catch (error) {
        return { fault: asFault(error) };
      }
    },
    {
      attempts: TRIES,
      delayMs: Math.max(PAUSE_MS, clock.ofHost(LEAST_PAUSE_MS)),
      clock,
      ids,
      signal,
    },
  );
  if ('fault' in tried) {
    log.info({ effect: effect.kind, err: tried.fault }, 'whether it was made could not be asked');
    return effect;
  }
  if (tried.result === undefined) {
    const evidence = { outcome: 'passed' };
    await settle(effect, { result: 'nothing', text: 'it was never made', evidence }, options);
    return { ...effect, state: 'struck' };
  }
  const { identity } = tried.result;
  await journal.made(effect.effect_id, identity, null, clock.now()).catch((error: unknown) => {
    log.error({ err: error }, 'the ledger could not be written');
  });
  return { ...effect, state: 'kept', identity };
}
