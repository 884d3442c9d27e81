import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { nextCount } from '../../clients/autorelease.ts';
import { timeOfRunId } from '../../clients/calendar.ts';
import { evidenceOf } from '../../clients/command.ts';
import { gitIn, restoreArgs, runTrailer } from '../../clients/git.ts';
import { authorOf } from '../../clients/home.ts';
import {
  addChangelogEntry,
  bumpRelease,
  type ChangelogEntry,
  chooseSpec,
  pinChangelogDate,
  readSpec,
  suitsBumpspec,
  usesAutorelease,
  withCount,
} from '../../clients/spec.ts';
import type { Environment } from '../../core/environment.ts';
import { Fault } from '../../core/fault.ts';
import { defineStep, type StepContext } from '../../core/step.ts';

export default defineStep({
  summary:
    'Gives the spec file the next release and a changelog entry that names the run; one of rpmautospec stays as it is. Nothing is committed.',
  system: 'dist-git',
  // It begins with the spec file as it was committed: a second call writes the same bytes.
  repeatable: true,
  timeoutMs: 15 * 60_000,
  input: z.strictObject({ dir: z.string().describe('The clone.') }),
  output: z.object({
    name: z.string().describe('Name of the package, as the spec file says it.'),
    version: z.string().describe('Its version.'),
    release: z.string().describe('The release of the next commit, without the dist tag.'),
    spec: z.string().describe('Name of the spec file.'),
    counted: z
      .boolean()
      .describe('Whether rpmautospec counts the release: then the commit of dist-git/push is the bump.'),
  }),

  commands(_input, { run, env }) {
    const spec = `${run.package}.spec`;
    return [
      ['git', ...restoreArgs(spec)],
      ['rpmdev-bumpspec', ...bumpspecArgs(entryOf(run.id, 0, env), spec)],
    ];
  },

  async run(input, ctx) {
    const dir = resolve(ctx.dir, input.dir);
    const spec = chooseSpec(await ctx.files.list(dir), basename(dir));
    const path = join(dir, spec);
    await gitIn(ctx.exec, dir).restore(spec, ctx.signal);
    const before = await ctx.files.read(path);
    if (usesAutorelease(before)) {
      const count = await nextCount({ exec: ctx.exec, dir, spec }, ctx.signal);
      const { name, version, release } = readSpec(withCount(before, count), spec);
      return { name, version, release, spec, counted: true };
    }
    const entry = entryOf(ctx.run.id, ctx.clock.fromHost(timeOfRunId(ctx.run.id)), ctx.env);
    const byTool = suitsBumpspec(before) ? await bumpedByTool({ dir, spec, before, entry }, ctx) : undefined;
    const after = byTool ?? addChangelogEntry(bumpRelease(before, spec), entry, spec);
    await ctx.files.write(path, after);
    const { name, version, release } = readSpec(after, spec);
    return { name, version, release, spec, counted: false };
  },
});

/** Undefined where `rpmdev-bumpspec` is not installed, or left the file alone. */
async function bumpedByTool(
  work: {
    readonly dir: string;
    readonly spec: string;
    readonly before: string;
    readonly entry: ChangelogEntry;
  },
  ctx: StepContext,
): Promise<string | undefined> {
  const { dir, spec, before, entry } = work;
  try {
    const command = { file: 'rpmdev-bumpspec', args: bumpspecArgs(entry, spec), cwd: dir };
    const result = await ctx.exec(command, ctx.signal);
    if (result.exit !== 0) {
      throw new Fault(`rpmdev-bumpspec could not bump ${spec}`, {
        code: 'BUMPSPEC_FAILED',
        kind: 'prober',
        evidence: evidenceOf(result),
        hint: 'Look at the Release line of the spec file: the command finds no number in it.',
      });
    }
  } catch (error) {
    if (error instanceof Fault && error.code === 'COMMAND_MISSING') return undefined;
    throw error;
  }
  const after = await ctx.files.read(join(dir, spec));
  return after === before ? undefined : pinChangelogDate(after, entry);
}

function bumpspecArgs({ author, comment }: ChangelogEntry, spec: string): readonly string[] {
  return ['-u', author, '-c', comment, spec];
}

function entryOf(runId: string, at: number, env: Environment): ChangelogEntry {
  const { name, email } = authorOf(env);
  return { author: `${name} <${email}>`, comment: runTrailer(runId), at };
}
