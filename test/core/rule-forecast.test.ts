import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config.ts';
import { checkRules, forecastText } from '../../src/core/rule-forecast.ts';
import { linesOf } from '../support/fake-actions.ts';
import { siteProbe } from '../support/incident-world.ts';

const both = [siteProbe('single-build'), siteProbe('scratch-build')];

function check(incidents: string, probes = both) {
  const config = readConfig('c.yaml', `incidents: ${incidents}\n`).incidents;
  return checkRules(config, [
    { name: 'fedora', probes: new Map(probes.map((probe) => [probe.name, probe])) },
  ]);
}

describe('what rules come to', () => {
  test('the default cries wolf less than once in 90 days, and tells what only the slow probe sees within its interval', () => {
    const { forecasts, faults } = check('{}');
    expect(faults).toEqual([]);
    expect(forecasts.map(forecastText)).toEqual([
      'incidents on fedora, confirmed: would cry wolf about 0.3 times in 90 days; tells an outage after at most 8h 30m',
    ]);
  });

  test('a system with rules of its own is told apart', () => {
    const { forecasts } = check('{ systems: { koji: { open: { when: in_a_row, count: 2 } } } }');
    expect(forecasts.map(forecastText)).toEqual([
      expect.stringContaining('incidents on fedora, confirmed:'),
      'incidents on fedora, 2 in a row: would cry wolf about 0.1 times in 90 days; tells an outage of koji after at most 2h 10m',
    ]);
  });

  test('probes that never run by themselves have nothing to forecast', () => {
    const idle = both.map((probe) => ({ ...probe, intervalMs: undefined }));
    expect(check('{}', idle)).toEqual({ forecasts: [], faults: [] });
  });
});

describe('rules that make no sense are refused', () => {
  test.each([
    [
      'each failure wakes somebody',
      '{ open: { when: in_a_row, count: 1 } }',
      'open: would cry wolf about 48 times in 90 days on fedora, where 2 runs in 100 fail by chance; expected at most 10',
    ],
    [
      'an outage that would be told days later',
      '{ open: { when: in_a_row, count: 6 } }',
      'open: would tell an outage of signing on fedora only after 2d 00h 15m, at the rate of its probes; expected within a day',
    ],
    [
      'those of one system',
      '{ systems: { bodhi: { open: { when: of_last, failed: 4, of: 6 } } } }',
      'systems.bodhi.open: would tell an outage of bodhi on fedora only after 1d 08h 15m, at the rate of its probes; expected within a day',
    ],
    [
      'reminders between which nothing is looked at',
      '{ remind_every: 30m }',
      'remind_every: shorter than the time between two runs of fas on fedora, 1h 00m 00s: nothing new can be known by then',
    ],
  ])('%s', (_, incidents, expected) => {
    const lines = check(incidents).faults.map(({ path, message }) => `${path.join('.')}: ${message}`);
    expect(lines).toEqual([expect.stringContaining(expected)]);
  });

  test('more failures than runs are a fault of the file itself', () => {
    const text = 'incidents: { open: { when: of_last, failed: 5, of: 4 } }\n';
    expect(linesOf(() => readConfig('c.yaml', text))).toEqual([
      'c.yaml:1:45: incidents.open.failed: expected at most `of`, 4: more can never have failed, got 5',
    ]);
  });

  test('a probe that runs once a week is no fault of the rules', () => {
    const weekly = both.map((probe) => ({ ...probe, intervalMs: 7 * 86_400_000 }));
    expect(check('{ remind_every: 7d }', weekly).faults).toEqual([]);
  });
});
