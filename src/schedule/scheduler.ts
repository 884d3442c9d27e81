import type { Config } from '../core/config.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { Due, Dues, Period } from '../core/schedule.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import type { Charge } from '../core/system.ts';

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
  /** Called at once when a run is to start; must not throw. The row is decided by whoever stores the run. */
  readonly launch: (due: Due, site: Site, probe: SiteProbe) => Launch;
  /** The strictest period that concerns a run there at that moment (of the environment's clock); see `openCalendar`. */
  readonly periodAt: (site: Site, systems: readonly Charge[], at: number) => Period | undefined;
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

/** @see Scheduler */
export declare function openScheduler(options: SchedulerOptions): Scheduler;
