import { resolve } from 'node:path';
import { z } from 'zod';
import { branchFor, plannedBranch } from '../../clients/branch.ts';
import { wordsOf } from '../../clients/command.ts';
import { fedpkgFault, switchBranchCommand } from '../../clients/fedpkg.ts';
import { fetchArgs, gitIn, mergeArgs } from '../../clients/git.ts';
import { removeGitLocks } from '../../clients/git-locks.ts';
import { Fault } from '../../core/fault.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: 'Switches a clone to another branch and brings that to where the server has it.',
  system: 'dist-git',
  repeatable: true,
  timeoutMs: 15 * 60_000,
  input: z.strictObject({
    dir: z.string().describe('The clone.'),
    branch: z.string().min(1).describe('Branch, such as `f44`.'),
  }),
  output: z.object({ branch: z.string().describe('The branch that is checked out.') }),

  commands(input, facts) {
    const branch = plannedBranch(input.branch, facts);
    return [
      ['git', ...fetchArgs()],
      wordsOf(switchBranchCommand(facts.env, branch)),
      ['git', ...mergeArgs(branch)],
    ];
  },

  async run(input, ctx) {
    const dir = resolve(ctx.dir, input.dir);
    const branch = await branchFor(ctx, input.branch);
    // A command of an earlier attempt may have been ended in the middle of its work.
    await removeGitLocks(dir, ctx.files);
    const git = gitIn(ctx.exec, dir);
    // The packager command looks only at what was fetched before.
    await git.fetch(ctx.signal);
    const result = await ctx.exec({ ...switchBranchCommand(ctx.env, branch), cwd: dir }, ctx.signal);
    if (result.exit !== 0) throw fedpkgFault(result, `switch to branch ${branch}`);
    const now = await git.branch(ctx.signal);
    if (now !== branch) {
      throw new Fault(`switch to branch ${branch} says that it is done, but ${now} is checked out`, {
        code: 'SWITCH_WITHOUT_EFFECT',
        kind: 'unexpected',
        evidence: { branch, checked_out: now },
        hint: 'Is systems.dist-git.client a packager command that knows `switch-branch BRANCH`?',
      });
    }
    await git.local(mergeArgs(branch), ctx.signal);
    return { branch };
  },
});
