import { expect, test } from 'vitest';
import { readScenario } from '../../src/core/scenario.ts';
import { discoverFaults } from '../../src/sandbox/faults/declared.ts';
import { faultBoard } from '../../src/sandbox/faults/fault-board.ts';
import { openKit } from '../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../src/sandbox/kit/world.ts';
import { playScenario, startOf, worldOf } from '../../src/sandbox/scenario.ts';
import { HandClock } from './ci/hand-clock.ts';

const scenarioWith = (lines: string) => readScenario('s.yaml', `name: s\ndescription: A day\n${lines}\n`);
const known = await discoverFaults();

function staged() {
  const clock = new HandClock();
  const troubles: string[] = [];
  const trouble = (where: string, error: unknown) => void troubles.push(`${where}: ${String(error)}`);
  const kit = openKit({ clock, world: defaultWorld(), dir: '/nowhere', seed: '1', trouble });
  const rebuilds: { readonly builds: number; readonly overMs: number }[] = [];
  const rebuild = (builds: number, overMs: number) => void rebuilds.push({ builds, overMs });
  return {
    clock,
    kit,
    rebuilds,
    troubles,
    stage: { clock, faults: faultBoard(kit, known), rebuild, trouble },
  };
}

test('what a scenario tells happens at its time, and ends at its time', () => {
  const { clock, kit, rebuilds, stage } = staged();
  const events = `events:
  - { at: 10m, fault: bodhi:http-503, for: 2h }
  - { at: 20m, fault: koji:slow }
  - { at: 30m, mass_rebuild: { builds: 600 }, for: 8h }`;
  playScenario(scenarioWith(events), stage);
  const after = (minutes: number) => {
    clock.advance(minutes * 60_000);
    return [...kit.faults.keys()];
  };
  expect(after(9)).toEqual([]);
  expect(after(2)).toEqual(['bodhi:http-503']);
  expect(after(10)).toEqual(['bodhi:http-503', 'koji:slow']);
  expect(after(100)).toEqual(['bodhi:http-503', 'koji:slow']);
  expect(after(10)).toEqual(['koji:slow']);
  expect(rebuilds).toEqual([{ builds: 600, overMs: 8 * 3_600_000 }]);
});

test('of two events of one fault that overlap, the later end mends it', () => {
  const { clock, kit, stage } = staged();
  const events = 'events: [{ at: 1m, fault: koji:slow, for: 1h }, { at: 10m, fault: koji:slow, for: 5m }]';
  playScenario(scenarioWith(events), stage);
  clock.advance(20 * 60_000);
  expect([...kit.faults.keys()]).toEqual(['koji:slow']);
  clock.advance(60 * 60_000);
  expect([...kit.faults.keys()]).toEqual([]);
});

test('a fault that there is not is told before anything plays', () => {
  const { clock, stage } = staged();
  const scenario = scenarioWith('events: [{ at: 1m, fault: bodhi:unheard-of }]');
  expect(() => playScenario(scenario, stage)).toThrow('bodhi:unheard-of');
  expect(clock.waiting).toBe(0);
});

test('releases of a scenario stand as it says: one rawhide, a frozen one, current ones by age', () => {
  const releases = `releases:
  - { version: 47, state: rawhide }
  - { version: 46, state: frozen }
  - { version: 45, state: current }
  - { version: 44, state: current }`;
  const told = worldOf(scenarioWith(releases), defaultWorld()).releases;
  expect(
    told.map(({ name, branch, state, released_on }) => [name, branch, state, released_on === null]),
  ).toEqual([
    ['F47', 'rawhide', 'pending', true],
    ['F46', 'f46', 'frozen', true],
    ['F45', 'f45', 'current', false],
    ['F44', 'f44', 'current', false],
  ]);
  expect(told[2]?.released_on ?? 0).toBeGreaterThan(told[3]?.released_on ?? 0);
});

test('the clock begins where a scenario says', () => {
  expect(startOf(scenarioWith('start: 2026-07-15T08:00Z'))).toBe(Date.UTC(2026, 6, 15, 8));
  expect(startOf(scenarioWith(''))).toBeUndefined();
  expect(startOf(undefined)).toBeUndefined();
});
