import { z } from 'zod';
import { releaseOf } from '../../clients/bodhi.ts';
import { buildSubject, tagJudge } from '../../clients/koji.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: 'Waits until a build is in a Koji tag.',
  system: 'koji',
  repeatable: true,
  timeoutMs: 60 * 60_000,
  input: z.strictObject({
    nvr: z.string().describe('The build.'),
    tag: z.string().optional().describe("The tag; the release's candidate tag where left out."),
  }),
  output: z.object({ tagged: z.string().describe('The tag that the build is or was in.') }),

  async run({ nvr, tag }, ctx) {
    const release = await releaseOf(ctx);
    const wanted = tag ?? release.candidate_tag;
    await ctx.events.until(buildSubject(nvr), tagJudge({ nvr, tag: wanted, release }));
    return { tagged: wanted };
  },
});
