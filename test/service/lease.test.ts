import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Leases, Service } from '../../src/core/lease.ts';
import type { Owner } from '../../src/core/run.ts';
import { type Lease, takeLease } from '../../src/service/lease.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { silentLogger } from '../support/step-context.ts';
import { storeWorld } from '../support/store-world.ts';

type Seen = 'alive' | 'dead' | 'unseen';

function owner(pid: number): Owner {
  return { host: 'here', boot_id: 'boot', pid, start: pid };
}

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

/** Two processes and one database. */
function world(seen: Seen) {
  const stored = storeWorld();
  opened.push(stored);
  const { store } = stored;
  const clock = new FakeClock();
  const told: Service[] = [];
  const file = { isGone: false, isFull: false };
  const beat: Leases['beat'] = async (...sign) => {
    if (file.isFull) throw new Error('the disk is full');
    return store.leases.beat(...sign);
  };
  const leaving = new AbortController();
  const take = (pid: number, signal = leaving.signal): Promise<Lease> =>
    takeLease(
      {
        leases: { ...store.leases, beat },
        owner: owner(pid),
        look: () => seen,
        isGone: () => file.isGone,
        clock,
        log: silentLogger,
        waiting: (service) => void told.push(service),
      },
      signal,
    );
  return { store, clock, told, take, file };
}

async function advance(clock: FakeClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await clock.advance(1000);
    await settle();
  }
}

describe('of two that serve one database', () => {
  test('the second waits while the first lives, and says so once', async () => {
    const { clock, told, take } = world('alive');
    await using first = await take(1);
    let got = false;
    const stop = new AbortController();
    const second = take(2, stop.signal).then(
      () => {
        got = true;
      },
      () => {},
    );
    await advance(clock, 300);
    expect(got).toBe(false);
    expect(told.map(({ owner: { pid } }) => pid)).toEqual([1]);
    expect(first.lost.aborted).toBe(false);
    stop.abort();
    await second;
  });

  test('the second goes on at once where the first has left in good order', async () => {
    const { clock, take } = world('alive');
    const first = await take(1);
    const taking = take(2);
    await advance(clock, 3);
    await first[Symbol.asyncDispose]();
    await advance(clock, 2);
    await using second = await taking;
    expect(second.service.service_id).toBe(first.service.service_id + 1);
  });

  test('the second takes over at once from one that can be seen to be dead', async () => {
    const { clock, store, take } = world('dead');
    await store.leases.take(owner(1), undefined, clock.now());
    await using second = await take(2);
    expect(await store.leases.before(second.service.service_id)).toEqual([owner(1)]);
  });

  test('the second takes over from one on another host once it has been silent for 20 s, not before', async () => {
    const { clock, store, take } = world('unseen');
    await store.leases.take(owner(1), undefined, clock.now());
    let got: Lease | undefined;
    const taking = take(2).then((lease) => {
      got = lease;
    });
    await advance(clock, 19);
    expect(got).toBeUndefined();
    await advance(clock, 4);
    expect(got?.service.owner.pid).toBe(2);
    await taking;
    await got?.[Symbol.asyncDispose]();
  });

  test('one that slept knows that it is not its turn any more before anything tells it', async () => {
    const { clock, store, take } = world('unseen');
    await using first = await take(1);
    expect(await first.isHeld()).toBe(true);
    const { service } = first;
    await store.leases.take(owner(2), await store.leases.current(), clock.now());
    // No timer of its own has gone off: it has the whole sleep before it.
    vi.spyOn(clock, 'now').mockReturnValue(clock.now() + 60_000);
    expect(await first.isHeld()).toBe(false);
    expect(first.lost.reason).toMatchObject({ code: 'SERVICE_REPLACED' });
    expect((await store.leases.current())?.service_id).toBeGreaterThan(service.service_id);
  });

  test('one that is there but has not told that it lives for two minutes hangs, and loses it', async () => {
    const { clock, store, take } = world('alive');
    await store.leases.take(owner(1), undefined, clock.now());
    let got: Lease | undefined;
    const taking = take(2).then((lease) => {
      got = lease;
    });
    await advance(clock, 118);
    expect(got).toBeUndefined();
    await advance(clock, 5);
    await taking;
    await got?.[Symbol.asyncDispose]();
  });

  test('the first knows at its next sign of life that it was replaced', async () => {
    const { clock, store, take } = world('alive');
    await using first = await take(1);
    const seen = await store.leases.current();
    expect(await store.leases.take(owner(2), seen, clock.now())).toBeDefined();
    await advance(clock, 6);
    expect(first.lost.reason).toMatchObject({ code: 'SERVICE_REPLACED' });
  });

  test('who cannot write a sign of life knows it, and when it can again', async () => {
    const { clock, take, file } = world('alive');
    await using first = await take(1);
    await advance(clock, 10);
    expect(first.isWritten()).toBe(true);
    file.isFull = true;
    await advance(clock, 6);
    expect(first.isWritten()).toBe(false);
    file.isFull = false;
    await advance(clock, 6);
    expect(first.isWritten()).toBe(true);
  });

  test('a database whose file is removed is held no longer, and taken over by nobody', async () => {
    const { clock, file, take } = world('alive');
    await using first = await take(1);
    const second = expect(take(2)).rejects.toMatchObject({ code: 'DATABASE_GONE' });
    await advance(clock, 6);
    expect(first.lost.aborted).toBe(false);
    file.isGone = true;
    await advance(clock, 6);
    await second;
    expect(first.lost.reason).toMatchObject({ code: 'DATABASE_GONE' });
  });
});
