import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from '../../src/core/fault.ts';
import type { ProbePlan } from '../../src/core/plan.ts';
import type { Clock } from '../../src/core/ports.ts';
import type { RunRecord, StepRecord } from '../../src/core/run.ts';
import { type RunTotalsOptions, totalsOfRun } from '../../src/core/run-totals.ts';
import type { Site, SiteProbe } from '../../src/core/site.ts';
import type { Store } from '../../src/core/store.ts';
import type { Charge } from '../../src/core/system.ts';
import { openStore } from '../../src/store/store.ts';
import { type Metrics, openMetrics } from '../../src/telemetry/metrics.ts';
import type { MetricsSources, ServiceNumbers } from '../../src/telemetry/sources.ts';
import { openTelemetry, type Telemetry } from '../../src/telemetry/telemetry.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { testEnvironment } from '../support/step-context.ts';

const HOUR_MS = 3_600_000;

/** The steps of a probe that walks the whole workflow. */
export const LONG_WAY: readonly (readonly [string, Charge])[] = [
  ['login', 'fas'],
  ['clone', 'dist-git'],
  ['bump', 'dist-git'],
  ['new-sources', 'lookaside'],
  ['push', 'dist-git'],
  ['build', 'koji'],
  ['update', 'bodhi'],
  ['signed', 'signing'],
  ['complete', 'ci'],
  ['result', 'resultsdb'],
  ['decision', 'greenwave'],
  ['status', 'bodhi'],
];

export function testProbe(
  name: string,
  steps = LONG_WAY,
  intervalMs: number | undefined = 8 * HOUR_MS,
): SiteProbe {
  return {
    name,
    plan: {
      probe: { name, timeoutMs: 8 * HOUR_MS },
      steps: steps.map(([id, system], index) => ({ index, id, system })),
    } as unknown as ProbePlan,
    definition: { file: `${name}.yaml`, text: `name: ${name}\n` },
    package: 'dummy-test-package-gloster',
    branch: 'stable',
    schedule: undefined,
    intervalMs,
    confirm_with: undefined,
    systems: [...new Set(steps.map(([, system]) => system))],
  };
}

export function testSite(probes: readonly SiteProbe[], clock: Clock): Site {
  return {
    environment: testEnvironment({
      forge: { kind: 'pagure', url: 'http://forge.test' },
      koschei: { url: 'http://k.test' },
    }),
    scope: 'test',
    clock,
    probes: new Map(probes.map((probe) => [probe.name, probe])),
    maxRuns: undefined,
  };
}

let ids = 0;

/** A run that passed, or whose last step is to blame. */
export function testRun(
  outcome: Outcome,
  change: Partial<RunRecord> & { readonly steps_of?: typeof LONG_WAY } = {},
) {
  const { steps_of = LONG_WAY, ...rest } = change;
  ids += 1;
  const ended_at = rest.ended_at ?? Date.UTC(2026, 10, 17, 8, 0, 0);
  const duration_ms = rest.duration_ms ?? 1_500_000;
  const started_at = ended_at - duration_ms;
  const steps = steps_of.map(([id, system], index): StepRecord => {
    const isLast = index === steps_of.length - 1;
    const kind = outcome === 'failed' ? 'timeout' : outcome === 'errored' ? 'prober' : 'cancelled';
    const fault =
      isLast && outcome !== 'passed'
        ? {
            fault: {
              message: 'it did not end',
              code: 'STEP_TIMED_OUT',
              kind,
              system: outcome === 'errored' ? 'own' : system,
              evidence: {},
            } as const,
          }
        : {};
    const stepOutcome = isLast ? outcome : 'passed';
    const at = started_at + index * 60_000;
    return {
      id,
      name: id,
      uses: `x/${id}`,
      system,
      outcome: stepOutcome,
      started_at: at,
      duration_ms: 60_000,
      attempts: [{ attempt: 1, started_at: at, duration_ms: 60_000, outcome: stepOutcome, ...fault }],
      phases:
        system === 'koji'
          ? [
              { phase: 'queued', started_at: at, duration_ms: 3000 },
              { phase: 'running', started_at: at + 3000, duration_ms: 50_000 },
            ]
          : [],
      inputs: {},
      outputs: {},
      ...fault,
    };
  });
  const fault = steps.at(-1)?.fault;
  return {
    run_id: `019a9000-0000-7000-8000-${ids.toString(16).padStart(12, '0')}`,
    probe: 'single-build',
    environment: 'test',
    package: 'dummy-test-package-gloster',
    branch: 'f44',
    release: null,
    params: {},
    subjects: [],
    versions: {},
    packprobe: '0.1.0',
    outcome,
    steps,
    ...(fault === undefined ? {} : { fault }),
    ...rest,
    started_at,
    ended_at,
    duration_ms,
  } as RunRecord;
}

