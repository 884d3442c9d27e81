import { configSchema } from '../../src/core/config.ts';
import { dueKey, dueTimes } from '../../src/core/due-times.ts';
import type { Environment } from '../../src/core/environment.ts';
import { Fault } from '../../src/core/fault.ts';
import type { ProbePlan } from '../../src/core/plan.ts';
import type { Clock, Logger } from '../../src/core/ports.ts';
import { type Schedule, scheduleSchema } from '../../src/core/probe.ts';
import type { Due, Period } from '../../src/core/schedule.ts';
import type { Site, SiteProbe } from '../../src/core/site.ts';
import type { Charge } from '../../src/core/system.ts';
import { openScheduler, type Scheduler } from '../../src/schedule/scheduler.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { type FakeDues, fakeDues } from './fake-dues.ts';

export const SILENT: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => SILENT,
};

export interface ProbeWish {
  /** As a probe file has it; undefined: none. */
  readonly schedule?: Record<string, unknown> | undefined;
  readonly package?: string;
  readonly systems?: readonly Charge[];
  /** Actions of its steps. */
  readonly uses?: readonly string[];
}

export function siteProbe(environment: string, name: string, wish: ProbeWish = {}): SiteProbe {
  const schedule: Schedule | undefined = wish.schedule && scheduleSchema.parse(wish.schedule);
  return {
    name,
    plan: { steps: (wish.uses ?? []).map((uses) => ({ uses })) } as unknown as ProbePlan,
    definition: { file: `${name}.yaml`, text: '' },
    package: wish.package ?? `package-of-${name}`,
    branch: 'rawhide',
    schedule,
    intervalMs: schedule && dueTimes(schedule, dueKey(environment, name)).intervalMs(0),
    confirm_with: undefined,
    systems: wish.systems ?? ['koji'],
  };
}

export function site(
  clock: Clock,
  probes: Readonly<Record<string, ProbeWish>>,
  more: { readonly name?: string; readonly maxRuns?: number; readonly limits?: Environment['limits'] } = {},
): Site {
  const { name = 'staging', maxRuns, limits = {} } = more;
  return {
    environment: { name, limits } as Environment,
    scope: name,
    clock,
    control: undefined,
    probes: new Map(Object.entries(probes).map(([probe, wish]) => [probe, siteProbe(name, probe, wish)])),
    maxRuns,
  };
}

/** Limits as the service's file says them. */
export function limitsOf(said: Record<string, unknown> = {}) {
  return configSchema.parse({ schedule: { min_interval: '1s', ...said } }).schedule;
}

/** A run that the scheduler has launched, ended by the test. */
export interface FakeRun {
  readonly due: Due;
  readonly run_id: string;
  end(): Promise<void>;
  /** Ended by an error of ours. */
  fail(): Promise<void>;
}

export interface ScheduleWorld {
  readonly clock: FakeClock;
  readonly dues: FakeDues;
  readonly scheduler: Scheduler;
  /** All that were launched, ended ones too. */
  readonly runs: FakeRun[];
  readonly late: number[];
  /** Said of the scheduler by itself. */
  readonly said: { readonly level: string; readonly sentence: string }[];
  /** `probe@minutes reason` of every row that is decided, in the order of due times. */
  rows(): readonly string[];
  /** The probes of all launches, in order. */
  started(): readonly string[];
  /** Ends the loop as a kill does: what runs is forgotten. */
  kill(): Promise<void>;
}

export interface WorldWish {
  readonly clock?: FakeClock;
  readonly dues?: FakeDues;
  readonly sites: (clock: FakeClock) => readonly Site[];
  readonly limits?: Record<string, unknown>;
  readonly periodAt?: (site: Site, systems: readonly Charge[], at: number) => Period | undefined;
  /** Runs end by themselves after so long. */
  readonly lastsMs?: number;
  /** Packages that somebody else holds. */
  readonly held?: ReadonlySet<string>;
  /** Called before each launch. */
  readonly launching?: () => void;
}

/** A scheduler on a clock that is moved, over a schedule in memory. */
export async function scheduleWorld(wish: WorldWish): Promise<ScheduleWorld> {
  const clock = wish.clock ?? new FakeClock();
  const dues = wish.dues ?? fakeDues();
  const runs: FakeRun[] = [];
  const late: number[] = [];
  const said: { level: string; sentence: string }[] = [];
  const start = clock.now();
  const stop = new AbortController();
  const say = (level: string) => (_fields: unknown, sentence: string) => void said.push({ level, sentence });
  const log: Logger = {
    ...SILENT,
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    child: () => log,
  };

  const scheduler = openScheduler({
    sites: wish.sites(clock),
    limits: limitsOf(wish.limits),
    dues,
    hostClock: clock,
    log,
    periodAt: wish.periodAt ?? (() => undefined),
    late: (_environment, seconds) => void late.push(seconds),
    launch(due, _site, probe) {
      wish.launching?.();
      const run_id = `run-${runs.length + 1}`;
      const over = Promise.withResolvers<void>();
      const started = async () => {
        if (wish.held?.has(probe.package)) {
          throw new Fault(`package ${probe.package} is held by run x`, {
            code: 'PACKAGE_HELD',
            kind: 'prober',
          });
        }
        dues.start(due.due_id, run_id);
        runs.push({
          due,
          run_id,
          async end() {
            over.resolve();
            await settle();
          },
          async fail() {
            over.reject(new Error('a bug'));
            await settle();
          },
        });
        if (wish.lastsMs !== undefined)
          void clock.sleep(wish.lastsMs, stop.signal).then(over.resolve, () => {});
      };
      return { started: started(), ended: over.promise };
    },
  });
  const loop = scheduler.run(stop.signal);
  await settle();
  return {
    clock,
    dues,
    scheduler,
    runs,
    late,
    said,
    rows: () =>
      dues.rows
        .toSorted((one, other) => one.due_at - other.due_at || one.due_id - other.due_id)
        .filter(({ state }) => state !== 'waiting')
        .map(
          ({ probe, due_at, reason, run_id }) =>
            `${probe}@${Math.round((due_at - start) / 60_000)} ${reason ?? run_id}`,
        ),
    started: () => runs.map(({ due }) => due.probe),
    async kill() {
      stop.abort();
      await loop;
    },
  };
}
