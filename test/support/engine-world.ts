import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Verdict } from '../../src/core/digest.ts';
import type { Source } from '../../src/core/event.ts';
import { Fault, type FaultData } from '../../src/core/fault.ts';
import { planProbe } from '../../src/core/planner.ts';
import { readProbe } from '../../src/core/probe.ts';
import type { RunRecord } from '../../src/core/run.ts';
import { environmentFacts, probeFacts } from '../../src/core/scope.ts';
import { type Action, defineStep, type StepContext, type StepDefinition } from '../../src/core/step.ts';
import type { RunJournal, Store, StoredRun, TakenRun } from '../../src/core/store.ts';
import { watchLate } from '../../src/engine/late.ts';
import type { Progress } from '../../src/engine/progress.ts';
import { closeRun, executeRun, resumeRun } from '../../src/engine/run.ts';
import type { NewRun, RunOptions } from '../../src/engine/run-options.ts';
import { openWatch, type Watch } from '../../src/engine/watch.ts';
import type { Workplaces } from '../../src/engine/workplace.ts';
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

/** Before or after the write of this number, from 1, or after so many calls of this name. */
export interface Death {
  readonly write: number | keyof RunJournal;
  /** @defaultValue 1 */
  readonly time?: number;
  readonly when: 'before' | 'after';
}

interface RunAsked {
  readonly signal?: AbortSignal;
  readonly timeout?: string;
}

export interface EngineWorld extends AsyncDisposable {
  /** The database. */
  readonly file: string;
  readonly clock: FakeClock;
  readonly store: Store;
  readonly told: Progress[];
  /** Names of the work folders that were made and removed, in order: `+run-1`, `-run-1`, `+run-undo-1`, `-run-undo-1`. */
  readonly folders: string[];
  /** Begins a run of the steps (YAML below `steps:`). */
  run(steps: string, options?: RunAsked): Promise<RunRecord>;
  /** The same, moving time on until it has ended. */
  ran(steps: string, options?: RunAsked): Promise<RunRecord>;
  /**
   * The same, but its process dies around a write of its journal: nothing that waits for it ever goes on. Resolves then, or with the number of writes
   * where it had ended before.
   */
  killed(steps: string, at: Death): Promise<number | undefined>;
  /** Another process takes the run that died. */
  taken(): Promise<TakenRun>;
  /** Another process goes on with the run that died, moving time on until it has ended. */
  resumed(): Promise<RunRecord>;
  /** The same without moving time, whether or not the process before it is dead. */
  takenOver(): Promise<RunRecord>;
  /** Another process watches on where its wait ran out, moving time on until the truth is known. */
  watchedOn(): Promise<Verdict>;
  /** Another process gives it up. */
  closed(fault: FaultData): Promise<RunRecord>;
  stored(): Promise<StoredRun>;
}

