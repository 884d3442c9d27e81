import { expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { whenFree } from '../../src/main/listen.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

/** A port that somebody has until it is given back. */
function port({ isServed, error = 'EADDRINUSE' }: { readonly isServed: boolean; readonly error?: string }) {
  const clock = new FakeClock();
  const state = { isTaken: true, told: 0, tries: 0 };
  const opened = whenFree(
    async () => {
      state.tries += 1;
      if (!state.isTaken) return 'listens';
      throw new Fault('cannot listen', { code: 'LISTEN_FAILED', kind: 'prober', evidence: { error } });
    },
    {
      isServed: async () => isServed,
      waiting: () => {
        state.told += 1;
      },
      clock,
      signal: new AbortController().signal,
    },
  );
  return { clock, state, opened };
}

test('the port of the one that is to be followed is waited for, said once, and taken when it is free', async () => {
  const { clock, state, opened } = port({ isServed: true });
  for (let second = 0; second < 3; second += 1) {
    await settle();
    await clock.advance(1000);
  }
  state.isTaken = false;
  await settle();
  await clock.advance(1000);
  expect(await opened).toBe('listens');
  expect(state.told).toBe(1);
});

test.each([
  { why: 'that something else has', isServed: false },
  { why: 'that this user may not use', isServed: true, error: 'EACCES' },
])('a port $why is waited for in vain: it is said at once', async (how) => {
  const { state, opened } = port(how);
  await expect(opened).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  expect(state).toMatchObject({ tries: 1, told: 0 });
});
