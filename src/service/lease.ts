import { Fault } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { Leases, Service } from '../core/lease.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { Owner } from '../core/run.ts';

/** How often the one that serves tells that it lives. Milliseconds of the host, as all here. */
const BEAT_MS = 5000;

/** How often one that waits looks. */
const LOOK_MS = 1000;

/** So old the last sign of life is of no process that was awake all the time. */
const SLEPT_MS = 2 * BEAT_MS;

/** So long without a sign of life, and one that cannot be seen is dead. */
const SILENT_MS = 20_000;

/** So long without, and one that can be seen to live hangs for good. */
const HANGING_MS = 120_000;

export interface LeaseOptions {
  readonly leases: Leases;
  readonly owner: Owner;
  /** Of a process on another host nobody can tell. */
  readonly look: (owner: Owner) => 'alive' | 'dead' | 'unseen';
  /** Whether the database that this process writes is no longer the one that others find: its file was removed or exchanged. */
  readonly isGone: () => boolean;
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
  /** Told once, where somebody else serves and this process waits. */
  readonly waiting: (service: Service) => void;
}

/** The right to serve a store, held by one process at a time. */
export interface Lease extends AsyncDisposable {
  readonly service: Service;
  /** Aborts with the Fault `SERVICE_REPLACED` when somebody else has taken over, or `DATABASE_GONE`: nothing may be done any more. */
  readonly lost: AbortSignal;
  /** When the last sign of life was written. Monotonic milliseconds. */
  beatAt(): number;
  /** Whether the last one that was tried could be written. */
  isWritten(): boolean;
  /**
   * Whether it is still held; asks the database where that may have changed. Who slept, or whose host did, acts on nothing that it knew before it has
   * asked.
   */
  isHeld(): Promise<boolean>;
}

/** Waits until nobody else serves, then holds on. A second process takes over when the first has left, is dead, or has fallen silent. */
export async function takeLease(options: LeaseOptions, signal: AbortSignal): Promise<Lease> {
  const { leases, owner, clock, waiting, isGone } = options;
  let seen: { readonly service: Service; readonly since: number } | undefined;
  for (let told = false; ; ) {
    signal.throwIfAborted();
    if (isGone()) throw databaseGone();
    const current = await leases.current();
    const now = clock.monotonic();
    if (seen?.service.service_id !== current?.service_id || seen?.service.beats !== current?.beats) {
      seen = current === undefined ? undefined : { service: current, since: now };
    }
    if (current === undefined || isFree(current, now - (seen?.since ?? now), options)) {
      const service = await leases.take(owner, current, clock.now());
      if (service !== undefined) return hold(service, options);
    } else if (!told) {
      told = true;
      waiting(current);
    }
    await clock.sleep(LOOK_MS, signal);
  }
}

function isFree(service: Service, silentMs: number, { look }: LeaseOptions): boolean {
  if (service.ended_at !== null) return true;
  switch (look(service.owner)) {
    case 'dead':
      return true;
    case 'alive':
      return silentMs >= HANGING_MS;
    case 'unseen':
      return silentMs >= SILENT_MS;
  }
}

function hold(service: Service, { leases, clock, log, isGone }: LeaseOptions): Lease {
  const lost = new AbortController();
  const closing = new AbortController();
  const stop = firstOf(lost.signal, closing.signal);
  let beatAt = clock.monotonic();
  let beatWallAt = clock.now();
  let isWritten = true;
  const beating = beat();

  async function beat(): Promise<void> {
    while (!stop.signal.aborted) {
      await clock.sleep(BEAT_MS, stop.signal).catch(() => {});
      if (stop.signal.aborted) return;
      await tell();
    }
  }

  async function tell(): Promise<void> {
    try {
      if (isGone()) {
        lost.abort(databaseGone());
      } else if (await leases.beat(service.service_id, clock.now())) {
        beatAt = clock.monotonic();
        beatWallAt = clock.now();
        isWritten = true;
      } else {
        lost.abort(replaced(service));
      }
    } catch (error) {
      // A full disk keeps everybody else from writing, too: nobody can have taken over.
      isWritten = false;
      log.error({ err: error }, 'a sign of life could not be written');
    }
  }

  return {
    service,
    lost: lost.signal,
    beatAt: () => beatAt,
    isWritten: () => isWritten,
    async isHeld() {
      // A host that was asleep has not counted it.
      const age = Math.max(clock.monotonic() - beatAt, clock.now() - beatWallAt);
      if (age > SLEPT_MS && !lost.signal.aborted) await tell();
      return !lost.signal.aborted;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await beating;
      stop[Symbol.dispose]();
      if (!lost.signal.aborted) {
        await leases
          .end(service.service_id, clock.now())
          .catch((error: unknown) => log.error({ err: error }, 'the end could not be written'));
      }
    },
  };
}

function replaced({ service_id }: Service): Fault {
  return new Fault(`another packprobe serves this database now; this one was number ${service_id}`, {
    code: 'SERVICE_REPLACED',
    kind: 'prober',
    hint: 'Nothing here, where that was meant. Else: did this process hang, or was its host asleep?',
  });
}

function databaseGone(): Fault {
  return new Fault('the file of the database was removed or exchanged under this process', {
    code: 'DATABASE_GONE',
    kind: 'prober',
    hint: 'What was written since then is lost. Put the newest backup back while packprobe is stopped, and start it again: see docs/data.md.',
  });
}
