import type { Delay } from '../kit/draw.ts';
import type { Kit, Message } from '../kit/kit.ts';
import { othersPackage } from '../kit/world.ts';
import { type ListenerOptions, listenForCi } from './listener.ts';
import { type CiResult, type CiRun, type CiState, ciMessage, packageOf } from './messages.ts';

const MINUTE = 60_000;

const QUEUE: Delay = { least: 20_000, median: 40_000, most: 3 * MINUTE };
/** Rarely all machines are taken. */
const START: Delay = { least: 30_000, median: MINUTE, most: 12 * MINUTE };
const RUN: Delay = { least: 12 * MINUTE, median: 15 * MINUTE, most: 40 * MINUTE };

/** Share of the tests of others that fail. */
const FAILING = 0.08;

const RESULTS: readonly unknown[] = ['passed', 'failed', 'info', 'needs_inspection', 'not_applicable'];

export type CiOptions = ListenerOptions;

export interface OpenCi {
  close(): Promise<void>;
}

interface Trigger {
  readonly artifact: {
    readonly builds: readonly { readonly nvr: string; readonly task_id: number | null }[];
  };
  readonly update?: { readonly user?: { readonly name?: string } };
}

/**
 * Fedora CI and resultsdb-ci-listener. Every time that Bodhi says that the builds of an update are ready, also when it says so again,
 * each test of the world runs on each of them.
 *
 * | rule point | subject | what a fault may answer |
 * | --- | --- | --- |
 * | `ci.queue` | NVR | `never`: the announcement is not heard; a number: sandbox ms until it is queued |
 * | `ci.start` | NVR | `never`: it stays queued; a number: sandbox ms in the queue |
 * | `ci.run` | NVR | `never`: it runs for ever; `passed` `failed` `info` `needs_inspection` `not_applicable`: that is the result; `none`: it completes without saying one; `error`: the infrastructure fails; `{result, againMs}`: that is the result, and so long after it the test is run again; a number: sandbox ms of running |
 * | `resultsdb.listen` | NVR | `never`: no result is stored; `never-final`: QUEUED and RUNNING are, the final one is not; `twice`: each is stored twice; `{item}`: it is stored for that build; a number: sandbox ms until it is stored |
 *
 * Delays have the same names. Without a fault a test ends as the world says of its package.
 */
export function openCi(kit: Kit, options: CiOptions): Promise<OpenCi> {
  let runs = 0;
  let open = true;
  const listener = listenForCi(kit, options);

  kit.subscribe('bodhi.update.status.testing.koji-build-group.build.complete', (message: Message) => {
    const { artifact, update } = message.body as unknown as Trigger;
    const issuer = update?.user?.name ?? 'bodhi';
    for (const build of artifact.builds) {
      for (const test of kit.world.tests) {
        const { nvr, task_id: taskId } = build;
        queue({ nvr, taskId, issuer, source: null, test });
      }
    }
  });

  function queue(asked: Omit<CiRun, 'number'>): void {
    runs += 1;
    const run: CiRun = { ...asked, number: runs };
    step(run, 'ci.queue', QUEUE, () => {
      kit.truth(run.nvr, 'ci_queued', say(run, 'queued'));
      step(run, 'ci.start', START, () => {
        kit.truth(run.nvr, 'ci_running', say(run, 'running'));
        step(run, 'ci.run', RUN, (rule) => end(run, rule));
      });
    });
  }

  /** The rule is asked when the delay begins, so that a fault of that moment holds. */
  function step(run: CiRun, point: string, usual: Delay, next: (rule: unknown) => void): void {
    const rule = kit.hooks.rule(point, run.nvr);
    if (rule === 'never') return;
    const delay =
      typeof rule === 'number' ? rule : kit.delay(point, `${run.nvr} ${run.test} ${run.number}`, usual);
    kit.clock.after(delay, () => {
      if (open) next(rule);
    });
  }

  function end(run: CiRun, rule: unknown): void {
    if (rule === 'error') {
      say(run, 'error', 'failed');
      return;
    }
    const { result: wanted = rule, againMs } = isRerun(rule) ? rule : {};
    const pkg = kit.world.packages.find(({ name }) => name === packageOf(run.nvr));
    const fails = pkg === undefined ? failsByChance(run) : pkg.test === 'FAILED';
    const usual: CiResult = fails ? 'failed' : 'passed';
    const result = RESULTS.includes(wanted) ? (wanted as CiResult) : usual;
    kit.truth(run.nvr, 'ci_complete', say(run, 'complete', rule === 'none' ? undefined : result));
    if (againMs === undefined) return;
    kit.clock.after(againMs, () => {
      if (open) queue(run);
    });
  }

  /** Packages that the world tells nothing about are those of others: now and then a test of theirs fails. */
  function failsByChance({ nvr, test }: CiRun): boolean {
    return othersPackage(kit.world, nvr) !== undefined && kit.draw('ci.fails', `${nvr} ${test}`) < FAILING;
  }

  function say(run: CiRun, state: CiState, result?: CiResult): number {
    return kit.publish(`ci.koji-build.test.${state}`, ciMessage(run, state, kit.clock.now(), result));
  }

  return Promise.resolve({
    close: () => {
      open = false;
      listener.close();
      return Promise.resolve();
    },
  });
}

function isRerun(rule: unknown): rule is { readonly result: CiResult; readonly againMs: number } {
  return typeof rule === 'object' && rule !== null && 'againMs' in rule;
}