/** The engine on a real store, with actions of the test, moved by hand. `changeStore` breaks what a test wants broken. */
export function engineWorld(
  definitions: Readonly<Record<string, StepDefinition>>,
  {
    sources = [],
    changeStore = (store) => store,
    gone = new AbortController().signal,
    lookIfGone = async () => undefined,
    placeable = () => true,
    workplaces,
    suspend = new AbortController().signal,
    watchOn = false,
  }: {
    readonly sources?: readonly Source[];
    readonly changeStore?: (store: Store) => Store;
    readonly gone?: AbortSignal;
    readonly lookIfGone?: RunOptions['lookIfGone'];
    /** Whether work folders can be made. */
    readonly placeable?: () => boolean;
    /** Real ones, of a test about files. */
    readonly workplaces?: Workplaces;
    /** Of the first life. */
    readonly suspend?: AbortSignal;
    readonly watchOn?: boolean;
  } = {},
): EngineWorld {
  const dir = mkdtempSync(join(tmpdir(), 'packprobe-engine-'));
  const clock = new FakeClock();
  const file = join(dir, 'packprobe.db');
  const real = openStore(file);
  const store = changeStore(real);
  const environment = testEnvironment();
  const actions = new Map<string, Action>(
    Object.entries(definitions).map(([uses, definition]) => [uses, { uses, definition }]),
  );
  const told: Progress[] = [];
  const folders: string[] = [];
  const watches: Watch[] = [];
  let lives = 0;
  let runs = 0;
  let last = '';
  let asked: { readonly text: string; readonly header: NewRun } | undefined;

  function newLife(on: Store, signal: AbortSignal): Omit<RunOptions, 'plan' | 'roots'> {
    const watch = openWatch({ environment: 'test', sources, store: on, clock, log: silentLogger });
    watches.push(watch);
    lives += 1;
    const named = (name: string) => name.replace(last, 'run');
    return {
      environment,
      actions,
      login: 'fas/login',
      store: on,
      owner: { host: 'here', boot_id: 'boot', pid: lives, start: 1 },
      isAlive: () => true,
      endSurvivors: async () => 0,
      gone,
      suspend: lives === 1 ? suspend : new AbortController().signal,
      watchOn,
      lookIfGone,
      watch,
      workplaces: workplaces ?? {
        async open({ name, former = [] }) {
          if (!placeable()) throw new Fault('no place', { code: 'DISK_FAILED', kind: 'prober' });
          folders.push(`+${named(name)}`);
          return {
            dir: join(dir, name),
            former: former.map((folder) => join(dir, folder)),
            home: join(dir, name, 'home'),
            exec: cannedExec([]),
            files: filesBelow(join(dir, name)),
            secretFile: async () => '/dev/null',
          };
        },
        remove: async (name) => void folders.push(`-${named(name)}`),
      },
      versionsOf: async () => ({}),
      attribute: async () => undefined,
      clock,
      http: cannedHttp(() => ({ status: 404 })),
      ids: { uuid: () => last, random: () => 0.5 },
      log: silentLogger,
      tell: (progress) => void told.push(progress),
      signal,
    };
  }

  function planned(text: string): Pick<RunOptions, 'plan' | 'roots'> {
    const plan = planProbe({ probe: readProbe('test.yaml', text), actions, environment });
    return {
      plan,
      roots: { env: environmentFacts(environment), probe: probeFacts(plan.probe), params: {} },
    };
  }

  function begin(
    steps: string,
    on: Store,
    { signal = new AbortController().signal, timeout = '8h' }: RunAsked = {},
  ): Promise<RunRecord> {
    const text = `name: test\ntimeout: ${timeout}\nsteps:\n${steps}`;
    runs += 1;
    last = `run-${runs}`;
    asked = {
      text,
      header: {
        definition: { file: 'test.yaml', text },
        environment_definition: {},
        package: 'gloster',
        branch: 'stable',
        params: {},
        packprobe: '0.0.0',
      },
    };
    return executeRun(asked.header, { ...newLife(on, signal), ...planned(text) });
  }

  async function moved<Result>(running: Promise<Result>): Promise<Result> {
    let ended = false;
    running.then(
      () => (ended = true),
      () => (ended = true),
    );
    for (let turn = 0; turn < 2000 && !ended; turn += 1) await clock.advance(60_000);
    return running;
  }

  const taken = () => store.takeOver(last, { host: 'here', boot_id: 'boot', pid: 99, start: 1 }, () => false);

  async function takenOver(): Promise<RunRecord> {
    if (asked === undefined) throw new Error('nothing ran');
    const life = newLife(store, new AbortController().signal);
    return resumeRun(await taken(), { ...life, ...planned(asked.text) });
  }

  return {
    file,
    clock,
    store,
    told,
    folders,
    taken,
    run: (steps, options) => begin(steps, store, options),
    ran: (steps, options) => moved(begin(steps, store, options)),
    async killed(steps, at) {
      const { promise: died, resolve: die } = Promise.withResolvers<undefined>();
      const { store: on, writes } = mortal(store, at, () => die(undefined));
      const ended = begin(steps, on).then(writes);
      // What is dead cannot be closed: it waits for what never returns.
      watches.pop();
      return moved(Promise.race([died, ended]));
    },
    resumed: () => moved(takenOver()),
    takenOver,
    async watchedOn() {
      const late = await store.late.of(last);
      if (asked === undefined || late === undefined) throw new Error('nothing is watched');
      const life = newLife(store, new AbortController().signal);
      return moved(watchLate(await taken(), late, { ...life, ...planned(asked.text) }));
    },
    closed: async (fault) =>
      moved(closeRun(await taken(), fault, newLife(store, new AbortController().signal))),
    async stored() {
      const { run: found } = await real.find(last);
      if (found === undefined) throw new Error(`no run ${last}`);
      return found;
    },
    async [Symbol.asyncDispose]() {
      const closing = watches.map((watch) => watch[Symbol.asyncDispose]());
      await settle();
      await Promise.all(closing);
      await real[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A store whose process dies around one write of a run's journal: that call, and all after it, never return. */
function mortal(
  store: Store,
  { write, time = 1, when }: Death,
  die: () => void,
): { readonly store: Store; writes(): number } {
  const never = new Promise<never>(() => {});
  let writes = 0;
  let dead = false;
  const calls = new Map<string, number>();
  const around = async <Result>(name: string, act: () => Promise<Result>): Promise<Result> => {
    if (dead) return never;
    writes += 1;
    calls.set(name, (calls.get(name) ?? 0) + 1);
    if (writes !== write && (name !== write || calls.get(name) !== time)) return act();
    dead = true;
    if (when === 'after') await act();
    die();
    return never;
  };
  const mortalStore: Store = {
    ...store,
    // A dead process hears nothing any more, either.
    addReports: (...given) => (dead ? never : store.addReports(...given)),
    async begin(...given) {
      const journal = await around('begin', () => store.begin(...given));
      return new Proxy(journal, {
        get(target, name: keyof RunJournal) {
          const member = target[name];
          if (typeof member !== 'function') return member;
          // Reading is no write.
          if (name === 'effect') return (...asked: never[]) => (dead ? never : (member as Call)(...asked));
          return (...asked: never[]) => around(name, () => (member as Call)(...asked));
        },
      });
    },
  };
  return { store: mortalStore, writes: () => writes };
}

type Call = (...asked: never[]) => Promise<unknown>;
