import { afterEach, describe, expect, test } from 'vitest';
import type { Report, Source } from '../../src/core/event.ts';
import { Fault } from '../../src/core/fault.ts';
import type { StepDefinition } from '../../src/core/step.ts';
import { action, type Death, type EngineWorld, engineWorld } from '../support/engine-world.ts';
import { settle } from '../support/fake-clock.ts';

const worlds: EngineWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world[Symbol.asyncDispose]();
});

const TASK = { kind: 'koji-task', key: '7' };
const HOUR = 3_600_000;

/** A system in which one task is made, and which says that it is closed at a time that a test sets. */
function elsewhere({
  watchOn = false,
  lookIfGone = async () => undefined,
}: {
  readonly watchOn?: boolean;
  readonly lookIfGone?: () => Promise<Fault | undefined>;
} = {}) {
  const made: string[] = [];
  const removed: string[] = [];
  const closes = { at: Number.POSITIVE_INFINITY, fact: 'closed' };
  /** How often what is asked behind the wait gets no answer. */
  const silence = { left: 0 };
  const suspend = new AbortController();
  const source: Source = {
    name: 'koji',
    system: 'koji',
    kind: 'api',
    intervalMs: 60_000,
    covers: ({ kind }) => kind === TASK.kind,
    async look(subjects) {
      const now = world.clock.now();
      if (closes.at > now) return [];
      const at = closes.at;
      return subjects.map((subject): Report => {
        const { fact } = closes;
        return {
          subject,
          fact,
          earliest: at,
          latest: at,
          source: 'api',
          system: 'koji',
          seen_at: now,
          data: {},
        };
      });
    },
  };
  const build: StepDefinition = action(
    async (ctx) => {
      await ctx.effect({
        kind: 'koji-task',
        find: async () => made.at(-1),
        make: async () => {
          made.push('7');
          return '7';
        },
        undo: (id) => ({ uses: 'test/cancel', with: { value: id } }),
        subjects: () => [TASK],
      });
      const found = await ctx.events.until(TASK, ({ last }) => {
        if (last?.fact === 'closed') return { made: 'it' };
        if (last?.fact === 'failed')
          throw new Fault('task 7 ended failed', { code: 'TASK', kind: 'rejected' });
        return undefined;
      });
      if (silence.left > 0) {
        silence.left -= 1;
        throw new Fault('koji does not answer', { code: 'HTTP_UNREACHABLE', kind: 'unavailable' });
      }
      return found;
    },
    { timeoutMs: 2 * HOUR },
  );
  const cancel = action(async (_, { value }) => {
    removed.push(String(value));
    return { made: 'nothing' };
  });
  const broken = action(async () => {
    throw new Fault('the disk is full', { code: 'DISK_FULL', kind: 'prober' });
  });
  const world = engineWorld(
    {
      'test/build': build,
      'test/broken': broken,
      'test/cancel': cancel,
      'fas/login': action(async () => ({ made: '' })),
    },
    { sources: [source], suspend: suspend.signal, watchOn, lookIfGone },
  );
  worlds.push(world);
  return { world, made, removed, closes, silence, suspend };
}

const STEPS = '  - uses: test/build';

describe('a run that is suspended', () => {
  test('has no outcome, nothing is undone, and the next process goes on with it', async () => {
    const { world, made, removed, closes, suspend } = elsewhere();
    const running = world.run(STEPS);
    const ended = expect(running).rejects.toMatchObject({ code: 'RUN_SUSPENDED' });
    await world.clock.advance(10 * 60_000);
    expect(made).toEqual(['7']);
    suspend.abort();
    await settle();
    await ended;
    expect(await world.stored()).toMatchObject({ state: 'executing', record: null });
    expect(removed).toEqual([]);
    expect(world.folders).toEqual(['+run-1']);

    closes.at = world.clock.now() + 60_000;
    const record = await world.resumed();
    expect(record).toMatchObject({ outcome: 'passed' });
    expect(made).toEqual(['7']);
    expect(record.steps[0]?.resumed_at).toHaveLength(1);
  });

  test('tells nobody of steps that have not ended', async () => {
    const { world, suspend } = elsewhere();
    const ended = expect(world.run(`${STEPS}\n  - { id: again, uses: test/build }`)).rejects.toThrow(
      'suspended',
    );
    await world.clock.advance(60_000);
    suspend.abort();
    await settle();
    await ended;
    expect(world.told.map(({ type }) => type)).not.toContain('step_ended');
    expect((await world.stored()).steps).toHaveLength(1);
  });
});

