import { epochOf, isoOf } from './civil.ts';
import type { CalendarFeed, Config } from './config.ts';
import { formatDuration } from './duration.ts';
import type { LeftOut, Period, Treatment } from './schedule.ts';
import type { Charge, System } from './system.ts';

const DAY_MS = 86_400_000;

/** Nobody announces more than that at once: what says so is a slip of the pen, and would keep probes still for weeks. */
const LONGEST_MS = 30 * DAY_MS;

/** Further ahead lie only wrong years. */
const FURTHEST_MS = 400 * DAY_MS;

/** Longer ago than any run that still asks for it. */
const KEPT_MS = 14 * DAY_MS;

/** An outage without an end is believed so long: those who have it behind them often forget to say so. */
const OPEN_MS = DAY_MS;

/** The part of a feed that is worth reading at `now`. Epoch ms. */
export function horizonOf(now: number): { readonly from: number; readonly to: number } {
  return { from: now - KEPT_MS, to: now + FURTHEST_MS };
}

/** What a feed tells of one period, before anybody has judged it. Epoch ms. */
export interface Told {
  readonly id: string;
  readonly from: number;
  /** Undefined: no end is known. */
  readonly to: number | undefined;
  readonly note: string;
  readonly link: string | null;
  /** Empty: it does not say. */
  readonly systems: readonly System[];
}

/** An entry of a feed that was left out. */
export interface Dropped {
  readonly what: string;
  readonly why: string;
}

/** What could be made of a feed: each of its entries is read by itself. */
export interface Reading {
  readonly told: readonly Told[];
  readonly dropped: readonly Dropped[];
}

/** The periods that the configuration knows beforehand. */
export function periodsOfConfig({ entries, kinds }: Config['calendar']): readonly Period[] {
  return entries.map(({ kind, from, to, runs, note, link, environments, systems }, index) => ({
    id: `${index}`,
    kind,
    from: epochOfInstant(from),
    to: epochOfInstant(to),
    treatment: runs ?? kinds[kind],
    environments: environments ?? [],
    systems: systems ?? [],
    note: note ?? kind.replace('_', ' '),
    link: link ?? null,
    source: 'config',
  }));
}

/** The periods of a feed: what is long over is left out in silence, what makes no sense is dropped and told. */
export function periodsOfFeed(
  name: string,
  feed: CalendarFeed,
  {
    told,
    kinds,
    now,
  }: { readonly told: readonly Told[]; readonly kinds: Config['calendar']['kinds']; readonly now: number },
): { readonly periods: readonly Period[]; readonly dropped: readonly Dropped[] } {
  const kind = feed.kind === 'icalendar' ? feed.periods : 'outage';
  const horizon = horizonOf(now);
  const periods: Period[] = [];
  const dropped: Dropped[] = [];
  for (const entry of told) {
    const to = entry.to ?? entry.from + OPEN_MS;
    if (Math.max(entry.from, to) < horizon.from) continue;
    const why = nonsense(entry.from, to, horizon.to);
    if (why !== undefined) {
      dropped.push({ what: entry.note, why });
      continue;
    }
    periods.push({
      id: entry.id,
      kind,
      from: entry.from,
      to,
      treatment: feed.runs ?? kinds[kind],
      environments: feed.environments ?? [],
      systems: feed.systems ?? entry.systems,
      note: entry.note,
      link: entry.link,
      source: name,
    });
  }
  return { periods, dropped };
}

function nonsense(from: number, to: number, furthest: number): string | undefined {
  if (to < from) return `it ends ${isoOf(to)}, before it begins ${isoOf(from)}`;
  if (to === from) return `it ends as it begins, ${isoOf(from)}`;
  if (to - from > LONGEST_MS)
    return `it lasts ${formatDuration(to - from)}, from ${isoOf(from)} to ${isoOf(to)}`;
  if (from > furthest) return `it begins ${isoOf(from)}, more than a year ahead`;
  return undefined;
}

/** Whom a run concerns, and when. Epoch ms of the clock of the periods. */
export interface Concern {
  readonly environment: string;
  readonly systems: readonly Charge[];
  readonly from: number;
  /** The same as `from`: at that moment. */
  readonly to: number;
}

const STRICTEST: readonly Treatment[] = ['skip', 'leave_out', 'count'];

/** The strictest first; of two that weigh the same the one that began first. */
export function byWeight(one: Period, other: Period): number {
  const weight = ({ treatment }: Period) => STRICTEST.indexOf(treatment);
  return weight(one) - weight(other) || one.from - other.from;
}

/** The first by weight of those that touch a run. */
export function strictest(
  periods: readonly Period[],
  { environment, systems, from, to }: Concern,
): Period | undefined {
  return periods
    .filter(
      (period) =>
        period.from <= to &&
        from < period.to &&
        (period.environments.length === 0 || period.environments.includes(environment)) &&
        (period.systems.length === 0 ||
          period.systems.some((name) => systems.some((system) => system === name))),
    )
    .sort(byWeight)[0];
}

/** What is stored beside a run that lay in this period; null where it counts. A run in a period of `skip` was asked for, or begun before. */
export function leftOutBy(period: Period | undefined): LeftOut | null {
  if (period === undefined || period.treatment === 'count') return null;
  const { kind, note, link, source } = period;
  return { kind, note, link, source };
}

/** Of a text that `instant` takes. */
function epochOfInstant(text: string): number {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = (text.match(/\d+/g) ?? []).map(
    Number,
  );
  return epochOf({ year, month, day, hour, minute, second });
}
