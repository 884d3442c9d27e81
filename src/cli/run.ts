import type { ConfigError } from '../core/config-error.ts';
import { type Environment, scopeOf } from '../core/environment.ts';
import { outcomeOf } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import { commandsOf, type ProbePlan, planProbe, resolveParams } from '../core/plan.ts';
import type { RunRecord } from '../core/run.ts';
import type { Store } from '../core/store.ts';
import { runCancelled } from '../engine/limits.ts';
import { executeRun } from '../engine/run.ts';
import { openWatch } from '../engine/watch.ts';
import { firstSilent } from '../evidence/attribution.ts';
import { evidenceOf } from './evidence.ts';
import { hopTable } from './hop-table.ts';
import { EXIT, type Host, type SandboxHandle } from './host.ts';
import { junitXml } from './junit.ts';
import { openDisplay } from './live-list.ts';
import {
  absolute,
  dataDir,
  join,
  loadConfig,
  loadEnvironment,
  loadProbe,
  type PlaceOptions,
} from './places.ts';
import { parseSet } from './set-option.ts';
import { painter } from './style.ts';
import { resolveTarget } from './target.ts';
import { UsageError } from './usage-error.ts';
import { headline, waterfall } from './waterfall.ts';

export interface RunCommandOptions extends PlaceOptions {
  readonly env?: string;
  readonly url?: string;
  readonly package?: string;
  readonly branch?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
  readonly junit?: string;
  readonly speed?: string;
  readonly verbose?: boolean;
}

const LOGIN = 'fas/login';

/** `packprobe run PROBE`: one run in the foreground. */
export async function runCommand(name: string, options: RunCommandOptions, host: Host): Promise<number> {
  const probe = await loadProbe(name, options, host);
  const config = await loadConfig(options, host);
  const given = parseSet(options.set ?? []);
  const actions = await host.actions();
  const params = resolveParams(probe.probe, given, probe.file);
  const data = dataDir(options, host);

  await using resources = new AsyncDisposableStack();
  const stop = stopOnSignal(host);
  resources.use(stop);
  // The store first: without it nothing may be begun, and a sandbox need not be started in vain.
  const store = resources.use(await host.openStore(join(data, 'packprobe.db')));
  const source = await openEnvironment(options, data, host, resources);
  const { environment } = source;
  const plan = planProbe({
    file: probe.file,
    text: probe.text,
    probe: probe.probe,
    actions,
    environment,
    params,
  });
  const target = resolveTarget({ options, probe: probe.probe, config, environment });

  const clock = await host.openClock(environment.clock);
  const http = await host.openHttp(environment.contact);
  const log = await host.openLog(join(data, 'packprobe.log'), options.verbose === true ? 'debug' : 'info');
  await refuseHeld(store, environment, target.package, host);
  const watch = resources.use(
    openWatch({
      environment: scopeOf(environment),
      sources: await host.sources(environment, http, clock),
      store,
      clock,
      log,
    }),
  );
  const title = `${plan.probe.name} on ${environment.name}, package ${target.package}`;
  const display = await openDisplay({ title, steps: plan.steps, host, clock });
  stop.says((text) => display.say(text));

  let record: RunRecord;
  try {
    record = await executeRun({
      plan,
      definition: { file: probe.file, text: probe.text },
      environment,
      environmentDefinition: environment as unknown as JsonObject,
      ...target,
      params,
      actions,
      login: LOGIN,
      store,
      owner: await host.owner(),
      watch,
      openWorkplace: await host.workplaces(data),
      versionsOf: (commands, exec, signal) => host.versionsOf(commands, exec, signal),
      attribute: async (run, step) => {
        const { chains } = await evidenceOf(store, run);
        return chains.map((chain) => firstSilent(step.uses, chain)).find((told) => told !== undefined);
      },
      clock,
      http,
      ids: await host.ids(),
      log,
      tell: display.tell,
      signal: stop.signal,
      packprobe: host.version,
    });
  } finally {
    display[Symbol.dispose]();
  }
  await show(record, store, options, data, host);
  return EXIT[record.outcome];
}

/** The environment of the run: a file, a sandbox of our own, or one that runs elsewhere. */
async function openEnvironment(
  options: RunCommandOptions,
  data: string,
  host: Host,
  resources: AsyncDisposableStack,
): Promise<{ readonly environment: Environment }> {
  if (options.url !== undefined) return read(resources.use(await host.joinSandbox(options.url)), host);
  if (options.env === undefined) {
    throw new UsageError(
      'which environment?',
      'Add --env sandbox to try it out, or --env NAME or --env FILE.',
    );
  }
  if (options.env !== 'sandbox') return loadEnvironment(options.env, options, host);
  host.stderr.write('starting a sandbox …\n');
  const speed = Number(options.speed ?? 60);
  const dir = join(data, `sandbox-${(await host.ids()).uuid()}`);
  return read(resources.use(await host.startSandbox({ speed, seed: '1', dir })), host);
}

async function read(
  { control, environment }: SandboxHandle,
  _host: Host,
): Promise<{ readonly environment: Environment }> {
  const { readEnvironment } = await import('../core/config.ts');
  return { environment: readEnvironment(`${control}/environment`, environment) };
}

/** Two runs on one branch of one package race: each would break the other's push or build. */
async function refuseHeld(store: Store, environment: Environment, pkg: string, host: Host): Promise<void> {
  for (const { run_id, owner } of await store.holding(environment.name, pkg)) {
    if (!(await host.isAlive(owner))) continue;
    throw new UsageError(
      `run ${run_id} is still at work on ${pkg} in ${environment.name}`,
      `Wait for it, or look at it with: ${host.program} runs show ${run_id}`,
    );
  }
}

interface Stop extends Disposable {
  readonly signal: AbortSignal;
  says(say: (text: string) => void): void;
}

/** Ctrl-C once stops cleanly, twice at once. */
function stopOnSignal(host: Host): Stop {
  const controller = new AbortController();
  let say = (text: string) => host.stderr.write(`${text}\n`);
  const subscription = host.onStop((signal) => {
    if (controller.signal.aborted) {
      host.stderr.write(`\nleft at once; what the run made may still be there: ${host.program} tidy\n`);
      host.exit(EXIT.cancelled);
    }
    controller.abort(runCancelled(signal));
    say('stopping: undoing what the run made (again Ctrl-C leaves at once) …');
  });
  return {
    signal: controller.signal,
    says: (write) => {
      say = write;
    },
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };
}

async function show(
  record: RunRecord,
  store: Store,
  options: RunCommandOptions,
  data: string,
  host: Host,
): Promise<void> {
  const { chains } = await evidenceOf(store, record.run_id);
  if (options.junit !== undefined) await host.writeText(absolute(host.cwd, options.junit), junitXml(record));
  if (options.json === true) {
    host.stdout.write(`${JSON.stringify({ ...record, chains }, undefined, 2)}\n`);
    return;
  }
  const paint = painter(host.stdout);
  const again = options.data === undefined ? '' : ` --data ${options.data}`;
  const parts = [
    headline(record, paint),
    waterfall(record, paint, host.stdout.columns),
    ...chains
      .filter(({ hops }) => hops.length > 0)
      .map((chain) => `The way of ${chain.nvr}:\n${hopTable(chain)}`),
    `Look further:\n  ${host.program} runs show ${record.run_id}${again}\n  ${host.program} runs list${again}`,
  ];
  host.stdout.write(`\n${parts.join('\n\n')}\n`);
  void data;
}

export type { ConfigError, ProbePlan };
export { commandsOf, outcomeOf };
