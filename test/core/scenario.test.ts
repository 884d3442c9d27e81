import { expect, test } from 'vitest';
import { ConfigError } from '../../src/core/config-error.ts';
import { readScenario } from '../../src/core/scenario.ts';

const HEAD = 'name: a-day\ndescription: One day\n';

test('a scenario is read with its times in milliseconds', () => {
  const text = `${HEAD}events:\n  - { at: 0s, fault: bodhi:slow }\n  - { at: 1h, mass_rebuild: { builds: 3 }, for: 2h }\n`;
  expect(readScenario('a-day.yaml', text)).toEqual({
    name: 'a-day',
    description: 'One day',
    packagers: 0,
    events: [
      { at: 0, fault: 'bodhi:slow' },
      { at: 3_600_000, mass_rebuild: { builds: 3 }, for: 7_200_000 },
    ],
  });
});

test.each([
  [
    'a duration without a unit',
    'events: [{ at: 5, fault: bodhi:slow }]',
    '3:16: events[0].at: expected a duration such as `90s`, `15m` or `1h 30m`, got 5',
  ],
  [
    'an event that is mistyped',
    'events: [{ at: 5m, falt: x }]',
    '3:20: events[0].falt: unknown key; did you mean "fault"?',
  ],
  [
    'a rebuild of nothing',
    'events: [{ at: 5m, mass_rebuild: { builds: 0 }, for: 1h }]',
    '3:44: events[0].mass_rebuild.builds: expected a number of at least 1, got 0',
  ],
  [
    'releases without a rawhide',
    'releases: [{ version: 45, state: current }, { version: 44, state: current }]',
    '3:11: releases: expected releases of which exactly one is rawhide, got a list',
  ],
  [
    'a start that is no moment',
    'start: tomorrow',
    '3:8: start: expected a time in UTC such as `2026-12-01T08:00Z`, got "tomorrow"',
  ],
  [
    'a fault that there is not',
    'events: [{ at: 1m, fault: bodhi:slwo }]',
    '3:27: events[0].fault: expected a fault that the sandbox has, perhaps bodhi:slow, got "bodhi:slwo"',
  ],
])('%s is refused with its place', (_, line, says) => {
  const read = () => readScenario('s.yaml', `${HEAD}${line}\n`, ['bodhi:slow']);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(`s.yaml:${says}`);
});
