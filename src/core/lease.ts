import type { Owner } from './run.ts';

/** A process that has served, or serves, this store. */
export interface Service {
  /** Grows by one with each: the fence of everything that it does. */
  readonly service_id: number;
  readonly owner: Owner;
  /** Epoch ms of its own host. */
  readonly began_at: number;
  readonly beat_at: number;
  /** How often it has told that it lives. Two looks that find the same number far enough apart find it dead, whatever the clocks say. */
  readonly beats: number;
  /** It left in good order. */
  readonly ended_at: number | null;
}

/** Who serves a store: one process at a time. */
export interface Leases {
  /** The newest. */
  current(): Promise<Service | undefined>;
  /**
   * Becomes the one that serves. `over` is the current one as it was seen, which has ended or is believed dead. Undefined where that one has
   * given a sign of life since, or somebody else was faster.
   */
  take(owner: Owner, over: Service | undefined, at: number): Promise<Service | undefined>;
  /** A sign of life, and the scheduler's tick. False where somebody else serves by now: then nothing may be done any more. */
  beat(service_id: number, at: number): Promise<boolean>;
  /** Leaves in good order: the next one need not wait. */
  end(service_id: number, at: number): Promise<void>;
  /** All that served before this one: none of them has a run any more. */
  before(service_id: number): Promise<readonly Owner[]>;
}
