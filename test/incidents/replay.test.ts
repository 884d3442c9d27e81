import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config.ts';
import { compare, type Failure, replay } from '../../src/incidents/replay.ts';
import { HOUR_MS, IncidentWorld, START } from '../support/incident-world.ts';

const KOJI = { step: 'build' } as const;
const at = (hours: number) => START + hours * HOUR_MS;

/** A short outage of Koji, and a chance: each confirmed or dismissed as it went. */
async function week(): Promise<IncidentWorld> {
  const world = new IncidentWorld();
  for (let hour = 0; hour < 30; hour += 1) {
    const broken = hour >= 5 && hour < 9;
    await world.run({
      probe: 'scratch-build',
      at: at(hour),
      trouble: broken || hour === 20 ? KOJI : undefined,
    });
    if (hour === 5 || hour === 20) {
      const trouble = broken ? KOJI : undefined;
      await world.run({ probe: 'scratch-build', at: at(hour + 0.5), trouble, cause: 'confirm' });
    }
  }
  return world;
}

function replayed(world: IncidentWorld, incidents: string) {
  const rules = readConfig('c.yaml', `incidents: ${incidents}\n`).incidents;
  const failures = new Map<string, Failure>(
    [...world.incidents.values()].flatMap(({ runs }) =>
      runs.map(({ run_id, step, fault }) => [run_id, { step, fault }] as const),
    ),
  );
  const told = replay({ evidence: world.evidence, failures, rules, site: world.site });
  return compare(told, [...world.incidents.values()]).map(
    ({ verdict, system, since, later_ms }) =>
      `${verdict} ${system} at ${Math.floor((since - START) / HOUR_MS)}${later_ms === null ? '' : `, ${later_ms / HOUR_MS} h later`}`,
  );
}

describe('other rules, against what happened', () => {
  test('the same rules tell the same at the same time', async () => {
    expect(replayed(await week(), '{}')).toEqual(['same koji at 5, 0 h later']);
  });

  test('a rule that waits for more runs tells it later', async () => {
    expect(replayed(await week(), '{ open: { when: in_a_row, count: 4 } }')).toEqual([
      'same koji at 5, 1.5 h later',
    ]);
  });

  test('a rule that waits for too many misses it', async () => {
    expect(replayed(await week(), '{ open: { when: in_a_row, count: 9 } }')).toEqual(['missed koji at 5']);
  });

  test('a rule that wakes people for a chance would have told what nobody was told', async () => {
    expect(replayed(await week(), '{ open: { when: in_a_row, count: 1 } }')).toEqual([
      'same koji at 5, -0.5 h later',
      'new koji at 20',
    ]);
  });

  test('what is left out counts for no rule', async () => {
    const world = await week();
    world.evidence = world.evidence.map((row) => ({ ...row, counted: false }));
    expect(replayed(world, '{ open: { when: in_a_row, count: 1 } }')).toEqual(['missed koji at 5']);
  });

  test('what still lasts at the end is told as that', () => {
    const rules = readConfig('c.yaml', '').incidents;
    const row = (hours: number) => ({
      scope: 'fedora',
      environment: 'fedora',
      system: 'bodhi' as const,
      probe: 'gone',
      run_id: `run-${hours}`,
      at: at(hours),
      good: false,
      counted: true,
    });
    const evidence = [row(2), row(1), row(3)];
    const told = replay({ evidence, failures: new Map(), rules, site: { probes: new Map() } });
    expect(told).toEqual([
      { system: 'bodhi', since: at(1), opened_at: at(2), resolved_at: null, failures: 3 },
    ]);
  });
});
