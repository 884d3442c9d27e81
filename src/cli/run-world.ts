import { type Environment, scopeOf } from '../core/environment.ts';
import type { JsonObject } from '../core/json.ts';
import type { ProbePlan } from '../core/plan.ts';
import { environmentFacts, probeFacts } from '../core/scope.ts';
import type { Store } from '../core/store.ts';
import { runCancelled } from '../engine/limits.ts';
import type { CloseOptions, RunOptions } from '../engine/run-options.ts';
import { openWatch } from '../engine/watch.ts';
import { chargeFor, unfinishedBuild } from '../evidence/attribution.ts';
import { evidenceOf } from '../service/evidence.ts';
import type { Host } from './host.ts';
import { openDisplay } from './live-list.ts';
import { join } from './places.ts';
import type { Stop } from './stop.ts';
import type { Gone } from './stored-run.ts';

/** The action with which every undo begins, where the environment has a login. */
const LOGIN = 'fas/login';

/** A run in the foreground is never suspended: who stops it cancels it. */
const NEVER = new AbortController().signal;

export interface WorldOptions {
  readonly environment: Environment;
  /** The data folder. */
  readonly data: string;
  readonly store: Store;
  readonly gone: Gone;
  readonly verbose?: boolean | undefined;
  readonly host: Host;
}

/** What it takes to end runs of one environment; who shows what goes on adds `tell`. */
export async function openWorld(options: WorldOptions): Promise<Omit<CloseOptions, 'tell'>> {
  const { environment, data, store, gone, verbose, host } = options;
  return {
    environment,
    actions: await host.actions(),
    login: LOGIN,
    store,
    endSurvivors: await host.endSurvivors(),
    gone: gone.gone,
    suspend: NEVER,
    workplaces: await host.workplaces(data),
    clock: await host.openClock(environment.clock),
    http: await host.openHttp(environment.contact),
    ids: await host.ids(),
    log: await host.openLog(join(data, 'packprobe.log'), verbose === true ? 'debug' : 'info'),
  };
}

export interface WalkOptions extends WorldOptions {
  readonly plan: ProbePlan;
  readonly package: string;
  readonly params: JsonObject;
  readonly stop: Stop;
  /** Closes what the walk has opened. */
  readonly resources: AsyncDisposableStack;
}

/** What the walks of all runs in one environment share; `close` is that of `openWorld`. */
export async function openShared(
  close: Pick<CloseOptions, 'environment' | 'store' | 'clock' | 'http' | 'log'>,
  gone: Gone,
  host: Host,
  resources: AsyncDisposableStack,
): Promise<Pick<RunOptions, 'watch' | 'versionsOf' | 'attribute' | 'lookIfGone'>> {
  const { environment, store, clock, http, log } = close;
  const sources = await host.sources(environment, http, clock);
  return {
    watch: resources.use(openWatch({ environment: scopeOf(environment), sources, store, clock, log })),
    versionsOf: host.versionsOf,
    attribute: async (run, step) => {
      const { chains, looks, events } = await evidenceOf(store, run);
      const silent = chains.map((chain) => chargeFor(step.uses, chain, looks));
      return silent.find((told) => told !== undefined) ?? unfinishedBuild(step.uses, events);
    },
    lookIfGone: gone.lookIfGone,
  };
}

/** What it takes to walk through the steps of a plan, shown on the terminal until `endDisplay`. */
export async function openWalk(
  options: WalkOptions,
): Promise<{ readonly walk: RunOptions; endDisplay(): void }> {
  const { plan, environment, params, stop, gone, host, resources } = options;
  const world = await openWorld(options);
  const shared = await openShared(world, gone, host, resources);
  const { clock } = world;
  const title = `${plan.probe.name} on ${environment.name}, package ${options.package}`;
  const display = resources.use(await openDisplay({ title, steps: plan.steps, host, clock }));
  stop.tellThrough(display.say);
  const asked = resources.use(await stopWhenAsked(options));
  return {
    walk: {
      ...world,
      ...shared,
      plan,
      roots: { env: environmentFacts(environment), probe: probeFacts(plan.probe), params },
      owner: await host.owner(),
      isAlive: await host.isAlive(),
      watchOn: false,
      tell(progress) {
        if (progress.type === 'run_started') asked.watch(progress.run_id);
        display.tell(progress);
      },
      signal: stop.signal,
    },
    endDisplay: () => display[Symbol.dispose](),
  };
}

/** How often a run in the foreground looks whether somebody wants it to be cancelled. Milliseconds of the host. */
const ASKED_MS = 2000;

/** `runs cancel` of another process reaches a run through the store. */
async function stopWhenAsked({
  store,
  stop,
  host,
}: Pick<WalkOptions, 'store' | 'stop' | 'host'>): Promise<Disposable & { watch(run_id: string): void }> {
  let mine: string | undefined;
  const look = async () => {
    const asked =
      mine === undefined ? undefined : (await store.toCancel()).find(({ run_id }) => run_id === mine);
    if (asked !== undefined && !stop.signal.aborted) stop.stop(runCancelled(asked.by));
  };
  // What cannot be looked at now can be in two seconds; whether the store works is for the run itself to tell.
  const repeating = await host.repeat(ASKED_MS, () => void look().catch(() => {}));
  return {
    watch(run_id) {
      mine = run_id;
    },
    [Symbol.dispose]: () => repeating[Symbol.dispose](),
  };
}