describe('a wait that ran out, where somebody stays', () => {
  test('has failed, keeps what it waits for, and holds its package no more', async () => {
    const { world, removed } = elsewhere({ watchOn: true });
    expect(await world.ran(STEPS)).toMatchObject({ outcome: 'failed', fault: { kind: 'timeout' } });
    expect(removed).toEqual([]);
    expect(await world.stored()).toMatchObject({ state: 'finalizing' });
    const next = expect(world.run(STEPS)).resolves.toMatchObject({ outcome: 'failed' });
    await world.clock.advance(3 * HOUR);
    await next;
  });

  test('is watched until it comes: a verdict beside the run, and only then is it taken away', async () => {
    const { world, made, removed, closes } = elsewhere({ watchOn: true });
    const started = world.clock.now();
    const record = await world.ran(STEPS);
    closes.at = started + 9 * HOUR + 12 * 60_000;
    expect(await world.watchedOn()).toMatchObject({ says: 'came_late', text: 'came after 9h 12m 00s' });
    expect(made).toEqual(['7']);
    expect(removed).toEqual(['7']);
    const stored = await world.stored();
    expect(stored.state).toBe('finished');
    expect(stored.record).toEqual(record);
    expect(stored.verdicts).toMatchObject([{ step: 'build', says: 'came_late' }]);
  });

  test('is watched on where the system does not answer what is asked behind the wait', async () => {
    const { world, made, removed, closes, silence } = elsewhere({ watchOn: true });
    const started = world.clock.now();
    await world.ran(STEPS);
    closes.at = started + 9 * HOUR;
    silence.left = 3;
    expect(await world.watchedOn()).toMatchObject({ says: 'came_late', text: 'came after 9h 00m 00s' });
    expect(silence.left).toBe(0);
    expect(made).toEqual(['7']);
    expect(removed).toEqual(['7']);
  });

  test('is given up after twelve hours where the system never answers', async () => {
    const { world, closes, silence } = elsewhere({ watchOn: true });
    await world.ran(STEPS);
    closes.at = world.clock.now() + HOUR;
    silence.left = Number.POSITIVE_INFINITY;
    expect(await world.watchedOn()).toMatchObject({ says: 'never_came' });
  });

  test('is given up after twelve hours, and says so', async () => {
    const { world, removed } = elsewhere({ watchOn: true });
    await world.ran(STEPS);
    expect(await world.watchedOn()).toMatchObject({
      says: 'never_came',
      text: 'had not come after 14h 00m 00s',
    });
    expect(removed).toEqual(['7']);
  });

  test('that comes to a final no says which', async () => {
    const { world, closes } = elsewhere({ watchOn: true });
    await world.ran(STEPS);
    closes.fact = 'failed';
    closes.at = world.clock.now() + HOUR;
    expect(await world.watchedOn()).toMatchObject({ says: 'ended', text: 'task 7 ended failed' });
  });
});

describe('a run that is killed behind a wait that ran out, where somebody stays', () => {
  const FOUR = `${STEPS}
  - { id: behind, uses: test/build }
  - { id: always, uses: test/cancel, always: true, with: { value: always } }
  - { id: last, uses: test/build }`;

  test('is watched on all the same, around whatever write it was', async () => {
    const { world: whole } = elsewhere({ watchOn: true });
    const writes = (await whole.killed(FOUR, { write: Number.POSITIVE_INFINITY, when: 'after' })) ?? 0;
    const deaths = Array.from({ length: writes }, (_, write): Death => ({ write: write + 1, when: 'after' }));
    for (const death of [{ write: 'stepEnded', when: 'before' } as const, ...deaths]) {
      const { world, made, removed } = elsewhere({ watchOn: true });
      await world.killed(FOUR, death);
      if ((await world.stored()).record === null) {
        expect(await world.resumed(), `${death.write}`).toMatchObject({ outcome: 'failed' });
      }
      expect(made).toEqual(['7']);
      expect(removed.filter((value) => value !== 'always')).toEqual([]);
      expect(await world.store.late.of('run-1'), `${death.write}`).toMatchObject({ step: 'build' });
    }
  });

  test('is watched on where nobody was at work when the wait ran out', async () => {
    const { world, removed, closes } = elsewhere({ watchOn: true });
    await world.killed(STEPS, { write: 'follow', when: 'after' });
    const [step] = (await world.stored()).steps;
    closes.at = (step?.started_at ?? 0) + 2.5 * HOUR;
    await world.clock.advance(3 * HOUR);
    expect(await world.resumed()).toMatchObject({ outcome: 'failed', fault: { code: 'STEP_TIMED_OUT' } });
    expect(removed).toEqual([]);
    expect(await world.watchedOn()).toMatchObject({ says: 'came_late', text: 'came after 2h 30m 00s' });
    expect(removed).toEqual(['7']);
  });
});

test.each([
  [
    'passed over: the run went on and another step decided it',
    '  - { uses: test/build, continue_on_failure: true }\n  - { id: again, uses: test/build }',
    'build',
  ],
  [
    'no longer of interest: an earlier step of ours broke',
    '  - { uses: test/broken, continue_on_failure: true }\n  - uses: test/build',
    undefined,
  ],
])('only the step that decided the run is watched on, not one that is %s', async (_, steps, watched) => {
  const { world } = elsewhere({ watchOn: true });
  await world.ran(steps);
  expect((await world.store.late.of('run-1'))?.step).toBe(watched);
});

test('nothing is watched on of a run whose whole environment has gone', async () => {
  const { world } = elsewhere({
    watchOn: true,
    lookIfGone: async () => new Fault('the sandbox ended', { code: 'SANDBOX_GONE', kind: 'prober' }),
  });
  expect(await world.ran(STEPS)).toMatchObject({ outcome: 'errored', fault: { code: 'SANDBOX_GONE' } });
  expect(await world.store.late.of('run-1')).toBeUndefined();
  expect(await world.stored()).toMatchObject({ state: 'finished', verdicts: [] });
});

test('where nobody stays, what a wait that ran out waited for is taken away at once', async () => {
  const { world, removed } = elsewhere();
  expect(await world.ran(STEPS)).toMatchObject({ outcome: 'failed' });
  expect(removed).toEqual(['7']);
  expect(await world.stored()).toMatchObject({ state: 'finished' });
});
