import { describe, expect, test } from 'vitest';
import { updateSubject } from '../../../src/clients/bodhi.ts';
import waitStatus from '../../../src/steps/bodhi/wait-status.ts';
import { reportOf } from '../../support/reports.ts';
import { stepContext } from '../../support/step-context.ts';

const subject = updateSubject('FEDORA-1');
type Input = Parameters<typeof waitStatus.run>[0];

const run = (input: Omit<Input, 'update'>, facts: readonly string[], unsatisfied: readonly string[] = []) =>
  waitStatus.run(
    { update: 'FEDORA-1', ...input },
    stepContext({
      dir: '/run',
      reports: facts.map((fact, at) =>
        reportOf(subject, fact, {
          at,
          data: { unsatisfied: unsatisfied.map((type) => ({ type, testcase: 't', running: false })) },
        }),
      ),
    }),
  );

const waits = /goes on waiting/;

test.each(['passed', 'ignored'])('without wishes an update whose gating is %s is through', async (gating) => {
  expect(await run({}, ['status:pending', `gating:${gating}#2`])).toEqual({
    update_status: 'pending',
    gating_status: gating,
  });
});

test('the last gating status counts: failed, waiting, passed is a pass', async () => {
  const facts = ['status:pending', 'gating:failed#2', 'gating:waiting#3', 'gating:passed#4'];
  expect(await run({}, facts)).toMatchObject({ gating_status: 'passed' });
});

test.each([
  ['nothing is known', []],
  ['gating waits', ['status:pending', 'gating:waiting#2']],
  ['gating failed for reasons nobody knows', ['status:pending', 'gating:failed#2']],
  [
    'gating failed with nothing but missing results',
    ['status:pending', 'gating:failed#2', 'gating-reason:missing#2'],
  ],
  [
    'a failed test belongs to an earlier status',
    ['status:pending', 'gating:failed#2', 'gating-reason:failed#2', 'gating:waiting#3'],
  ],
])('it goes on waiting while %s', async (_why, facts) => {
  await expect(run({}, facts, ['test-result-failed'])).rejects.toThrow(waits);
});

describe('a clear no', () => {
  const facts = ['status:pending', 'gating:failed#2', 'gating-reason:failed#2'];

  test('of a failed test is charged to the test', async () => {
    await expect(run({}, facts, ['test-result-failed'])).rejects.toMatchObject({
      code: 'TEST_FAILED',
      system: 'ci',
    });
  });

  test('of a broken gating.yaml is ours', async () => {
    await expect(run({}, facts, ['invalid-gating-yaml'])).rejects.toMatchObject({
      code: 'GATING_YAML_BROKEN',
      kind: 'prober',
    });
  });

  test('that is wanted is a success', async () => {
    expect(await run({ gating: ['failed'] }, facts)).toMatchObject({ gating_status: 'failed' });
  });
});

test('a gate that is open although it should be shut is Bodhi’s fault', async () => {
  await expect(run({ gating: ['failed'] }, ['status:pending', 'gating:ignored#2'])).rejects.toMatchObject({
    code: 'GATE_OPEN',
    system: 'bodhi',
  });
});

test('stable proves testing, testing does not prove stable', async () => {
  expect(await run({ status: ['testing'] }, ['status:pending', 'status:stable'])).toMatchObject({
    update_status: 'stable',
  });
  await expect(run({ status: ['stable'] }, ['status:pending', 'status:testing'])).rejects.toThrow(waits);
});

test.each(['obsolete', 'unpushed'] as const)('an update that is %s will not move again', async (status) => {
  await expect(run({ status: ['stable'] }, ['status:pending', `status:${status}`])).rejects.toMatchObject({
    code: 'UPDATE_GONE',
  });
  expect(await run({ status: [status] }, ['status:pending', `status:${status}`])).toMatchObject({
    update_status: status,
  });
});
