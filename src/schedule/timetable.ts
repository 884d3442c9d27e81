import { isoOf } from '../core/civil.ts';
import type { Config } from '../core/config.ts';
import { type DueTimes, dueKey, dueTimes } from '../core/due-times.ts';
import { formatDuration } from '../core/duration.ts';
import type { Logger } from '../core/ports.ts';
import type { Due, Dues, NewDue } from '../core/schedule.ts';
import type { Site, SiteProbe } from '../core/site.ts';

/** Most due times of one probe that get a row when they are found to have passed. */
export const MOST_MISSED = 1000;

/** A due time that the loop comes to later than this has passed without it. Milliseconds of the host. */
const ON_TIME_MS = 60_000;

export const MISSED = 'nobody was there to start it: packprobe was down, or its clock was set';

interface Entry {
  readonly site: Site;
  readonly probe: SiteProbe;
  readonly times: DueTimes;
  /** The same text, the same due times. */
  readonly said: string;
  /** The last due time that has a row, as far as it is known. */
  last: number | undefined;
  /** Undefined until the store was asked. */
  next: number | undefined;
}

/** Which due times come, and which have passed. */
export interface Timetable {
  /** Takes over another configuration; due times of what is new or different begin now. */
  set(sites: readonly Site[], limits: Config['schedule']): void;
  /** Writes down every due time that has come, and gives those that may get a run. Where it throws, the next call writes them. */
  due(): Promise<readonly Due[]>;
  next(scope: string, probe: string): number | undefined;
  /** The first due time after a moment; undefined without a schedule. */
  following(scope: string, probe: string, after: number): number | undefined;
  /** The next due time of each environment that has one. */
  ahead(): readonly { readonly site: Site; readonly at: number }[];
}

export function openTimetable(dues: Dues, log: Logger): Timetable {
  let entries = new Map<string, Entry>();
  let catchUp: Config['schedule']['catch_up'] = 'one';
  const seen = new Map<string, number>();
  /** Nothing was asked of the store yet. */
  let isFirst = true;

  async function find(entry: Entry, now: number): Promise<number> {
    const { site, probe, times } = entry;
    const last = (await dues.lastScheduled(site.scope, probe.name))?.due_at;
    // One ahead is of a clock that was set back since: waiting for it to pass again could be for ever.
    if (last === undefined || last > now) return times.next(now);
    entry.last = last;
    return times.next(last, last);
  }

  /** What has come for one probe: the newest may get a run, those before it are only written down. */
  function passed({ site, times, last }: Entry, next: number, now: number) {
    const { times: all, isWhole } = times.between({ from: next - 1, to: now, limit: MOST_MISSED, last });
    const newest = all.at(-1) ?? next;
    const isLate = site.clock.toHost(now) - site.clock.toHost(newest) > ON_TIME_MS;
    const missed = isLate && catchUp === 'none' ? all : all.slice(0, -1);
    return { newest, missed, isWhole, claimed: missed.length < all.length };
  }

  async function writeMissed(entry: Entry, missed: readonly number[], isWhole: boolean) {
    if (missed.length === 0) return;
    const at = entry.site.clock.now();
    const [oldest, ...rest] = missed.map((time) => rowOf(entry, time));
    const note = isWhole
      ? MISSED
      : `${MISSED}; those before it, from ${isoOf(entry.next ?? at)} on, are too many for a row each`;
    if (oldest !== undefined) await dues.addSkipped([oldest], 'missed', note, at);
    if (rest.length > 0) await dues.addSkipped(rest, 'missed', MISSED, at);
    const { site, probe } = entry;
    log.warn(
      { environment: site.environment.name, probe: probe.name, count: missed.length },
      'due times were missed',
    );
  }

  return {
    set(sites, limits) {
      catchUp = limits.catch_up;
      const kept = entries;
      entries = new Map();
      for (const site of sites) {
        for (const probe of site.probes.values()) {
          if (probe.schedule === undefined) continue;
          const said = JSON.stringify([probe.schedule, limits.min_interval]);
          const id = idOf(site.scope, probe.name);
          const old = kept.get(id);
          if (old?.said === said) {
            entries.set(id, { ...old, site, probe });
            continue;
          }
          const key = dueKey(site.environment.name, probe.name);
          const times = dueTimes(probe.schedule, key, limits.min_interval);
          const last = old?.last;
          // At the start the store knows what was missed since.
          const next = isFirst ? undefined : times.next(site.clock.now(), last);
          entries.set(id, { site, probe, times, said, last, next });
          warnWhereSlowed(site, probe, limits.min_interval);
        }
      }
    },
    async due() {
      const found: { readonly entry: Entry; readonly newest: number; readonly claimed: boolean }[] = [];
      const nows = new Map<string, number>();
      for (const entry of entries.values()) {
        const { scope, clock } = entry.site;
        const now = nows.get(scope) ?? clock.now();
        nows.set(scope, now);
        if (entry.next === undefined) entry.next = await find(entry, now);
        // Rows that a clock finds again after it was set back are there already: nothing runs twice.
        else if (now < (seen.get(scope) ?? now)) entry.next = entry.times.next(now);
        if (entry.next > now) continue;
        const { newest, missed, isWhole, claimed } = passed(entry, entry.next, now);
        // Before the newest: whoever is killed in between finds them still to be written.
        await writeMissed(entry, missed, isWhole);
        found.push({ entry, newest, claimed });
      }
      const news = found.filter(({ claimed }) => claimed).map(({ entry, newest }) => rowOf(entry, newest));
      const rows = news.length === 0 ? [] : await dues.claim(news);
      for (const { entry, newest } of found) {
        entry.last = newest;
        entry.next = entry.times.next(nows.get(entry.site.scope) ?? newest, newest);
      }
      for (const [scope, now] of nows) seen.set(scope, now);
      isFirst = false;
      return rows;
    },
    next: (scope, probe) => entries.get(idOf(scope, probe))?.next,
    following(scope, probe, after) {
      return entries.get(idOf(scope, probe))?.times.next(after, after);
    },
    ahead() {
      const first = new Map<string, { site: Site; at: number }>();
      for (const { site, next } of entries.values()) {
        if (next !== undefined && next < (first.get(site.scope)?.at ?? Number.POSITIVE_INFINITY)) {
          first.set(site.scope, { site, at: next });
        }
      }
      return [...first.values()];
    },
  };

  function warnWhereSlowed(site: Site, { name, schedule }: SiteProbe, minIntervalMs: number): void {
    if (schedule === undefined) return;
    if (!isFasterThan(schedule, dueKey(site.environment.name, name), site.clock.now(), minIntervalMs)) return;
    log.warn(
      { environment: site.environment.name, probe: name, min_interval: formatDuration(minIntervalMs) },
      'a schedule is faster than schedule.min_interval and was slowed to it',
    );
  }
}

/** Looks at the next few: a line that is due too often is so soon. */
function isFasterThan(schedule: SiteProbe['schedule'] & object, key: string, at: number, ms: number) {
  if (schedule.every !== undefined) return schedule.every < ms;
  const times = dueTimes(schedule, key);
  let time = times.next(at);
  for (let count = 0; count < 20; count += 1) {
    const following = times.next(time);
    if (following - time < ms) return true;
    time = following;
  }
  return false;
}

function rowOf({ site, probe }: Entry, due_at: number): NewDue {
  return {
    scope: site.scope,
    environment: site.environment.name,
    probe: probe.name,
    due_at,
    cause: 'schedule',
  };
}

function idOf(scope: string, probe: string): string {
  return `${scope} ${probe}`;
}
