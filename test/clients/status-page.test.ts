import { expect, test } from 'vitest';
import { readStatusPage } from '../../src/clients/status-page.ts';

const OUTAGE = {
  title: 'Planned Outage - mass update and reboots',
  ticket: { id: '12928', url: 'https://forge.fedoraproject.org/infra/tickets/issues/12928' },
  startdate: '2026-03-25T21:00:00+0000',
  enddate: '2026-03-26T03:00:00+0000',
};

const page = (...outages: unknown[]) => JSON.stringify({ outages });

test('an outage is read as the page writes it', () => {
  expect(readStatusPage(page(OUTAGE))).toEqual({
    told: [
      {
        id: '12928 2026-03-25T21:00:00+0000',
        from: Date.UTC(2026, 2, 25, 21),
        to: Date.UTC(2026, 2, 26, 3),
        note: OUTAGE.title,
        link: OUTAGE.ticket.url,
        systems: [],
      },
    ],
    dropped: [],
  });
});

test('a page without outages tells of none', () => {
  expect(readStatusPage('{"outages": []}')).toEqual({ told: [], dropped: [] });
});

test('neither end nor ticket need be there', () => {
  const { told } = readStatusPage(page({ ...OUTAGE, enddate: null, ticket: null }));
  expect(told[0]).toMatchObject({ to: undefined, link: null });
});

test('an address that was written for the number is the link', () => {
  const id = 'https://pagure.io/fedora-infrastructure/issue/12814';
  const { told } = readStatusPage(page({ ...OUTAGE, ticket: { id, url: `https://tracker.example/${id}` } }));
  expect(told[0]?.link).toBe(id);
});

test.each([
  ['Koji and Bodhi outage', ['koji', 'bodhi']],
  ['src.fedoraproject.org is slow', ['dist-git', 'forge']],
  ['kojipkgs is full', ['koji']],
  ['mass update and reboots', []],
  ['datacenter decision', []],
])('"%s" concerns %j', (title, systems) => {
  expect(readStatusPage(page({ ...OUTAGE, title })).told[0]?.systems).toEqual(systems);
});

test('an entry that is wrong hurts no other, and is told', () => {
  const { told, dropped } = readStatusPage(
    page({ ...OUTAGE, startdate: 'soon' }, 7, { title: 'no dates' }, { ...OUTAGE, enddate: 'late' }, OUTAGE),
  );
  expect(told).toHaveLength(1);
  expect(dropped.map(({ what }) => what)).toEqual([OUTAGE.title, 'entry 2', 'no dates', OUTAGE.title]);
  expect(dropped[0]?.why).toBe('startdate: soon is no date');
});

test.each([['<html>'], ['[]'], ['{"outages": 1}']])('%s is refused as a whole', (body) => {
  expect(() => readStatusPage(body)).toThrow(/^it /);
});
