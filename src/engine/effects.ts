import type { Report, Subject } from '../core/event.ts';
import { FACT } from '../core/facts.ts';
import type { Json } from '../core/json.ts';
import type { Clock } from '../core/ports.ts';
import type { EffectRecord } from '../core/run.ts';
import type { Effect } from '../core/step.ts';
import type { RunJournal } from '../core/store.ts';
import type { Charge } from '../core/system.ts';
import { SYSTEMS } from '../core/system.ts';
import { stepLeftAlone } from './limits.ts';
import type { Watch } from './watch.ts';

export interface EffectsOptions {
  readonly journal: RunJournal;
  readonly watch: Watch;
  readonly clock: Clock;
  readonly step: string;
  readonly system: Charge;
  readonly signal: AbortSignal;
  /** Whether an earlier life of the run may have asked for something whose answer it did not hear. */
  readonly resumed: boolean;
  /** Whether the time of the step has passed: what is there is known, but nothing new is made. */
  readonly late: boolean;
  /** What this process knows of its effects, by id: for the undo, where the store cannot be read any more. */
  readonly book: Map<number, EffectRecord>;
}

/** What was asked for by somebody who was killed may still come into being: how often, and how far apart, it is looked for. */
const LOOKS = 3;
const PAUSE_MS = 10_000;
/** Real milliseconds: a request on its way is the host's, however fast the environment's time runs. */
const LEAST_PAUSE_MS = 300;

/**
 * Asks `find` until it is there, at most so many times. Gives undefined where it never was made.
 * @param patient whether somebody may have asked for it just now
 */
export async function lookFor<Found>(
  find: (signal: AbortSignal) => Promise<Found | undefined>,
  patient: boolean,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Found | undefined> {
  for (let look = 1; ; look += 1) {
    const found = await find(signal);
    if (found !== undefined || !patient || look === LOOKS) return found;
    await clock.sleep(Math.max(PAUSE_MS, clock.ofHost(LEAST_PAUSE_MS)), signal);
  }
}

/** `ctx.effect` of one attempt. */
export function effectsOf(options: EffectsOptions) {
  const { journal, watch, clock, step, system, signal, resumed, late, book } = options;

  return async function effect<Identity extends Json, Sought extends Json>(
    spec: Effect<Identity, Sought>,
  ): Promise<Identity> {
    const { kind, key = '' } = spec;
    const known = await journal.effect(step, kind, key);
    if (known !== undefined && known.state !== 'intended') {
      const identity = known.identity as Identity;
      await follow(spec, identity, known.intended_at, known.made_at ?? clock.now());
      return identity;
    }
    const sought = (known === undefined ? ((await spec.sought?.(signal)) ?? null) : known.sought) as Sought;
    const undoable = spec.undo !== undefined;
    const intent =
      known ??
      (await journal.intend({ step, kind, key, system, intended_at: clock.now(), undoable, sought }));
    book.set(intent.effect_id, intent);
    // An intent of an earlier life or attempt: what it asked for may be there.
    const found =
      known === undefined
        ? undefined
        : await lookFor((looking) => spec.find(looking, sought), resumed, { clock, signal });
    // Behind the limit of its step what is there is known, but nothing new is made.
    if (found === undefined && late) throw stepLeftAlone(step);
    const identity = found ?? (await spec.make(signal, sought));
    const made_at = clock.now();
    const undo = spec.undo?.(identity) ?? null;
    book.set(intent.effect_id, {
      ...intent,
      state: undo === null ? 'kept' : 'made',
      identity,
      undo,
      made_at,
    });
    await journal.made(intent.effect_id, identity, undo, made_at);
    await follow(spec, identity, intent.intended_at, made_at);
    return identity;
  };

  async function follow<Identity extends Json>(
    spec: Pick<Effect<Identity>, 'subjects'>,
    identity: Identity,
    intendedAt: number,
    madeAt: number,
  ): Promise<void> {
    const subjects = spec.subjects?.(identity) ?? [];
    await journal.follow(subjects);
    await watch.follow(journal.run_id, subjects, intendedAt);
    await watch.add(asked(subjects, intendedAt, madeAt));
  }

  /** When we asked: some time between the intent and the identity. */
  function asked(subjects: readonly Subject[], intendedAt: number, madeAt: number): readonly Report[] {
    const charged = SYSTEMS.find((name) => name === system);
    if (charged === undefined) return [];
    return subjects.map((subject) => ({
      subject,
      fact: FACT.asked,
      earliest: intendedAt - clock.blurMs,
      latest: madeAt + clock.blurMs,
      source: 'api',
      system: charged,
      seen_at: madeAt,
      data: { run_id: journal.run_id },
    }));
  }
}
