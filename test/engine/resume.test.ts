import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { mayTurn, type Report, type Source } from '../../src/core/event.ts';
import { Fault } from '../../src/core/fault.ts';
import type { StepDefinition } from '../../src/core/step.ts';
import { action, type EngineWorld, engineWorld } from '../support/engine-world.ts';
import type { FakeClock } from '../support/fake-clock.ts';

const worlds: EngineWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world[Symbol.asyncDispose]();
});

const ABANDONED = new Fault('it died', { code: 'RUN_ABANDONED', kind: 'prober' }).toData('own');
const TASK = { kind: 'koji-task', key: '1' };

/** A system that makes things on request, and tells an hour later that they are done. */
function elsewhere() {
  const made: string[] = [];
  const removed: string[] = [];
  const doneAt = new Map<string, number>();
  let clock: FakeClock | undefined;
  const source: Source = {
    name: 'koji',
    system: 'koji',
    kind: 'api',
    intervalMs: 60_000,
    covers: ({ kind }) => kind === TASK.kind,
    async look(subjects) {
      const now = clock?.now() ?? 0;
      return subjects.flatMap((subject): Report[] => {
        const at = doneAt.get(subject.key);
        if (at === undefined || at > now) return [];
        return [
          {
            subject,
            fact: 'closed',
            earliest: at,
            latest: at,
            source: 'api',
            system: 'koji',
            seen_at: now,
            data: {},
          },
        ];
      });
    },
  };
  return {
    made,
    removed,
    doneAt,
    source,
    on(world: EngineWorld) {
      clock = world.clock;
      worlds.push(world);
      return world;
    },
  };
}

const removal = (removed: string[]) =>
  action(
    async (_, { id }) => {
      removed.push(String(id));
      return {};
    },
    { input: z.strictObject({ id: z.string().describe('Which.') }) as never },
  );

const login = action(async () => ({}), { input: z.strictObject({}) as never });

/** A flow with everything that a journal holds: outputs, releases, effects with and without undo, waits. */
function flow(there: ReturnType<typeof elsewhere>): Record<string, StepDefinition> {
  const make = (kind: string, undo: boolean) =>
    action(async ({ effect, clock, run }, { value }) => {
      const name = `${kind} ${value} of ${run.id}`;
      const id = await effect<string>({
        kind,
        key: String(value),
        find: async () => there.made.find((thing) => thing === name),
        make: async () => {
          there.made.push(name);
          there.doneAt.set('1', clock.now() + 3_600_000);
          return name;
        },
        ...(undo ? { undo: (thing: string) => ({ uses: 'a/remove', with: { id: thing } }) } : {}),
        subjects: () => [TASK],
      });
      return { made: id };
    });
  return {
    'fas/login': login,
    'a/remove': removal(there.removed),
    'a/commit': make('commit', false),
    'a/build': make('task', true),
    'a/release': action(async ({ release }) => {
      const { branch } = await release(async () => ({ branch: 'f44' }) as never);
      return { made: branch };
    }),
    'a/wait': action(async ({ events }) => {
      await events.until(TASK, ({ last }) => (last?.fact === 'closed' ? true : undefined));
      return { made: 'done' };
    }),
  };
}

const STEPS = `  - { id: which, uses: a/release }
  - { id: push, uses: a/commit, with: { value: "\${{ steps.which.made }}" } }
  - { id: build, uses: a/build, with: { value: "\${{ steps.push.made }}" } }
  - { id: never, uses: a/commit, if: "\${{ steps.which.made == 'nowhere' }}" }
  - { id: wait, uses: a/wait, timeout: 2h }
`;

function world(): { readonly there: ReturnType<typeof elsewhere>; readonly engine: EngineWorld } {
  const there = elsewhere();
  return { there, engine: there.on(engineWorld(flow(there), { sources: [there.source] })) };
}

/** How many writes of its journal a whole run takes, found by counting them. */
async function countWrites(): Promise<number> {
  return (await world().engine.killed(STEPS, { write: Infinity, when: 'after' })) ?? 0;
}

