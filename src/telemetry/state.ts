import { createHash } from 'node:crypto';
import {
  CREDENTIALS,
  METRICS,
  type MetricName,
  RUN_STATES,
  SYSTEM_STATES,
  valuesOf,
} from '../core/metrics.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import { systemList } from '../core/system-list.ts';
import type { Exemplar } from '../core/totals.ts';
import { systemsOf } from './known.ts';
import type { Labels, Series } from './series.ts';
import type { ServiceNumbers, StoreSnapshot } from './sources.ts';

/** What is compiled in or started with. */
export interface BuildInfo {
  readonly version: string;
  /** Of the source; empty where nobody said it. */
  readonly revision: string;
  readonly node: string;
}

export interface StateOptions {
  readonly sites: readonly Site[];
  readonly receivers: readonly string[];
  readonly snapshot: StoreSnapshot;
  readonly service: ServiceNumbers;
  readonly nextDue: (site: Site, probe: string) => number | undefined;
  readonly storeBytes: number;
  readonly build: BuildInfo;
}

type Gauges = Map<MetricName, Series[]>;
type Put = (name: MetricName, labels: Labels, value: number) => void;

/** So many steps under way are shown: they come and go as series. */
const LIVE_STEPS = 20;

/** All gauges of what is so now. Times are the host's, durations the environment's. */
export function gaugesOf(options: StateOptions): ReadonlyMap<MetricName, readonly Series[]> {
  const gauges: Gauges = new Map();
  const put: Put = (name, labels, value) => {
    const series = gauges.get(name);
    if (series === undefined) gauges.set(name, [{ labels, value }]);
    else series.push({ labels, value });
  };
  for (const site of options.sites) {
    for (const probe of site.probes.values()) gaugesOfProbe(site, probe, options, put);
    gaugesOfSystems(site, options, put);
  }
  gaugesOfLiveSteps(options, put);
  gaugesOfService(options, put);
  return gauges;
}

function gaugesOfProbe(site: Site, probe: SiteProbe, { snapshot, nextDue }: StateOptions, put: Put): void {
  const environment = site.environment.name;
  const labels = { environment, probe: probe.name };
  const host = (at: number | undefined) => (at === undefined ? 0 : site.clock.toHost(at) / 1000);
  const isOurs = (row: { readonly scope: string; readonly probe: string }) =>
    row.scope === site.scope && row.probe === probe.name;

  const active = snapshot.active.filter(isOurs);
  const now = site.clock.now();
  const pending = snapshot.waiting.filter((due) => isOurs(due) && due.due_at <= now).length;
  for (const run_state of RUN_STATES) {
    const running = active.filter(({ state }) => state === run_state).length;
    put('packprobe_runs_active', { ...labels, run_state }, run_state === 'pending' ? pending : running);
  }
  const executing = active.filter(({ state }) => state === 'executing');
  const oldest = executing.reduce(
    (first, { started_at }) => Math.min(first, started_at),
    Number.POSITIVE_INFINITY,
  );
  put(
    'packprobe_run_active_start_timestamp_seconds',
    labels,
    host(executing.length === 0 ? undefined : oldest),
  );

  const ends = lastEndsOf(snapshot, environment, probe.name);
  for (const outcome of valuesOf(METRICS.packprobe_run_last_end_timestamp_seconds, 'outcome') ?? []) {
    const at = ends.get(outcome)?.at;
    put('packprobe_run_last_end_timestamp_seconds', { ...labels, outcome }, at === undefined ? 0 : at / 1000);
  }
  const last = [...ends.values()].reduce<Exemplar | undefined>(
    (newest, end) => (newest === undefined || end.at > newest.at ? end : newest),
    undefined,
  );
  put('packprobe_run_last_duration_seconds', labels, last?.value ?? 0);

  put(
    'packprobe_probe_first_due_timestamp_seconds',
    labels,
    host(snapshot.firstDue.get(`${site.scope} ${probe.name}`)),
  );
  put('packprobe_schedule_next_timestamp_seconds', labels, host(nextDue(site, probe.name)));
  put('packprobe_run_timeout_seconds', labels, probe.plan.probe.timeoutMs / 1000);
  if (probe.intervalMs !== undefined) {
    put('packprobe_probe_interval_seconds', labels, probe.intervalMs / 1000);
  }
  const file_hash = createHash('sha256').update(probe.definition.text).digest('hex').slice(0, 12);
  put('packprobe_probe_info', { ...labels, package: probe.package, branch: probe.branch, file_hash }, 1);
}

/** The last run of each outcome, as the totals remember it: also when the run itself was pruned long ago. */
export function lastEndsOf(
  { totals }: Pick<StoreSnapshot, 'totals'>,
  environment: string,
  probe: string,
): ReadonlyMap<string, Exemplar> {
  const ends = totals.flatMap(({ metric, labels, exemplar }): readonly [string, Exemplar][] =>
    metric === ('packprobe_runs_total' satisfies MetricName) &&
    labels['environment'] === environment &&
    labels['probe'] === probe &&
    exemplar !== null
      ? [[labels['outcome'] ?? '', exemplar]]
      : [],
  );
  return new Map(ends);
}

