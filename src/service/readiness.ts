import { formatDuration } from '../core/duration.ts';
import { firstOf } from '../core/first-of.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { Check } from '../core/site.ts';
import type { Lease } from './lease.ts';
import type { Loop } from './service.ts';

/** So old may the last sign of life in the database be: three beats. Milliseconds of the host, as all here. */
const WRITTEN_WITHIN_MS = 16_000;

/** So old may the scheduler's last round be; it comes round every ten seconds. */
const TICK_WITHIN_MS = 30_000;

/** So far may wall clock and monotonic clock have come apart since that round. */
const DRIFT_MS = 5000;

/** So old an answer of a source may be before it is asked again. */
const SOURCE_ASKED_MS = 60_000;

/** A timer may fire a little early: who came then would find a young answer, and come again only after twice the time. */
const TOO_EARLY_MS = 1000;

/** How long a source may take to answer: shorter than whoever asks for readiness waits. */
const SOURCE_LIMIT_MS = 4000;

/** How long our own listener may take to answer us. */
const LISTENER_LIMIT_MS = 5000;

/** The listener itself may be slow with a process that is ended for it: only what hangs for so long is dead. */
const DEAD_MS = 120_000;

/** The last round of the scheduler; see `schedule/scheduler.ts`. */
interface Tick {
  readonly at: number;
  readonly monotonic: number;
}

export interface ReadinessOptions {
  /** Undefined while somebody else serves. */
  lease(): Lease | undefined;
  tick(): Tick | undefined;
  /** Asks each configured source whether it answers; names and texts are for people. */
  askSources(signal: AbortSignal): Promise<readonly Check[]>;
  readonly clock: Clock;
}

export interface Readiness {
  /** Everything that has to be good for the service to be of use. */
  readiness(signal: AbortSignal): Promise<readonly Check[]>;
  /** What of it is our own. */
  own(): readonly Check[];
  /** What has to be good for the process not to be ended. */
  live(): readonly Check[];
}

/** Real checks, each with its age; what cannot be told is not good. */
export function openReadiness({ lease, tick, askSources, clock }: ReadinessOptions): Readiness {
  let asked: { readonly at: number; readonly checks: Promise<readonly Check[]> } | undefined;
  const startedAt = clock.monotonic();

  function own(): readonly Check[] {
    return [leads(), database(), scheduler(), wallClock()];
  }

  function leads(): Check {
    const held = lease();
    if (held === undefined)
      return no('leader', 'another packprobe serves this database, or is not known to be dead yet');
    if (held.lost.aborted) return no('leader', 'another packprobe has taken over');
    return yes('leader', `number ${held.service.service_id}`, null);
  }

  function database(): Check {
    const held = lease();
    if (held === undefined) return no('database', 'nothing was written yet');
    const age = clock.monotonic() - held.beatAt();
    return age <= WRITTEN_WITHIN_MS && held.isWritten()
      ? yes('database', 'can be written', age)
      : { ...no('database', `nothing could be written for ${formatDuration(age)}`), age_ms: age };
  }

  function scheduler(): Check {
    const last = tick();
    if (last === undefined) return no('scheduler', 'has not come round yet');
    const age = clock.monotonic() - last.monotonic;
    return age <= TICK_WITHIN_MS
      ? yes('scheduler', 'goes round', age)
      : { ...no('scheduler', `stands still since ${formatDuration(age)}`), age_ms: age };
  }

  function wallClock(): Check {
    const last = tick();
    if (last === undefined) return no('clock', 'is not known yet');
    const drift = clock.now() - last.at - (clock.monotonic() - last.monotonic);
    return Math.abs(drift) <= DRIFT_MS
      ? yes('clock', 'goes on evenly', null)
      : no(
          'clock',
          `was set, or stands still: ${formatDuration(Math.abs(drift))} apart since the last round`,
        );
  }

  async function sources(signal: AbortSignal): Promise<readonly Check[]> {
    const now = clock.monotonic();
    if (asked === undefined || now - asked.at > SOURCE_ASKED_MS) {
      // Whoever asks first may go away: the answer is for all who ask after.
      const limit = clock.deadline(SOURCE_LIMIT_MS, () => new Error('no answer in time'));
      const checks = askSources(limit.signal).finally(() => limit[Symbol.dispose]());
      asked = { at: now, checks };
      checks.catch(() => {
        asked = undefined;
      });
    }
    signal.throwIfAborted();
    const age_ms = now - asked.at;
    return (await asked.checks).map((check) => ({ ...check, age_ms }));
  }

  return {
    own,
    readiness: async (signal) => [...own(), ...(await sources(signal))],
    live() {
      const last = tick()?.monotonic ?? startedAt;
      const age = clock.monotonic() - last;
      // One that waits for its turn has no rounds to come round in.
      if (lease() === undefined || age <= DEAD_MS) return [yes('process', 'answers', null)];
      return [{ ...no('process', `its scheduler stands still since ${formatDuration(age)}`), age_ms: age }];
    },
  };
}

function yes(name: string, text: string, age_ms: number | null): Check {
  return { name, ok: true, text, age_ms };
}

function no(name: string, text: string): Check {
  return { name, ok: false, text, age_ms: null };
}

/** Keeps the answers of the sources young, also where nobody asks for readiness. */
export function askingSources(readiness: Pick<Readiness, 'readiness'>, clock: Clock): Loop {
  return {
    name: 'sources',
    component: 'worker',
    async run(signal) {
      while (!signal.aborted) {
        await readiness.readiness(signal).catch(() => {});
        await clock.sleep(SOURCE_ASKED_MS + TOO_EARLY_MS, signal).catch(() => {});
      }
    },
  };
}

export interface DeadManOptions {
  readonly everyMs: number;
  readonly readiness: Pick<Readiness, 'own'>;
  /** Asks our own HTTP listener as anybody would; rejects where it does not answer. */
  listener(signal: AbortSignal): Promise<void>;
  /** Calls the address; rejects where nobody took the call. */
  call(signal: AbortSignal): Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Calls out after each good cycle, and falls silent when there is none: whoever listens there raises the alarm. */
export function deadMan({ everyMs, readiness, listener, call, clock, log }: DeadManOptions): Loop {
  async function listens(signal: AbortSignal): Promise<Check> {
    using limit = clock.deadline(LISTENER_LIMIT_MS, () => new Error('no answer in time'));
    using stop = firstOf(signal, limit.signal);
    try {
      await listener(stop.signal);
      return yes('listener', 'answers', null);
    } catch (error) {
      const why = limit.signal.aborted
        ? ' in time'
        : `: ${error instanceof Error ? error.message : String(error)}`;
      return no('listener', `does not answer${why}`);
    }
  }

  return {
    name: 'dead man',
    component: 'notifier',
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(everyMs, signal).catch(() => {});
        if (signal.aborted) return;
        // A service that nobody can ask is none, whatever it thinks of itself.
        const checks = [await listens(signal), ...readiness.own()];
        const bad = checks.filter(({ ok }) => !ok);
        if (signal.aborted) return;
        if (bad.length > 0) log.warn({ checks: bad }, 'the dead man is not called: the cycle was not good');
        else
          await call(signal).catch((error: unknown) =>
            log.warn({ err: error }, 'the dead man did not answer'),
          );
      }
    },
  };
}