describe('a run that is killed', () => {
  test('around any write of its journal goes on, passes, and has made each thing once', async () => {
    const writes = await countWrites();
    expect(writes).toBeGreaterThan(15);
    for (let write = 1; write <= writes; write += 1) {
      for (const when of ['before', 'after'] as const) {
        const { there, engine } = world();
        expect(await engine.killed(STEPS, { write, when })).toBeUndefined();
        // Before its first write there is no run, behind its last one nothing is left of it.
        if (write === 1 && when === 'before') continue;
        if (write === writes && when === 'after') continue;
        const record = await engine.resumed();
        expect.soft(record, `${when} write ${write}`).toMatchObject({
          outcome: 'passed',
          steps: [
            { id: 'which', outputs: { made: 'f44' } },
            { id: 'push', outputs: { made: 'commit f44 of run-1' } },
            { id: 'build' },
            { id: 'never', outcome: 'skipped' },
            { id: 'wait', outcome: 'passed' },
          ],
        });
        expect
          .soft(there.made, `${when} write ${write}`)
          .toEqual(['commit f44 of run-1', 'task commit f44 of run-1 of run-1']);
        expect.soft(there.removed.length, `${when} write ${write}`).toBeGreaterThanOrEqual(1);
        const stored = await engine.stored();
        expect.soft(stored.state, `${when} write ${write}`).toBe('finished');
        expect.soft(stored.effects.map(({ state }) => state)).toEqual(['kept', 'undone']);
        expect.soft(stored.steps.map(({ attempts }) => attempts.length)).toEqual([1, 1, 1, 0, 1]);
      }
    }
  });

  test('says in which step it was interrupted, and when another process went on', async () => {
    const { engine } = world();
    await engine.killed(STEPS, { write: 'stepStarted', time: 2, when: 'after' });
    const before = (await engine.stored()).steps.filter(({ outcome }) => outcome === null);
    expect(before).toHaveLength(1);
    await engine.clock.advance(600_000);
    const at = engine.clock.now();
    const record = await engine.resumed();
    const interrupted = record.steps.filter(({ resumed_at }) => resumed_at !== undefined);
    expect(interrupted.map(({ id }) => id)).toEqual(before.map(({ step }) => step));
    expect(interrupted[0]?.resumed_at).toEqual([at]);
    expect(interrupted[0]?.duration_ms).toBeGreaterThanOrEqual(600_000);
  });

  test('with an intent whose answer it did not hear looks for it more than once, for it may still come', async () => {
    const there = elsewhere();
    const looks: number[] = [];
    const engine = there.on(
      engineWorld({
        'fas/login': login,
        'a/remove': removal(there.removed),
        'a/make': action(async ({ effect, clock }) => {
          const made = await effect<string>({
            kind: 'thing',
            find: async () => {
              looks.push(clock.now());
              return looks.length === 2 ? 'late' : undefined;
            },
            make: async () => 'new',
          });
          return { made };
        }),
      }),
    );
    await engine.killed('  - { uses: a/make }\n', { write: 'intend', when: 'after' });
    expect(await engine.resumed()).toMatchObject({
      outcome: 'passed',
      steps: [{ outputs: { made: 'late' } }],
    });
    expect(looks).toHaveLength(2);
  });
});

test('the folder of an undo that was killed behind its last effect is removed', async () => {
  for (const end of ['resumed', 'closed'] as const) {
    const { engine } = world();
    await engine.killed(STEPS, { write: 'settle', when: 'after' });
    expect(engine.folders.at(-1)).toBe('+run-undo-1');
    await (end === 'resumed' ? engine.resumed() : engine.closed(ABANDONED));
    expect(engine.folders.filter((name) => name === '-run-undo-1')).toHaveLength(1);
  }
});

