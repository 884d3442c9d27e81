import { z } from 'zod';
import { chargedTo } from '../../clients/http-answer.ts';
import { blameLogin } from '../../clients/kerberos.ts';
import { BUILD_STATE, buildSubject, type KojiHub, kojiHub, taskSubject } from '../../clients/koji.ts';
import { fedpkgBuildCommand, headCommit, readFedpkgBuild } from '../../clients/koji-command.ts';
import { buildFault, logsOf } from '../../clients/koji-failure.ts';
import { type Environment, systemOf } from '../../core/environment.ts';
import type { News } from '../../core/event.ts';
import { FACT } from '../../core/facts.ts';
import { Fault } from '../../core/fault.ts';
import type { JsonObject } from '../../core/json.ts';
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
      async make(signal) {
        const submission = readFedpkgBuild(await chargedTo('koji', () => ctx.exec(command, signal)));
        if ('task_id' in submission) return submission.task_id;
        if (submission.maybe_submitted) {
          const found = await find(signal, await sought(signal)).catch((cause: unknown) => {
            // Koji does not answer this either: the next attempt looks again.
            signal.throwIfAborted();
            ctx.log.debug({ err: cause }, 'could not look for the task');
            return undefined;
          });
          if (found !== undefined) return found;
        }
        throw await blameLogin(submission.fault, ctx, signal);
      },
      undo: (id) => ({ uses: 'koji/cancel-task', with: { task_id: id } }),
      subjects: (id) => [taskSubject(id)],
    });

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

function endOfTask({ events }: News): { fact: string; data: JsonObject } | undefined {
  const finals: readonly string[] = [FACT.closed, FACT.failed, FACT.canceled];
  const end = events.find(({ fact }) => finals.includes(fact));
  return end === undefined ? undefined : { fact: end.fact, data: end.data };
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

interface Failed {
  readonly hub: KojiHub;
  readonly taskId: number;
  readonly data: JsonObject;
}

const child = z.object({ id: z.number().int(), name: z.string() });

async function whyFailed({ hub, taskId, data }: Failed, signal: AbortSignal): Promise<Fault> {
  const failed = child.safeParse(data['failed_child']).data;
  const id = failed?.id ?? taskId;
  const text = await hub.failureOf(id, signal);
  const log = await logsOf({ hub, id, text }, signal);
  return buildFault({ task_id: taskId, child: failed, text, log });
}
