import { expect, test } from 'vitest';
import { buildSubject } from '../../../src/clients/koji.ts';
import type { Report } from '../../../src/core/event.ts';
import step from '../../../src/steps/ci/wait-complete.ts';
import { reportOf } from '../../support/reports.ts';
import { stepContext } from '../../support/step-context.ts';

const nvr = 'p-1-1.fc44';
const TEST = 'fedora-ci.koji-build.tier0.functional';
const ci = (state: string, test = TEST, more = {}) =>
  reportOf(buildSubject(nvr), `ci-${state}:${test}:r1`, { data: { state, test, run: 'r1', ...more } });
const result = (id: number, outcome: string) =>
  reportOf(buildSubject(nvr), `result:${id}`, {
    at: id,
    data: { id, outcome, testcase: TEST, variant: '//', ref_url: null },
  });
const run = (reports: readonly Report[], tests?: string[]) =>
  step.run({ nvr, ...(tests === undefined ? {} : { tests }) }, stepContext({ dir: '/run', reports }));

test('a message of CI ends the wait', async () => {
  expect(await run([ci('running'), ci('complete')])).toEqual({ ci_state: 'complete' });
});

test('less than that does not', async () => {
  await expect(run([ci('running')])).rejects.toThrow(/goes on waiting/);
});

test('a final result proves what must have come before it, without any message', async () => {
  expect(await run([result(1, 'FAILED')])).toEqual({ ci_state: 'complete' });
});

test('every named test must have come so far', async () => {
  await expect(run([ci('running'), ci('complete')], [TEST, 'other.test'])).rejects.toThrow(/goes on waiting/);
});

test('a test that failed has run: its result is for others to judge', async () => {
  expect(await run([ci('complete', TEST, { result: 'failed' })])).toEqual({ ci_state: 'complete' });
});

test('that CI could not run the test is its fault, unless it begins again', async () => {
  const broken = ci('error', TEST, { reason: 'Infrastructure Failure' });
  await expect(run([ci('running'), broken])).rejects.toMatchObject({
    code: 'CI_ERROR',
    system: 'ci',
    evidence: { reason: 'Infrastructure Failure' },
  });
});
