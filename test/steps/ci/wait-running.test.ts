import { expect, test } from 'vitest';
import { buildSubject } from '../../../src/clients/koji.ts';
import type { Report } from '../../../src/core/event.ts';
import step from '../../../src/steps/ci/wait-running.ts';
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
  expect(await run([ci('queued'), ci('running')])).toEqual({ ci_state: 'running' });
});

test('less than that does not', async () => {
  await expect(run([ci('queued')])).rejects.toThrow(/goes on waiting/);
});

test('a final result proves what must have come before it, without any message', async () => {
  expect(await run([result(1, 'FAILED')])).toEqual({ ci_state: 'complete' });
});

test('every named test must have come so far', async () => {
  await expect(run([ci('queued'), ci('running')], [TEST, 'other.test'])).rejects.toThrow(/goes on waiting/);
});

test('a test that CI gave up before it ran never ran: that is its fault', async () => {
  const gaveUp = ci('error', TEST, { reason: 'Infrastructure Failure' });
  await expect(run([ci('queued'), gaveUp])).rejects.toMatchObject({ code: 'CI_ERROR', system: 'ci' });
});
