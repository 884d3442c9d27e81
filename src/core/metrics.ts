/** What `/metrics` shows: names, kinds, labels. Stable within a major version. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, without `+Inf`. */
  readonly buckets?: readonly number[];
}

/** Durations of runs. Seconds. */
export const RUN_BUCKETS = [
  60, 120, 300, 600, 900, 1800, 2700, 3600, 5400, 7200, 10_800, 14_400, 18_000, 21_600, 28_800, 36_000,
  43_200,
] as const;

/** Durations of steps, phases and hops. Seconds. */
export const STEP_BUCKETS = [
  1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800,
] as const;

export const METRICS = {
  packprobe_runs_total: {
    type: 'counter',
    help: 'Runs that have ended.',
    labels: ['environment', 'probe', 'outcome'],
  },
  packprobe_run_duration_seconds: {
    type: 'histogram',
    help: 'Durations of runs that passed or failed.',
    labels: ['environment', 'probe', 'outcome'],
    buckets: RUN_BUCKETS,
  },
  packprobe_schedule_skips_total: {
    type: 'counter',
    help: 'Due times that got no run.',
    labels: ['environment', 'probe', 'reason'],
  },
  packprobe_notifications_total: {
    type: 'counter',
    help: 'Tries to tell a receiver something.',
    labels: ['receiver', 'result'],
  },
  packprobe_cleanups_total: {
    type: 'counter',
    help: 'Tries to take away what runs made.',
    labels: ['environment', 'system', 'result'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;

export function metricOf(name: string): MetricDefinition | undefined {
  return Object.hasOwn(METRICS, name) ? METRICS[name as MetricName] : undefined;
}
