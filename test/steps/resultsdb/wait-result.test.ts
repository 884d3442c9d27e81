import { expect, test } from 'vitest';
import { buildSubject } from '../../../src/clients/koji.ts';
import type { Report } from '../../../src/core/event.ts';
import waitResult from '../../../src/steps/resultsdb/wait-result.ts';
import { reportOf } from '../../support/reports.ts';
import { stepContext } from '../../support/step-context.ts';

const nvr = 'p-1-1.fc44';
const TEST = 'fedora-ci.koji-build.tier0.functional';
const result = (id: number, outcome: string, variant = '//', testcase = TEST) =>
  reportOf(buildSubject(nvr), `result:${id}`, {
    at: id,
    data: { id, outcome, testcase, variant, ref_url: null },
  });
const run = (reports: readonly Report[]) => waitResult.run({ nvr }, stepContext({ dir: '/run', reports }));

test('a final result is told with what ResultsDB says', async () => {
  expect(await run([result(1, 'QUEUED'), result(2, 'RUNNING'), result(3, 'PASSED')])).toEqual({
    result: 'passed',
    results: [{ id: 3, testcase: TEST, outcome: 'PASSED', variant: '//', ref_url: null }],
  });
});

test.each([
  ['PASSED', 'passed'],
  ['INFO', 'passed'],
  ['FAILED', 'failed'],
  ['NEEDS_INSPECTION', 'failed'],
  ['CRASHED', 'failed'],
])('%s is %s, and either way ResultsDB has done its part', async (word, expected) => {
  expect(await run([result(1, word)])).toMatchObject({ result: expected });
});

test('a rerun replaces the result of its variant alone', async () => {
  expect(await run([result(1, 'FAILED'), result(2, 'PASSED')])).toMatchObject({ result: 'passed' });
  expect(await run([result(1, 'FAILED', 's//'), result(2, 'PASSED')])).toMatchObject({ result: 'failed' });
});

test.each([
  ['nothing is there', []],
  ['it runs', [result(1, 'QUEUED'), result(2, 'RUNNING')]],
  ['a variant runs', [result(1, 'PASSED', 'a//'), result(2, 'RUNNING', 'b//')]],
  ['only another test is there', [result(1, 'PASSED', '//', 'other')]],
])('it goes on waiting while %s', async (_why, reports) => {
  await expect(run(reports)).rejects.toThrow(/goes on waiting/);
});

test('a test that CI could not run is CI’s fault, not ResultsDB’s', async () => {
  const error = reportOf(buildSubject(nvr), `ci-error:${TEST}:r`, {
    data: { state: 'error', test: TEST, run: 'r' },
  });
  await expect(run([error])).rejects.toMatchObject({ code: 'CI_ERROR', system: 'ci' });
});