describe('a wait that was interrupted', () => {
  const waiting = (there: ReturnType<typeof elsewhere>, judge?: StepDefinition) =>
    there.on(
      engineWorld(
        {
          'fas/login': login,
          'a/wait':
            judge ??
            action(async ({ events }) => {
              await events.until(TASK, ({ last }) => (last?.fact === 'closed' ? true : undefined));
              return { made: 'done' };
            }),
        },
        { sources: [there.source] },
      ),
    );
  const WAIT = '  - { uses: a/wait, timeout: 2h }\n';
  const FOLLOWED = { write: 'follow', when: 'after' } as const;
  const hours = (count: number) => count * 3_600_000;

  test('goes on under its original limit', async () => {
    const there = elsewhere();
    const engine = waiting(there);
    await engine.killed(WAIT, FOLLOWED);
    const [step] = (await engine.stored()).steps;
    await engine.clock.advance(hours(1));
    const record = await engine.resumed();
    expect(record).toMatchObject({ outcome: 'failed', fault: { code: 'STEP_TIMED_OUT', system: 'koji' } });
    expect(record.ended_at - (step?.started_at ?? 0)).toBeGreaterThanOrEqual(hours(2));
    expect(record.ended_at - (step?.started_at ?? 0)).toBeLessThan(hours(2) + 120_000);
  });

  test('passes where what it waits for came in time, although its limit has passed meanwhile', async () => {
    const there = elsewhere();
    const engine = waiting(there);
    await engine.killed(WAIT, FOLLOWED);
    there.doneAt.set('1', engine.clock.now() + hours(1));
    await engine.clock.advance(hours(3));
    expect(await engine.resumed()).toMatchObject({ outcome: 'passed' });
  });

  test('fails where it came too late, although it is there now', async () => {
    const there = elsewhere();
    const engine = waiting(there);
    await engine.killed(WAIT, FOLLOWED);
    there.doneAt.set('1', engine.clock.now() + hours(2.5));
    await engine.clock.advance(hours(3));
    expect(await engine.resumed()).toMatchObject({ outcome: 'failed', fault: { code: 'STEP_TIMED_OUT' } });
  });

  test('fails with the no that had not turned when its limit passed', async () => {
    const there = elsewhere();
    const no = new Fault('the test failed', { code: 'TEST_FAILED', kind: 'rejected' });
    const engine = waiting(
      there,
      action(
        async ({ events }) => {
          await events.until(TASK, ({ last }) => (last?.fact === 'closed' ? mayTurn(no) : undefined));
          return {};
        },
        { holdMs: hours(9) },
      ),
    );
    await engine.killed(WAIT, FOLLOWED);
    there.doneAt.set('1', engine.clock.now() + hours(1));
    await engine.clock.advance(hours(3));
    expect(await engine.resumed()).toMatchObject({ outcome: 'failed', fault: { code: 'TEST_FAILED' } });
  });

  test('blames nobody where its limit has passed and what happened meanwhile cannot be told', async () => {
    const there = elsewhere();
    const blind = { ...there, source: { ...there.source } };
    blind.source.look = async () => {
      throw new Fault('koji is down', { code: 'DOWN', kind: 'unavailable' });
    };
    const engine = waiting(blind);
    await engine.killed(WAIT, FOLLOWED);
    await engine.clock.advance(hours(3));
    expect(await engine.resumed()).toMatchObject({ outcome: 'errored', fault: { code: 'STEP_LEFT_ALONE' } });
  });
});

test('a run whose limit passed while nobody was at work is nobody else’s fault', async () => {
  const { there, engine } = world();
  await engine.killed(STEPS, { write: 'stepStarted', time: 4, when: 'after' });
  await engine.clock.advance(9 * 3_600_000);
  expect(await engine.resumed()).toMatchObject({
    outcome: 'errored',
    fault: { code: 'RUN_LEFT_ALONE', system: 'own' },
  });
  expect(there.removed).toHaveLength(1);
});

test('a step whose limit passed meanwhile begins nothing any more, and nobody else is blamed', async () => {
  const there = elsewhere();
  const engine = there.on(
    engineWorld({
      'fas/login': login,
      'a/command': action(async ({ exec, signal }) => {
        await exec({ file: 'git', args: [] }, signal);
        return {};
      }),
    }),
  );
  await engine.killed('  - { uses: a/command, timeout: 15m }\n', { write: 'stepStarted', when: 'after' });
  await engine.clock.advance(3_600_000);
  const at = engine.clock.now();
  const record = await engine.resumed();
  expect(record).toMatchObject({ outcome: 'errored', fault: { code: 'STEP_LEFT_ALONE', system: 'own' } });
  expect(record.ended_at).toBe(at);
});

