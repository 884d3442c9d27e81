import { z } from 'zod';
import { leastOf, reachedJudge } from '../../clients/ci.ts';
import { buildSubject } from '../../clients/koji.ts';
import { systemOf } from '../../core/environment.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: 'Waits until every required test of a build is queued in CI.',
  system: 'ci',
  repeatable: true,
  timeoutMs: 2 * 60 * 60_000,
  input: z.strictObject({
    nvr: z.string().describe('The build.'),
    tests: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Test cases; those that the environment requires where left out.'),
  }),
  output: z.object({
    ci_state: z
      .enum(['queued', 'running', 'complete'])
      .describe('How far the test that is least far has come.'),
  }),

  async run({ nvr, tests }, ctx) {
    const wanted = tests ?? systemOf(ctx.env, 'ci').tests;
    const progress = await ctx.events.until(
      buildSubject(nvr),
      reachedJudge({ nvr, tests: wanted, wanted: 'queued' }),
    );
    return { ci_state: leastOf(progress) };
  },
});
