import { ciOutput, ciReached, testsInput } from '../../clients/ci-wait.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: 'Waits until every required test of a build is queued in CI.',
  system: 'ci',
  repeatable: true,
  timeoutMs: 2 * 60 * 60_000,
  input: testsInput,
  output: ciOutput,
  run: (input, context) => ciReached('queued', input, context),
});
