import { HOPS } from './chain.ts';
import { FAULT_KINDS } from './fault.ts';
import { SKIP_REASONS } from './schedule.ts';
import { SYSTEMS } from './system.ts';

/**
 * Where its numbers come from, and so what a restart does to them:
 * - `totals`: counted in the store for ever; a restart changes nothing
 * - `state`: what is so at the moment of asking, read from the store and the service
 * - `process`: counted by this process alone; begins at 0 with it
 */
export type MetricOrigin = 'totals' | 'state' | 'process';

/** What `/metrics` shows: names, kinds, labels. Stable within a major version. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly from: MetricOrigin;
  readonly help: string;
  readonly labels: readonly string[];
  /** The values that a label can take here, where those of `LABEL_VALUES` are not meant. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
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

const UNCERTAINTY_BUCKETS = [0.1, 1, 5, 15, 30, 60, 300, 600] as const;
const DELAY_BUCKETS = [1, 5, 15, 60, 300, 900, 3600, 14_400] as const;
const LATENESS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300] as const;
const REQUEST_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120] as const;

/** What stands in the place of a value that a label does not know. */
export const OTHER = 'other';

export const RUN_STATES = ['pending', 'executing', 'finalizing'] as const;
export const SYSTEM_STATES = ['operational', 'slow', 'failing', 'unknown'] as const;
export const COMPONENTS = ['scheduler', 'worker', 'listener', 'store', 'notifier', 'http'] as const;
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export const CREDENTIALS = ['keytab', 'ticket', 'ssh_key', 'bus_cert', 'token'] as const;
export const REQUEST_RESULTS = ['ok', 'client_error', 'server_error', 'network', 'timeout'] as const;
export const MESSAGE_STATUSES = ['in_time', 'late', 'lost', 'duplicate', 'unparsable'] as const;
export const ATTEMPT_RESULTS = ['ok', 'retried', 'gave_up'] as const;
export const RECOVERIES = ['resumed', 'adopted', 'closed'] as const;
export const CLEANUP_RESULTS = ['gone', 'nothing', 'failed'] as const;
export const NOTIFICATION_RESULTS = ['delivered', 'retried', 'gave_up'] as const;

const OUTCOMES = ['passed', 'failed', 'errored', 'cancelled'] as const;

export type Component = (typeof COMPONENTS)[number];
export type Credential = (typeof CREDENTIALS)[number];
export type LogLevel = (typeof LOG_LEVELS)[number];
export type RequestResult = (typeof REQUEST_RESULTS)[number];

/**
 * The values of labels whose range is known beforehand. Those of `environment`, `probe`, `step` and `receiver` are what is configured; those of
 * `*_info` are texts. Ids, versions of packages and error texts are never labels.
 */
export const LABEL_VALUES: Readonly<Record<string, readonly string[]>> = {
  system: [...SYSTEMS, 'own'],
  outcome: OUTCOMES,
  hop: HOPS,
  phase: ['queued', 'running'],
  kind: FAULT_KINDS,
  source: ['bus', 'archive', 'api'],
  state: SYSTEM_STATES,
  run_state: RUN_STATES,
  evidence: ['good', 'bad'],
  reason: SKIP_REASONS,
  how: RECOVERIES,
  component: COMPONENTS,
  credential: CREDENTIALS,
  level: LOG_LEVELS,
  status: MESSAGE_STATUSES,
};

