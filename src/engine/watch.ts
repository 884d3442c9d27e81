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
import { asFault, Fault } from '../core/fault.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { Store } from '../core/store.ts';

export interface WatchOptions {
  readonly environment: string;
  readonly sources: readonly Source[];
  readonly store: Pick<Store, 'addReports' | 'reportsOf' | 'noteLooks'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface WaitOptions {
  /** Aborts with the Fault that ends the wait: a limit that passed, or a cancellation. */
  readonly signal: AbortSignal;
  readonly holdMs: number;
  /** Told of all events whenever there is news. */
  readonly heard?: (events: readonly Event[]) => void;
}

/**
 * What all runs of one environment hear: follows their subjects through every source that covers them, one loop a source, keeps the reports, and lets
 * waits judge them. One for each environment and process.
 */
export interface Watch extends AsyncDisposable {
  /** Follows until the run lets go; news go to the store whether or not anybody waits. */
  follow(run: string, subjects: readonly Subject[]): Promise<void>;
  release(run: string): void;
  until<Result>(subject: Subject, judge: Judge<Result>, options: WaitOptions): Promise<Result>;
  /** News from elsewhere: of the engine itself. */
  add(reports: readonly Report[]): Promise<void>;
}

interface Followed {
  readonly subject: Subject;
  readonly runs: Set<string>;
  reports: readonly Report[];
  readonly listeners: Set<Listener>;
}

interface Listener {
  news(): void;
  fail(fault: Fault): void;
}

interface SourceLoop {
  readonly source: Source;
  /** When each subject was last looked at with success. */
  readonly lookedAt: Map<string, number>;
  failures: number;
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
    failures: 0,
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
    const { source, lookedAt } = loop;
    const subjects = some.map(({ subject }) => subject);
    const at = clock.now();
    try {
      const reports = await source.look(subjects, oldest(lookedAt, subjects), closing.signal);
      for (const subject of subjects) lookedAt.set(subjectId(subject), at);
      loop.failures = 0;
      await add(reports);
      await store.noteLooks(environment, source.name, subjects, at);
    } catch (error) {
      if (closing.signal.aborted) return;
      await failed(loop, some, asFault(error), at);
    }
  }

  /** A look that fails never ends a wait; only a fault of our own does, for it would not mend by looking again. */
  async function failed(
    loop: SourceLoop,
    some: readonly Followed[],
    fault: Fault,
    at: number,
  ): Promise<void> {
    loop.failures += 1;
    // Shared by runs, but every line of the log belongs to one.
    for (const run_id of new Set(some.flatMap(({ runs }) => [...runs]))) {
      log.info({ run_id, source: loop.source.name, err: fault }, 'a look failed');
    }
    if (fault.kind === 'prober') {
      for (const { listeners } of some) for (const listener of listeners) listener.fail(fault);
    }
    const subjects = some.map(({ subject }) => subject);
    await store
      .noteLooks(environment, loop.source.name, subjects, at, fault.message)
      .catch((error: unknown) => {
        log.error({ source: loop.source.name, err: error }, 'a failed look could not be written down');
      });
  }

  /** Until the next look is due; without anybody to look for, until somebody comes. */
  async function pause(loop: SourceLoop, busy: boolean): Promise<void> {
    const nudged = new AbortController();
    loop.nudge = () => nudged.abort();
    const signal = AbortSignal.any([closing.signal, nudged.signal]);
    // Somebody may have come while the look was under way.
    if (
      covered(loop.source).some(({ subject }) => !loop.lookedAt.has(subjectId(subject))) &&
      loop.failures === 0
    )
      return;
    if (busy) {
      const slower = Math.min(2 ** loop.failures, SLOWEST);
      await clock.sleep(loop.source.intervalMs * slower, signal).catch(() => {});
    } else if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
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
    async follow(run, subjects) {
      for (const subject of subjects) {
        const id = subjectId(subject);
        const entry = followed.get(id);
        if (entry !== undefined) {
          entry.runs.add(run);
          continue;
        }
        const reports = await store.reportsOf(environment, [subject]);
        // Another run may have begun to follow it while the store was asked.
        const there = followed.get(id);
        if (there === undefined)
          followed.set(id, { subject, runs: new Set([run]), reports, listeners: new Set() });
        else there.runs.add(run);
      }
      for (const loop of loops) {
        const isNew = subjects.some(
          (subject) => loop.source.covers(subject) && !loop.lookedAt.has(subjectId(subject)),
        );
        if (isNew) loop.nudge();
      }
    },

    release(run) {
      for (const [id, { runs }] of followed) {
        runs.delete(run);
        if (runs.size > 0) continue;
        followed.delete(id);
        for (const { lookedAt } of loops) lookedAt.delete(id);
      }
    },

    until(subject, judge, { signal, holdMs, heard }) {
      const entry = followed.get(subjectId(subject));
      if (entry === undefined) throw new Error(`${subjectId(subject)} is not followed`);
      return new Promise((resolve, reject) => {
        let turning: Fault | undefined;
        let hold: { readonly signal: AbortSignal; [Symbol.dispose](): void } | undefined;

        function end(act: () => void): void {
          hold?.[Symbol.dispose]();
          entry?.listeners.delete(listener);
          signal.removeEventListener('abort', onAbort);
          act();
        }
        /** A no that could still turn is more to say than that time ran out. */
        function onAbort(): void {
          const ranOut = signal.reason instanceof Fault && signal.reason.kind === 'timeout';
          end(() => reject(ranOut && turning !== undefined ? turning : signal.reason));
        }
        const listener: Listener = {
          fail: (fault) => end(() => reject(fault)),
          news() {
            const events = eventsOf(entry.reports);
            heard?.(events);
            try {
              const answer = judge({ events, last: events.at(-1) });
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
      });
    },

    async [Symbol.asyncDispose]() {
      closing.abort(new Error('the watch is closed'));
      await Promise.all(running);
    },
  };
}

function oldest(lookedAt: ReadonlyMap<string, number>, subjects: readonly Subject[]): number | undefined {
  let oldest: number | undefined;
  for (const subject of subjects) {
    const at = lookedAt.get(subjectId(subject));
    if (at === undefined) return undefined;
    oldest = oldest === undefined ? at : Math.min(oldest, at);
  }
  return oldest;
}

function sameReport(a: Report, b: Report): boolean {
  return a.fact === b.fact && a.source === b.source && a.message_id === b.message_id && a.latest === b.latest;
}
