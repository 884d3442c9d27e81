import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { timeOfRunId } from '../../clients/calendar.ts';
import { evidenceOf, wordsOf } from '../../clients/command.ts';
import { newSourcesCommand, newSourcesFault, parseSources } from '../../clients/fedpkg.ts';
import { runTrailer } from '../../clients/git.ts';
import { removeGitLocks } from '../../clients/git-locks.ts';
import { judgeRefusedTicket } from '../../clients/kerberos.ts';
import { chooseSpec, firstSource, sourceFolder } from '../../clients/spec.ts';
import { sourceTarball } from '../../clients/tarball.ts';
import { Fault } from '../../core/fault.ts';
import { defineStep, type StepContext } from '../../core/step.ts';

export default defineStep({
  summary: 'Makes a small fresh tarball, uploads it and puts it into `sources`; nothing is committed.',
  system: 'lookaside',
  // The bytes come from the run id alone: a second upload finds the file already there.
  repeatable: true,
  timeoutMs: 15 * 60_000,
  input: z.strictObject({ dir: z.string().describe('The clone.') }),
  output: z.object({
    file: z.string().describe('Name of the tarball, as `Source0` of the spec file says it.'),
    sha512: z.string().describe('Its hash, under which the lookaside keeps it.'),
    bytes: z.number().int().describe('Its size.'),
  }),

  commands: (_input, { env }) => [wordsOf(newSourcesCommand(env, '<file of Source0>'))],

  async run(input, ctx) {
    const dir = resolve(ctx.dir, input.dir);
    const { file, folder } = await sourceIn(dir, ctx);
    const { bytes, sha512 } = sourceTarball({
      folder,
      readme: `A tarball without content, made for a test of the packager workflow.\n\n${runTrailer(ctx.run.id)}\ncontact ${ctx.env.contact}\n`,
      at: ctx.clock.fromHost(timeOfRunId(ctx.run.id)),
    });
    await ctx.files.write(join(dir, file), bytes);
    // The packager command stages what it writes, and one of an earlier attempt may have been ended in the middle of it.
    await removeGitLocks(dir, ctx.files);
    const result = await ctx.exec({ ...newSourcesCommand(ctx.env, file), cwd: dir }, ctx.signal);
    if (result.exit !== 0) {
      const fault = newSourcesFault(result);
      throw fault.code === 'LOOKASIDE_UNAUTHORIZED' ? await judgeRefusedTicket(ctx, fault) : fault;
    }
    // What the command prints differs by version and by whether the file was there before: `sources` is what counts.
    const sources = join(dir, 'sources');
    const entries = (await ctx.files.exists(sources)) ? parseSources(await ctx.files.read(sources)) : [];
    if (!entries.some((entry) => entry.file === file && entry.hash === sha512)) {
      throw new Fault('fedpkg new-sources says that it is done, but `sources` does not name the tarball', {
        code: 'SOURCES_NOT_WRITTEN',
        kind: 'unexpected',
        evidence: { ...evidenceOf(result), file, sha512, sources: entries.map((entry) => entry.file) },
        hint: 'Is lookasidehash of the packager command sha512?',
      });
    }
    return { file, sha512, bytes: bytes.length };
  },
});

async function sourceIn(
  dir: string,
  ctx: StepContext,
): Promise<{ readonly file: string; readonly folder: string }> {
  const spec = chooseSpec(await ctx.files.list(dir), basename(dir));
  const text = await ctx.files.read(join(dir, spec));
  const file = firstSource(text, spec);
  if (!/\.(?:tar|tar\.\w+|tgz|tbz2?|txz)$/.test(file)) {
    throw new Fault(`Source0 of ${spec} is not a tarball: ${file}`, {
      code: 'SOURCE_NOT_TARBALL',
      kind: 'prober',
      evidence: { spec, file },
      hint: 'Let Source0 of the test package name a tarball, such as `NAME-1.0.tar.gz`.',
    });
  }
  return { file, folder: sourceFolder(text, spec) };
}
