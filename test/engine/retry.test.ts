import { describe, expect, test } from 'vitest';
import { Fault, type FaultKind } from '../../src/core/fault.ts';
import { retrying, type Tried } from '../../src/engine/retry.ts';
import { FakeClock } from '../support/fake-clock.ts';

const ids = { uuid: () => 'id', random: () => 0.5 };

function fault(kind: FaultKind): Fault {
  return new Fault(`it is ${kind}`, { code: 'TEST', kind });
}

async function play(
  answers: readonly Tried<string>[],
  { attempts = 3, signal = new AbortController().signal } = {},
) {
  const clock = new FakeClock();
  const start = clock.now();
  const began: number[] = [];
  const tried = retrying(
    async (number) => {
      began.push(clock.now() - start);
      return answers[number - 1]!;
    },
    { attempts, delayMs: 1000, clock, ids, signal },
  );
  await clock.advance(60_000);
  return { tried: await tried, began };
}

describe('trying again', () => {
  test.each<[FaultKind, number]>([
    ['unavailable', 3],
    ['malformed', 3],
    ['rejected', 1],
    ['timeout', 1],
    ['unexpected', 1],
    ['prober', 1],
    ['cancelled', 1],
  ])('after a fault of kind %s makes %i tries in all', async (kind, tries) => {
    const { began, tried } = await play([1, 2, 3].map(() => ({ fault: fault(kind) })));
    expect(began).toHaveLength(tries);
    expect(tried).toMatchObject({ fault: { kind } });
  });

  test('ends with the first that goes well, a pause before each but the first', async () => {
    const { began, tried } = await play([{ fault: fault('unavailable') }, { result: 'good' }]);
    expect(tried).toEqual({ result: 'good' });
    expect(began).toEqual([0, 1000]);
  });

  test('stops in the pause when the limit passes, and keeps what the last one found', async () => {
    const controller = new AbortController();
    const clock = new FakeClock();
    const found = fault('unavailable');
    const tried = retrying(async () => ({ fault: found }), {
      attempts: 3,
      delayMs: 60_000,
      clock,
      ids,
      signal: controller.signal,
    });
    await clock.advance(1000);
    controller.abort(fault('timeout'));
    await expect(tried).resolves.toEqual({ fault: found });
  });

  test('is cancelled in the pause, and says just that', async () => {
    const controller = new AbortController();
    const clock = new FakeClock();
    const tried = retrying(async () => ({ fault: fault('unavailable') }), {
      attempts: 3,
      delayMs: 60_000,
      clock,
      ids,
      signal: controller.signal,
    });
    await clock.advance(1000);
    const reason = fault('cancelled');
    controller.abort(reason);
    await expect(tried).resolves.toEqual({ fault: reason });
  });

  test('does not repeat work whose attempt could not be written down', async () => {
    let tries = 0;
    const tried = retrying(
      async () => {
        tries += 1;
        throw new Error('the journal broke');
      },
      { attempts: 3, delayMs: 0, clock: new FakeClock(), ids, signal: new AbortController().signal },
    );
    await expect(tried).rejects.toThrow('the journal broke');
    expect(tries).toBe(1);
  });
});
