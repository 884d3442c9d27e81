import type { Config } from '../core/config.ts';
import { asFault } from '../core/fault.ts';
import { isoTime } from '../core/iso-time.ts';
import type { Due, Pause, SkipReason } from '../core/schedule.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import { dailyLack } from './daily-limits.ts';
import { openPlaces } from './places.ts';
import type { Launch, Place, Scheduler, SchedulerOptions } from './scheduler.ts';
import { MISSED, type Timetable } from './timetable.ts';

/** How long something that was asked for waits for a place, where the probe's interval is not longer. Milliseconds. */
const PATIENCE_MS = 3_600_000;

/** Pause before a run that could not be started is tried again. Milliseconds of the host. */
const AGAIN_MS = 10_000;

interface Waiting {
  readonly due: Due;
  /** It was there before this process knew of it. */
  isNew: boolean;
  /** It stands behind a run of its own probe, as `overlap: queue` has it. */
  isQueued: boolean;
  /** It is on its way into the store. */
  isStarting: boolean;
  /** Somebody else was found to hold its package. */
  isHeld: boolean;
  /** On the host's monotonic clock: not before then. */
  notBefore: number;
  /** What it last waited for. */
  lack: string | undefined;
}

/** The due times that wait for a run, and what becomes of them. */
export interface Queue extends Pick<Scheduler, 'occupy' | 'active'> {
  set(sites: readonly Site[], limits: Config['schedule']): void;
  /** Looks into the database for what others have added, decided or paused. */
  read(): Promise<void>;
  add(dues: readonly Due[]): void;
  /** Decides whatever can be decided now: started, skipped, or left waiting. */
  work(isStopped: () => boolean): Promise<void>;
}

export interface QueueOptions extends Omit<SchedulerOptions, 'sites' | 'limits'> {
  readonly timetable: Pick<Timetable, 'following'>;
  /** Called when a place has become free. */
  readonly wake: () => void;
}

