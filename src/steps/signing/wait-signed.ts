import { z } from 'zod';
import { releaseOf } from '../../clients/bodhi.ts';
import { buildSubject, tagJudge } from '../../clients/koji.ts';
import { buildsOf } from '../../clients/nvrs.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: 'Waits until builds are signed: Robosignatory has moved them on in Koji.',
  system: 'signing',
  repeatable: true,
  timeoutMs: 3 * 60 * 60_000,
  input: z.strictObject({
    nvr: z.string().optional().describe('The build, where it is one.'),
    builds: z.array(z.string()).min(1).optional().describe('The builds, where they are several.'),
    signed_tag: z
      .string()
      .optional()
      .describe(
        "The tag of signed builds, such as a side tag's; the release's pending testing tag where left out.",
      ),
  }),
  output: z.object({ signed: z.array(z.string()).describe('The builds that are signed.') }),

  async run(input, ctx) {
    const builds = buildsOf(input);
    const release = await releaseOf(ctx);
    const tag = input.signed_tag ?? release.pending_testing_tag;
    ctx.events.follow(...builds.map(buildSubject));
    for (const nvr of builds) {
      await ctx.events.until(buildSubject(nvr), tagJudge({ nvr, tag, release }));
    }
    return { signed: builds };
  },
});
