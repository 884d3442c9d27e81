import { join, resolve } from 'node:path';
import { z } from 'zod';
import { branchFor, plannedBranch } from '../../clients/branch.ts';
import { wordsOf } from '../../clients/command.ts';
import { cloneCommand, fedpkgFault, retiredFault } from '../../clients/fedpkg.ts';
import { gitIn } from '../../clients/git.ts';
import { Fault } from '../../core/fault.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: "Clones a package's sources into a fresh folder, on the branch of the run.",
  system: 'dist-git',
  repeatable: true,
  timeoutMs: 15 * 60_000,
  input: z.strictObject({
    package: z.string().min(1).optional().describe("Package name; the probe's package where left out."),
    branch: z
      .string()
      .min(1)
      .optional()
      .describe("Branch, such as `f44`; the probe's branch where left out."),
  }),
  output: z.object({
    dir: z.string().describe('The clone, an absolute path.'),
    package: z.string().describe('The package that was cloned.'),
    branch: z.string().describe('The branch that is checked out.'),
    commit: z.string().describe('The commit at its head.'),
  }),

  commands(input, facts) {
    const branch = plannedBranch(input.branch, facts);
    const name = input.package ?? facts.run.package;
    return [wordsOf(cloneCommand(facts.env, { package: name, branch, into: folderOf(branch, name) }))];
  },

  async run(input, ctx) {
    const name = input.package ?? ctx.run.package;
    const branch = await branchFor(ctx, input.branch);
    const into = folderOf(branch, name);
    const dir = resolve(ctx.dir, into);
    // A clone that was cut off is no ground to go on from.
    await ctx.files.remove(dir);
    const command = { ...cloneCommand(ctx.env, { package: name, branch, into }), cwd: ctx.dir };
    const result = await ctx.exec(command, ctx.signal);
    if (result.exit !== 0) throw fedpkgFault(result, `clone of ${name}, branch ${branch}`);
    if (!(await ctx.files.exists(join(dir, '.git')))) {
      throw new Fault(`clone of ${name} says that it is done, but there is no clone`, {
        code: 'CLONE_ABSENT',
        kind: 'unexpected',
        evidence: { dir },
        hint: 'Is systems.dist-git.client a packager command that knows `clone PACKAGE FOLDER`?',
      });
    }
    if (await ctx.files.exists(join(dir, 'dead.package'))) {
      throw retiredFault(`clone of ${name}, branch ${branch}`);
    }
    return { dir, package: name, branch, commit: await gitIn(ctx.exec, dir).head(ctx.signal) };
  },
});

/** The folder is called as the package: of several spec files the packager command takes the one named like it. */
function folderOf(branch: string, name: string): string {
  return join('dist-git', branch, name);
}
