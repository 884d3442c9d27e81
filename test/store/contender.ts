import { parentPort, workerData } from 'node:worker_threads';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/store.ts';
import { digestOf, dueOf, headerOf, OWNER } from '../support/store-world.ts';

/** What two of them want at once, so many times. */
export interface Contest {
  readonly file: string;
  readonly contest: 'dues' | 'digests' | 'starts' | 'leases';
  readonly rounds: number;
  readonly pid: number;
  /** Counts who is ready. */
  readonly start: Int32Array;
}

/** Numbers of the rounds that it won. */
export type Won = readonly number[];

const { file, contest, rounds, pid, start } = workerData as Contest;
const owner = { ...OWNER, pid };

/** Whether this one was it. */
async function wins(store: Store, round: number): Promise<boolean> {
  switch (contest) {
    case 'dues':
      return (await store.dues.claim([dueOf(round)])).length === 1;
    case 'digests':
      return store.digests.digest(
        digestOf(`run-${round}`, { totals: [{ metric: 'packprobe_runs_total', labels: {}, value: 1 }] }),
      );
    case 'starts':
      await store.dues.claim([dueOf(round)]);
      return store
        .begin(headerOf(`run-${round}-${pid}`), owner, () => true, round + 1)
        .then(
          () => true,
          (error: { readonly code: string }) => {
            if (error.code === 'DUE_DECIDED') return false;
            throw error;
          },
        );
    case 'leases': {
      const seen = await store.leases.current();
      // The other one is ahead.
      if ((seen?.service_id ?? 0) !== round) return false;
      return (await store.leases.take(owner, seen, round)) !== undefined;
    }
  }
}

await using store = openStore(file);
Atomics.add(start, 0, 1);
Atomics.notify(start, 0);
while (Atomics.load(start, 0) < 2) Atomics.wait(start, 0, 1, 1000);
const won: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  if (await wins(store, round)) won.push(round);
}
parentPort?.postMessage(won);
