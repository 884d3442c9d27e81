import { asFault, Fault } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { JsonObject } from '../core/json.ts';
import type { ProbePlan } from '../core/plan.ts';
import type { Logger } from '../core/ports.ts';
import type { Owner } from '../core/run.ts';
import type { Due } from '../core/schedule.ts';
import { probeFacts } from '../core/scope.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import type { RunSummary, Store, StoredRun, TakenRun } from '../core/store.ts';
import { giveUpLate, watchLate } from '../engine/late.ts';
import { runCancelled } from '../engine/limits.ts';
import { beginRun, closeRun, finishRun, resumeRun } from '../engine/run.ts';
import type { RunOptions } from '../engine/run-options.ts';
import { UNDO_LIMIT_MS } from '../engine/undo.ts';
import type { Broke } from './service.ts';
import type { World, Worlds } from './world.ts';

export interface WorkersOptions {
  readonly store: Store;
  readonly worlds: Worlds;
  readonly owner: Owner;
  /** Whether the process lives; one that cannot be seen does, unless it is said that those are dead. */
  readonly isAlive: (owner: Owner, unseenAreDead: boolean) => boolean;
  readonly log: Logger;
  /** Written into every run. */
  readonly version: string;
  /** Aborts when this process leaves: every run is suspended. */
  readonly suspend: AbortSignal;
  /** Told of a run that is walked on here, and so holds a place until `ended` resolves. */
  readonly adopted: (run: ActiveRun, ended: Promise<void>) => void;
  readonly broke: Broke;
}

/** What a run is to its worker: its steps are walked, a wait that ran out is watched on, or what it made is taken away. */
export type Work = 'run' | 'watch' | 'undo';

export interface ActiveRun {
  readonly run_id: string;
  readonly scope: string;
  readonly environment: string;
  readonly probe: string;
  readonly package: string;
  readonly work: Work;
}

/** A run that was asked for. */
export interface Launched {
  /** Resolves when it is in the store. Rejects with the Fault that kept it out: `PACKAGE_HELD`, `DUE_DECIDED`, … */
  readonly started: Promise<void>;
  /** Resolves when it holds no place any more, whatever became of it. */
  readonly ended: Promise<void>;
}

