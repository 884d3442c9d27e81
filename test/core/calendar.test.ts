import { describe, expect, test } from 'vitest';
import { leftOutBy, periodsOfConfig, periodsOfFeed, strictest, type Told } from '../../src/core/calendar.ts';
import { type CalendarFeed, configSchema } from '../../src/core/config.ts';
import type { Period } from '../../src/core/schedule.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const feed = (more: Partial<CalendarFeed> = {}) =>
  ({ kind: 'status_page', url: 'https://status.example', poll: 600_000, ...more }) as CalendarFeed;
const { kinds } = configSchema.parse({}).calendar;

const told = (more: Partial<Told>): Told => ({
  id: 'x',
  from: NOW,
  to: NOW + HOUR,
  note: 'racks move',
  link: null,
  systems: [],
  ...more,
});

const period = (more: Partial<Period>): Period => ({
  id: 'x',
  kind: 'outage',
  from: NOW,
  to: NOW + HOUR,
  treatment: 'leave_out',
  environments: [],
  systems: [],
  note: 'racks move',
  link: null,
  source: 'config',
  ...more,
});

test('entries of the configuration take the treatment of their kind, unless they have one', () => {
  const { calendar } = configSchema.parse({
    calendar: {
      kinds: { freeze: 'leave_out' },
      entries: [
        { kind: 'freeze', from: '2026-12-01T08:00Z', to: '2026-12-01T08:00:30Z'.replace(':00:30', ':01') },
        {
          kind: 'mass_rebuild',
          from: '2026-12-01T08:00:30Z',
          to: '2026-12-02T08:00Z',
          runs: 'skip',
          systems: ['koji'],
        },
      ],
    },
  });
  expect(periodsOfConfig(calendar)).toEqual([
    period({
      id: '0',
      kind: 'freeze',
      from: Date.UTC(2026, 11, 1, 8),
      to: Date.UTC(2026, 11, 1, 8, 1),
      note: 'freeze',
    }),
    period({
      id: '1',
      kind: 'mass_rebuild',
      from: Date.UTC(2026, 11, 1, 8, 0, 30),
      to: Date.UTC(2026, 11, 2, 8),
      treatment: 'skip',
      systems: ['koji'],
      note: 'mass rebuild',
    }),
  ]);
});

describe('what a feed tells', () => {
  const judge = (entry: Partial<Told>, more?: Partial<CalendarFeed>) =>
    periodsOfFeed('status', feed(more), { told: [told(entry)], kinds, now: NOW });

  test('becomes a period of the feed', () => {
    expect(judge({ systems: ['koji'] }).periods).toEqual([period({ systems: ['koji'], source: 'status' })]);
  });

  test('is only of the systems and environments that the feed is for, with its treatment', () => {
    const { periods } = judge(
      { systems: ['koji'] },
      { systems: ['bodhi'], environments: ['fedora'], runs: 'skip' },
    );
    expect(periods).toEqual([
      period({ systems: ['bodhi'], environments: ['fedora'], treatment: 'skip', source: 'status' }),
    ]);
  });

  test('is of the kind that a calendar says its events are', () => {
    const { periods } = judge({}, { kind: 'icalendar', periods: 'maintenance' } as Partial<CalendarFeed>);
    expect(periods[0]).toMatchObject({ kind: 'maintenance', treatment: 'skip' });
  });

  test('without an end is believed for a day', () => {
    expect(judge({ to: undefined }).periods[0]?.to).toBe(NOW + DAY);
  });

  test('is forgotten when it has long been over', () => {
    expect(judge({ from: NOW - 20 * DAY, to: NOW - 15 * DAY })).toEqual({ periods: [], dropped: [] });
    expect(judge({ from: NOW - 20 * DAY, to: NOW - 13 * DAY }).periods).toHaveLength(1);
  });

  test.each([
    [
      'ends before it begins',
      { to: NOW - HOUR },
      'it ends 2026-11-21T11:00:00Z, before it begins 2026-11-21T12:00:00Z',
    ],
    ['has no length', { to: NOW }, 'it ends as it begins, 2026-11-21T12:00:00Z'],
    [
      'lasts for months',
      { to: NOW + 31 * DAY },
      'it lasts 31d 00h 00m, from 2026-11-21T12:00:00Z to 2026-12-22T12:00:00Z',
    ],
    [
      'is of another age',
      { from: NOW + 1000 * DAY, to: NOW + 1001 * DAY },
      'it begins 2029-08-17T12:00:00Z, more than a year ahead',
    ],
  ])('and %s is dropped, and said', (_what, entry, why) => {
    expect(judge(entry)).toEqual({ periods: [], dropped: [{ what: 'racks move', why }] });
  });
});

describe('the strictest period', () => {
  const concern = { environment: 'fedora', systems: ['koji', 'own'], from: NOW, to: NOW } as const;

  test.each([
    ['at its start', {}, true],
    ['at its end no more', { from: NOW - HOUR, to: NOW }, false],
    ['of another environment not', { environments: ['staging'] }, false],
    ['of this environment', { environments: ['staging', 'fedora'] }, true],
    ['of another system not', { systems: ['bodhi'] as const }, false],
    ['of one of the systems', { systems: ['bodhi', 'koji'] as const }, true],
  ])('concerns a run %s', (_what, more, expected) => {
    expect(strictest([period(more)], concern) !== undefined).toBe(expected);
  });

  test('is the one that keeps most from running', () => {
    const all = (['count', 'leave_out', 'skip'] as const).map((treatment) => period({ treatment }));
    expect(strictest(all, concern)?.treatment).toBe('skip');
    expect(strictest(all.slice(0, 2), concern)?.treatment).toBe('leave_out');
  });

  test('of a run is any that touches it from its start to its end', () => {
    expect(strictest([period({})], { ...concern, from: NOW - HOUR, to: NOW + 1 })).toBeDefined();
    expect(strictest([period({})], { ...concern, from: NOW - HOUR, to: NOW - 1 })).toBeUndefined();
  });

  test('leaves a run out unless it counts', () => {
    expect(leftOutBy(period({ treatment: 'skip' }))).toEqual({
      kind: 'outage',
      note: 'racks move',
      link: null,
      source: 'config',
    });
    expect(leftOutBy(period({ treatment: 'count' }))).toBeNull();
    expect(leftOutBy(undefined)).toBeNull();
  });
});