export const NOTHING_HEARD: RunTotalsOptions = { chains: [], reports: [], toHost: (at) => at };

export interface TelemetryWorld extends AsyncDisposable {
  /** The database. */
  readonly file: string;
  readonly clock: FakeClock;
  readonly telemetry: Telemetry;
  /** Of the process that runs now. */
  readonly store: Store;
  readonly metrics: Metrics;
  site: Site;
  service: ServiceNumbers;
  receivers: readonly string[];
  nextDue: MetricsSources['nextDue'];
  /** Counts runs that have ended. */
  count(...runs: readonly RunRecord[]): Promise<void>;
  /** The process ends, and another begins on the same database. */
  restart(): Promise<void>;
  /** The text format. */
  scrape(): Promise<string>;
}

export function telemetryWorld({
  probes = [testProbe('single-build')],
  stepHistograms = true,
  now,
}: {
  readonly probes?: readonly SiteProbe[];
  readonly stepHistograms?: boolean;
  /** Epoch ms. */
  readonly now?: number;
} = {}): TelemetryWorld {
  const dir = mkdtempSync(join(tmpdir(), 'packprobe-telemetry-'));
  const file = join(dir, 'packprobe.db');
  const clock = new FakeClock(now);
  const open = () => {
    const store = openStore(file, { now: () => clock.monotonic() });
    const telemetry = openTelemetry();
    const sources: MetricsSources = {
      store,
      sites: () => [world.site],
      receivers: () => world.receivers,
      service: () => world.service,
      nextDue: (site, probe) => world.nextDue(site, probe),
    };
    const build = { version: '0.1.0', revision: 'abc', node: process.version };
    return { store, telemetry, metrics: openMetrics({ sources, telemetry, stepHistograms, build }) };
  };
  let life: ReturnType<typeof open>;
  const world: TelemetryWorld = {
    file,
    clock,
    site: testSite(probes, clock),
    receivers: ['team', 'machines'],
    nextDue: () => clock.now() + HOUR_MS,
    service: {
      leads: true,
      tickAt: clock.now(),
      reload: { ok: true, at: clock.now() },
      credentials: [
        { environment: 'test', credential: 'keytab', expiresAt: clock.now() + 30 * 24 * HOUR_MS },
      ],
      clockOffsets: [{ environment: 'test', system: 'koji', offsetMs: 20 }],
      sources: (['bus', 'archive', 'api'] as const).map((source) => ({
        environment: 'test',
        source,
        connected: true,
        lastMessageAt: undefined,
      })),
    },
    get store() {
      return life.store;
    },
    get metrics() {
      return life.metrics;
    },
    get telemetry() {
      return life.telemetry;
    },
    count: (...runs) => life.store.totals.add(runs.flatMap((run) => totalsOfRun(run, NOTHING_HEARD))),
    async restart() {
      await life.store[Symbol.asyncDispose]();
      life = open();
    },
    scrape: async () => (await life.metrics.render('')).body,
    async [Symbol.asyncDispose]() {
      await life.store[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  life = open();
  return world;
}

/** The value of a series, by its whole name with labels as they are written. */
export function valueIn(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1).split(' ')[0]);
}

/** The sum over all series of a metric. */
export function sumOf(text: string, name: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.replace(/^[^{ ]+(\{.*\})? /, '').split(' ')[0]), 0);
}
