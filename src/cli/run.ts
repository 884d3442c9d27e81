import { readEnvironment } from '../core/config.ts';
import type { Environment } from '../core/environment.ts';
import type { Outcome } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import { resolveParams } from '../core/params.ts';
import { planProbe } from '../core/planner.ts';
import type { RunRecord } from '../core/run.ts';
import type { Store } from '../core/store.ts';
import { executeRun } from '../engine/run.ts';
import { assertClientsFit, type ClientsOptions, chosenClients } from './clients.ts';
import { chosenFaults, type FaultOptions } from './faults.ts';
import { EXIT, type Host, type SandboxHandle } from './host.ts';
import { dataDir, join, loadConfig, loadEnvironment, loadProbe } from './places.ts';
import { assertMetricsOptions, handOverMetrics, type RunMetricsOptions } from './run-metrics.ts';
import { openWalk } from './run-world.ts';
import { parseSpeed } from './sandbox.ts';
import { assertScenarioFits, chosenScenario, type ScenarioOptions } from './scenario.ts';
import { parseSet } from './set-option.ts';
import { assertJunitFolder, type ShowRunOptions, showRun } from './show-run.ts';
import { stopOnSignal } from './stop.ts';
import { followSandbox, NEVER_GONE } from './stored-run.ts';
import { overridesOf, targetOf } from './target.ts';
import { UsageError } from './usage-error.ts';

export interface RunCommandOptions
  extends ShowRunOptions,
    FaultOptions,
    ClientsOptions,
    ScenarioOptions,
    RunMetricsOptions {
  readonly env?: string;
  readonly url?: string;
  readonly package?: string;
  readonly branch?: string;
  readonly set?: readonly string[];
  readonly speed: string;
  readonly verbose?: boolean;
}

/** `packprobe run PROBE`: one run in the foreground. */
export async function runCommand(name: string, options: RunCommandOptions, host: Host): Promise<number> {
  const file = await loadProbe(name, options, host);
  await assertJunitFolder(options, host);
  await assertMetricsOptions(options, host);
  const config = await loadConfig(options, host);
  const actions = await host.actions();
  // Faults of the file come before those of the command line, and before anything is started.
  planProbe({ probe: file.probe, actions });
  const params = resolveParams(file.probe, parseSet(options.set ?? []));
  const data = dataDir(options, host);

  await using resources = new AsyncDisposableStack();
  const stop = resources.use(stopOnSignal(host, options));
  const store = resources.use(await host.openStore(join(data, 'packprobe.db')));
  const { environment, sandbox } = await openEnvironment(options, data, host, resources);
  const overrides = overridesOf(options, config, environment, file.probe.name);
  const plan = planProbe({ probe: file.probe, actions, params, environment, overrides });
  const target = targetOf(plan, environment);

  const { walk, endDisplay } = await openWalk({
    plan,
    environment,
    package: target.package,
    params,
    data,
    store,
    stop,
    gone: sandbox === undefined ? NEVER_GONE : followSandbox(sandbox, stop, host),
    verbose: options.verbose,
    host,
    resources,
  });
  const record = await executeRun(
    {
      definition: { file: file.file, text: file.text },
      environment_definition: environment as unknown as JsonObject,
      ...target,
      params,
      packprobe: host.version,
      ...(sandbox === undefined ? {} : { control: sandbox.control }),
    },
    walk,
  );
  endDisplay();
  await showRun(record, store, options, host);
  await handOverMetrics(
    {
      record,
      timeoutMs: plan.probe.timeoutMs,
      definition: file.text,
      lastEnds: await lastEnds(record, environment, store),
      toHost: (await host.openClock(environment.clock)).toHost,
    },
    environment.contact,
    options,
    host,
  );
  return EXIT[record.outcome];
}

async function lastEnds(
  { probe, environment, outcome: last, ended_at }: RunRecord,
  { clock }: Environment,
  store: Store,
): Promise<Partial<Record<Outcome, number>>> {
  const ends: Partial<Record<Outcome, number>> = { [last]: ended_at };
  // Each sandbox has a time of its own: what an earlier one called eight o'clock is another moment here.
  if (clock !== undefined) return ends;
  for (const outcome of ['passed', 'failed', 'errored', 'cancelled'] as const) {
    const [last] = await store.list({ probe, environment, outcome, limit: 1 });
    if (last?.ended_at) ends[outcome] = last.ended_at;
  }
  return ends;
}

/** The environment of the run: a file, a sandbox of our own, or one that runs elsewhere. */
async function openEnvironment(
  options: RunCommandOptions,
  data: string,
  host: Host,
  resources: AsyncDisposableStack,
): Promise<Place> {
  if (options.url !== undefined && options.env !== undefined) {
    throw new UsageError(
      '--env and --url contradict each other',
      'A sandbox that is joined brings its own environment: leave --env out.',
    );
  }
  const faults = (await chosenFaults(options, host)).map(({ name }) => name);
  assertClientsFit(options, host);
  assertScenarioFits(options, host);
  if (options.url !== undefined) return ofSandbox(resources.use(await host.joinSandbox(options.url)));
  if (options.env === undefined) {
    throw new UsageError(
      'which environment?',
      'Add --env sandbox to try it out, or --env NAME or --env FILE.',
    );
  }
  if (options.env !== 'sandbox') {
    return { environment: (await loadEnvironment(options.env, options, host)).environment };
  }
  const speed = parseSpeed(options.speed);
  const playing = await chosenScenario(options, host);
  const clients = await chosenClients(options, host);
  host.stderr.write(`starting a sandbox${faults.length === 0 ? '' : ` with ${faults.join(', ')}`} …\n`);
  const dir = join(data, `sandbox-${(await host.ids()).uuid()}`);
  return ofSandbox(
    resources.use(await host.startSandbox({ speed, seed: '1', dir, faults, clients, ...playing })),
  );
}

function ofSandbox(sandbox: SandboxHandle): Place {
  return { environment: readEnvironment(`${sandbox.control}/environment`, sandbox.environment), sandbox };
}

interface Place {
  readonly environment: Environment;
  readonly sandbox?: SandboxHandle;
}
