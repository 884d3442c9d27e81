import type { Report, Subject } from '../core/event.ts';
import { FACT } from '../core/facts.ts';
import type { Json } from '../core/json.ts';
import type { Clock } from '../core/ports.ts';
import type { EffectRecord } from '../core/run.ts';
import type { Effect, UndoStep } from '../core/step.ts';
import type { RunJournal } from '../core/store.ts';
import type { Charge } from '../core/system.ts';
import { SYSTEMS } from '../core/system.ts';
import type { Watch } from './watch.ts';

/** Looks for an intent that has no identity; the undo asks it when the run has ended. */
export interface OpenIntent {
  readonly effect: EffectRecord;
  find(signal: AbortSignal): Promise<{ readonly identity: Json; readonly undo: UndoStep | null } | undefined>;
}

export interface EffectsOptions {
  readonly journal: RunJournal;
  readonly watch: Watch;
  readonly clock: Clock;
  readonly step: string;
  readonly system: Charge;
  readonly signal: AbortSignal;
  /** By effect id; what is left here at the end of the run was perhaps made. */
  readonly intents: Map<number, OpenIntent>;
}

/** `ctx.effect` of one attempt. */
export function effectsOf({ journal, watch, clock, step, system, signal, intents }: EffectsOptions) {
  return async function effect<Identity extends Json>(spec: Effect<Identity>): Promise<Identity> {
    const { kind, key = '' } = spec;
    const known = await journal.effect(step, kind, key);
    if (known !== undefined && known.state !== 'intended') {
      const identity = known.identity as Identity;
      await follow(spec, identity, known.intended_at, known.made_at ?? clock.now());
      return identity;
    }
    const intent =
      known ??
      (await journal.intend({
        step,
        kind,
        key,
        system,
        intended_at: clock.now(),
        undoable: spec.undo !== undefined,
      }));
    intents.set(intent.effect_id, {
      effect: intent,
      async find(signal) {
        const identity = await spec.find(signal);
        return identity === undefined ? undefined : { identity, undo: spec.undo?.(identity) ?? null };
      },
    });
    // An intent of an earlier life or attempt: what it asked for may be there.
    const found = known === undefined ? undefined : await spec.find(signal);
    const identity = found ?? (await spec.make(signal));
    const made = clock.now();
    await journal.made(intent.effect_id, identity, spec.undo?.(identity) ?? null, made);
    intents.delete(intent.effect_id);
    await follow(spec, identity, intent.intended_at, made);
    return identity;
  };

  async function follow<Identity extends Json>(
    spec: Effect<Identity>,
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