test('a run that finds no place to go on in keeps what its steps had come to', async () => {
  const there = elsewhere();
  let placeable = true;
  const engine = there.on(engineWorld(flow(there), { sources: [there.source], placeable: () => placeable }));
  await engine.killed(STEPS, { write: 'intend', when: 'after' });
  placeable = false;
  expect(await engine.resumed()).toMatchObject({
    outcome: 'errored',
    fault: { code: 'DISK_FAILED' },
    steps: [
      { id: 'which', outcome: 'passed', outputs: { made: 'f44' } },
      { id: 'push', outcome: 'errored', fault: { code: 'DISK_FAILED' } },
      { id: 'build', outcome: 'skipped' },
      { id: 'never', outcome: 'skipped' },
      { id: 'wait', outcome: 'skipped' },
    ],
  });
});

test('what failed because its whole environment has gone is nobody’s failure', async () => {
  const gone = new Fault('the sandbox ended', { code: 'SANDBOX_GONE', kind: 'prober' });
  const engine = elsewhere().on(
    engineWorld(
      {
        'fas/login': login,
        'a/ask': action(async () => {
          throw new Fault('koji does not answer', { code: 'HTTP_UNREACHABLE', kind: 'rejected' });
        }),
      },
      { lookIfGone: async () => gone },
    ),
  );
  expect(await engine.ran('  - { uses: a/ask }\n')).toMatchObject({
    outcome: 'errored',
    fault: { code: 'SANDBOX_GONE', system: 'own' },
    steps: [{ outcome: 'errored', fault: { evidence: { seen: 'koji does not answer' } } }],
  });
});

describe('a run that is given up by another process', () => {
  test('around any write of its journal ends errored, and leaves nothing of what can be undone', async () => {
    const writes = await countWrites();
    for (let write = 1; write < writes; write += 1) {
      const { there, engine } = world();
      await engine.killed(STEPS, { write, when: 'after' });
      const finished = (await engine.stored()).record !== null;
      const record = await engine.closed(ABANDONED);
      const about = `after write ${write}`;
      expect.soft(record.outcome, about).toBe(finished ? 'passed' : 'errored');
      if (!finished) expect.soft(record.fault, about).toEqual(ABANDONED);
      const tasks = there.made.filter((thing) => thing.startsWith('task'));
      expect.soft([...new Set(there.removed)], about).toEqual(tasks);
      expect.soft((await engine.stored()).state, about).toBe('finished');
    }
  });

  test('keeps in its record what it had reached, and which step it was in', async () => {
    const { engine } = world();
    await engine.killed(STEPS, { write: 'intend', when: 'after' });
    const { steps } = await engine.closed(ABANDONED);
    expect(steps).toMatchObject([
      { id: 'which', outcome: 'passed', outputs: { made: 'f44' } },
      {
        id: 'push',
        outcome: 'errored',
        fault: { code: 'RUN_ABANDONED' },
        attempts: [{ outcome: 'errored' }],
      },
    ]);
  });

  test('asks the step that meant to make something what it sought, not the folder that is gone', async () => {
    const there = elsewhere();
    const sought: unknown[] = [];
    const engine = there.on(
      engineWorld({
        'fas/login': login,
        'a/remove': removal(there.removed),
        'a/make': action(async ({ effect }) => {
          await effect<string, string>({
            kind: 'thing',
            sought: async () => 'commit abc',
            find: async (_, asked) => {
              sought.push(asked);
              return 'the thing';
            },
            make: async () => 'the thing',
            undo: (id) => ({ uses: 'a/remove', with: { id } }),
          });
          return {};
        }),
      }),
    );
    await engine.killed('  - { uses: a/make }\n', { write: 'intend', when: 'after' });
    await engine.closed(ABANDONED);
    expect(sought).toEqual(['commit abc']);
    expect(there.removed).toEqual(['the thing']);
    expect((await engine.stored()).effects).toMatchObject([{ state: 'undone', identity: 'the thing' }]);
  });
});
