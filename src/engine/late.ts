import type { LateWatch, Verdict } from '../core/digest.ts';
import { formatDuration } from '../core/duration.ts';
import type { Event } from '../core/event.ts';
import { Fault, mayRetry } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { RunFacts } from '../core/step.ts';
import type { TakenRun } from '../core/store.ts';
import { reasonOf } from './limits.ts';
import { finishRun, leftOn } from './run.ts';
import type { CloseOptions, RunOptions } from './run-options.ts';
import { attemptOnce, type RunScope } from './step-runner.ts';
import type { Workplace } from './workplace.ts';

/** Pause before a step is entered again whose system gave no answer behind the wait. Milliseconds. */
const AGAIN_MS = 60_000;

/**
 * Watches a wait that ran out until the truth is known or its time has gone: enters the step again, with what it made known and what was heard replayed,
 * stores the verdict, and only then takes away what the run has made. The run itself stays as it is. Rejects with `RUN_SUSPENDED` where it is left to the next process.
 */
export async function watchLate(taken: TakenRun, late: LateWatch, options: RunOptions): Promise<Verdict> {
  const { run, journal } = taken;
  const { run_id } = run.header;
  const { store } = options;
  // It holds no package while it merely waits.
  await journal.letGo();
  const verdict = await judged(taken, late, options).finally(() => options.watch.release(run_id));
  await store.late.end(verdict);
  options.log.info({ run_id, step: late.step, says: verdict.says }, 'a late truth was written down');
  if (run.record !== null) {
    await journal.wake();
    await finishRun(taken, run.record, options);
  }
  return verdict;
}

/** Ends a late watch that nobody can go on with, and takes away what its run has made. */
export async function giveUpLate(
  taken: TakenRun,
  { run_id, step }: LateWatch,
  why: Fault,
  options: CloseOptions,
): Promise<void> {
  const text = `it was watched no longer: ${why.message}`;
  await options.store.late.end({ run_id, step, at: options.clock.now(), says: 'never_came', text });
  if (taken.run.record !== null) await finishRun(taken, taken.run.record, options);
}

async function judged(
  { run, journal }: TakenRun,
  { step: id, until }: LateWatch,
  options: RunOptions,
): Promise<Verdict> {
  const { header } = run;
  const { plan, clock, environment, watch, http, ids } = options;
  const log = options.log.child({ probe: header.probe, run_id: header.run_id, step: id });
  const told = (says: Verdict['says'], text: string): Verdict => {
    return { run_id: header.run_id, step: id, at: clock.now(), says, text };
  };
  const step = plan.steps.find((one) => one.id === id);
  const before = run.steps.find((one) => one.step === id);
  if (step === undefined || before === undefined) return told('never_came', 'its step is not known any more');

  using _suspension = leftOn(options.suspend, journal);
  const startedAt = before.started_at ?? header.started_at;
  const overAfter = formatDuration(until - startedAt);
  using limit = clock.deadline(Math.max(0, until - clock.now()), () => neverCame(id, overAfter));
  using stop = firstOf(options.signal, limit.signal, journal.lost);
  await watch.follow(header.run_id, run.subjects, header.started_at);
  const facts: RunFacts = {
    id: header.run_id,
    probe: header.probe,
    package: header.package,
    branch: header.branch,
  };
  const scope: RunScope = {
    facts,
    environment,
    journal,
    workplace: nowhere(id),
    watch,
    clock,
    http,
    ids,
    log,
    signal: stop.signal,
    book: new Map(),
    tell: () => {},
    attribute: async () => undefined,
    release: { known: run.release ?? undefined },
    watchOn: false,
    startedAt: header.started_at,
  };
  let heard: readonly Event[] = [];
  const enter = () =>
    attemptOnce(
      step,
      before.inputs ?? {},
      { ...scope, resumed: true, interrupted: undefined, late: true },
      {
        heard(events) {
          heard = events;
        },
        ranOut() {},
      },
    );
  let work = await enter();
  // What is asked beside the wait may meet a system that does not answer now: that is not the truth that is waited for.
  while ('fault' in work && mayRetry(work.fault.kind) && !stop.signal.aborted) {
    await clock.sleep(AGAIN_MS, stop.signal).catch(() => {});
    work = await enter();
  }
  if (journal.lost.aborted) throw journal.lost.reason;
  if (!('fault' in work)) {
    const came = heard.at(-1)?.latest ?? clock.now();
    return told('came_late', `came after ${formatDuration(Math.max(0, came - startedAt))}`);
  }
  // Its own limit stands behind whatever else the wait had to say at its end.
  if (limit.signal.aborted) return told('never_came', `had not come after ${overAfter}`);
  if (options.signal.aborted) return told('never_came', reasonOf(options.signal).message);
  return told('ended', work.fault.message);
}

function neverCame(step: string, after: string): Fault {
  return new Fault(`what step ${step} waited for had not come after ${after}`, {
    code: 'NEVER_CAME',
    kind: 'timeout',
  });
}

/** A wait needs no folder, and behind its limit nothing is begun any more. */
function nowhere(step: string): Workplace {
  const refused = () => {
    throw new Error(`step ${step} is only watched on: it has no folder any more`);
  };
  return {
    dir: '/nonexistent',
    former: [],
    home: '/nonexistent',
    exec: refused,
    files: { read: refused, write: refused, exists: refused, list: refused, remove: refused },
    secretFile: refused,
  };
}
