import { z } from 'zod';
import { type KojiHub, kojiHub, taskSubject } from '../../clients/koji.ts';
import { submitBuild, untilClosed } from '../../clients/koji-build.ts';
import { type BuildMark, scratchBuildCommand } from '../../clients/koji-command.ts';
import { type Environment, systemOf } from '../../core/environment.ts';
import { Fault } from '../../core/fault.ts';
import type { Command } from '../../core/ports.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary:
    'Submits a scratch build of the commit that the clone stands on and waits until it is built; nothing is pushed, and Koji keeps no build.',
  system: 'koji',
  // A second attempt looks for the task of the first by its mark.
  repeatable: true,
  timeoutMs: 60 * 60_000,
  input: z.strictObject({
    dir: z.string().describe('The clone; changes in it go up as a source package, which needs `rpmbuild`.'),
    target: z
      .string()
      .optional()
      .describe('Build target, such as a side tag; the one of the branch where left out.'),
  }),
  output: z.object({
    task_id: z.number().int().describe('Number of the build task.'),
    rpms: z
      .array(z.string())
      .describe('Names of the packages that were built; Koji removes them after some days.'),
  }),
  commands({ dir, target }, { run, env }) {
    const mark = { packprobe_run: run.id, packprobe_build: '<mark of this build>' };
    const { file, args } = commandFor(env, { dir, target, mark });
    return [[file, ...args]];
  },

  async run({ dir, target }, ctx) {
    const hub = kojiHub({ http: ctx.http, url: systemOf(ctx.env, 'koji').url });
    const tree = dir.startsWith('/') ? dir : `${ctx.dir}/${dir}`;
    const find = (signal: AbortSignal, mark: string) => findMarked(hub, ctx.env.identity.user, mark, signal);

    const taskId = await ctx.effect<number, string>({
      kind: 'koji-task',
      // Neither the commit nor the owner tells it: others, and earlier runs of ours, build the same.
      sought: async () => ctx.ids.uuid(),
      find,
      make(signal, mark) {
        const marks = { packprobe_run: ctx.run.id, packprobe_build: mark };
        const command = commandFor(ctx.env, { dir: tree, target, mark: marks });
        return submitBuild({ command, find: (looking) => find(looking, mark) }, ctx, signal);
      },
      undo: (id) => ({ uses: 'koji/cancel-task', with: { task_id: id } }),
      subjects: (id) => [taskSubject(id)],
    });

    await untilClosed({ hub, taskId }, ctx);
    const rpms = await hub.builtFiles(taskId, ctx.signal);
    if (rpms === undefined || rpms.length === 0) {
      throw new Fault(`koji task ${taskId} was closed, but its packages are not built`, {
        code: 'BUILD_MISSING',
        kind: 'rejected',
        system: 'koji',
        evidence: { task_id: taskId },
      });
    }
    return { task_id: taskId, rpms: [...rpms] };
  },
});

interface Build {
  readonly dir: string;
  readonly target: string | undefined;
  readonly mark: BuildMark;
}

function commandFor(env: Environment, build: Build): Command {
  return scratchBuildCommand({
    client: systemOf(env, 'dist-git').client,
    user: env.identity.user,
    ...build,
  });
}

const options = z.object({ custom_user_metadata: z.object({ packprobe_build: z.string() }) });

async function findMarked(
  hub: KojiHub,
  user: string,
  mark: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const tasks = await hub.newestBuildTasks(user, signal);
  return tasks.find(({ request }) => {
    const given = options.safeParse(request?.[2]);
    return given.success && given.data.custom_user_metadata.packprobe_build === mark;
  })?.id;
}
