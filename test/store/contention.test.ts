import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { ended, storeWorld } from '../support/store-world.ts';
import type { Contest, Won } from './contender.ts';

/** Two processes as good as: each has a connection of its own and a thread of its own, and none waits for the other. */
async function contend(file: string, contest: Contest['contest'], rounds: number): Promise<readonly Won[]> {
  const start = new Int32Array(new SharedArrayBuffer(4));
  const contenders = [7, 8].map(
    (pid) =>
      new Worker(new URL('./contender.ts', import.meta.url), {
        workerData: { file, contest, rounds, pid, start } satisfies Contest,
      }),
  );
  try {
    return await Promise.all(contenders.map(async (worker) => (await once(worker, 'message'))[0] as Won));
  } finally {
    await Promise.all(contenders.map((worker) => worker.terminate()));
  }
}

test.each(['dues', 'digests', 'starts', 'leases'] as const)(
  'of two that want the same at once one gets it: %s',
  async (contest) => {
    const rounds = 40;
    await using world = storeWorld();
    const { store } = world;
    if (contest === 'digests') {
      for (let run = 0; run < rounds; run += 1) await ended(store, `run-${run}`);
    }
    const [one = [], other = []] = await contend(world.file, contest, rounds);
    expect([...one, ...other].toSorted((a, b) => a - b)).toEqual(Array.from({ length: rounds }, (_, n) => n));
    if (contest === 'digests') expect(await store.totals.all()).toMatchObject([{ sum: rounds }]);
    if (contest === 'starts') expect(await store.list({ limit: 99 })).toHaveLength(rounds);
    if (contest === 'leases') expect(await store.leases.current()).toMatchObject({ service_id: rounds });
  },
);
