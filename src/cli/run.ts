import { readEnvironment } from '../core/config.ts';
import { type Environment, scopeOf } from '../core/environment.ts';
import { Fault } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import { resolveParams } from '../core/params.ts';
import { planProbe } from '../core/planner.ts';
import type { RunRecord } from '../core/run.ts';
import { environmentFacts, probeFacts } from '../core/scope.ts';
import type { Store } from '../core/store.ts';
import { executeRun } from '../engine/run.ts';
import { openWatch } from '../engine/watch.ts';
import { chargeFor } from '../evidence/attribution.ts';
import { evidenceOf } from './evidence.ts';
import { chosenFaults, type FaultOptions } from './faults.ts';
import { hopTable } from './hop-table.ts';
import { EXIT, type Host, type SandboxHandle } from './host.ts';
import { jsonText } from './json-text.ts';
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
import { parseSpeed } from './sandbox.ts';
import { parseSet } from './set-option.ts';
import { stopOnSignal } from './stop.ts';
import { painter } from './style.ts';
import { overridesOf, targetOf } from './target.ts';
import { UsageError } from './usage-error.ts';
import { headline, waterfall } from './waterfall.ts';

export interface RunCommandOptions extends PlaceOptions, FaultOptions {
  readonly env?: string;
  readonly url?: string;
  readonly package?: string;
  readonly branch?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
  readonly junit?: string;
  readonly speed: string;
  readonly verbose?: boolean;
}

/** The action with which every undo begins, where the environment has a login. */
const LOGIN = 'fas/login';

/** `packprobe run PROBE`: one run in the foreground. */
export async function runCommand(name: string, options: RunCommandOptions, host: Host): Promise<number> {
  const file = await loadProbe(name, options, host);
  const config = await loadConfig(options, host);
  const actions = await host.actions();
  // Faults of the file come before those of the command line, and before anything is started.
  planProbe({ probe: file.probe, actions });
  const params = resolveParams(file.probe, parseSet(options.set ?? []));
  const data = dataDir(options, host);

  await using resources = new AsyncDisposableStack();
  const stop = resources.use(stopOnSignal(host));
  const store = resources.use(await host.openStore(join(data, 'packprobe.db')));
  const { environment, ended } = await openEnvironment(options, data, host, resources);
  const gone = new AbortController();
  void ended.then(() => {
    gone.abort();
    stop.stop(sandboxGone());
  });
  const overrides = overridesOf(options, config, environment, file.probe.name);
  const plan = planProbe({ probe: file.probe, actions, params, environment, overrides });
  const target = targetOf(plan, environment);

  const clock = await host.openClock(environment.clock);
  const http = await host.openHttp(environment.contact);
  const log = await host.openLog(join(data, 'packprobe.log'), options.verbose === true ? 'debug' : 'info');
  const sources = await host.sources(environment, http, clock);
  const watch = resources.use(openWatch({ environment: scopeOf(environment), sources, store, clock, log }));
  const title = `${plan.probe.name} on ${environment.name}, package ${target.package}`;
  const display = resources.use(await openDisplay({ title, steps: plan.steps, host, clock }));
  stop.tellThrough(display.say);

  const record = await executeRun({
    plan,
    definition: { file: file.file, text: file.text },
    environment,
    environmentDefinition: environment as unknown as JsonObject,
    ...target,
    params,
    roots: { env: environmentFacts(environment), probe: probeFacts(plan.probe), params },
    actions,
    login: LOGIN,
    store,
    owner: await host.owner(),
    isAlive: await host.isAlive(),
    gone: gone.signal,
    watch,
    openWorkplace: await host.workplaces(data),
    versionsOf: host.versionsOf,
    attribute: async (run, step) => {
      const { chains, looks } = await evidenceOf(store, run);
      return chains.map((chain) => chargeFor(step.uses, chain, looks)).find((told) => told !== undefined);
    },
    clock,
    http,
    ids: await host.ids(),
    log,
    tell: display.tell,
    signal: stop.signal,
    packprobe: host.version,
  });
  display[Symbol.dispose]();
  await show(record, store, options, host);
  if (options.junit !== undefined) await writeJunit(absolute(host.cwd, options.junit), record, host);
  return EXIT[record.outcome];
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
  if (options.url !== undefined) return ofSandbox(resources.use(await host.joinSandbox(options.url)));
  if (options.env === undefined) {
    throw new UsageError(
      'which environment?',
      'Add --env sandbox to try it out, or --env NAME or --env FILE.',
    );
  }
  if (options.env !== 'sandbox') {
    return { environment: (await loadEnvironment(options.env, options, host)).environment, ended: NEVER };
  }
  const speed = parseSpeed(options.speed);
  host.stderr.write(`starting a sandbox${faults.length === 0 ? '' : ` with ${faults.join(', ')}`} …\n`);
  const dir = join(data, `sandbox-${(await host.ids()).uuid()}`);
  return ofSandbox(resources.use(await host.startSandbox({ speed, seed: '1', dir, faults })));
}

function ofSandbox({ control, environment, ended }: SandboxHandle): Place {
  return { environment: readEnvironment(`${control}/environment`, environment), ended };
}

interface Place {
  readonly environment: Environment;
  /** Resolves when the environment is gone for ever. */
  readonly ended: Promise<void>;
}

const NEVER = new Promise<void>(() => {});

function sandboxGone(): Fault {
  return new Fault('the sandbox of this run ended in the middle of it', {
    code: 'SANDBOX_GONE',
    kind: 'prober',
    hint: 'Nothing is left of the run. Run it again; if it happens again, start `packprobe sandbox` by itself and read what it says.',
  });
}

async function writeJunit(file: string, record: RunRecord, host: Host): Promise<void> {
  try {
    await host.writeText(file, junitXml(record));
  } catch (error) {
    throw new Fault(`cannot write ${file}`, {
      code: 'FILE_NOT_WRITTEN',
      kind: 'prober',
      hint: 'Does its folder exist, and can this user write there? The run itself is stored.',
      cause: error,
    });
  }
}

async function show(record: RunRecord, store: Store, options: RunCommandOptions, host: Host): Promise<void> {
  const { chains } = await evidenceOf(store, record.run_id);
  if (options.json === true) {
    host.stdout.write(jsonText({ ...record, chains }));
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
}
