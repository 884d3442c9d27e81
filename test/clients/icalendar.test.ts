import { describe, expect, test } from 'vitest';
import { readICalendar } from '../../src/clients/icalendar.ts';

const SPAN = { from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 11, 31) };

const PRAGUE = `BEGIN:VTIMEZONE
TZID:Own Prague
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE`;

function calendar(events: readonly string[], more = ''): string {
  const all = events.map((event) => `BEGIN:VEVENT\nSUMMARY:mass reboot\n${event}\nEND:VEVENT`);
  return `BEGIN:VCALENDAR\nVERSION:2.0\n${more}\n${all.join('\n')}\nEND:VCALENDAR\n`.replaceAll(
    /\n+/g,
    '\r\n',
  );
}

/** `from/to` of all that is told. */
function spans(events: readonly string[], more = ''): string[] {
  const { told, dropped } = readICalendar(calendar(events, more), SPAN);
  expect(dropped).toEqual([]);
  const iso = (at: number | undefined) => (at === undefined ? '' : new Date(at).toISOString().slice(0, 16));
  return told.map(({ from, to }) => `${iso(from)}/${iso(to)}`);
}

describe('times', () => {
  test.each([
    ['UTC', 'DTSTART:20261125T210000Z\nDTEND:20261126T030000Z', '2026-11-25T21:00/2026-11-26T03:00'],
    ['with a duration', 'DTSTART:20261125T210000Z\nDURATION:PT90M', '2026-11-25T21:00/2026-11-25T22:30'],
    [
      'in a zone that the file describes',
      'DTSTART;TZID=Own Prague:20261125T210000\nDTEND;TZID=Own Prague:20261125T230000',
      '2026-11-25T20:00/2026-11-25T22:00',
    ],
    [
      'in a zone that everybody knows',
      'DTSTART;TZID=America/New_York:20261125T160000\nDTEND;TZID=America/New_York:20261125T170000',
      '2026-11-25T21:00/2026-11-25T22:00',
    ],
    [
      'of whole days',
      'DTSTART;VALUE=DATE:20261125\nDTEND;VALUE=DATE:20261127',
      '2026-11-25T00:00/2026-11-27T00:00',
    ],
    ['of one whole day', 'DTSTART;VALUE=DATE:20261125', '2026-11-25T00:00/2026-11-26T00:00'],
    ['without a zone', 'DTSTART:20261125T210000\nDTEND:20261125T220000', '2026-11-25T21:00/2026-11-25T22:00'],
  ])('%s are read', (_what, event, expected) => {
    expect(spans([`UID:1\n${event}`], PRAGUE)).toEqual([expected]);
  });

  test('those without a zone are of the zone of the calendar', () => {
    expect(spans(['UID:1\nDTSTART;VALUE=DATE:20261125'], 'X-WR-TIMEZONE:Asia/Tokyo')).toEqual([
      '2026-11-24T15:00/2026-11-25T15:00',
    ]);
  });
});

describe('what recurs', () => {
  const weekly = 'UID:1\nDTSTART:20200107T210000Z\nDTEND:20200107T230000Z\nRRULE:FREQ=WEEKLY;BYDAY=TU';

  test('is there once for each time that touches the stretch', () => {
    const all = spans([weekly]);
    expect(all).toHaveLength(9);
    expect(all[0]).toBe('2026-11-03T21:00/2026-11-03T23:00');
    expect(all.at(-1)).toBe('2026-12-29T21:00/2026-12-29T23:00');
  });

  test('keeps its hour on the wall through the change of the clock', () => {
    const zoned =
      'UID:1\nDTSTART;TZID=Europe/Prague:20261018T120000\nDTEND;TZID=Europe/Prague:20261018T130000\nRRULE:FREQ=WEEKLY;COUNT=4';
    expect(spans([zoned])).toEqual([
      '2026-11-01T11:00/2026-11-01T12:00',
      '2026-11-08T11:00/2026-11-08T12:00',
    ]);
  });

  test('leaves out the times that were called off, and moves those that were moved', () => {
    const events = [
      `${weekly};UNTIL=20261125T000000Z\nEXDATE:20261103T210000Z`,
      'UID:1\nRECURRENCE-ID:20261110T210000Z\nDTSTART:20261110T210000Z\nSTATUS:CANCELLED',
      'UID:1\nRECURRENCE-ID:20261117T210000Z\nDTSTART:20261118T080000Z\nDTEND:20261118T090000Z',
    ];
    expect(spans(events)).toEqual(['2026-11-18T08:00/2026-11-18T09:00', '2026-11-24T21:00/2026-11-24T23:00']);
  });

  test('every second since years is dropped with its reason', () => {
    const { told, dropped } = readICalendar(
      calendar(['UID:1\nDTSTART:20200101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY']),
      SPAN,
    );
    expect(told).toEqual([]);
    expect(dropped).toEqual([{ what: 'mass reboot', why: 'it recurs more than 20000 times' }]);
  });
});

test('an event that was called off is not told', () => {
  expect(spans(['UID:1\nDTSTART:20261125T210000Z\nDTEND:20261126T030000Z\nSTATUS:CANCELLED'])).toEqual([]);
});

test('a bad event hurts no other', () => {
  const { told, dropped } = readICalendar(
    calendar([
      'UID:1\nDTSTART:tomorrow\nDTEND:later',
      'UID:2\nDTSTART;TZID=Mars/Olympus:20261125T210000',
      'this is no property at all',
      'UID:4\nDTSTART:20261125T210000Z\nDTEND:20261126T030000Z\nURL:https://example.org/1',
    ]),
    SPAN,
  );
  expect(told).toEqual([
    {
      id: '4 2026-11-25T21:00:00Z',
      from: Date.UTC(2026, 10, 25, 21),
      to: Date.UTC(2026, 10, 26, 3),
      note: 'mass reboot',
      link: 'https://example.org/1',
      systems: [],
    },
  ]);
  expect(dropped).toHaveLength(3);
  expect(dropped[1]?.why).toBe('nobody knows its time zone Mars/Olympus');
});

test('a folded summary is one text', () => {
  const text = calendar(['UID:1\nDTSTART;VALUE=DATE:20261125']).replace(
    'mass reboot',
    'mass re\r\n boot\\, all',
  );
  expect(readICalendar(text, SPAN).told[0]?.note).toBe('mass reboot, all');
});

test('a page that is no calendar is refused as a whole', () => {
  expect(() => readICalendar('<html>log in</html>', SPAN)).toThrow('it is no iCalendar');
});
