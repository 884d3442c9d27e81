import { expect, test } from 'vitest';
import type { Site } from '../../src/core/site.ts';
import { observeLast, openObserved } from '../../src/main/observed.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { site } from '../support/schedule-world.ts';
import { headerOf, OWNER, recordOf, SCOPE, storeWorld } from '../support/store-world.ts';

test('the ticket of the last run that ended is known after a restart, also while another run goes', async () => {
  await using world = storeWorld();
  const { store } = world;
  const login = {
    id: 'login',
    name: 'login',
    uses: 'fas/login',
    system: 'fas',
    outcome: 'passed',
    duration_ms: 1,
    outputs: { expires_at: '2026-11-22T08:00:00Z' },
    attempts: [],
    phases: [],
    inputs: {},
  } as const;
  const ended = await store.begin(headerOf('run-1'), OWNER, () => true);
  await ended.finish(recordOf('run-1', { steps: [login] }));
  await store.begin(headerOf('run-2', { started_at: 2000 }), OWNER, () => true);

  const clock = new FakeClock();
  const served: Site = {
    ...site(clock, { 'single-build': {}, 'never-ran': {} }, { name: 'test' }),
    scope: SCOPE,
  };
  const observed = openObserved(clock);
  await observeLast(observed, store, [served]);
  expect(observed.numbers().credentials).toEqual([
    { environment: 'test', credential: 'ticket', expiresAt: Date.UTC(2026, 10, 22, 8) },
  ]);
});
