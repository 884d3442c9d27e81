import {
  type Event,
  eventsOf,
  type Judge,
  MayTurn,
  type Report,
  type Source,
  type Subject,
  subjectId,
} from '../core/event.ts';
import { asFault, Fault, outcomeOf } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { Clock, Deadline, Logger } from '../core/ports.ts';
import type { Store } from '../core/store.ts';

export interface WatchOptions {
  readonly environment: string;
  readonly sources: readonly Source[];
  readonly store: Pick<Store, 'addReports' | 'reportsOf' | 'noteLooks' | 'looksOf'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface WaitOptions {
  /** Aborts with the Fault that ends the wait: a limit that passed, or a cancellation. */
  readonly signal: AbortSignal;
  readonly holdMs: number;
  /** Of a step that was interrupted. */
  readonly interrupted?: Interrupted | undefined;
  /** Told of all events whenever there is news. */
  readonly heard?: (events: readonly Event[]) => void;
  /** Told where the wait ends because its time has passed, in this process or before it. */
  readonly ranOut?: () => void;
}

/**
 * The limit of a step that was interrupted. It may have passed while nobody looked: then every source is heard once before the wait ends, and what happened
 * behind the limit does not count.
 */
export interface Interrupted {
  /** Epoch ms. */
  readonly deadlineAt: number;
  /** It passed, and what was waited for had not come. */
  readonly timedOut: Fault;
  /** It passed, and nobody can tell. */
  readonly leftAlone: Fault;
}

/**
 * What all runs of one environment hear: follows their subjects through every source that covers them, one loop a source, keeps the reports, and lets
 * waits judge them. One for each environment and process.
 */
export interface Watch extends AsyncDisposable {
  /**
   * Follows until the run lets go; news go to the store whether or not anybody waits. Sources that never looked at a subject, in this process
   * or an earlier one, are asked for what happened since `since` (epoch ms).
   */
  follow(run: string, subjects: readonly Subject[], since: number): Promise<void>;
  release(run: string): void;
  until<Result>(subject: Subject, judge: Judge<Result>, options: WaitOptions): Promise<Result>;
  /** News from elsewhere: of the engine itself. */
  add(reports: readonly Report[]): Promise<void>;
}

interface Followed {
  readonly subject: Subject;
  readonly runs: Set<string>;
  readonly since: number;
  reports: readonly Report[];
  readonly listeners: Set<Listener>;
}

interface Listener {
  news(): void;
  /** A source that covers the subject has been asked with success. */
  looked(): void;
}

interface SourceLoop {
  readonly source: Source;
  /** When each subject was last looked at with success, in this process or an earlier one. */
  readonly lookedAt: Map<string, number>;
  /** Those that were asked for at least once in this process. */
  readonly asked: Set<string>;
  /** Those about which it has answered at least once in this process. */
  readonly answered: Set<string>;
  failures: number;
  /** Why the last look failed; undefined when it did not. */
  failing: Fault | undefined;
  /** Ends the pause at once: there is somebody new to look for. */
  nudge: () => void;
}

/** A source that fails is asked less and less often, up to this many intervals apart. */
const SLOWEST = 8;

export function openWatch({ environment, sources, store, clock, log }: WatchOptions): Watch {
  const followed = new Map<string, Followed>();
  const closing = new AbortController();
  const loops: SourceLoop[] = sources.map((source) => ({
    source,
    lookedAt: new Map(),
    asked: new Set(),
    answered: new Set(),
    failures: 0,
    failing: undefined,
    nudge: () => {},
  }));
  const running = loops.map((loop) => turn(loop));

  function covered(source: Source): readonly Followed[] {
    return [...followed.values()].filter(({ subject }) => source.covers(subject));
  }

  async function turn(loop: SourceLoop): Promise<void> {
    while (!closing.signal.aborted) {
      const some = covered(loop.source);
      if (some.length > 0) await look(loop, some);
      await pause(loop, some.length > 0);
    }
  }

  async function look(loop: SourceLoop, some: readonly Followed[]): Promise<void> {
    const { source } = loop;
    const subjects = some.map(({ subject }) => subject);
    const at = clock.now();
    for (const subject of subjects) loop.asked.add(subjectId(subject));
    try {
      const reports = await source.look(subjects, oldest(loop, some), closing.signal);
      await add(reports);
      loop.failures = 0;
      loop.failing = undefined;
      for (const entry of some) {
        const id = subjectId(entry.subject);
        // Let go of while it was looked for: what was noted of it now nobody would ever strike out.
        if (followed.get(id) !== entry) continue;
        loop.lookedAt.set(id, at);
        loop.answered.add(id);
        for (const listener of entry.listeners) listener.looked();
      }
    } catch (error) {
      if (closing.signal.aborted) return;
      loop.failures += 1;
      loop.failing = asFault(error);
      // Shared by runs, but every line of the log belongs to one.
      for (const run_id of new Set(some.flatMap(({ runs }) => [...runs]))) {
        log.info({ run_id, source: source.name, err: loop.failing }, 'a look failed');
      }
    }
    // Our book of looks is no part of looking: where it cannot be written, the waits go on.
    await store
      .noteLooks(environment, source.name, subjects, at, loop.failing?.message)
      .catch((error: unknown) =>
        log.error({ source: source.name, err: error }, 'a look could not be written down'),
      );
  }

  /** A fault of our own for which a source that covers the subject has been blind: then nobody can be blamed for silence. */
  function blindness(subject: Subject): Fault | undefined {
    return loops.find(
      ({ source, failing }) =>
        failing !== undefined && outcomeOf(failing.kind) === 'errored' && source.covers(subject),
    )?.failing;
  }

  /** Whether every source has told what happened while nobody was here to listen. */
  function isCaughtUp(subject: Subject): boolean {
    const id = subjectId(subject);
    return loops.every(({ source, answered }) => !source.covers(subject) || answered.has(id));
  }

  /** Somebody has come whom this source was not asked about yet. */
  function hasNewcomer({ source, asked }: SourceLoop): boolean {
    return covered(source).some(({ subject }) => !asked.has(subjectId(subject)));
  }

  /** Until the next look is due; without anybody to look for, until somebody comes. */
  async function pause(loop: SourceLoop, busy: boolean): Promise<void> {
    const nudged = new AbortController();
    loop.nudge = () => nudged.abort();
    if (hasNewcomer(loop)) return;
    using stop = firstOf(closing.signal, nudged.signal);
    const ms = busy
      ? loop.source.intervalMs * Math.min(2 ** loop.failures, SLOWEST)
      : Number.MAX_SAFE_INTEGER;
    await clock.sleep(ms, stop.signal).catch(() => {});
  }

  async function add(reports: readonly Report[]): Promise<void> {
    const fresh = reports.filter((report) => {
      const known = followed.get(subjectId(report.subject))?.reports;
      return known === undefined || !known.some((other) => sameReport(other, report));
    });
    await store.addReports(environment, fresh);
    for (const [id, group] of Map.groupBy(fresh, ({ subject }) => subjectId(subject))) {
      const entry = followed.get(id);
      if (entry === undefined) continue;
      entry.reports = [...entry.reports, ...group];
      for (const listener of entry.listeners) listener.news();
    }
  }

  return {
    add,
    async follow(run, subjects, since) {
      for (const subject of subjects) {
        const id = subjectId(subject);
        const known = followed.get(id);
        if (known !== undefined) {
          known.runs.add(run);
          continue;
        }
        const reports = await store.reportsOf(environment, [subject]);
        const looks = await store.looksOf(environment, [subject]);
        // Another run may have begun to follow it while the store was asked.
        const there = followed.get(id);
        if (there !== undefined) {
          there.runs.add(run);
          continue;
        }
        followed.set(id, { subject, runs: new Set([run]), since, reports, listeners: new Set() });
        for (const { source, lookedAt } of loops) {
          const last = looks.find((look) => look.source === source.name)?.last_good;
          if (typeof last === 'number') lookedAt.set(id, last);
        }
      }
      for (const loop of loops) if (hasNewcomer(loop)) loop.nudge();
    },

    release(run) {
      for (const [id, { runs }] of followed) {
        runs.delete(run);
        if (runs.size > 0) continue;
        followed.delete(id);
        for (const { asked } of loops) asked.delete(id);
        for (const { answered } of loops) answered.delete(id);
        for (const { lookedAt } of loops) lookedAt.delete(id);
      }
    },

    until(subject, judge, { signal, holdMs, interrupted, heard, ranOut }) {
      const entry = followed.get(subjectId(subject));
      if (entry === undefined) throw new Error(`${subjectId(subject)} is not followed`);
      return new Promise((resolve, reject) => {
        let turning: Fault | undefined;
        let hold: Deadline | undefined;

        function end(act: () => void): void {
          hold?.[Symbol.dispose]();
          entry?.listeners.delete(listener);
          signal.removeEventListener('abort', onAbort);
          act();
        }
        /** A no that could still turn is more to say than that time ran out. */
        function onAbort(): void {
          const isOver = signal.reason instanceof Fault && signal.reason.kind === 'timeout';
          const unheard =
            interrupted === undefined || isCaughtUp(subject) ? undefined : interrupted.leftAlone;
          if (isOver) ranOut?.();
          end(() =>
            reject(isOver ? (turning ?? unheard ?? blindness(subject) ?? signal.reason) : signal.reason),
          );
        }
        const listener: Listener = {
          looked() {
            if (interrupted === undefined || clock.now() < interrupted.deadlineAt) return;
            if (!isCaughtUp(subject)) return;
            ranOut?.();
            end(() => reject(turning ?? interrupted.timedOut));
          },
          news() {
            const events = eventsOf(entry.reports).filter(inTime);
            heard?.(events);
            try {
              const answer = judge({ events, last: events.at(-1), beside });
              if (answer instanceof MayTurn) {
                turning = answer.fault;
                hold ??= held();
              } else {
                turning = undefined;
                hold?.[Symbol.dispose]();
                hold = undefined;
                if (answer !== undefined) end(() => resolve(answer));
              }
            } catch (error) {
              end(() => reject(error));
            }
          },
        };
        function beside(other: Subject): readonly Event[] {
          return eventsOf(followed.get(subjectId(other))?.reports ?? []).filter(inTime);
        }
        function inTime({ earliest, latest }: Event): boolean {
          return interrupted === undefined || (earliest ?? latest) <= interrupted.deadlineAt;
        }
        function held() {
          const deadline = clock.deadline(holdMs, () => new Error('held'));
          deadline.signal.addEventListener('abort', () => end(() => reject(turning)), { once: true });
          return deadline;
        }

        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        signal.addEventListener('abort', onAbort, { once: true });
        entry.listeners.add(listener);
        listener.news();
        // All may have been heard before this wait began.
        listener.looked();
      });
    },

    async [Symbol.asyncDispose]() {
      closing.abort(new Error('the watch is closed'));
      await Promise.all(running);
    },
  };
}

/** Since when this source has to be asked, so that nothing of any of them is missed. */
function oldest({ lookedAt }: SourceLoop, some: readonly Followed[]): number {
  return Math.min(...some.map(({ subject, since }) => lookedAt.get(subjectId(subject)) ?? since));
}

function sameReport(a: Report, b: Report): boolean {
  return a.fact === b.fact && a.source === b.source && a.message_id === b.message_id && a.latest === b.latest;
}
