import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { chargedTo } from '../../src/clients/http-answer.ts';
import type { Source } from '../../src/core/event.ts';
import { Fault, type FaultKind } from '../../src/core/fault.ts';
import { runCancelled } from '../../src/engine/limits.ts';
import { action, engineWorld } from '../support/engine-world.ts';
import { settle } from '../support/fake-clock.ts';

const pass = action(async () => ({}));
const fail = (kind: FaultKind, code = 'TEST') =>
  action(async () => {
    throw new Fault(`it is ${kind}`, { code, kind });
  });
const never = action(
  ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
);

const summary = (steps: readonly { readonly id: string; readonly outcome: string }[]) =>
  steps.map(({ id, outcome }) => `${id} ${outcome}`);

describe('the steps of a run', () => {
  test.each<[FaultKind, string]>([
    ['rejected', 'failed'],
    ['unavailable', 'failed'],
    ['timeout', 'failed'],
    ['malformed', 'failed'],
    ['unexpected', 'errored'],
    ['prober', 'errored'],
    ['cancelled', 'cancelled'],
  ])('a fault of kind %s makes it %s, and what is behind it skipped', async (kind, outcome) => {
    await using world = engineWorld({ 'a/good': pass, 'a/bad': fail(kind) });
    const run = await world.ran(
      '  - { uses: a/good }\n  - { uses: a/bad }\n  - { id: last, uses: a/good }\n',
    );
    expect(run.outcome).toBe(outcome);
    expect(run.fault).toMatchObject({ kind });
    expect(summary(run.steps)).toEqual(['good passed', `bad ${outcome}`, 'last skipped']);
    expect(run.steps[2]).toMatchObject({ reason: 'step bad did not pass', attempts: [], duration_ms: 0 });
    const stored = await world.stored();
    expect(stored.steps.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual(summary(run.steps));
    expect(stored.record).toEqual(run);
  });

  test('each attempt is kept with its own duration and fault', async () => {
    const waits = [1000, 2000, 4000];
    await using world = engineWorld({
      'a/slow': action(async ({ clock, signal }) => {
        await clock.sleep(waits.shift() ?? 0, signal);
        if (waits.length > 0) throw new Fault('away', { code: 'AWAY', kind: 'unavailable' });
        return { made: 'at last' };
      }),
    });
    const run = await world.ran('  - { uses: a/slow, retry: { delay: 10s } }\n');
    expect(run.outcome).toBe('passed');
    expect(run.steps[0]?.attempts).toMatchObject([
      { attempt: 1, duration_ms: 1000, outcome: 'failed', fault: { code: 'AWAY', system: 'koji' } },
      { attempt: 2, duration_ms: 2000, outcome: 'failed' },
      { attempt: 3, duration_ms: 4000, outcome: 'passed' },
    ]);
    expect(run.steps[0]).toMatchObject({
      duration_ms: 1000 + 10_000 + 2000 + 10_000 + 4000,
      outputs: { made: 'at last' },
    });
    expect((await world.stored()).steps[0]?.attempts).toEqual(run.steps[0]?.attempts);
  });

  test('an output is handed to a later step', async () => {
    await using world = engineWorld({
      'a/give': action(async () => ({ made: 'given' })),
      'a/take': action(async (_, { value }) => ({ made: `${value} and taken` })),
    });
    const run = await world.ran(
      '  - { uses: a/give }\n  - { uses: a/take, with: { value: "${{ steps.give.made }}" } }\n',
    );
    expect(run.steps[1]).toMatchObject({ inputs: { value: 'given' }, outputs: { made: 'given and taken' } });
  });

  test('an action that gives what it did not promise is our fault', async () => {
    await using world = engineWorld({
      'a/liar': action(async () => ({ made: 7 })),
    });
    const run = await world.ran('  - { uses: a/liar }\n');
    expect(run).toMatchObject({ outcome: 'errored', fault: { code: 'PROBER_BUG', system: 'own' } });
  });

  test('a bug in an action is our fault, the original kept as its message', async () => {
    await using world = engineWorld({
      'a/bug': action(async () => {
        throw new TypeError('undefined is not a function');
      }),
    });
    const run = await world.ran('  - { uses: a/bug }\n');
    expect(run.fault).toMatchObject({
      kind: 'prober',
      message: expect.stringContaining('undefined is not a function'),
    });
    expect(run.steps[0]?.attempts).toHaveLength(1);
  });

  test('an input that turns out wrong is our fault, with its place', async () => {
    await using world = engineWorld({
      'a/give': action(async () => ({})),
      'a/take': action(async () => ({}), {
        input: z.strictObject({ value: z.string().startsWith('x').describe('Needed.') }),
      }),
    });
    const run = await world.ran(
      '  - { uses: a/give }\n  - { uses: a/take, with: { value: "${{ steps.give.made }}" } }\n',
    );
    expect(run).toMatchObject({
      outcome: 'errored',
      fault: { code: 'INPUT_INVALID', evidence: { line: 5 } },
    });
  });

  test('a clean-up runs when the attempt has ended, the last first, whatever it threw', async () => {
    const cleaned: string[] = [];
    await using world = engineWorld({
      'a/messy': action(async ({ defer }) => {
        defer(async () => void cleaned.push('first'));
        defer(async () => {
          cleaned.push('second');
          throw new Error('cannot');
        });
        throw new Fault('no', { code: 'NO', kind: 'rejected' });
      }),
    });
    expect(await world.ran('  - { uses: a/messy }\n')).toMatchObject({
      outcome: 'failed',
      fault: { code: 'NO' },
    });
    expect(cleaned).toEqual(['second', 'first']);
  });

  test('what an attempt that failed meant to follow is followed no longer than its run lasts', async () => {
    let looks = 0;
    const source: Source = {
      name: 'koji',
      system: 'koji',
      kind: 'api',
      intervalMs: 1000,
      covers: () => true,
      look: async () => {
        looks += 1;
        return [];
      },
    };
    await using world = engineWorld(
      {
        'a/bad': action(async ({ events }) => {
          events.follow({ kind: 'koji-task', key: '7' });
          throw new Fault('no', { code: 'NO', kind: 'rejected' });
        }),
      },
      {
        sources: [source],
        changeStore: (store) => ({
          ...store,
          async reportsOf(...asked) {
            await world.clock.sleep(5000, new AbortController().signal);
            return store.reportsOf(...asked);
          },
        }),
      },
    );
    expect(await world.ran('  - { uses: a/bad }\n')).toMatchObject({ outcome: 'failed' });
    const before = looks;
    await world.clock.advance(60_000);
    expect(looks).toBe(before);
  });

  test('the release is asked once and journalled', async () => {
    let asked = 0;
    const ask = action(async ({ release }) => {
      const { branch } = await release(async () => {
        asked += 1;
        return { branch: 'f44', name: 'F44' } as never;
      });
      return { made: branch };
    });
    await using world = engineWorld({ 'a/ask': ask });
    const run = await world.ran('  - { uses: a/ask }\n  - { id: again, uses: a/ask }\n');
    expect(run.steps.map(({ outputs }) => outputs)).toEqual([{ made: 'f44' }, { made: 'f44' }]);
    expect(run.release).toMatchObject({ branch: 'f44' });
    expect((await world.stored()).release).toMatchObject({ branch: 'f44' });
    expect(asked).toBe(1);
  });
});

describe('a limit', () => {
  test('of a step aborts its work and waits for it to stop', async () => {
    let stopped = 0;
    const stubborn = action(
      ({ signal, clock }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            void clock.sleep(5000, new AbortController().signal).then(() => {
              stopped = clock.now();
              reject(new Error('whatever it says now'));
            });
          });
        }),
    );
    await using world = engineWorld({ 'a/stubborn': stubborn, 'a/good': pass });
    const start = world.clock.now();
    const run = await world.ran('  - { uses: a/stubborn, timeout: 10m }\n');
    expect(run.fault).toMatchObject({ code: 'STEP_TIMED_OUT', kind: 'timeout', system: 'koji' });
    expect(stopped - start).toBe(605_000);
    expect(run.steps[0]).toMatchObject({ duration_ms: 605_000, outcome: 'failed' });
  });

  test('of a step is charged to whom a client was waiting for just then', async () => {
    const elsewhere = action(({ signal }) =>
      chargedTo(
        'bodhi',
        () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      ),
    );
    await using world = engineWorld({ 'a/elsewhere': elsewhere });
    const run = await world.ran('  - { uses: a/elsewhere, timeout: 10m }\n');
    expect(run.fault).toMatchObject({ code: 'STEP_TIMED_OUT', kind: 'timeout', system: 'bodhi' });
    expect(run.fault?.message).toMatch(/did not end within 10m.*: bodhi had not answered$/);
  });

  test('of a step covers all its attempts', async () => {
    await using world = engineWorld({ 'a/away': fail('unavailable', 'AWAY') });
    const run = await world.ran('  - { uses: a/away, timeout: 15m, retry: { attempts: 3, delay: 10m } }\n');
    expect(run.steps[0]?.attempts).toHaveLength(2);
    expect(run.steps[0]).toMatchObject({ duration_ms: 900_000, fault: { code: 'AWAY' } });
  });

  test('of the run wins where it passes first', async () => {
    await using world = engineWorld({ 'a/never': never, 'a/good': pass });
    const run = await world.ran('  - { uses: a/never, timeout: 30m }\n  - { uses: a/good, always: true }\n', {
      timeout: '30m',
    });
    expect(run.fault?.code).toMatch(/^(RUN|STEP)_TIMED_OUT$/);
    const sooner = await world.ran(
      '  - { id: first, uses: a/good }\n  - { uses: a/never, timeout: 20m }\n  - { id: more, uses: a/never, timeout: 20m }\n',
      { timeout: '30m' },
    );
    expect(sooner.fault).toMatchObject({ code: 'STEP_TIMED_OUT' });
  });

  test('cancelled first stays cancelled, and the steps behind it are skipped', async () => {
    await using world = engineWorld({ 'a/never': never, 'a/good': pass });
    const controller = new AbortController();
    const running = world.run('  - { uses: a/never, timeout: 10m }\n  - { uses: a/good, always: true }\n', {
      signal: controller.signal,
    });
    await settle();
    controller.abort(runCancelled('SIGINT'));
    await world.clock.advance(3_600_000);
    const run = await running;
    expect(run).toMatchObject({ outcome: 'cancelled', fault: { code: 'RUN_CANCELLED', kind: 'cancelled' } });
    expect(summary(run.steps)).toEqual(['never cancelled', 'good skipped']);
  });

  test('of a step that passes first stays the reason, whatever passes while its work stops', async () => {
    const stubborn = action(
      ({ signal, clock }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            void clock
              .sleep(3_600_000, new AbortController().signal)
              .then(() => reject(new Error('at last')));
          });
        }),
    );
    await using world = engineWorld({ 'a/stubborn': stubborn });
    const run = await world.ran('  - { uses: a/stubborn, timeout: 10m }\n', { timeout: '20m' });
    expect(run.fault).toMatchObject({ code: 'STEP_TIMED_OUT' });
  });
});