function gaugesOfSystems(site: Site, { snapshot, service }: StateOptions, put: Put): void {
  const environment = site.environment.name;
  const seconds = (at: number | null | undefined) =>
    at === null || at === undefined ? 0 : site.clock.toHost(at) / 1000;
  // What no probe speaks for has no state: nobody expects evidence of it.
  for (const { system, state, last_good, last_bad, incident } of systemList(
    [site],
    snapshot.systems,
    snapshot.live,
  )) {
    const labels = { environment, system };
    for (const one of SYSTEM_STATES) {
      put('packprobe_system_state', { ...labels, state: one }, one === state ? 1 : 0);
    }
    const evidence = 'packprobe_system_last_evidence_timestamp_seconds';
    put(evidence, { ...labels, evidence: 'good' }, seconds(last_good));
    put(evidence, { ...labels, evidence: 'bad' }, seconds(last_bad));
    put('packprobe_incident_open', labels, incident === null ? 0 : 1);
    put('packprobe_incident_start_timestamp_seconds', labels, seconds(incident?.since));
  }
  for (const system of systemsOf(site)) {
    const labels = { environment, system };
    const left = snapshot.leftovers.find((one) => one.scope === site.scope && one.system === system);
    put('packprobe_leftovers', labels, left?.count ?? 0);
    put('packprobe_leftover_oldest_timestamp_seconds', labels, seconds(left?.oldest));
  }
  gaugesOfAccess(environment, service, put);
}

function gaugesOfAccess(environment: string, service: ServiceNumbers, put: Put): void {
  const here = (row: { readonly environment: string }) => row.environment === environment;
  for (const { system, offsetMs } of service.clockOffsets.filter(here)) {
    put('packprobe_clock_offset_seconds', { environment, system }, offsetMs / 1000);
  }
  for (const { credential, expiresAt } of service.credentials.filter(here)) {
    if (!CREDENTIALS.includes(credential)) continue;
    put('packprobe_credential_expiry_timestamp_seconds', { environment, credential }, expiresAt / 1000);
  }
  for (const { source, connected, lastMessageAt } of service.sources.filter(here)) {
    put('packprobe_source_connected', { environment, source }, connected ? 1 : 0);
    put(
      'packprobe_source_last_message_timestamp_seconds',
      { environment, source },
      (lastMessageAt ?? 0) / 1000,
    );
  }
}

function gaugesOfLiveSteps({ sites, snapshot }: StateOptions, put: Put): void {
  const live = new Map<string, { readonly labels: Labels; readonly at: number }>();
  for (const site of sites) {
    for (const run of snapshot.active) {
      const plan = run.scope === site.scope ? site.probes.get(run.probe)?.plan : undefined;
      for (const { step, started_at } of run.steps) {
        // A run in flight keeps the definition that it began with: its steps may be gone from the file.
        const planned = plan?.steps.find(({ id }) => id === step);
        if (planned === undefined) continue;
        const at = site.clock.toHost(started_at) / 1000;
        const labels = {
          environment: site.environment.name,
          probe: run.probe,
          step,
          system: planned.system,
        };
        const key = Object.values(labels).join(' ');
        if ((live.get(key)?.at ?? Number.POSITIVE_INFINITY) > at) live.set(key, { labels, at });
      }
    }
  }
  const oldest = [...live.values()].sort((a, b) => a.at - b.at).slice(0, LIVE_STEPS);
  for (const { labels, at } of oldest) put('packprobe_step_active_start_timestamp_seconds', labels, at);
}

function gaugesOfService({ receivers, snapshot, service, storeBytes, build }: StateOptions, put: Put): void {
  for (const receiver of receivers) {
    const waiting = snapshot.backlog.find((one) => one.receiver === receiver);
    put('packprobe_notification_queue_length', { receiver }, waiting?.length ?? 0);
    put(
      'packprobe_notification_queue_oldest_timestamp_seconds',
      { receiver },
      (waiting?.length ?? 0) === 0 ? 0 : (waiting?.oldest ?? 0) / 1000,
    );
  }
  put('packprobe_scheduler_tick_timestamp_seconds', {}, (service.tickAt ?? 0) / 1000);
  put('packprobe_leader', {}, service.leads ? 1 : 0);
  put('packprobe_store_bytes', {}, storeBytes);
  put('packprobe_config_reload_success', {}, service.reload.ok ? 1 : 0);
  put('packprobe_config_reload_timestamp_seconds', {}, service.reload.at / 1000);
  const { version, revision, node } = build;
  put('packprobe_build_info', { version, revision, node }, 1);
}
