import { describe, expect, test } from 'vitest';
import { updateSubject } from '../../../src/clients/bodhi.ts';
import { usualQuestion } from '../../../src/clients/gate.ts';
import { decisionSubject } from '../../../src/clients/greenwave.ts';
import { buildSubject } from '../../../src/clients/koji.ts';
import waitStatus from '../../../src/steps/bodhi/wait-status.ts';
import { reportOf } from '../../support/reports.ts';
import { RELEASE, stepContext } from '../../support/step-context.ts';

const subject = updateSubject('FEDORA-1');
type Input = Parameters<typeof waitStatus.run>[0];

const run = (input: Omit<Input, 'update'>, facts: readonly string[], unsatisfied: readonly string[] = []) =>
  waitStatus.run(
    { update: 'FEDORA-1', ...input },
    stepContext({
      dir: '/run',
      release: RELEASE,
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

describe('a gate that passed before the test had a result', () => {
  const nvr = 'p-1-1.fc44';
  const gate = (
    passedAt: number,
    decided: readonly { at: number; satisfied: boolean; waived?: boolean }[],
    result: { readonly at?: number; readonly seenAt?: number } = {},
  ) => {
    const { at = 900, seenAt = at } = result;
    const decision = decisionSubject(usualQuestion(RELEASE, [nvr], 'FEDORA-1'));
    const data = {
      id: 7,
      testcase: 'fedora-ci.koji-build.tier0.functional',
      outcome: 'PASSED',
      variant: '//',
    };
    const reports = [
      reportOf(subject, 'submitted', { data: { builds: [nvr] } }),
      reportOf(subject, 'status:pending', {}),
      reportOf(subject, 'gating:passed#3', { at: passedAt }),
      {
        ...reportOf(buildSubject(nvr), 'result:7', { at, data }),
        seen_at: Date.UTC(2026, 10, 17, 8, 0, seenAt),
      },
      ...decided.map(({ at, satisfied, waived = false }) =>
        reportOf(decision, `decision:${at}`, { at, data: { satisfied, waived } }),
      ),
    ];
    return waitStatus.run({ update: 'FEDORA-1' }, stepContext({ dir: '/run', release: RELEASE, reports }));
  };

  test('was open, by Bodhi’s fault where Greenwave said no until then', async () => {
    const decided = [
      { at: 10, satisfied: false },
      { at: 905, satisfied: true },
    ];
    await expect(gate(5, decided)).rejects.toMatchObject({ code: 'GATE_OPEN', system: 'bodhi' });
  });

  test('was opened by Greenwave where that said yes just as early', async () => {
    await expect(gate(5, [{ at: 10, satisfied: true }])).rejects.toMatchObject({
      code: 'GATE_OPEN',
      system: 'greenwave',
      evidence: { first_results_at: expect.stringMatching(/^2026-11-17T08:15:00/) },
    });
  });

  test('is as it should be where Greenwave’s yes rests on a waiver', async () => {
    expect(await gate(5, [{ at: 4, satisfied: true, waived: true }])).toMatchObject({
      gating_status: 'passed',
    });
  });

  test('is as it should be where it passed behind it, and a minute before is no proof', async () => {
    expect(await gate(902, [])).toMatchObject({ gating_status: 'passed' });
    expect(await gate(850, [])).toMatchObject({ gating_status: 'passed' });
  });

  test('is as it should be where only a wrong clock, or a look that came late, makes it seem early', async () => {
    expect(await gate(905, [], { at: 4500, seenAt: 901 })).toMatchObject({ gating_status: 'passed' });
    expect(await gate(905, [], { at: 900, seenAt: 4500 })).toMatchObject({ gating_status: 'passed' });
  });
});
