import type { Environment } from '../core/environment.ts';
import type { Fault } from '../core/fault.ts';
import type { Exec, Http, Logger } from '../core/ports.ts';
import { environmentFacts } from '../core/scope.ts';
import type { Store } from '../core/store.ts';
import type { WorkplaceOptions } from '../engine/workplace.ts';
import type { World, Worlds } from '../service/world.ts';
import type { Host } from './host.ts';
import { openShared, openWorld } from './run-world.ts';
import { sharedPlans } from './shared-plans.ts';
import { environmentOf, followSandbox, GONE, NEVER_GONE, planOf } from './stored-run.ts';

export interface WorldsOptions {
  readonly data: string;
  readonly store: Store;
  readonly verbose: boolean;
  /** Of the service, whose lines are counted and told: what its runs say is no less of it. */
  readonly log: Logger;
  /** Counts what is asked of systems. */
  readonly meter: {
    http(http: Http, environment: Environment): Http;
    exec(exec: Exec, environment: Environment): Exec;
  };
}

/** The worlds of `serve`, kept until the stack is unwound. */
export function openWorlds(
  { data, store, verbose, log, meter }: WorldsOptions,
  host: Host,
  resources: AsyncDisposableStack,
): Worlds {
  const opened = new Map<string, Promise<World>>();

  function of(environment: Environment, control: string | undefined, gone = false): Promise<World> {
    const key = JSON.stringify([environment, control ?? null, gone]);
    const known = opened.get(key);
    if (known !== undefined) return known;
    const world = open(environment, control, gone);
    opened.set(key, world);
    // What could not be opened now may be later.
    world.catch(() => opened.delete(key));
    return world;
  }

  async function open(
    environment: Environment,
    control: string | undefined,
    isGone: boolean,
  ): Promise<World> {
    const stop = new AbortController();
    const stopping = { stop: (reason: Fault) => stop.abort(reason) };
    const gone = isGone
      ? GONE
      : control === undefined
        ? NEVER_GONE
        : followSandbox(resources.use(await host.joinSandbox(control)), stopping, host);
    const { suspend: _, ...world } = await openWorld({ environment, data, store, gone, verbose, host });
    const { workplaces } = world;
    const close = {
      ...world,
      log,
      http: meter.http(world.http, environment),
      workplaces: {
        remove: workplaces.remove,
        async open(options: WorkplaceOptions) {
          const place = await workplaces.open(options);
          return { ...place, exec: meter.exec(place.exec, environment) };
        },
      },
    };
    return {
      close,
      walk: await openShared(close, gone, host, resources),
      env: environmentFacts(environment),
      control,
      stop: stop.signal,
    };
  }

  return {
    of: (environment, control) => of(environment, control),
    async ofRun(header) {
      const { environment, gone } = await environmentOf(header, host);
      return { world: await of(environment, header.control, gone), gone };
    },
    planOf: sharedPlans((header) => planOf(header, host)),
  };
}
