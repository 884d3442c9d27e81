import { describe, expect, test } from 'vitest';
import { type QuietHours, quietUntil } from '../../src/incidents/quiet-hours.ts';

const iso = (text: string) => new Date(text).getTime();
const until = (quiet: QuietHours, now: string) => new Date(quietUntil(quiet, iso(now))).toISOString();

const NIGHT: QuietHours = { from: '22:00', to: '07:00', time_zone: 'Europe/Prague' };

describe('quiet hours', () => {
  test.each([
    ['before them', NIGHT, '2026-11-21T20:59:59Z', '2026-11-21T20:59:59.000Z'],
    ['as they begin', NIGHT, '2026-11-21T21:00:00Z', '2026-11-22T06:00:00.000Z'],
    ['after midnight', NIGHT, '2026-11-22T03:00:00Z', '2026-11-22T06:00:00.000Z'],
    ['as they end', NIGHT, '2026-11-22T06:00:00Z', '2026-11-22T06:00:00.000Z'],
    ['in summer', NIGHT, '2026-07-21T20:30:00Z', '2026-07-22T05:00:00.000Z'],
    ['in the night that is an hour shorter', NIGHT, '2026-03-28T22:00:00Z', '2026-03-29T05:00:00.000Z'],
    ['in the night that is an hour longer', NIGHT, '2026-10-24T21:00:00Z', '2026-10-25T06:00:00.000Z'],
    [
      'where the end is an hour that there is not',
      { ...NIGHT, to: '02:30' },
      '2026-03-29T00:00:00Z',
      '2026-03-29T01:30:00.000Z',
    ],
    [
      'where the end comes twice',
      { ...NIGHT, to: '02:30' },
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00.000Z',
    ],
    [
      'within a day',
      { from: '09:00', to: '17:30', time_zone: 'UTC' },
      '2026-11-21T10:00:00Z',
      '2026-11-21T17:30:00.000Z',
    ],
    [
      'on the far side of the earth',
      { from: '22:00', to: '07:00', time_zone: 'Pacific/Auckland' },
      '2026-11-21T10:00:00Z',
      '2026-11-21T18:00:00.000Z',
    ],
    [
      'of a day that is not among their days',
      { ...NIGHT, days: ['fri'] },
      '2026-11-21T23:00:00Z',
      '2026-11-21T23:00:00.000Z',
    ],
    [
      'in the night after a day that is',
      { ...NIGHT, days: ['fri'] },
      '2026-11-21T03:00:00Z',
      '2026-11-21T06:00:00.000Z',
    ],
    [
      'over a whole weekend',
      { from: '00:00', to: '00:00', time_zone: 'UTC', days: ['sat', 'sun'] },
      '2026-11-21T12:00:00Z',
      '2026-11-23T00:00:00.000Z',
    ],
  ] as const)('%s', (_, quiet, now, expected) => {
    expect(until(quiet as QuietHours, now)).toBe(expected);
  });

  test('whoever has none is told at once', () => {
    expect(quietUntil(undefined, 7)).toBe(7);
  });
});
