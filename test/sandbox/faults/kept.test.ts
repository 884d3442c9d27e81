import { expect, test } from 'vitest';
import { discoverFaults } from '../../../src/sandbox/faults/declared.ts';
import { dropOver } from '../../../src/sandbox/faults/kept.ts';
import { heldClock } from '../../../src/sandbox/kit/clock.ts';
import { openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../../src/sandbox/kit/world.ts';

const MINUTES = 60_000;
const faults = await discoverFaults();

test('what is over is dropped, and nothing else', () => {
  const kept = new Map([1, 2, 3].map((until) => [`until ${until}`, { until }]));
  dropOver(kept, 2);
  expect([...kept.keys()]).toEqual(['until 3']);
});

test.each([
  ['resultsdb:old-answers', 'resultsdb', 10],
  ['greenwave:cached', 'greenwave', 30],
])('%s repeats an answer for its time, and no longer', async (name, system, minutes) => {
  const clock = heldClock({ epoch: 0, speed: 1 });
  const trouble = (where: string, error: unknown) => {
    throw new Error(where, { cause: error });
  };
  const kit = openKit({ clock, world: defaultWorld(), dir: '/nowhere', seed: 'a', trouble });
  const hooks = faults.get(name)?.hooks;
  kit.faults.set(name, { name, hooks: typeof hooks === 'function' ? hooks(kit) : (hooks ?? {}) });
  const told = (count: number) => {
    const decision = { count, satisfied_requirements: [], unsatisfied_requirements: [] };
    const answer = { status: 200, contentType: 'application/json', body: JSON.stringify(decision) };
    const met = kit.hooks.wire(system, { method: 'GET', path: '/api/v1.0/decision' });
    const { body } = typeof met?.answer === 'object' ? met.answer : (met?.alter?.(answer) ?? answer);
    return (JSON.parse(body) as { readonly count: number }).count;
  };
  expect(told(1)).toBe(1);
  await clock.runTo(minutes * MINUTES - 1);
  expect(told(2)).toBe(1);
  await clock.runTo(minutes * MINUTES);
  expect(told(3)).toBe(3);
});
