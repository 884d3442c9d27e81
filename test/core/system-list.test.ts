import { describe, expect, test } from 'vitest';
import type { SystemRow } from '../../src/core/incident.ts';
import type { Site, SiteProbe } from '../../src/core/site.ts';
import type { Charge } from '../../src/core/system.ts';
import { systemList } from '../../src/core/system-list.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { incidentOf } from '../support/store-world.ts';

const HOUR_MS = 3_600_000;
const clock = new FakeClock();

function site(probes: Readonly<Record<string, readonly [interval: number | undefined, ...Charge[]]>>): Site {
  return {
    environment: { name: 'fedora' } as Site['environment'],
    scope: 'fedora',
    clock,
    control: undefined,
    maxRuns: undefined,
    probes: new Map(
      Object.entries(probes).map(([name, [intervalMs, ...systems]]) => [
        name,
        { name, intervalMs, systems } as unknown as SiteProbe,
      ]),
    ),
  };
}

const fedora = site({
  often: [HOUR_MS, 'koji'],
  rare: [8 * HOUR_MS, 'bodhi', 'koji'],
  by_hand: [undefined, 'ci'],
});

function row(system: Charge, goodAgo: number | null, badAgo: number | null = null): SystemRow {
  const at = (ago: number | null) => (ago === null ? null : clock.now() - ago);
  return { scope: 'fedora', environment: 'fedora', system, last_good: at(goodAgo), last_bad: at(badAgo) };
}

const stateOf = (system: Charge, rows: readonly SystemRow[], live: Parameters<typeof systemList>[2] = []) =>
  systemList([fedora], rows, live).find((entry) => entry.system === system);

describe('the list of systems', () => {
  test('has each system that a probe speaks for, in the order in which a package meets it, and packprobe itself', () => {
    expect(systemList([fedora], [], []).map(({ system }) => system)).toEqual(['koji', 'bodhi', 'ci', 'own']);
    expect(systemList([site({})], [], [])).toEqual([]);
  });

  test.each([
    ['by its shortest interval', 'koji', 2.5 * HOUR_MS, 'operational'],
    ['by its shortest interval', 'koji', 2.5 * HOUR_MS + 1, 'unknown'],
    ['by its only interval', 'bodhi', 20 * HOUR_MS, 'operational'],
    ['by every probe', 'own', 2.5 * HOUR_MS + 1, 'unknown'],
    ['never without a schedule', 'ci', 0, 'unknown'],
  ] as const)('trusts evidence %s: %s after %i ms is %s', (_, system, ago, state) => {
    expect(stateOf(system, [row(system, ago)])).toMatchObject({ state, age_ms: ago });
  });

  test('trusts none that lies ahead: the clock was set back', () => {
    expect(stateOf('koji', [row('koji', -HOUR_MS - 1)])).toMatchObject({
      state: 'unknown',
      age_ms: -HOUR_MS - 1,
    });
    expect(stateOf('koji', [row('koji', -1000)])?.state).toBe('operational');
  });

  test('says since when: of a failure its incident, of silence the last evidence', () => {
    const incident = incidentOf('i', { scope: 'fedora', system: 'koji', since: 77 });
    expect(stateOf('koji', [row('koji', null, 1000)], [incident])).toMatchObject({
      state: 'failing',
      since: 77,
      incident,
    });
    expect(stateOf('koji', [row('koji', null, 1000)])).toMatchObject({
      state: 'failing',
      since: clock.now() - 1000,
    });
    expect(stateOf('koji', [row('koji', 9 * HOUR_MS)])).toMatchObject({ since: clock.now() - 9 * HOUR_MS });
    expect(stateOf('koji', [row('koji', 1000)])).toMatchObject({ state: 'operational', since: null });
    expect(stateOf('koji', [])).toMatchObject({ state: 'unknown', since: null, age_ms: null });
  });

  test('an incident of another environment, or that is only suspected, is none of it', () => {
    const others = [
      incidentOf('i', { scope: 'staging', system: 'koji' }),
      incidentOf('j', { scope: 'fedora', system: 'koji', state: 'suspected' }),
    ];
    expect(stateOf('koji', [row('koji', 1000)], others)).toMatchObject({
      state: 'operational',
      incident: null,
    });
  });
});
