import { z } from 'zod';
import { systemOf } from '../core/environment.ts';
import type { StepContext } from '../core/step.ts';
import { leastOf, reachedJudge } from './ci.ts';
import { buildSubject } from './koji.ts';

/** What every wait for tests of a build takes. */
export const testsInput = z.strictObject({
  nvr: z.string().describe('The build.'),
  tests: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Test cases; those that the environment requires where left out.'),
});

export const ciOutput = z.object({
  ci_state: z
    .enum(['queued', 'running', 'complete'])
    .describe('How far the test that is least far has come.'),
});

/** Waits until every test has come at least as far as `wanted`; a later event of the chain proves those before it. */
export async function ciReached(
  wanted: 'queued' | 'running' | 'complete',
  { nvr, tests }: z.output<typeof testsInput>,
  { env, events }: Pick<StepContext, 'env' | 'events'>,
): Promise<z.output<typeof ciOutput>> {
  const judge = reachedJudge({ nvr, tests: tests ?? systemOf(env, 'ci').tests, wanted });
  return { ci_state: leastOf(await events.until(buildSubject(nvr), judge)) };
}
