import { describe, expect, test } from 'vitest';
import type { Check } from '../../src/core/site.ts';
import type { Lease } from '../../src/service/lease.ts';
import { askingSources, deadMan, openReadiness } from '../../src/service/readiness.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { silentLogger } from '../support/step-context.ts';

const NEVER = new AbortController().signal;

/** A service in which all is well, until a test takes something away. */
function world() {
  const clock = new FakeClock();
  const state = {
    beatAt: clock.monotonic(),
    tick: { at: clock.now(), monotonic: clock.monotonic() } as { at: number; monotonic: number } | undefined,
    leads: true,
    written: true,
    lost: new AbortController(),
    sources: [{ name: 'fedora/koji', ok: true, text: 'answers', age_ms: null }] as readonly Check[],
    asked: 0,
  };
  const lease = (): Lease | undefined =>
    state.leads
      ? {
          service: {
            service_id: 1,
            owner: { host: 'here', boot_id: 'boot', pid: 1, start: 1 },
            began_at: 0,
            beat_at: 0,
            beats: 1,
            ended_at: null,
            served: null,
          },
          lost: state.lost.signal,
          beatAt: () => state.beatAt,
          isWritten: () => state.written,
          isHeld: async () => !state.lost.signal.aborted,
          async [Symbol.asyncDispose]() {},
        }
      : undefined;
  const readiness = openReadiness({
    lease,
    tick: () => state.tick,
    async askSources() {
      state.asked += 1;
      return state.sources;
    },
    clock,
  });
  const alive = () => {
    state.beatAt = clock.monotonic();
    state.tick = { at: clock.now(), monotonic: clock.monotonic() };
  };
  const bad = async () => (await readiness.readiness(NEVER)).filter(({ ok }) => !ok).map(({ name }) => name);
  return { clock, state, readiness, alive, bad };
}

describe('a service is ready', () => {
  test('not where the last write was refused, however young the one before', async () => {
    const { state, bad } = world();
    state.written = false;
    expect(await bad()).toEqual(['database']);
  });

  test('where it leads, writes, goes round, its clock goes on and every source answers', async () => {
    const { bad } = world();
    expect(await bad()).toEqual([]);
  });

  test('not while somebody else serves, or has taken over', async () => {
    const { state, bad } = world();
    state.lost.abort();
    expect(await bad()).toEqual(['leader']);
    state.leads = false;
    expect(await bad()).toEqual(['leader', 'database']);
  });

  test('not when the database has taken no sign of life for 16 s', async () => {
    const { clock, state, alive, bad } = world();
    await clock.advance(17_000);
    const { beatAt } = state;
    alive();
    state.beatAt = beatAt;
    expect(await bad()).toEqual(['database']);
  });

  test('not when its loop stands still, and not before it has come round once', async () => {
    const { clock, state, alive, bad } = world();
    await clock.advance(31_000);
    const { tick } = state;
    alive();
    state.tick = tick;
    expect(await bad()).toEqual(['scheduler']);
    state.tick = undefined;
    expect(await bad()).toEqual(['scheduler', 'clock']);
  });

  test('not when the wall clock was set or stands still since the last round', async () => {
    const { state, bad } = world();
    if (state.tick !== undefined) state.tick = { ...state.tick, at: state.tick.at - 6000 };
    expect(await bad()).toEqual(['clock']);
  });

  test('not when a source does not answer, and every answer tells how old it is', async () => {
    const { clock, state, alive, readiness, bad } = world();
    state.sources = [{ name: 'fedora/koji', ok: false, text: 'answers 503', age_ms: null }];
    expect(await bad()).toEqual(['fedora/koji']);
    await clock.advance(30_000);
    alive();
    expect((await readiness.readiness(NEVER)).at(-1)).toMatchObject({ age_ms: 30_000 });
    expect(state.asked).toBe(1);
    await clock.advance(31_000);
    alive();
    await bad();
    expect(state.asked).toBe(2);
  });
});

test('sources are asked about once a minute where nobody asks for readiness', async () => {
  const { clock, state, readiness } = world();
  const stop = new AbortController();
  const running = askingSources(readiness, clock).run(stop.signal);
  for (let second = 0; second < 5 * 61; second += 1) {
    await settle();
    await clock.advance(1000);
  }
  await settle();
  expect(state.asked).toBe(6);
  stop.abort();
  await running;
});

describe('a process', () => {
  test('is dead when its scheduler has stood still for two minutes', async () => {
    const { clock, readiness } = world();
    await clock.advance(119_000);
    expect(readiness.live().every(({ ok }) => ok)).toBe(true);
    await clock.advance(2000);
    expect(readiness.live().every(({ ok }) => ok)).toBe(false);
  });

  test('is not dead while it waits for another that serves', async () => {
    const { clock, state, readiness } = world();
    state.leads = false;
    await clock.advance(3_600_000);
    expect(readiness.live().every(({ ok }) => ok)).toBe(true);
  });
});

test('the dead man is called after each good cycle, and not after a bad one', async () => {
  const { clock, alive, readiness } = world();
  const stop = new AbortController();
  let calls = 0;
  const call = async () => {
    calls += 1;
  };
  const listener = async () => {};
  const running = deadMan({
    everyMs: 10_000,
    readiness,
    listener,
    call,
    clock,
    log: silentLogger,
  }).run(stop.signal);
  for (let cycle = 0; cycle < 3; cycle += 1) {
    alive();
    await clock.advance(10_000);
    await settle();
  }
  expect(calls).toBe(3);
  await clock.advance(30_000);
  await settle();
  expect(calls).toBe(3);
  stop.abort();
  await running;
});
