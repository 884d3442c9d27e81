import type { Config } from '../core/config.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { Due, Dues, Period } from '../core/schedule.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import type { Charge } from '../core/system.ts';
import { type Nap, openAlarm } from './alarm.ts';
import { openQueue } from './queue.ts';
import { openTimetable } from './timetable.ts';

/** A run on its way. */
export interface Launch {
  /**
   * Resolves when the run is in the store. Rejects where there is none: with the Fault `PACKAGE_HELD` it is tried again later, with `DUE_DECIDED`
   * never, with anything else it is said and tried again later. `ended` is not looked at then.
   */
  readonly started: Promise<void>;
  /** Settles when the run holds its place no more: it has ended, and nothing of it is in the way of the next run on its package. */
  readonly ended: Promise<void>;
}

/** A run that holds a place, whoever started it. */
export interface Place {
  readonly scope: string;
  readonly probe: string;
  readonly package: string;
  readonly systems: readonly Charge[];
  /** Undefined for a run of an earlier process. */
  readonly due: Due | undefined;
  /** Epoch ms of the host. */
  readonly since: number;
}

export interface SchedulerOptions {
  readonly sites: readonly Site[];
  readonly limits: Config['schedule'];
  readonly dues: Dues;
  readonly hostClock: Clock;
  readonly log: Logger;
  /** Called at once when a run is to start; must not wait. The row is decided by whoever stores the run. */
  readonly launch: (due: Due, site: Site, probe: SiteProbe) => Launch;
  /** The strictest period that concerns a run there at that moment (of the environment's clock); see `openCalendar`. */
  readonly periodAt: (site: Site, systems: readonly Charge[], at: number) => Period | undefined;
  /** Whether it is still for this process to act; asked before each round. @defaultValue always */
  readonly mayAct?: () => Promise<boolean>;
  /** How long after its due time a run was in the store, for each of cause `schedule`. Seconds of the host. */
  readonly late?: (environment: string, seconds: number) => void;
}

/** The last time that the loop came round with all that it had to do done. */
export interface Tick {
  /** Epoch ms of the host. */
  readonly at: number;
  /** On the host's monotonic clock: a wall clock that is set does not change its age. */
  readonly monotonic: number;
}

/**
 * Decides when which probe runs. It starts nothing itself and never throws for what it works with: a database that fails leaves the tick standing,
 * is said, and asked again.
 */
export interface Scheduler {
  /** Runs until the signal aborts, then resolves; runs under way are left alone. */
  run(signal: AbortSignal): Promise<void>;
  /** Another configuration from now on. Waiting rows of probes that it has not are skipped as `missed`. */
  reload(sites: readonly Site[], limits: Config['schedule']): void;
  /** Something changed in the database: rows that wait, pauses. It looks at once instead of within 10 s. */
  nudge(): void;
  /** A run that it did not start holds a place until `ended` settles: one that is gone on with after a restart. */
  occupy(place: Omit<Place, 'due' | 'since'>, ended: Promise<void>): void;
  /** Nothing is started or written down any more: due times from now on are left to the next process. */
  stopStarting(): void;
  /** Who holds a place, those on their way into the store included. */
  active(): readonly Place[];
  /** Its next due time, epoch ms of the environment's clock; undefined without a schedule or before the first round. */
  next(scope: string, probe: string): number | undefined;
  /** Undefined before the first round. */
  tick(): Tick | undefined;
}

/** Longest sleep: a clock may be set, and the database may have news that nobody told. Milliseconds of the host. */
const LONGEST_SLEEP_MS = 10_000;

/** Pause after a round that failed. Milliseconds of the host. */
const FIRST_PAUSE_MS = 1000;

/** @see Scheduler */
export function openScheduler(options: SchedulerOptions): Scheduler {
  const { dues, hostClock, log } = options;
  const alarm = openAlarm();
  const timetable = openTimetable(dues, log);
  const queue = openQueue({ ...options, timetable, wake: () => alarm.ring() });
  let stopped = false;
  let tick: Tick | undefined;
  let readAt: number | undefined;

  function set(sites: readonly Site[], limits: Config['schedule']): void {
    timetable.set(sites, limits);
    queue.set(sites, limits);
    readAt = undefined;
    alarm.ring();
  }

  async function round(): Promise<void> {
    if (!stopped && ((await options.mayAct?.()) ?? true)) {
      const now = hostClock.monotonic();
      if (readAt === undefined || now - readAt >= LONGEST_SLEEP_MS) {
        // Before reading: what is added meanwhile asks for another look.
        readAt = now;
        await queue.read();
      }
      queue.add(await timetable.due());
      await queue.work(() => stopped);
    }
    tick = { at: hostClock.now(), monotonic: hostClock.monotonic() };
  }

  function naps(): readonly Nap[] {
    const times = stopped ? [] : timetable.ahead();
    return [
      { clock: hostClock, ms: LONGEST_SLEEP_MS },
      ...times.map(({ site, at }) => ({ clock: site.clock, ms: Math.max(0, at - site.clock.now()) })),
    ];
  }

  set(options.sites, options.limits);
  return {
    async run(signal) {
      let pauseMs = FIRST_PAUSE_MS;
      while (!signal.aborted) {
        try {
          await round();
          pauseMs = FIRST_PAUSE_MS;
        } catch (err) {
          readAt = undefined;
          log.error({ err, pause_ms: pauseMs }, 'the schedule could not be kept');
          await hostClock.sleep(pauseMs, signal).catch(() => {});
          pauseMs = Math.min(pauseMs * 2, LONGEST_SLEEP_MS);
          continue;
        }
        await alarm.sleep(naps(), signal);
      }
    },
    reload: set,
    nudge() {
      readAt = undefined;
      alarm.ring();
    },
    occupy: queue.occupy,
    stopStarting() {
      stopped = true;
    },
    active: queue.active,
    next: timetable.next,
    tick: () => tick,
  };
}
