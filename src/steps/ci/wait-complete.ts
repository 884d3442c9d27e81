import { ciOutput, ciReached, testsInput } from '../../clients/ci-wait.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: 'Waits until every required test of a build has run to its end in CI, whatever its result.',
  system: 'ci',
  repeatable: true,
  timeoutMs: 6 * 60 * 60_000,
  input: testsInput,
  output: ciOutput,
  run: (input, context) => ciReached('complete', input, context),
});
