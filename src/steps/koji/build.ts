import { z } from 'zod';
import { BUILD_STATE, buildSubject, type KojiHub, kojiHub, taskSubject } from '../../clients/koji.ts';
import { submitBuild, untilClosed } from '../../clients/koji-build.ts';
import { fedpkgBuildCommand, headCommit } from '../../clients/koji-command.ts';
import { type Environment, systemOf } from '../../core/environment.ts';
import { Fault } from '../../core/fault.ts';
import type { Command } from '../../core/ports.ts';
import { defineStep, type StepContext } from '../../core/step.ts';

export default defineStep({
  summary:
    'Submits a build of the pushed commit with the packager command and waits until Koji has closed its task.',
  system: 'koji',
  // A second attempt looks for the task of the first by its commit.
  repeatable: true,
  timeoutMs: 2 * 60 * 60_000,
  input: z.strictObject({
    dir: z.string().describe('Work tree of the package, as dist-git/clone gives it.'),
    target: z
      .string()
      .optional()
      .describe('Build target, such as a side tag; the one of the branch where left out.'),
  }),
  output: z.object({
    task_id: z.number().int().describe('Number of the build task.'),
    nvr: z.string().describe('Name-version-release of the build, as Koji says it.'),
    build_id: z.number().int().describe('Number of the build.'),
  }),
  commands: ({ dir, target }, { env }) => {
    const { file, args } = commandFor(env, { dir, target });
    return [[file, ...args]];
  },

  async run({ dir, target }, ctx) {
    const hub = kojiHub({ http: ctx.http, url: systemOf(ctx.env, 'koji').url });
    const tree = dir.startsWith('/') ? dir : `${ctx.dir}/${dir}`;
    const command = commandFor(ctx.env, { dir: tree, target });
    const sought = (signal: AbortSignal) => headCommit(ctx.exec, tree, signal);
    const find = (signal: AbortSignal, commit: string) => findTask({ hub, ctx, commit, target }, signal);

    const taskId = await ctx.effect<number, string>({
      kind: 'koji-task',
      sought,
      find,
      make: (signal, commit) =>
        submitBuild({ command, find: (looking) => find(looking, commit) }, ctx, signal),
      undo: (id) => ({ uses: 'koji/cancel-task', with: { task_id: id } }),
      subjects: (id) => [taskSubject(id)],
    });

    await untilClosed({ hub, taskId }, ctx);
    const build = await hub.buildOfTask(taskId, ctx.signal);
    if (build === undefined) {
      throw new Fault(`koji task ${taskId} was closed without a build`, {
        code: 'BUILD_MISSING',
        kind: 'rejected',
        system: 'koji',
        evidence: { task_id: taskId },
      });
    }
    if (build.state !== BUILD_STATE.complete) {
      throw new Fault(`koji task ${taskId} was closed, but its build ${build.nvr} is not complete`, {
        code: 'BUILD_MISSING',
        kind: 'rejected',
        system: 'koji',
        evidence: { task_id: taskId, nvr: build.nvr, build_state: build.state },
      });
    }
    ctx.events.follow(buildSubject(build.nvr));
    return { task_id: taskId, nvr: build.nvr, build_id: build.build_id };
  },
});

function commandFor(
  env: Environment,
  { dir, target }: { dir: string; target?: string | undefined },
): Command {
  const { client } = systemOf(env, 'dist-git');
  return fedpkgBuildCommand({ client, user: env.identity.user, dir, target });
}

interface Sought {
  readonly hub: KojiHub;
  readonly ctx: StepContext;
  readonly commit: string;
  readonly target: string | undefined;
}

/** The task of our user for exactly this commit, which only this run has made. */
async function findTask(
  { hub, ctx, commit, target }: Sought,
  signal: AbortSignal,
): Promise<number | undefined> {
  const tasks = await hub.newestBuildTasks(ctx.env.identity.user, signal);
  return tasks.find(({ request }) => {
    const [source, into, options] = request ?? [];
    const scratch = (options as { scratch?: unknown } | undefined)?.scratch === true;
    const fits = target === undefined || into === target;
    return typeof source === 'string' && source.endsWith(`#${commit}`) && fits && !scratch;
  })?.id;
}
