import { once } from 'node:events';
import { join } from 'node:path';
import { openClock } from '../../../src/platform/clock.ts';
import { openScheduler } from '../../../src/schedule/scheduler.ts';
import { openStore } from '../../../src/store/store.ts';
import { limitsOf, SILENT, site } from '../../support/schedule-world.ts';

const PROBES = 500;
const DUE_TIMES = 10_000;

/** Five minutes there are a second here: each probe is due every second. */
const SPEED = 300;

/** How late runs start, in milliseconds of the host. */
export interface Lateness {
  readonly p99: number;
  readonly max: number;
  /** Due times that it was measured at. */
  readonly count: number;
}

/**
 * 500 probes that are due every second, each at its own moment, over a database on disk, for some 20 s. A run is a decided row: what is measured is
 * from the due time until that is in the database.
 */
export async function measureLateness(dir: string, signal: AbortSignal): Promise<Lateness> {
  const start = Date.now();
  const clock = openClock({ epoch: Date.UTC(2026, 10, 17, 8), start, speed: SPEED });
  const names = Array.from({ length: PROBES }, (_, index) => `probe-${index}`);
  const wish = { schedule: { every: '5m' } };
  await using store = openStore(join(dir, 'lateness.db'));
  const seconds: number[] = [];
  const done = new AbortController();
  const hostClock = openClock();
  const scheduler = openScheduler({
    sites: [site(clock, Object.fromEntries(names.map((name) => [name, wish])))],
    limits: limitsOf({ max_runs: 1000 }),
    dues: store.dues,
    hostClock,
    log: SILENT,
    periodAt: () => undefined,
    launch: ({ due_id }) => ({
      started: store.dues.skip(due_id, 'load', null, clock.now()),
      ended: Promise.resolve(),
    }),
    late(_environment, late) {
      seconds.push(late);
      if (seconds.length === DUE_TIMES) done.abort();
    },
  });
  const loop = scheduler.run(AbortSignal.any([signal, done.signal]));
  await Promise.race([once(done.signal, 'abort'), loop]);
  await loop;
  signal.throwIfAborted();
  const sorted = seconds.slice(0, DUE_TIMES).sort((one, other) => one - other);
  const ms = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN) * 1000;
  return { p99: ms(0.99), max: ms(1), count: sorted.length };
}