export function openQueue(options: QueueOptions): Queue {
  const { dues, hostClock, log, timetable, periodAt } = options;
  let sites = new Map<string, Site>();
  let limits: Config['schedule'];
  let waiting = new Map<number, Waiting>();
  let pauses: readonly Pause[] = [];
  /** Packages that somebody else holds, as the store has said, and until when it is believed: each question is a write. */
  const held = new Map<string, number>();
  const places = openPlaces(() => limits);

  function enter(due: Due, isNew: boolean): Waiting {
    return { due, isNew, isQueued: false, isStarting: false, isHeld: false, notBefore: 0, lack: undefined };
  }

  async function skip(item: Waiting, reason: SkipReason, note: string | null): Promise<void> {
    const { due_id, scope, environment, probe, due_at, cause } = item.due;
    await dues.skip(due_id, reason, note, (sites.get(scope)?.clock ?? hostClock).now());
    waiting.delete(due_id);
    const due = isoTime(due_at);
    log.info({ environment, probe, due_at: due, cause, reason, note }, 'a due time gets no run');
  }

  /** A place is free: of interest only where somebody waits for one. */
  function tellFree(): void {
    if (waiting.size > 0) options.wake();
  }

  /** In the order of their due times, which clocks of different environments tell differently. */
  function inOrder(): readonly Waiting[] {
    const hostTime = ({ due }: Waiting) => sites.get(due.scope)?.clock.toHost(due.due_at) ?? 0;
    return [...waiting.values()]
      .map((item) => ({ item, at: hostTime(item) }))
      .sort((one, other) => one.at - other.at || one.item.due.due_id - other.item.due.due_id)
      .map(({ item }) => item);
  }

  /** When it is too late for it. */
  function endOf({ scope, probe, due_at, cause }: Due, { intervalMs }: SiteProbe): number {
    const following = cause === 'schedule' ? timetable.following(scope, probe, due_at) : undefined;
    return following ?? due_at + Math.max(intervalMs ?? 0, PATIENCE_MS);
  }

  function pauseOf({ environment, probe }: Due): Pause | undefined {
    const now = hostClock.now();
    return pauses.find(
      (pause) =>
        pause.environment === environment &&
        (pause.probe === null || pause.probe === probe) &&
        pause.from <= now &&
        (pause.until === null || pause.until > now),
    );
  }

  /** Why it gets no run whatever place there is; operators mean what they ask for. */
  function refusal(due: Due, site: Site, probe: SiteProbe): readonly [SkipReason, string] | undefined {
    if (due.cause === 'request') return undefined;
    const pause = pauseOf(due);
    if (pause !== undefined) return ['paused', `${pause.reason} (${pause.by})`];
    const period = periodAt(site, probe.systems, site.clock.now());
    if (period?.treatment !== 'skip') return undefined;
    return [period.kind === 'outage' ? 'outage' : 'maintenance', `${period.note} (${period.source})`];
  }

  async function nameOf({ probe, due }: Place): Promise<string> {
    const run = due === undefined ? undefined : (await dues.find(due.due_id))?.run_id;
    return run === undefined || run === null ? `a run of ${probe} still went` : `run ${run} still went`;
  }

  /** A due time of the schedule meets the run before it. True where that settles it for now. */
  async function meetsItself(item: Waiting, probe: SiteProbe, before: ReadonlySet<string>): Promise<boolean> {
    if (item.due.cause !== 'schedule') return false;
    const { scope, probe: name } = item.due;
    const place = places.ofProbe(scope, name);
    if (place === undefined) return false;
    if (probe.schedule?.overlap !== 'queue') {
      await skip(item, 'overlap', await nameOf(place));
    } else if (before.has(`${scope} ${name}`)) {
      await skip(item, 'overlap', `${await nameOf(place)}, and one waited behind it`);
    } else {
      item.isQueued = true;
    }
    return true;
  }

  async function decide(item: Waiting, before: Set<string>): Promise<void> {
    const { due } = item;
    const site = sites.get(due.scope);
    const probe = site?.probes.get(due.probe);
    if (site === undefined || probe === undefined) {
      await skip(item, 'missed', `the configuration has no probe ${due.probe} in ${due.environment}`);
      return;
    }
    const refused = refusal(due, site, probe);
    if (refused !== undefined) {
      await skip(item, ...refused);
      return;
    }
    const isOver = site.clock.now() >= endOf(due, probe);
    if (item.isNew && isOver) {
      await skip(item, 'missed', MISSED);
      return;
    }
    item.isNew = false;
    if (await meetsItself(item, probe, before)) {
      if (waiting.has(due.due_id)) before.add(`${due.scope} ${due.probe}`);
      return;
    }
    const isTooLate = isOver && !item.isQueued;
    item.lack = isTooLate ? item.lack : lackOf(item, site, probe);
    if (isTooLate || (isOver && item.lack !== undefined)) {
      await skip(item, 'load', item.lack ?? 'its next due time came first');
      return;
    }
    if (item.lack !== undefined) return;
    const daily = await dailyLack(dues, site, probe, places.all());
    if (daily !== undefined) {
      await skip(item, 'load', daily);
      return;
    }
    start(item, site, probe);
  }

  function lackOf({ due, notBefore, lack }: Waiting, site: Site, probe: SiteProbe): string | undefined {
    if (hostClock.monotonic() < notBefore) return lack;
    if ((held.get(packageOf(due, probe)) ?? 0) > hostClock.monotonic()) {
      return `another run holds package ${probe.package}`;
    }
    return places.lack(site, probe);
  }

  function start(item: Waiting, site: Site, probe: SiteProbe): void {
    const { due } = item;
    const { name, systems } = probe;
    const place: Place = {
      scope: site.scope,
      probe: name,
      package: probe.package,
      systems,
      due,
      since: hostClock.now(),
    };
    item.isStarting = true;
    places.take(place);
    const { started, ended } = launched(due, site, probe);
    const leave = () => {
      places.leave(place);
      tellFree();
    };
    // Nobody else may be there yet who looks at it.
    ended.catch(() => {});
    started.then(
      () => {
        waiting.delete(due.due_id);
        if (due.cause === 'schedule') {
          const seconds = (hostClock.now() - site.clock.toHost(due.due_at)) / 1000;
          options.late?.(due.environment, Math.max(0, seconds));
        }
        ended.then(leave, (err) => {
          log.error({ err, environment: due.environment, probe: name }, 'a run ended with an error of ours');
          leave();
        });
      },
      (thrown) => {
        item.isStarting = false;
        notStarted(item, probe, thrown);
        leave();
      },
    );
  }

  /** A place must come back whatever happens. */
  function launched(due: Due, site: Site, probe: SiteProbe): Launch {
    try {
      return options.launch(due, site, probe);
    } catch (thrown) {
      return { started: Promise.reject(thrown), ended: Promise.resolve() };
    }
  }

  function notStarted(item: Waiting, probe: SiteProbe, thrown: unknown): void {
    const { due } = item;
    const fault = asFault(thrown);
    const fields = { environment: due.environment, probe: due.probe, due_at: isoTime(due.due_at) };
    if (fault.code === 'DUE_DECIDED') {
      waiting.delete(due.due_id);
      log.info(fields, 'somebody else has decided a due time');
    } else if (fault.code === 'PACKAGE_HELD') {
      held.set(packageOf(due, probe), hostClock.monotonic() + AGAIN_MS);
      if (!item.isHeld) log.info({ ...fields, package: probe.package }, 'a run waits for its package');
      item.isHeld = true;
      item.lack = fault.message;
    } else {
      item.notBefore = hostClock.monotonic() + AGAIN_MS;
      item.lack = fault.message;
      log.error({ ...fields, err: thrown }, 'a run could not be started');
    }
  }

  return {
    set(all, limitsNow) {
      sites = new Map(all.map((site) => [site.scope, site]));
      limits = limitsNow;
    },
    async read() {
      const [rows, now] = [await dues.waiting(), await dues.pauses()];
      pauses = now;
      const known = waiting;
      waiting = new Map(rows.map((due) => [due.due_id, known.get(due.due_id) ?? enter(due, true)]));
      // One on its way into the store waits no more there, and is still ours to look after.
      for (const item of known.values()) if (item.isStarting) waiting.set(item.due.due_id, item);
    },
    add(news) {
      for (const due of news) if (!waiting.has(due.due_id)) waiting.set(due.due_id, enter(due, false));
    },
    async work(isStopped) {
      const before = new Set<string>();
      for (const item of inOrder()) {
        if (isStopped()) return;
        if (!item.isStarting && waiting.has(item.due.due_id)) await decide(item, before);
      }
    },
    occupy(place, ended) {
      const taken: Place = { ...place, due: undefined, since: hostClock.now() };
      places.take(taken);
      const leave = () => {
        places.leave(taken);
        tellFree();
      };
      ended.then(leave, leave);
    },
    active: () => places.all(),
  };
}

function packageOf({ scope }: Due, probe: SiteProbe): string {
  return `${scope} ${probe.package}`;
}
