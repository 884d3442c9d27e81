import { z } from 'zod';
import type { News } from '../core/event.ts';
import { FACT } from '../core/facts.ts';
import { Fault } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Command } from '../core/ports.ts';
import type { StepContext } from '../core/step.ts';
import { chargedTo } from './http-answer.ts';
import { blameLogin } from './kerberos.ts';
import { type KojiHub, taskSubject } from './koji.ts';
import { readFedpkgBuild } from './koji-command.ts';
import { buildFault, logsOf } from './koji-failure.ts';

export interface Submitting {
  readonly command: Command;
  /** Looks for the task where the command never heard its number. */
  find(signal: AbortSignal): Promise<number | undefined>;
}

/** Submits a build with the packager command; gives the number of its task. */
export async function submitBuild(
  { command, find }: Submitting,
  ctx: StepContext,
  signal: AbortSignal,
): Promise<number> {
  const submission = readFedpkgBuild(await chargedTo('koji', () => ctx.exec(command, signal)));
  if ('task_id' in submission) return submission.task_id;
  if (submission.maybe_submitted) {
    const found = await find(signal).catch((cause: unknown) => {
      // Koji does not answer this either: the next attempt looks again.
      signal.throwIfAborted();
      ctx.log.debug({ err: cause }, 'could not look for the task');
      return undefined;
    });
    if (found !== undefined) return found;
  }
  throw await blameLogin(submission.fault, ctx, signal);
}

export interface BuildTask {
  readonly hub: KojiHub;
  readonly taskId: number;
}

/** Waits until Koji has closed a build task; every other end is a fault of whoever broke it. */
export async function untilClosed({ hub, taskId }: BuildTask, ctx: StepContext): Promise<void> {
  const end = await ctx.events.until(taskSubject(taskId), endOfTask);
  if (end.fact === FACT.canceled) {
    throw new Fault(`koji task ${taskId} was canceled by somebody`, {
      code: 'BUILD_CANCELED',
      kind: 'rejected',
      system: 'koji',
      evidence: { task_id: taskId },
    });
  }
  if (end.fact === FACT.failed) throw await whyFailed({ hub, taskId, data: end.data }, ctx.signal);
}

function endOfTask({ events }: News): { fact: string; data: JsonObject } | undefined {
  const finals: readonly string[] = [FACT.closed, FACT.failed, FACT.canceled];
  const end = events.find(({ fact }) => finals.includes(fact));
  return end === undefined ? undefined : { fact: end.fact, data: end.data };
}

const child = z.object({ id: z.number().int(), name: z.string() });

async function whyFailed(
  { hub, taskId, data }: BuildTask & { readonly data: JsonObject },
  signal: AbortSignal,
): Promise<Fault> {
  const failed = child.safeParse(data['failed_child']).data;
  const id = failed?.id ?? taskId;
  const text = await hub.failureOf(id, signal);
  const log = await logsOf({ hub, id, text }, signal);
  return buildFault({ task_id: taskId, child: failed, text, log });
}
