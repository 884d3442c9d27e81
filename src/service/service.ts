import { bell } from '../core/bell.ts';
import type { Component } from '../core/metrics.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import type { Lease } from './lease.ts';
import type { Workers } from './workers.ts';

/** How often it looks whether anything was written to the database, by whomever, where nobody tells. Milliseconds of the host, as all here. */
const PULSE_MS = 1000;

/** The same where somebody tells, who may have fallen silent. */
const SLOW_PULSE_MS = 10_000;

/** However much is written, it looks no more often. */
const CALM_MS = 200;

/** How often runs that nobody is at work on are looked for, and what could not be stored is tried again. */
const ADOPT_MS = 60_000;

/** So long new runs are held back for those that nobody is at work on, should these hang. */
const FIRST_MS = 10_000;

/** All must be out by then, or is left as it is: every write stands for itself. */
const LEAVE_MS = 7500;

/** Something that goes on for as long as the service does. */
export interface Loop {
  readonly name: string;
  /** What of packprobe is at fault when it breaks. */
  readonly component: Component;
  /** Runs until the signal aborts. One that ends or throws before is a defect: it is said and begun again. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ServiceOptions {
  readonly store: Store;
  readonly lease: Lease;
  readonly workers: Workers;
  readonly loops: readonly Loop[];
  /** Something was written: what follows from runs that have ended, rows that wait. */
  changed(signal: AbortSignal): Promise<void>;
  /** Nothing is started any more. */
  stopStarting(): void;
  /** Suspends every run. */
  suspend(): void;
  /** Counts what went wrong on our own side. */
  readonly broke: Broke;
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
}

/** Told of every fault of packprobe itself that belongs to no run. */
export type Broke = (component: Component, error: unknown) => void;

/** Serves until the signal aborts or somebody else serves: then every run is left as it is for the next one. */
export async function runService(options: ServiceOptions, signal: AbortSignal): Promise<void> {
  const { lease, workers, loops, clock, log } = options;
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  for (const reason of [signal, lease.lost]) {
    if (reason.aborted) leave();
    else reason.addEventListener('abort', leave, { once: true });
  }
  const adopted = Promise.withResolvers<void>();
  const soon = clock.sleep(FIRST_MS, leaving.signal).catch(() => {});
  // Who begins new runs keeps those waiting that were under way.
  const first = Promise.race([adopted.promise, soon]);
  const behind = loops.map((loop) => ({
    ...loop,
    run: (until: AbortSignal) => first.then(() => loop.run(until)),
  }));
  const all = [pulse(options), adopting(options, adopted.resolve), ...behind];
  const running = all.map((loop) => keptUp(loop, leaving.signal, options));
  await aborted(leaving.signal);
  log.info({ runs: workers.active().length }, 'the service leaves: its runs are suspended');
  options.stopStarting();
  options.suspend();
  using limit = clock.deadline(LEAVE_MS, () => new Error('the service took too long to leave'));
  const out = Promise.all([workers.idle(), ...running]);
  const late = await Promise.race([out.then(() => false), aborted(limit.signal).then(() => true)]);
  if (late) log.warn({ runs: workers.active() }, 'the service left before all of it had ended');
  if (lease.lost.aborted) throw lease.lost.reason;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function keptUp(loop: Loop, signal: AbortSignal, { broke, clock, log }: ServiceOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      await loop.run(signal);
      if (!signal.aborted) log.error({ loop: loop.name }, 'a loop of the service ended');
    } catch (error) {
      if (signal.aborted) return;
      broke(loop.component, error);
      log.error({ loop: loop.name, err: error }, 'a loop of the service broke');
    }
    await clock.sleep(PULSE_MS, signal).catch(() => {});
  }
}

function pulse({ store, workers, changed, broke, clock, log }: ServiceOptions): Loop {
  return {
    name: 'pulse',
    component: 'store',
    async run(signal) {
      let seen: string | undefined;
      let working: Promise<void> | undefined;
      const rung = bell(clock);
      using told = store.onWrite(rung.ring);
      const everyMs = told === undefined ? PULSE_MS : SLOW_PULSE_MS;
      const failed = (error: unknown) => {
        if (signal.aborted) return;
        broke('store', error);
        log.error({ err: error }, 'the database could not be looked at');
      };
      while (!signal.aborted) {
        try {
          const round = Math.floor(clock.monotonic() / ADOPT_MS);
          const version = `${round} ${store.version()}`;
          if (version !== seen) {
            for (const { run_id, by } of await store.toCancel()) workers.cancel(run_id, by);
            // What follows from a run may ask systems that hang: whoever wants to cancel one does not wait for that.
            if (working === undefined) {
              // What is written meanwhile is looked at in a later round: nothing is missed between.
              seen = version;
              working = changed(signal)
                .then(rung.ring, (error: unknown) => {
                  seen = undefined;
                  failed(error);
                })
                .finally(() => {
                  working = undefined;
                });
            }
            await clock.sleep(CALM_MS, signal).catch(() => {});
          }
        } catch (error) {
          failed(error);
          await clock.sleep(PULSE_MS, signal).catch(() => {});
        }
        await rung.wait(everyMs, signal);
      }
      await working;
    },
  };
}

function adopting({ workers, clock }: ServiceOptions, adopted: () => void): Loop {
  return {
    name: 'adopting',
    component: 'worker',
    async run(signal) {
      while (!signal.aborted) {
        await workers.adopt().finally(adopted);
        await clock.sleep(ADOPT_MS, signal).catch(() => {});
      }
    },
  };
}
