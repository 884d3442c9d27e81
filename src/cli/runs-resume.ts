import type { RunRecord } from '../core/run.ts';
import type { RunHeader, Store, StoredRun } from '../core/store.ts';
import { closeRun, resumeRun } from '../engine/run.ts';
import { EXIT, type Host } from './host.ts';
import { plainTell } from './live-list.ts';
import { dataDir } from './places.ts';
import { openWalk, openWorld } from './run-world.ts';
import { assertJunitFolder, type ShowRunOptions, showRun } from './show-run.ts';
import { type Stop, stopOnSignal } from './stop.ts';
import {
  environmentOf,
  findRun,
  followSandbox,
  GONE,
  type Gone,
  NEVER_GONE,
  planOf,
  sandboxGone,
  storeWith,
} from './stored-run.ts';
import { UsageError } from './usage-error.ts';

export interface RunsResumeOptions extends ShowRunOptions {
  readonly verbose?: boolean;
  readonly force?: boolean;
}

/** `packprobe runs resume ID`: goes on with a run whose process was killed, in the foreground as `run` would have. */
export async function runsResumeCommand(id: string, options: RunsResumeOptions, host: Host): Promise<number> {
  await assertJunitFolder(options, host);
  await using resources = new AsyncDisposableStack();
  const store = resources.use(await storeWith(id, options, host));
  const found = await findRun(store, id, options, host);
  if (found.state === 'finished') throw ended(found, host);
  if (found.restored) throw restored(found, host);
  const record = await resumed(found, store, options, host, resources);
  await showRun(record, store, options, host);
  return EXIT[record.outcome];
}

async function resumed(
  { header }: StoredRun,
  store: Store,
  options: RunsResumeOptions,
  host: Host,
  resources: AsyncDisposableStack,
): Promise<RunRecord> {
  const plan = await planOf(header, host);
  const stop = resources.use(stopOnSignal(host, options));
  const { environment, gone } = await environmentOf(header, host);
  const world = {
    environment,
    data: dataDir(options, host),
    store,
    gone: gone ? GONE : await follow(header, stop, host, resources),
    verbose: options.verbose,
    host,
  };
  const taken = await store.takeOver(header.run_id, await host.owner(), await host.isAlive(options.force));
  if (gone || taken.run.record !== null) {
    // Nothing is left to walk through: only to say how it ended, and to take away what it made.
    if (gone) host.stderr.write('its sandbox is gone: the run is closed\n');
    return closeRun(taken, sandboxGone().toData('own'), {
      ...(await openWorld(world)),
      plan,
      tell: plainTell(plan.steps, host),
    });
  }
  const { walk, endDisplay } = await openWalk({
    ...world,
    plan,
    package: header.package,
    params: header.params,
    stop,
    resources,
  });
  const record = await resumeRun(taken, walk);
  endDisplay();
  return record;
}

async function follow(
  { control }: RunHeader,
  stop: Stop,
  host: Host,
  resources: AsyncDisposableStack,
): Promise<Gone> {
  if (control === undefined) return NEVER_GONE;
  return followSandbox(resources.use(await host.joinSandbox(control)), stop, host);
}

function restored({ header: { run_id } }: StoredRun, { program }: Host): UsageError {
  return new UsageError(
    `run ${run_id} was under way when the backup was made that this database comes from: what it made since then is not known, and would be made twice`,
    `Close it, and take away what is known of: ${program} tidy ${run_id}`,
  );
}

function ended({ header: { run_id }, record }: StoredRun, { program }: Host): UsageError {
  return new UsageError(
    `run ${run_id} has ended (${record?.outcome}): there is nothing to resume`,
    `Look at it with: ${program} runs show ${run_id}`,
  );
}
