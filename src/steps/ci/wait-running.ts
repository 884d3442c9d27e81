import { ciOutput, ciReached, testsInput } from '../../clients/ci-wait.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: 'Waits until every required test of a build runs in CI.',
  system: 'ci',
  repeatable: true,
  timeoutMs: 4 * 60 * 60_000,
  input: testsInput,
  output: ciOutput,
  run: (input, context) => ciReached('running', input, context),
});