export const METRICS = {
  packprobe_runs_total: {
    type: 'counter',
    from: 'totals',
    help: 'Runs that have ended.',
    labels: ['environment', 'probe', 'outcome'],
  },
  packprobe_run_duration_seconds: {
    type: 'histogram',
    from: 'totals',
    help: 'Durations of runs that passed or failed.',
    labels: ['environment', 'probe', 'outcome'],
    values: { outcome: ['passed', 'failed'] },
    buckets: RUN_BUCKETS,
  },
  packprobe_runs_active: {
    type: 'gauge',
    from: 'state',
    help: 'Runs that are due and wait for a place, are executed, or have ended and still hold something.',
    labels: ['environment', 'probe', 'run_state'],
  },
  packprobe_run_last_end_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'When the last run with this outcome ended; 0 where there was none.',
    labels: ['environment', 'probe', 'outcome'],
  },
  packprobe_probe_first_due_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'The first due time of the probe; 0 where it had none yet.',
    labels: ['environment', 'probe'],
  },
  packprobe_run_last_duration_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'How long the last run took, whatever its outcome.',
    labels: ['environment', 'probe'],
  },
  packprobe_run_active_start_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'When the oldest run began that has not ended; 0 where there is none.',
    labels: ['environment', 'probe'],
  },
  packprobe_run_timeout_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'Limit of a whole run.',
    labels: ['environment', 'probe'],
  },
  packprobe_probe_interval_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'Typical time between two due times, of cron the longest gap; absent without a schedule.',
    labels: ['environment', 'probe'],
  },
  packprobe_steps_total: {
    type: 'counter',
    from: 'totals',
    help: 'Steps that have ended or were skipped. The system is whose step it is, not whose fault.',
    labels: ['environment', 'probe', 'step', 'system', 'outcome'],
    values: { outcome: [...OUTCOMES, 'skipped'] },
  },
  packprobe_step_attempts_total: {
    type: 'counter',
    from: 'totals',
    help: 'Tries of steps: passed, followed by another, or the last that did not pass.',
    labels: ['environment', 'system', 'result'],
    values: { result: ATTEMPT_RESULTS },
  },
  packprobe_step_duration_seconds: {
    type: 'histogram',
    from: 'totals',
    help: 'Durations of steps that passed.',
    labels: ['environment', 'probe', 'step', 'system', 'outcome'],
    values: { outcome: ['passed'] },
    buckets: STEP_BUCKETS,
  },
  packprobe_step_phase_duration_seconds: {
    type: 'histogram',
    from: 'totals',
    help: 'Parts of steps that passed, told apart by the system itself.',
    labels: ['environment', 'system', 'phase'],
    buckets: STEP_BUCKETS,
  },
  packprobe_step_active_start_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'When the oldest such step began that is under way; at most 20 are shown.',
    labels: ['environment', 'probe', 'step', 'system'],
  },
  packprobe_hop_duration_seconds: {
    type: 'histogram',
    from: 'totals',
    help: 'Time from one event of the chain to the next by the stamps of the systems; the middle where only a bracket is known.',
    labels: ['environment', 'hop', 'system'],
    buckets: STEP_BUCKETS,
  },
  packprobe_hop_uncertainty_seconds: {
    type: 'histogram',
    from: 'totals',
    help: 'Half the width of the bracket that the time of a hop is known within.',
    labels: ['environment', 'source'],
    buckets: UNCERTAINTY_BUCKETS,
  },
  packprobe_faults_total: {
    type: 'counter',
    from: 'totals',
    help: 'Steps that ended with a fault, by who is charged.',
    labels: ['environment', 'system', 'kind'],
  },
  packprobe_own_faults_total: {
    type: 'counter',
    from: 'process',
    help: 'What went wrong in packprobe itself, outside of runs, since it started.',
    labels: ['component', 'kind'],
  },
  packprobe_system_state: {
    type: 'gauge',
    from: 'state',
    help: '1 for the state that the system is in; unknown without evidence for 2.5 intervals.',
    labels: ['environment', 'system', 'state'],
  },
  packprobe_system_last_evidence_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'End of the last run that spoke for or against the system; 0 where there was none.',
    labels: ['environment', 'system', 'evidence'],
  },
  packprobe_incident_open: {
    type: 'gauge',
    from: 'state',
    help: '1 while an incident of the system is open.',
    labels: ['environment', 'system'],
  },
  packprobe_incident_start_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'Since when the open incident lasts; 0 where there is none.',
    labels: ['environment', 'system'],
  },
  packprobe_incidents_total: {
    type: 'counter',
    from: 'totals',
    help: 'Incidents that were opened.',
    labels: ['environment', 'system'],
  },
  packprobe_incident_seconds_total: {
    type: 'counter',
    from: 'totals',
    help: 'How long incidents lasted that are resolved.',
    labels: ['environment', 'system'],
  },
  packprobe_messages_total: {
    type: 'counter',
    from: 'totals',
    help: 'Messages about runs, by who sent them and how they came.',
    labels: ['environment', 'system', 'status'],
  },
  packprobe_message_delay_seconds: {
    type: 'histogram',
    from: 'totals',
    help: 'From what a message tells to when it was seen here; how often packprobe looks is part of it.',
    labels: ['environment', 'system'],
    buckets: DELAY_BUCKETS,
  },
  packprobe_source_connected: {
    type: 'gauge',
    from: 'state',
    help: '1 where the source, api or archive, answered when it was last asked, at most a minute ago. The message bus is not among the sources yet.',
    labels: ['environment', 'source'],
  },
  packprobe_source_last_message_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'When the source last told something; 0 where it has not.',
    labels: ['environment', 'source'],
  },
  packprobe_scheduler_tick_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'When the scheduler last went round; 0 before its first time.',
    labels: [],
  },
  packprobe_schedule_lateness_seconds: {
    type: 'histogram',
    from: 'process',
    help: 'From a due time to its start, since this process started.',
    labels: [],
    buckets: LATENESS_BUCKETS,
  },
  packprobe_schedule_next_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'The next due time of the probe; 0 where none is known.',
    labels: ['environment', 'probe'],
  },
  packprobe_schedule_skips_total: {
    type: 'counter',
    from: 'totals',
    help: 'Due times that got no run.',
    labels: ['environment', 'probe', 'reason'],
  },
  packprobe_recoveries_total: {
    type: 'counter',
    from: 'totals',
    help: 'Runs of an earlier life of the service: gone on with, taken from another that died, or closed.',
    labels: ['how'],
  },
  packprobe_leftovers: {
    type: 'gauge',
    from: 'state',
    help: 'Things that runs made in the system and that could not be taken away yet.',
    labels: ['environment', 'system'],
  },
  packprobe_leftover_oldest_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'When the oldest of them was made; 0 where there is none.',
    labels: ['environment', 'system'],
  },
  packprobe_cleanups_total: {
    type: 'counter',
    from: 'totals',
    help: 'Tries to take away what runs made.',
    labels: ['environment', 'system', 'result'],
    values: { result: CLEANUP_RESULTS },
  },
  packprobe_leader: {
    type: 'gauge',
    from: 'state',
    help: '1 where this process is the one that starts runs.',
    labels: [],
  },
  packprobe_requests_total: {
    type: 'counter',
    from: 'process',
    help: 'Requests and commands to the system since this process started.',
    labels: ['environment', 'system', 'result'],
    values: { result: REQUEST_RESULTS },
  },
  packprobe_request_duration_seconds: {
    type: 'histogram',
    from: 'process',
    help: 'How long requests and commands took, in time of the host, since this process started.',
    labels: ['environment', 'system'],
    buckets: REQUEST_BUCKETS,
  },
  packprobe_clock_offset_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'By how much the clock of the system is ahead of ours.',
    labels: ['environment', 'system'],
  },
  packprobe_credential_expiry_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'When what packprobe logs in with expires; absent where it does not or nobody knows.',
    labels: ['environment', 'credential'],
  },
  packprobe_notifications_total: {
    type: 'counter',
    from: 'totals',
    help: 'Tries to tell a receiver something.',
    labels: ['receiver', 'result'],
    values: { result: NOTIFICATION_RESULTS },
  },
  packprobe_notification_queue_length: {
    type: 'gauge',
    from: 'state',
    help: 'Messages that wait for the receiver.',
    labels: ['receiver'],
  },
  packprobe_notification_queue_oldest_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'When the oldest message that waits was written; 0 where none waits.',
    labels: ['receiver'],
  },
  packprobe_store_bytes: {
    type: 'gauge',
    from: 'state',
    help: 'Size of the database with its logs.',
    labels: [],
  },
  packprobe_store_write_duration_seconds: {
    type: 'histogram',
    from: 'process',
    help: 'Writes to the database since this process started.',
    labels: [],
  },
  packprobe_config_reload_success: {
    type: 'gauge',
    from: 'state',
    help: '1 where the last reading of the configuration was good; else the one before it stays in force.',
    labels: [],
  },
  packprobe_config_reload_timestamp_seconds: {
    type: 'gauge',
    from: 'state',
    help: 'When the configuration was last read.',
    labels: [],
  },
  packprobe_log_lines_total: {
    type: 'counter',
    from: 'process',
    help: 'Lines of the log since this process started.',
    labels: ['level'],
  },
  packprobe_build_info: {
    type: 'gauge',
    from: 'state',
    help: 'What runs here; always 1.',
    labels: ['version', 'revision', 'node'],
  },
  packprobe_probe_info: {
    type: 'gauge',
    from: 'state',
    help: 'What a probe is run on; always 1.',
    labels: ['environment', 'probe', 'package', 'branch', 'file_hash'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;

export function metricOf(name: string): MetricDefinition | undefined {
  return Object.hasOwn(METRICS, name) ? METRICS[name as MetricName] : undefined;
}

/** What a label of this metric can say; undefined where the configuration decides. */
export function valuesOf(definition: MetricDefinition, label: string): readonly string[] | undefined {
  return definition.values?.[label] ?? LABEL_VALUES[label];
}
