import { expect, test } from 'vitest';
import { configSchema } from '../../src/core/config.ts';
import type { Http } from '../../src/core/ports.ts';
import { openCalendarFeeds } from '../../src/sources/calendar-feeds.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { SILENT } from '../support/schedule-world.ts';

const MINUTE = 60_000;

const outage = (title: string, enddate: string | null = '2026-11-17T12:00:00+0000') => ({
  title,
  startdate: '2026-11-17T08:00:00+0000',
  enddate,
  ticket: null,
});

/** Answers by the last part of the address; what is missing is out of order. */
function world(pages: Record<string, unknown>, feeds: Record<string, unknown>) {
  const clock = new FakeClock();
  const said: string[] = [];
  const http: Http = async (request) => {
    const page = pages[request.url.split('/').at(-1) ?? ''];
    if (page === undefined) throw new Error('connection refused');
    const body = typeof page === 'string' ? page : JSON.stringify({ outages: page });
    const headers = { 'last-modified': 'Tue, 17 Nov 2026 07:00:00 GMT' };
    return { request, status: body === '' ? 502 : 200, headers, body };
  };
  const log = {
    ...SILENT,
    warn: (fields: Readonly<Record<string, unknown>>) => said.push(String(fields['what'] ?? fields['err'])),
  };
  const { calendar } = configSchema.parse({ calendar: { feeds } });
  const options = { calendar, http, clock, log };
  return { clock, said, options, feeds: openCalendarFeeds(options) };
}

const STATUS = { status: { kind: 'status_page', url: 'https://status.example/' } };
const NEVER = new AbortController().signal;

test('all three files of a status page are read, and what stands in two is one period', async () => {
  const { feeds } = world(
    {
      'planned.json': [outage('b', null)],
      'ongoing.json': [outage('a'), outage('b', null)],
      'resolved.json': [outage('b')],
    },
    STATUS,
  );
  await feeds.look(NEVER);
  expect(feeds.periods().map(({ note, to }) => `${note} ${new Date(to).getUTCHours()}`)).toEqual([
    'b 12',
    'a 12',
  ]);
  expect(feeds.states()).toEqual([
    {
      name: 'status',
      url: 'https://status.example/',
      looked_at: Date.UTC(2026, 10, 17, 8),
      read_at: Date.UTC(2026, 10, 17, 8),
      changed_at: Date.UTC(2026, 10, 17, 7),
      error: null,
      periods: 2,
      dropped: [],
    },
  ]);
});

test('one file alone is read where the address names it', async () => {
  const { feeds } = world(
    { 'ongoing.json': [outage('a')] },
    { status: { kind: 'status_page', url: 'https://status.example/ongoing.json' } },
  );
  await feeds.look(NEVER);
  expect(feeds.periods()).toHaveLength(1);
});

test('a feed that cannot be read any more leaves what was known, shows its age, and is said once', async () => {
  const pages: Record<string, unknown> = { 'a.json': [outage('a')] };
  const { feeds, clock, said } = world(pages, {
    status: { kind: 'status_page', url: 'https://status.example/a.json' },
  });
  const stop = new AbortController();
  const loop = feeds.run(stop.signal);
  await settle();
  for (const page of [undefined, '', '<html>']) {
    pages['a.json'] = page;
    await clock.advance(20 * MINUTE);
    expect(feeds.periods()).toHaveLength(1);
    expect(feeds.states()[0]).toMatchObject({ read_at: Date.UTC(2026, 10, 17, 8), looked_at: clock.now() });
  }
  expect(said).toEqual([
    'Error: connection refused',
    'Error: https://status.example/a.json answered HTTP 502',
    'Error: it is no JSON',
  ]);
  pages['a.json'] = [];
  await clock.advance(10 * MINUTE);
  expect(feeds.periods()).toEqual([]);
  expect(feeds.states()[0]).toMatchObject({ error: null, read_at: clock.now() });
  stop.abort();
  await loop;
  expect(clock.waiting).toBe(0);
});

test('one feed that is out of order keeps no other from being read', async () => {
  const ics = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'BEGIN:VEVENT',
    'UID:1',
    'SUMMARY:branching of F45',
    'DTSTART;VALUE=DATE:20261120',
    'END:VEVENT',
    'END:VCALENDAR',
  ].join('\r\n');
  const { feeds } = world(
    { 'fedora.ics': ics },
    {
      ...STATUS,
      schedule: { kind: 'icalendar', url: 'https://cal.example/fedora.ics', periods: 'branching' },
    },
  );
  await feeds.look(NEVER);
  expect(feeds.periods()).toMatchObject([{ kind: 'branching', treatment: 'skip', source: 'schedule' }]);
  expect(feeds.states().map(({ error }) => error)).toEqual(['connection refused', null]);
});

test('a senseless entry is said once, at the first look', async () => {
  const { feeds, said } = world(
    { 'a.json': [outage('wrong', '2026-10-17T12:00:00+0000'), outage('right')] },
    { status: { kind: 'status_page', url: 'https://status.example/a.json' } },
  );
  for (let look = 0; look < 3; look += 1) await feeds.look(NEVER);
  expect(feeds.periods().map(({ note }) => note)).toEqual(['right']);
  expect(said).toEqual(['wrong']);
  expect(feeds.states()[0]?.dropped).toHaveLength(1);
});

test('another configuration keeps what feeds that stay have told', async () => {
  const pages: Record<string, unknown> = { 'a.json': [outage('a')], 'b.json': [outage('b')] };
  const { feeds, options } = world(pages, {
    a: { kind: 'status_page', url: 'https://status.example/a.json' },
    b: { kind: 'status_page', url: 'https://status.example/b.json' },
  });
  await feeds.look(NEVER);
  const { calendar } = configSchema.parse({
    calendar: {
      feeds: {
        a: { kind: 'status_page', url: 'https://status.example/a.json' },
        b: { kind: 'status_page', url: 'https://status.example/other.json' },
      },
    },
  });
  const next = openCalendarFeeds({ ...options, calendar, before: feeds });
  expect(next.periods().map(({ note }) => note)).toEqual(['a']);
});
