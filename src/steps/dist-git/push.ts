import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { timeOfRunId } from '../../clients/calendar.ts';
import { commitArgs, gitIn, lsRemoteArgs, pushArgs, runTrailer } from '../../clients/git.ts';
import { removeGitLocks } from '../../clients/git-locks.ts';
import { authorOf } from '../../clients/home.ts';
import { chooseSpec, usesAutorelease } from '../../clients/spec.ts';
import type { Environment } from '../../core/environment.ts';
import { KIND } from '../../core/facts.ts';
import { Fault } from '../../core/fault.ts';
import { defineStep, type RunFacts, type StepContext } from '../../core/step.ts';

/** Files that the packager command writes and that may be new to git. */
const WRITTEN_FILES = ['.gitignore', 'sources'];

export default defineStep({
  summary:
    'Commits what was changed, once, with the run id in the message, and pushes it; under rpmautospec also where nothing was changed.',
  system: 'dist-git',
  // Author, dates and message are those of the run: a second attempt pushes the same commit.
  repeatable: true,
  timeoutMs: 15 * 60_000,
  input: z.strictObject({ dir: z.string().describe('The clone.') }),
  output: z.object({
    commit: z.string().describe('The commit that the server has.'),
    branch: z.string().describe('The branch that it is on.'),
  }),

  commands(_input, { run, env }) {
    const branch = '<branch of the clone>';
    return [
      ['git', ...commitArgs(messageOf(run, env))],
      ['git', ...pushArgs(branch)],
      ['git', ...lsRemoteArgs(branch)],
    ];
  },

  async run(input, ctx) {
    const dir = resolve(ctx.dir, input.dir);
    // A command of an earlier attempt may have been ended in the middle of its work.
    await removeGitLocks(dir, ctx.files);
    const git = gitIn(ctx.exec, dir);
    const branch = await git.branch(ctx.signal);
    const commit = await ctx.effect<string, string>({
      kind: 'commit',
      // Run id and tree alone would also find an earlier push of this run: under rpmautospec it has the same tree.
      sought: (signal) => git.head(signal),
      async find(signal, since) {
        await git.fetch(signal);
        const tree = await git.stage(await writtenFiles(dir, ctx), signal);
        return git.findOurs({ branch, since, runId: ctx.run.id, tree }, signal);
      },
      async make(signal) {
        const ours = await commitOnce({ dir, branch }, ctx, signal);
        await git.push(branch, signal);
        await expectKept({ dir, branch, commit: ours }, ctx, signal);
        return ours;
      },
      subjects: (sha) => [{ kind: KIND.commit, key: sha }],
    });
    return { commit, branch };
  },
});

/** The commit of this run at the head of the work tree: made now, or by an attempt that did not get as far as pushing it. */
async function commitOnce(
  { dir, branch }: { readonly dir: string; readonly branch: string },
  ctx: StepContext,
  signal: AbortSignal,
): Promise<string> {
  const git = gitIn(ctx.exec, dir);
  const tree = await git.stage(await writtenFiles(dir, ctx), signal);
  const commit = () => {
    const at = ctx.clock.fromHost(timeOfRunId(ctx.run.id));
    return git.commit(messageOf(ctx.run, ctx.env), { ...authorOf(ctx.env), at }, signal);
  };
  if (tree !== (await git.local(['rev-parse', 'HEAD^{tree}'], signal))) return commit();
  const message = await git.local(['log', '-1', '--format=%B', 'HEAD'], signal);
  const isOurs = message.split('\n').includes(runTrailer(ctx.run.id));
  // One of this push has been looked for on the server: what it has is of an earlier push of this run.
  const isEarlier = isOurs && (await git.isAncestor('HEAD', `refs/remotes/origin/${branch}`, signal));
  if (isOurs && !isEarlier) return git.head(signal);
  if (await isBumpedByCommit(dir, ctx)) return commit();
  if (isEarlier) return git.head(signal);
  throw new Fault('there is nothing to push: the work tree is as it was cloned', {
    code: 'PUSH_NOTHING',
    kind: 'prober',
    evidence: { dir },
    hint: 'Let `dist-git/bump` or `lookaside/new-sources` change something before.',
  });
}

/** Where rpmautospec counts commits, one without a change is a whole bump. */
async function isBumpedByCommit(dir: string, ctx: StepContext): Promise<boolean> {
  const spec = chooseSpec(await ctx.files.list(dir), basename(dir));
  return usesAutorelease(await ctx.files.read(join(dir, spec)));
}

/** A push that was acknowledged and is not there was not kept: told from what the server itself says, not from what git printed. */
async function expectKept(
  pushed: { readonly dir: string; readonly branch: string; readonly commit: string },
  ctx: StepContext,
  signal: AbortSignal,
): Promise<void> {
  const { dir, branch, commit } = pushed;
  const git = gitIn(ctx.exec, dir);
  const head = await git.remoteHead(branch, signal);
  if (head === commit) return;
  if (head !== undefined) {
    // Somebody may have pushed on top of ours in the meantime.
    await git.fetch(signal);
    if (await git.isAncestor(commit, `refs/remotes/origin/${branch}`, signal)) return;
  }
  throw new Fault(`dist-git took the push to ${branch}, but does not show it`, {
    code: 'PUSH_NOT_KEPT',
    kind: 'unavailable',
    system: 'dist-git',
    evidence: { branch, commit, head: head ?? null },
    hint: 'Look at the dist-git server: hooks that failed late, mirrors that lag behind.',
  });
}

async function writtenFiles(dir: string, ctx: StepContext): Promise<readonly string[]> {
  const names = await ctx.files.list(dir);
  return WRITTEN_FILES.filter((name) => names.includes(name)).map((name) => join('.', name));
}

function messageOf(run: RunFacts, env: Environment): string {
  return `Bump for a test of the packager workflow

This is an automatic build that watches whether the workflow works.

${runTrailer(run.id)}
probe ${run.probe}
contact ${env.contact}
`;
}
