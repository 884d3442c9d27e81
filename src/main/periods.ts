import { leftOutBy, periodsOfConfig } from '../core/calendar.ts';
import type { Config } from '../core/config.ts';
import { formatDuration } from '../core/duration.ts';
import type { Clock, Http, Logger } from '../core/ports.ts';
import type { LeftOut, Period } from '../core/schedule.ts';
import type { Check, Site } from '../core/site.ts';
import type { Charge } from '../core/system.ts';
import { type Calendar, openCalendar } from '../schedule/calendar.ts';
import type { Loop } from '../service/service.ts';
import { type CalendarFeeds, type FeedState, openCalendarFeeds } from '../sources/calendar-feeds.ts';

export interface PeriodsOptions {
  config(): Config;
  readonly http: Http;
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
}

/** Outages, freezes and the like, of the configuration and of feeds; both change with the configuration. */
export interface Periods {
  readonly at: Calendar['at'];
  leftOut(site: Site, systems: readonly Charge[], from: number, to: number): LeftOut | null;
  /** All that is known, in the time of the environment. */
  all(site: Pick<Site, 'clock'>): readonly Period[];
  /** How old what each feed tells is. They hold nothing up, so that none of them is bad: each says how it is. */
  checks(): readonly Check[];
  /** Looks at the feeds. */
  readonly loop: Loop;
  /** Goes on with the feeds of the configuration as it is now. */
  exchange(): void;
}

export function openPeriods({ config, http, clock, log }: PeriodsOptions): Periods {
  const open = (before?: CalendarFeeds) =>
    openCalendarFeeds({ calendar: config().calendar, http, clock, log, ...(before && { before }) });
  let feeds = open();
  let exchanged = new AbortController();
  const ofConfig = () => periodsOfConfig(config().calendar);
  const calendar = openCalendar(ofConfig, () => feeds.periods());

  return {
    at: calendar.at,
    leftOut: (site, systems, from, to) => leftOutBy(calendar.over(site, systems, from, to)),
    all: ({ clock: its }) => [
      ...ofConfig(),
      ...feeds
        .periods()
        .map((period) => ({ ...period, from: its.fromHost(period.from), to: its.fromHost(period.to) })),
    ],
    checks: () => feeds.states().map((state) => checkOf(state, clock.now())),
    loop: {
      name: 'calendar feeds',
      component: 'scheduler',
      async run(signal) {
        while (!signal.aborted) {
          exchanged = new AbortController();
          const until = AbortSignal.any([signal, exchanged.signal]);
          feeds = open(feeds);
          await feeds.run(until);
          await clock.sleep(Number.MAX_SAFE_INTEGER, until).catch(() => {});
        }
      },
    },
    exchange: () => exchanged.abort(),
  };
}

function checkOf({ name, read_at, changed_at, error, dropped }: FeedState, now: number): Check {
  const ago = (at: number) => `${formatDuration(Math.max(0, now - at))} ago`;
  const said = [
    read_at === null ? 'was not read yet' : 'is read',
    ...(changed_at === null ? [] : [`changed ${ago(changed_at)}`]),
    ...(error === null ? [] : [`cannot be read now: ${error}`]),
    ...(dropped.length === 0 ? [] : [`${dropped.length} of its entries make no sense`]),
  ];
  const age_ms = read_at === null ? null : Math.max(0, now - read_at);
  return { name: `calendar/${name}`, ok: true, text: said.join(', '), age_ms };
}
