import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Source } from '../../src/core/event.ts';
import { planProbe } from '../../src/core/planner.ts';
import { readProbe } from '../../src/core/probe.ts';
import type { RunRecord } from '../../src/core/run.ts';
import { environmentFacts, probeFacts } from '../../src/core/scope.ts';
import { type Action, defineStep, type StepContext, type StepDefinition } from '../../src/core/step.ts';
import type { Store, StoredRun } from '../../src/core/store.ts';
import type { Progress } from '../../src/engine/progress.ts';
import { executeRun } from '../../src/engine/run.ts';
import { openWatch } from '../../src/engine/watch.ts';
import { openStore } from '../../src/store/store.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { cannedExec, cannedHttp, filesBelow, silentLogger, testEnvironment } from './step-context.ts';

type Work = (
  context: StepContext,
  input: Readonly<Record<string, unknown>>,
) => Promise<Record<string, unknown>>;

/** An action that does what the test says; its inputs and outputs are whatever it is given. */
export function action(work: Work, change: Partial<StepDefinition> = {}): StepDefinition {
  return defineStep({
    summary: 'Does what a test says.',
    system: 'koji',
    repeatable: true,
    timeoutMs: 3_600_000,
    input: z.strictObject({ value: z.string().optional().describe('Anything.') }),
    output: z.object({ made: z.string().default('nothing').describe('Anything.') }),
    run: (input, context) => work(context, input),
    ...change,
  }) as StepDefinition;
}

export interface EngineWorld extends AsyncDisposable {
  /** The database. */
  readonly file: string;
  readonly clock: FakeClock;
  readonly store: Store;
  readonly told: Progress[];
  /** Names of the work folders that were made and removed, in order: `+run`, `-run`, `+undo`, `-undo`. */
  readonly folders: string[];
  /** Begins a run of the steps (YAML below `steps:`). */
  run(
    steps: string,
    options?: { readonly signal?: AbortSignal; readonly timeout?: string },
  ): Promise<RunRecord>;
  /** The same, moving time on until it has ended. */
  ran(
    steps: string,
    options?: { readonly signal?: AbortSignal; readonly timeout?: string },
  ): Promise<RunRecord>;
  stored(): Promise<StoredRun>;
}

/** The engine on a real store, with actions of the test, moved by hand. `changeStore` breaks what a test wants broken. */
export function engineWorld(
  definitions: Readonly<Record<string, StepDefinition>>,
  {
    sources = [],
    changeStore = (store) => store,
    gone = new AbortController().signal,
  }: {
    readonly sources?: readonly Source[];
    readonly changeStore?: (store: Store) => Store;
    readonly gone?: AbortSignal;
  } = {},
): EngineWorld {
  const dir = mkdtempSync(join(tmpdir(), 'packprobe-engine-'));
  const clock = new FakeClock();
  const file = join(dir, 'packprobe.db');
  const real = openStore(file);
  const store = changeStore(real);
  const environment = testEnvironment();
  const watch = openWatch({ environment: 'test', sources, store, clock, log: silentLogger });
  const actions = new Map<string, Action>(
    Object.entries(definitions).map(([uses, definition]) => [uses, { uses, definition }]),
  );
  const told: Progress[] = [];
  const folders: string[] = [];
  let runs = 0;
  let last = '';

  const run: EngineWorld['run'] = (steps, { signal = new AbortController().signal, timeout = '8h' } = {}) => {
    const text = `name: test\ntimeout: ${timeout}\nsteps:\n${steps}`;
    const plan = planProbe({ probe: readProbe('test.yaml', text), actions, environment });
    runs += 1;
    last = `run-${runs}`;
    return executeRun({
      plan,
      definition: { file: 'test.yaml', text },
      environment,
      environmentDefinition: {},
      package: 'gloster',
      branch: 'stable',
      params: {},
      roots: { env: environmentFacts(environment), probe: probeFacts(plan.probe), params: {} },
      actions,
      login: 'fas/login',
      store,
      owner: { host: 'here', boot_id: 'boot', pid: 1, start: 1 },
      isAlive: () => true,
      gone,
      watch,
      openWorkplace: async ({ name }) => {
        const kind = name.replace(last, 'run');
        folders.push(`+${kind}`);
        return {
          dir: join(dir, name),
          home: join(dir, name, 'home'),
          exec: cannedExec([]),
          files: filesBelow(join(dir, name)),
          secretFile: async () => '/dev/null',
          remove: async () => void folders.push(`-${kind}`),
        };
      },
      versionsOf: async () => ({}),
      attribute: async () => undefined,
      clock,
      http: cannedHttp(() => ({ status: 404 })),
      ids: { uuid: () => last, random: () => 0.5 },
      log: silentLogger,
      tell: (progress) => void told.push(progress),
      signal,
      packprobe: '0.0.0',
    });
  };

  return {
    file,
    clock,
    store,
    told,
    folders,
    run,
    async ran(steps, options) {
      let ended = false;
      const running = run(steps, options).finally(() => {
        ended = true;
      });
      running.catch(() => {});
      for (let turn = 0; turn < 2000 && !ended; turn += 1) await clock.advance(60_000);
      return running;
    },
    async stored() {
      const { run: found } = await real.find(last);
      if (found === undefined) throw new Error(`no run ${last}`);
      return found;
    },
    async [Symbol.asyncDispose]() {
      const closing = watch[Symbol.asyncDispose]();
      await settle();
      await closing;
      await real[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
