import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { planProbe } from '../../src/core/planner.ts';
import { readProbe } from '../../src/core/probe.ts';
import { ACTIONS, linesOf } from '../support/fake-actions.ts';

const FILE = 'test/fixtures/probes/twenty-mistakes.yaml';

const EXPECTED = [
  '1:7: name: expected lower case letters, digits and dashes, such as `single-build`, got "Twenty Mistakes"',
  '3:1: brnch: unknown key; did you mean "branch"?',
  '4:10: timeout: expected a duration such as `90s`, `15m` or `1h 30m`, got 90',
  '5:19: schedule.cron: expected five fields of cron such as `0 6,18 * * *`, got "61 * * * *"',
  '5:42: schedule.overlap: expected "skip" or "queue", got "slip"; did you mean "skip"?',
  '7:36: params.depth.default: expected a whole number, got "deep"',
  '9:11: steps[0].uses: unknown action "fas/logn"; did you mean "fas/login"?',
  '11:13: steps[1].with.brnach: unknown input; did you mean "branch"?',
  '14:24: steps[2].retry.attempts: koji/build cannot be repeated; expected 1, got 3',
  '15:5: steps[2].timout: unknown key; did you mean "timeout"?',
  '17:28: steps[2].with.dir: step "clone" has no output "dri"; did you mean "dir"?',
  '18:19: steps[2].with.arches: expected a list of text, got a number',
  '19:9: steps[3].id: steps[2] is called "build" already',
  '21:29: steps[3].with.nvr: no step "biuld"; did you mean "build"?',
  '21:54: steps[3].with.tag: unknown function "contain"; did you mean "contains"?',
  '24:14: steps[4].timeout: longer than the timeout of the whole probe, 8h 00m 00s',
  '26:27: steps[4].with.builds[0]: step "wait" comes later; a step sees only what is before it',
  '27:26: steps[4].with.notes: run has no "ix"; did you mean "id"?',
  '28:13: steps[4].with.type: expected "bugfix" or "enhancement", got "bugfux"; did you mean "bugfix"?',
  '31:33: steps[5].if: steps.update.outcome is never "pased"; expected "passed", "failed", "errored", "cancelled" or "skipped"; did you mean "passed"?',
];

test('a file with twenty mistakes tells them all in one pass, each with its place', () => {
  const lines = linesOf(() =>
    planProbe({ probe: readProbe(FILE, readFileSync(FILE, 'utf8')), actions: ACTIONS }),
  );
  expect(lines).toEqual(EXPECTED.map((line) => `${FILE}:${line}`));
});
