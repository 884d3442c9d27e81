import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOUR_MS, IncidentWorld, START, siteProbe } from '../support/incident-world.ts';

const PROBES = [siteProbe('single-build'), siteProbe('scratch-build')];

const run = fc.record({
  probe: fc.constantFrom(...PROBES.map(({ name }) => name)),
  hours: fc.integer({ min: 1, max: 9 }),
  fails: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, fc.nat({ max: 11 })),
  own: fc.boolean(),
  leftOut: fc.boolean(),
  cause: fc.constantFrom('schedule', 'confirm', 'retry', 'request'),
} as const);

const rules = fc.constantFrom(
  '{ when: confirmed }',
  '{ when: in_a_row, count: 2 }',
  '{ when: of_last, failed: 2, of: 4 }',
);

/** Whatever happens, in whatever order. */
const history = fc.record({
  runs: fc.array(run, { maxLength: 40 }),
  rules,
  resolveAfter: fc.integer({ min: 1, max: 3 }),
});

type History = typeof history extends fc.Arbitrary<infer Given> ? Given : never;

async function live({ runs, rules: open, resolveAfter }: History): Promise<IncidentWorld> {
  const world = new IncidentWorld(
    `incidents: { open: ${open}, resolve_after: ${resolveAfter} }\nreceivers: { a: { kind: command, command: [tell] } }\n`,
    PROBES,
  );
  let at = START;
  for (const { probe, hours, fails, own, leftOut, cause } of runs) {
    at += hours * HOUR_MS;
    const steps = PROBES.find(({ name }) => name === probe)!.plan.steps;
    const step = fails === undefined ? undefined : steps[fails % steps.length]?.id;
    const blame = own ? ({ system: 'own', kind: 'prober', code: 'DISK_FULL' } as const) : {};
    await world.run({
      probe,
      at,
      cause,
      ...(step === undefined ? {} : { trouble: { step, ...blame } }),
      ...(leftOut ? { left_out: { kind: 'outage', note: '', link: null, source: 'config' } } : {}),
    });
    const alive = [...world.incidents.values()].filter(
      ({ state }) => state === 'open' || state === 'suspected',
    );
    expect(new Set(alive.map(({ system }) => system)).size, 'one live incident of each system').toBe(
      alive.length,
    );
  }
  return world;
}

test('nobody is told the same twice, and of nothing that was never opened', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (given) => {
      const world = await live(given);
      const keys = world.notices.map(({ receiver, subject, state }) => `${receiver} ${subject} ${state}`);
      expect(new Set(keys).size).toBe(keys.length);
      for (const { incident_id, state, opened_at } of world.incidents.values()) {
        const told = world.notices
          .filter(({ subject }) => subject === incident_id)
          .map((notice) => notice.state);
        const begun = told.filter((change) => change === 'opened' || change === 'flapping');
        expect(begun).toHaveLength(opened_at === null ? 0 : 1);
        expect(told.includes('resolved')).toBe(state === 'resolved');
        if (opened_at === null) expect(['suspected', 'dismissed']).toContain(state);
      }
    }),
    { numRuns: 150 },
  );
});

test('a run that is left out changes nothing, wherever it stands', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (given) => {
      const counted = given.runs.map((one) => ({ ...one, leftOut: false }));
      // The left out ones take no time, so that the others lie where they lay.
      const mixed = counted.flatMap((one) => [{ ...one, hours: 0, leftOut: true, own: false }, one]);
      const [with_, without] = [
        await live({ ...given, runs: mixed }),
        await live({ ...given, runs: counted }),
      ];
      expect(with_.states).toEqual(without.states);
      expect(with_.told).toEqual(without.told);
    }),
    { numRuns: 60 },
  );
});

test('an outage that every run meets is told by the second of them, and is over with the good ones after it', async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.nat({ max: 2 }), async (given, step) => {
      const world = await live({ ...given, rules: '{ when: confirmed }' });
      const scratch = { probe: 'scratch-build', trouble: { step: ['login', 'clone', 'build'][step]! } };
      const system = (['fas', 'dist-git', 'koji'] as const)[step]!;
      const end = START + 1000 * HOUR_MS;
      await world.run({ ...scratch, at: end });
      await world.run({ ...scratch, at: end + HOUR_MS, cause: 'confirm' });
      expect(world.last(system).state).toBe('open');
      // Longer than it has to be good for where it flaps.
      for (let hour = 2; hour < 17; hour += 1)
        await world.run({ probe: 'scratch-build', at: end + hour * HOUR_MS });
      expect(world.last(system).state).toBe('resolved');
    }),
    { numRuns: 60 },
  );
});
