import { z } from 'zod';
import { chargedTo } from '../../clients/http-answer.ts';
import { blameLogin } from '../../clients/kerberos.ts';
import { BUILD_STATE, hasEnded, type KojiHub, kojiHub } from '../../clients/koji.ts';
import { cancelTaskCommand, readCancel } from '../../clients/koji-command.ts';
import { systemOf } from '../../core/environment.ts';
import { Fault } from '../../core/fault.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: 'Cancels a Koji task with all its children; one that has ended is left as it is.',
  system: 'koji',
  repeatable: true,
  timeoutMs: 15 * 60_000,
  input: z.strictObject({ task_id: z.number().int().describe('The task.') }),
  output: z.object({
    task_state: z.string().describe('State of the task afterwards; `unknown` where Koji has no such task.'),
    left_alone: z.boolean().describe('True where there was nothing left to take away.'),
  }),
  commands: ({ task_id }, { env }) => {
    const { file, args } = cancelTaskCommand({ profile: systemOf(env, 'koji').profile, taskId: task_id });
    return [[file, ...args]];
  },

  async run({ task_id }, ctx) {
    const { url, profile } = systemOf(ctx.env, 'koji');
    const hub = kojiHub({ http: ctx.http, url });
    const before = await hub.task(task_id, ctx.signal);
    if (before === undefined) return { task_state: 'unknown', left_alone: true };
    const isOver =
      before.state === 'closed' ? await isBuilt(hub, task_id, ctx.signal) : hasEnded(before.state);
    if (isOver) return { task_state: before.state, left_alone: true };

    const command = cancelTaskCommand({ profile, taskId: task_id });
    const fault = readCancel(await chargedTo('koji', () => ctx.exec(command, ctx.signal)));
    // Whatever the command says: it is silent about tasks that ended meanwhile, and its answer may have been lost.
    const after = await hub.task(task_id, ctx.signal);
    if (after === undefined) return { task_state: 'unknown', left_alone: false };
    if (hasEnded(after.state)) return { task_state: after.state, left_alone: false };
    if (fault !== undefined) throw await blameLogin(fault, ctx, ctx.signal);
    throw new Fault(`koji task ${task_id} is ${after.state} after it was canceled`, {
      code: 'TASK_NOT_CANCELED',
      kind: 'rejected',
      system: 'koji',
      evidence: { task_id, state: after.state },
    });
  },
});

/** Koji is silent about a cancel of what has ended: rather one too many than a build that goes on although Koji calls its task closed. */
async function isBuilt(hub: KojiHub, taskId: number, signal: AbortSignal): Promise<boolean> {
  const build = await hub.buildOfTask(taskId, signal);
  // A scratch build never has one.
  return build === undefined ? hub.hasResult(taskId, signal) : build.state === BUILD_STATE.complete;
}