/** Does what is to be done for runs in this process: never two of them for one run. */
export interface Workers {
  launch(due: Due, site: Site, probe: SiteProbe): Launched;
  /**
   * Goes on with every unfinished run that nobody is at work on: walks on, watches on, takes away what is left. What could not be taken away is
   * tried again later and later.
   */
  adopt(): Promise<void>;
  cancel(run_id: string, by: string): void;
  active(): readonly ActiveRun[];
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

/** How long what could not be taken away is left alone before the next try: twice as long each time. Milliseconds of the environment's clock. */
const FIRST_PAUSE_MS = 600_000;
const LONGEST_PAUSE_MS = 6 * 3_600_000;

/** So long behind the limit of a run all that it made has been taken away, or never will be by whoever had it. Milliseconds of the host. */
const OVER_MS = 2 * UNDO_LIMIT_MS;

interface Job extends ActiveRun {
  readonly cancel: AbortController;
  readonly ended: Promise<void>;
}

export function openWorkers(options: WorkersOptions): Workers {
  const { store, worlds, owner, log, version, suspend } = options;
  const jobs = new Map<string, Job>();
  /** When an undo that left something behind is tried again, and how often it was. */
  const pauses = new Map<string, { readonly tries: number; readonly until: number }>();

  function broken(run_id: string, fault: Fault, sentence: string): void {
    options.broke('worker', fault);
    log.error({ run_id, err: fault }, sentence);
  }

  let last: Promise<unknown> = Promise.resolve();
  /** One after the other: a run that has just begun, or was just taken, is known to be at work before the next look. */
  function exclusively<Result>(act: () => Promise<Result>): Promise<Result> {
    const done = last.then(act);
    last = done.catch(() => {});
    return done;
  }

  /** What this process itself has, and is not at work on, can be taken: nobody else is. */
  const isAlive = (other: Owner, unseenAreDead = false) =>
    !isSame(other, owner) && options.isAlive(other, unseenAreDead);

  function begin(
    about: ActiveRun,
    work: (signal: AbortSignal) => Promise<void>,
    cancel = new AbortController(),
  ): Promise<void> {
    const { run_id } = about;
    const ended = work(cancel.signal)
      .catch((error: unknown) => {
        const fault = asFault(error);
        if (isLeft(fault)) log.info({ run_id, code: fault.code }, 'a run was left as it is');
        else broken(run_id, fault, 'a run could not be worked on');
      })
      .finally(() => jobs.delete(run_id));
    jobs.set(run_id, { ...about, cancel, ended });
    return ended;
  }

  function walkOptions(world: World, plan: ProbePlan, params: JsonObject, signal: AbortSignal): RunOptions {
    return {
      ...world.close,
      ...world.walk,
      plan,
      roots: { env: world.env, probe: probeFacts(plan.probe), params },
      owner,
      isAlive,
      suspend,
      watchOn: true,
      signal,
      tell: () => {},
    };
  }

  interface Start {
    readonly site: Site;
    readonly probe: SiteProbe;
    readonly world: World;
  }

  async function start(due: Due, { site, probe, world }: Start): Promise<string> {
    suspend.throwIfAborted();
    const cancel = new AbortController();
    const signal = firstOf(cancel.signal, world.stop);
    const { params } = probe.plan.probe;
    const run = await beginRun(
      {
        definition: probe.definition,
        environment_definition: site.environment as unknown as JsonObject,
        package: probe.package,
        branch: probe.branch,
        params,
        packprobe: version,
        ...(site.control === undefined ? {} : { control: site.control }),
        ...(due.cause === 'retry' && due.of !== null ? { retry_of: due.of } : {}),
      },
      walkOptions(world, probe.plan, params, signal.signal),
      due.due_id,
    ).catch((error: unknown) => {
      // One that waits for its package asks again and again, and the world lasts for months.
      signal[Symbol.dispose]();
      throw error;
    });
    const about = {
      run_id: run.run_id,
      scope: site.scope,
      environment: site.environment.name,
      probe: probe.name,
      package: probe.package,
      work: 'run',
    } as const;
    void begin(
      about,
      async () => {
        await run.goOn().finally(() => signal[Symbol.dispose]());
        await goOnWatching(run.run_id);
        await noteLeftovers(run.run_id, world);
      },
      cancel,
    );
    return run.run_id;
  }

  /** A run that has ended but is still watched goes on without a place. */
  async function goOnWatching(run_id: string): Promise<void> {
    if (suspend.aborted || (await store.late.of(run_id)) === undefined) return;
    // Behind the end of the work that calls this: one run has one worker.
    const watched = jobs.get(run_id)?.ended.then(() => adoptRuns(run_id));
    // Nobody waits for it; whatever is not taken now is a minute later.
    watched?.catch((error: unknown) => {
      if (!suspend.aborted) broken(run_id, asFault(error), 'a run could not be watched on yet');
    });
  }

  /** @param only the one run that is looked at; without it all are */
  async function adoptRuns(only?: string): Promise<void> {
    const unfinished = await store.list({ unfinished: true, limit: Number.MAX_SAFE_INTEGER });
    // Another process, such as `tidy`, may have taken away what was left.
    for (const run_id of pauses.keys()) {
      if (!unfinished.some((run) => run.run_id === run_id)) pauses.delete(run_id);
    }
    const wanted = unfinished.filter(({ run_id }) => only === undefined || run_id === only);
    for (const runs of Map.groupBy(wanted, ({ environment }) => environment).values())
      await adoptTogether(runs);
  }

  /** All runs of an environment are taken before the first is gone on with: a start of a command keeps everybody else waiting. */
  async function adoptTogether(runs: readonly RunSummary[]): Promise<void> {
    const taken = Promise.withResolvers<void>();
    for (const summary of runs) {
      if (suspend.aborted) break;
      if (jobs.has(summary.run_id) || isAlive(summary.owner, true)) continue;
      await adoptOne(summary, taken.promise).catch((error: unknown) => {
        const fault = asFault(error);
        if (!isLeft(fault))
          log.error({ run_id: summary.run_id, err: fault }, 'a run could not be taken over');
      });
    }
    taken.resolve();
  }

  /** @param turn resolves when it is gone on with */
  async function adoptOne(
    { run_id, state, leftovers, owner: former }: RunSummary,
    turn: Promise<void>,
  ): Promise<void> {
    const { run: stored } = await store.find(run_id);
    if (stored === undefined) return;
    const { header } = stored;
    const { world, gone } = await worlds.ofRun(header);
    const { clock } = world.close;
    const now = clock.now();
    // Who is on another host, or in another container, cannot be seen; but nobody is at work on a run so long behind its limit.
    const isOver = now > header.deadline_at + clock.ofHost(OVER_MS);
    const lives = (other: Owner) => isAlive(other, isOver);
    if (lives(former)) return;
    const late = await store.late.of(run_id);
    if (state === 'finalizing' && late === undefined && leftovers > 0) {
      if (now < (pauses.get(run_id)?.until ?? 0)) return;
    }
    const plan = await worlds.planOf(header).catch((error: unknown) => asFault(error));
    await exclusively(async () => {
      if (jobs.has(run_id)) return;
      const taken = await store.takeOver(run_id, owner, lives);
      const { scope, environment, probe, package: pkg } = taken.run.header;
      const work: Work = taken.run.record === null ? 'run' : late === undefined ? 'undo' : 'watch';
      const about = { run_id, scope, environment, probe, package: pkg, work };
      const ended = begin(about, async (cancelled) => {
        await turn;
        using signal = firstOf(cancelled, world.stop);
        if (!isSame(former, owner)) await count(taken.run, { gone, plan });
        await goOnWith(taken, { world, gone, plan, late, signal: signal.signal });
        await noteLeftovers(run_id, world);
      });
      if (work === 'run') options.adopted(about, ended);
    });
  }

  interface Circumstances {
    readonly world: World;
    readonly gone: boolean;
    readonly plan: ProbePlan | Fault;
    readonly late: Awaited<ReturnType<Store['late']['of']>>;
    readonly signal: AbortSignal;
  }

  async function goOnWith(
    taken: TakenRun,
    { world, gone, plan, late, signal }: Circumstances,
  ): Promise<void> {
    const { header, record, restored } = taken.run;
    const close = { ...world.close, suspend, tell: () => {} };
    const lost = whyNot({ gone, restored, plan });
    if (record === null && lost !== undefined) {
      const known = plan instanceof Fault ? {} : { plan };
      await closeRun(taken, lost.toData('own'), { ...close, ...known });
    } else if (record === null && !(plan instanceof Fault)) {
      await resumeRun(taken, walkOptions(world, plan, header.params, signal));
      await goOnWatching(header.run_id);
    } else if (record !== null) {
      if (late !== undefined && !gone && !(plan instanceof Fault)) {
        // One that was restored from a backup, too: to watch makes nothing.
        await watchLate(taken, late, walkOptions(world, plan, header.params, signal));
      } else if (late !== undefined && lost !== undefined) {
        await giveUpLate(taken, late, lost, close);
      } else {
        await finishRun(taken, record, close);
      }
    }
  }

  async function count(
    { record, header, restored }: StoredRun,
    { gone, plan }: Pick<Circumstances, 'gone' | 'plan'>,
  ): Promise<void> {
    const unfinished = whyNot({ gone, restored, plan }) === undefined ? 'resumed' : 'closed';
    const how = record === null ? unfinished : 'adopted';
    log.info({ run_id: header.run_id, how }, 'a run was taken over');
    await store.totals.add([{ metric: 'packprobe_recoveries_total', labels: { how }, value: 1 }]);
  }

  /** What is left behind is tried again, after twice as long each time. */
  async function noteLeftovers(run_id: string, { close: { clock } }: World): Promise<void> {
    const { run } = await store.find(run_id);
    if (run === undefined || run.state === 'finished') {
      pauses.delete(run_id);
      return;
    }
    const tries = (pauses.get(run_id)?.tries ?? 0) + 1;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
    pauses.set(run_id, { tries, until: clock.now() + pause });
  }

  return {
    launch(due, site, probe) {
      const started = worlds
        .of(site.environment, site.control)
        .then((world) => exclusively(() => start(due, { site, probe, world })));
      const ended = started.then(
        (run_id) => jobs.get(run_id)?.ended,
        () => {},
      );
      return { started: started.then(() => {}), ended };
    },
    adopt: () => adoptRuns(),
    cancel(run_id, by) {
      jobs.get(run_id)?.cancel.abort(runCancelled(by));
    },
    active: () => [...jobs.values()].map(({ cancel: _cancel, ended: _ended, ...about }) => about),
    async idle() {
      while (jobs.size > 0) await Promise.all([...jobs.values()].map(({ ended }) => ended));
    },
  };
}

/** Why a run cannot be gone on with, and is closed instead. */
function whyNot({
  gone,
  restored,
  plan,
}: {
  readonly gone: boolean;
  readonly restored: boolean;
  readonly plan: ProbePlan | Fault;
}): Fault | undefined {
  if (gone) {
    return new Fault('the sandbox of this run ended in the middle of it', {
      code: 'SANDBOX_GONE',
      kind: 'prober',
      hint: 'Nothing is left of the run. Run it again.',
    });
  }
  if (restored) {
    return new Fault('the run was under way when the backup was made that this database comes from', {
      code: 'RUN_RESTORED',
      kind: 'prober',
      hint: 'What it made since then is not known, and would be made twice: look for it in the systems of its probe.',
    });
  }
  return plan instanceof Fault ? plan : undefined;
}

/** Whether it was not the work that failed, but somebody else goes on with it. */
function isLeft({ code }: Fault): boolean {
  return (
    code === 'RUN_SUSPENDED' || code === 'RUN_TAKEN_OVER' || code === 'RUN_OWNED' || code === 'RUN_FINISHED'
  );
}

function isSame(a: Owner, b: Owner): boolean {
  return a.host === b.host && a.boot_id === b.boot_id && a.pid === b.pid && a.start === b.start;
}
