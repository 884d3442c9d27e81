import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/core/store.ts';
import type { Lease } from '../../src/service/lease.ts';
import { type Loop, runService } from '../../src/service/service.ts';
import type { Workers } from '../../src/service/workers.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { silentLogger } from '../support/step-context.ts';

/** A service that only looks whether something was written; a write is a new version. */
function pulsing(
  changed: (signal: AbortSignal) => Promise<void>,
  told?: 'of writes',
  {
    adopt = async () => {},
    loops = [],
  }: { readonly adopt?: () => Promise<void>; readonly loops?: readonly Loop[] } = {},
) {
  let rings = () => {};
  const clock = new FakeClock();
  const leave = new AbortController();
  const written = { version: 1 };
  const asked: { run_id: string; by: string }[] = [];
  const cancelled: string[] = [];
  const broke: unknown[] = [];
  const served = runService(
    {
      store: {
        version: () => String(written.version),
        onWrite(act: () => void) {
          rings = act;
          return told && { [Symbol.dispose]() {} };
        },
        toCancel: async () => asked,
      } as unknown as Store,
      lease: { lost: new AbortController().signal } as unknown as Lease,
      workers: {
        active: () => [],
        adopt,
        idle: async () => {},
        cancel: (run_id: string) => void cancelled.push(run_id),
      } as unknown as Workers,
      loops,
      changed,
      stopStarting() {},
      suspend() {},
      broke: (_, error) => broke.push(error),
      clock,
      log: silentLogger,
    },
    leave.signal,
  );
  return {
    clock,
    written,
    asked,
    cancelled,
    broke,
    ring: () => rings(),
    async left() {
      leave.abort();
      await settle();
      await served;
    },
  };
}

describe('what goes on beside it', () => {
  function besides() {
    const began: string[] = [];
    const beside: Loop = {
      name: 'beside',
      component: 'scheduler',
      async run(signal) {
        began.push('beside');
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
    };
    const { promise, resolve } = Promise.withResolvers<void>();
    const service = pulsing(async () => {}, undefined, { adopt: () => promise, loops: [beside] });
    return { ...service, began, adopted: resolve };
  }

  test('begins as soon as all that was under way was taken over', async () => {
    const service = besides();
    await service.clock.advance(5000);
    expect(service.began).toEqual([]);
    service.adopted();
    await settle();
    expect(service.began).toEqual(['beside']);
    await service.left();
  });

  test('begins after ten seconds where that hangs', async () => {
    const service = besides();
    await service.clock.advance(9999);
    expect(service.began).toEqual([]);
    await service.clock.advance(1);
    expect(service.began).toEqual(['beside']);
    service.adopted();
    await service.left();
  });
});

describe('the pulse of the service', () => {
  test('cancels a run while what follows from another one still waits for a system', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const service = pulsing(() => promise);
    await service.clock.advance(5000);
    service.asked.push({ run_id: 'run-1', by: 'somebody' });
    service.written.version += 1;
    await service.clock.advance(2000);
    expect(service.cancelled).toContain('run-1');
    resolve();
    await service.left();
  });

  test('looks at once where it is told of a write, and every ten seconds where it is told nothing any more', async () => {
    const worked: number[] = [];
    const service = pulsing(async () => void worked.push(service.clock.now()), 'of writes');
    await service.clock.advance(1000);
    const start = service.clock.now();
    service.written.version += 1;
    service.ring();
    await service.clock.advance(1);
    expect(worked).toEqual([expect.any(Number), start]);
    await service.clock.advance(1000);
    service.written.version += 1;
    await service.clock.advance(5000);
    expect(worked).toHaveLength(2);
    await service.clock.advance(5000);
    expect(worked).toHaveLength(3);
    await service.left();
  });

  test('looks no more often than five times a second, however much is written', async () => {
    let worked = 0;
    const service = pulsing(async () => {
      worked += 1;
    }, 'of writes');
    for (let round = 0; round < 1000; round += 1) {
      service.written.version += 1;
      service.ring();
      await service.clock.advance(1);
    }
    expect(worked).toBeGreaterThan(2);
    expect(worked).toBeLessThanOrEqual(6);
    await service.left();
  });

  test('looks again at what was written while it worked, and never works twice at once', async () => {
    const begun: PromiseWithResolvers<void>[] = [];
    const service = pulsing(() => {
      const work = Promise.withResolvers<void>();
      begun.push(work);
      return work.promise;
    });
    await service.clock.advance(1000);
    service.written.version += 1;
    await service.clock.advance(10_000);
    expect(begun).toHaveLength(1);
    begun[0]?.resolve();
    await service.clock.advance(2000);
    expect(begun).toHaveLength(2);
    begun[1]?.resolve();
    await service.clock.advance(10_000);
    expect(begun).toHaveLength(2);
    await service.left();
  });

  test('tries again what failed, and says it', async () => {
    let tries = 0;
    const service = pulsing(async () => {
      tries += 1;
      if (tries === 1) throw new Error('disk I/O error');
    });
    await service.clock.advance(5000);
    expect(tries).toBe(2);
    expect(service.broke).toHaveLength(1);
    await service.left();
  });

  test('blames nobody for what it leaves undone when it is told to leave', async () => {
    const service = pulsing(
      (signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        ),
    );
    await service.clock.advance(2000);
    await service.left();
    expect(service.broke).toEqual([]);
  });
});
