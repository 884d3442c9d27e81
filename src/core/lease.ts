import type { Owner } from './run.ts';

/** What a service runs, as it has read its files. */
export interface Served {
  /** The file of its configuration; null where it found none. */
  readonly configuration: string | null;
  readonly environments: readonly {
    readonly name: string;
    readonly scope: string;
    readonly probes: readonly string[];
    /** Control address of the sandbox that it is; null where it is none. */
    readonly control: string | null;
  }[];
}

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
  /** Null until it has told. */
  readonly served: Served | null;
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
  /** Tells others what it runs: at its start, and when its files have changed. */
  tellServed(service_id: number, served: Served): Promise<void>;
  /** Leaves in good order: the next one need not wait. */
  end(service_id: number, at: number): Promise<void>;
  /** All that served before this one: none of them has a run any more. */
  before(service_id: number): Promise<readonly Owner[]>;
}
