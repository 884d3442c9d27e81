/** What a total was last moved by; shown in OpenMetrics only. */
export interface Exemplar {
  readonly run_id: string;
  readonly value: number;
  /** Epoch ms of the host. */
  readonly at: number;
}

/** A step of a counter, or an observation of a histogram, that has to survive every restart. */
export interface Increment {
  /** Name of a metric of `core/metrics.ts`. */
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What a counter grows by; what a histogram observes. */
  readonly value: number;
  readonly exemplar?: Exemplar;
}

/** One series as it is stored. */
export interface Total {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of a counter its value, of a histogram its sum. */
  readonly sum: number;
  /** Of a histogram how often it was observed; 0 of a counter. */
  readonly count: number;
  /** Of a histogram: how many observations fell into each bucket, the last is `+Inf`; not cumulative. Empty of a counter. */
  readonly buckets: readonly number[];
  readonly exemplar: Exemplar | null;
}

/** Counters as projections of the store: written together with what they count, never lowered by what is removed later. */
export interface Totals {
  add(increments: readonly Increment[]): Promise<void>;
  all(): Promise<readonly Total[]>;
}
