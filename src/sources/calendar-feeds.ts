import { readStatusPage, STATUS_FILES } from '../clients/status-page.ts';
import { httpDate } from '../clients/timestamps.ts';
import { type Dropped, horizonOf, periodsOfFeed, type Reading } from '../core/calendar.ts';
import type { CalendarFeed, Config } from '../core/config.ts';
import type { Clock, Http, Logger } from '../core/ports.ts';
import type { Period } from '../core/schedule.ts';

/** Limit of one request. Milliseconds of the host. */
const LIMIT_MS = 30_000;

/** Dropped entries that are kept to be shown. */
const MOST_DROPPED = 20;

/** What is known of a feed. Times: epoch ms of the host. */
export interface FeedState {
  readonly name: string;
  readonly url: string;
  /** The last look, good or bad; null before the first. */
  readonly looked_at: number | null;
  /** The last look that could read it: what is known is as old as that. */
  readonly read_at: number | null;
  /** When its server says that it was changed: a page that is not made anew stays readable for ever. */
  readonly changed_at: number | null;
  /** Why the last look could not read it. */
  readonly error: string | null;
  readonly periods: number;
  /** Entries of the last good look that made no sense. */
  readonly dropped: readonly Dropped[];
}

/** Calendars and status pages of others. None of them can hold anything up: what cannot be read leaves what was known. */
export interface CalendarFeeds {
  /** Looks at each feed now and every `poll`, until the signal aborts; then resolves. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks at all of them once. Never throws but for the signal. */
  look(signal: AbortSignal): Promise<void>;
  periods(): readonly Period[];
  states(): readonly FeedState[];
}

export interface CalendarFeedsOptions {
  readonly calendar: Pick<Config['calendar'], 'feeds' | 'kinds'>;
  readonly http: Http;
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
  /** Those of the configuration before: what they know of feeds that stay is not forgotten. */
  readonly before?: CalendarFeeds;
}

interface Known extends Pick<FeedState, 'looked_at' | 'read_at' | 'changed_at' | 'error'> {
  readonly periods: readonly Period[];
  readonly dropped: readonly Dropped[];
}

const NOTHING: Known = {
  looked_at: null,
  read_at: null,
  changed_at: null,
  error: null,
  periods: [],
  dropped: [],
};

/** @see CalendarFeeds */
export function openCalendarFeeds(options: CalendarFeedsOptions): CalendarFeeds {
  const { calendar, http, clock, log, before } = options;
  const feeds = Object.entries(calendar.feeds);
  const known = new Map<string, Known>(feeds.map(([name, feed]) => [name, kept(name, feed, before)]));

  async function look(name: string, feed: CalendarFeed, signal: AbortSignal): Promise<void> {
    const old = known.get(name) ?? NOTHING;
    const now = clock.now();
    try {
      const { reading, changed_at } = await read(feed, http, now, signal);
      const { periods, dropped } = periodsOfFeed(name, feed, {
        told: reading.told,
        kinds: calendar.kinds,
        now,
      });
      const all = [...reading.dropped, ...dropped];
      known.set(name, {
        looked_at: now,
        read_at: now,
        changed_at,
        error: null,
        periods,
        dropped: all.slice(0, MOST_DROPPED),
      });
      // Said once, not at every look.
      const said = new Set(old.dropped.map(sentenceOf));
      for (const each of all.slice(0, MOST_DROPPED)) {
        if (!said.has(sentenceOf(each)))
          log.warn({ feed: name, ...each }, 'an entry of a calendar was left out');
      }
      if (old.error !== null) log.info({ feed: name }, 'a calendar can be read again');
    } catch (err) {
      signal.throwIfAborted();
      const error = err instanceof Error ? err.message : String(err);
      known.set(name, { ...old, looked_at: now, error });
      if (old.error !== error)
        log.warn({ feed: name, err }, 'a calendar could not be read: what was known stays');
    }
  }

  return {
    async run(signal) {
      const loops = feeds.map(async ([name, feed]) => {
        while (!signal.aborted) {
          await look(name, feed, signal);
          await clock.sleep(feed.poll, signal);
        }
      });
      // All of them end by the signal alone.
      await Promise.allSettled(loops);
    },
    async look(signal) {
      await Promise.all(feeds.map(([name, feed]) => look(name, feed, signal)));
    },
    periods: () => [...known.values()].flatMap(({ periods }) => periods),
    states: () =>
      feeds.map(([name, { url }]) => {
        const { periods, ...state } = known.get(name) ?? NOTHING;
        return { name, url, ...state, periods: periods.length };
      }),
  };
}

/** Of a feed that is still looked at in the same place. Its treatment may differ: the next look says it anew. */
function kept(name: string, { url }: CalendarFeed, before: CalendarFeeds | undefined): Known {
  const state = before?.states().find((each) => each.name === name && each.url === url);
  if (before === undefined || state === undefined) return NOTHING;
  return { ...state, periods: before.periods().filter(({ source }) => source === name) };
}

async function read(
  feed: CalendarFeed,
  http: Http,
  now: number,
  signal: AbortSignal,
): Promise<{ readonly reading: Reading; readonly changed_at: number | null }> {
  if (feed.kind === 'icalendar') {
    // Only who has such a feed pays for its reader.
    const { readICalendar } = await import('../clients/icalendar.ts');
    const { body, changed_at } = await get(feed.url, http, signal);
    return { reading: readICalendar(body, horizonOf(now)), changed_at };
  }
  const urls = feed.url.endsWith('.json')
    ? [feed.url]
    : STATUS_FILES.map((file) => `${feed.url.replace(/\/+$/, '')}/${file}`);
  const pages = await Promise.all(urls.map((url) => get(url, http, signal)));
  const readings = pages.map(({ body }) => readStatusPage(body));
  // Between two requests an outage can be moved from one file to the next, and stand in both.
  const told = new Map(readings.flatMap((reading) => reading.told.map((each) => [each.id, each])));
  const stamps = pages.map(({ changed_at }) => changed_at).filter((at) => at !== null);
  return {
    reading: { told: [...told.values()], dropped: readings.flatMap(({ dropped }) => dropped) },
    changed_at: stamps.length === 0 ? null : Math.max(...stamps),
  };
}

async function get(url: string, http: Http, signal: AbortSignal) {
  const { status, headers, body } = await http({ url, limitMs: LIMIT_MS }, signal);
  if (status !== 200) throw new Error(`${url} answered HTTP ${status}`);
  return { body, changed_at: httpDate(headers['last-modified']) };
}

function sentenceOf({ what, why }: Dropped): string {
  return `${what}: ${why}`;
}
