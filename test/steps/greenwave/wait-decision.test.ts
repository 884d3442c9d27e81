import { describe, expect, test } from 'vitest';
import { decisionSubject } from '../../../src/clients/greenwave.ts';
import { buildSubject } from '../../../src/clients/koji.ts';
import type { DecisionData } from '../../../src/core/facts.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import waitDecision from '../../../src/steps/greenwave/wait-decision.ts';
import { reportOf } from '../../support/reports.ts';
import { cannedHttp, RELEASE, stepContext, testEnvironment } from '../../support/step-context.ts';

const TEST = 'fedora-ci.koji-build.tier0.functional';
const nvr = 'p-1-1.fc44';
const update = 'FEDORA-1';
const subject = decisionSubject({
  product_version: 'fedora-44',
  contexts: ['bodhi_update_push_testing'],
  nvrs: [nvr],
  alias: update,
});
const decision = (satisfied: boolean, types: readonly string[], requirements = 1): DecisionData => ({
  satisfied,
  summary: 's',
  unsatisfied: types.map((type) => ({ type, testcase: TEST, running: false })),
  waived: false,
  requirements,
});

interface Options extends Pick<Parameters<typeof stepContext>[0], 'env' | 'http'> {
  readonly results?: readonly { readonly at: number; readonly outcome: string }[];
  /** What CI said at the end of the run that the results name. */
  readonly complete?: JsonObject;
}

function run(
  decisions: readonly DecisionData[],
  expect: 'satisfied' | 'unsatisfied' = 'satisfied',
  options: Options = {},
) {
  const http = cannedHttp(() => ({
    body: JSON.stringify({ updates: [{ alias: update, status: 'pending', request: 'testing' }], pages: 1 }),
  }));
  const { results = [], complete, ...others } = options;
  const reports = [
    ...decisions.map((data, index) =>
      reportOf(subject, `decision:${index}`, { at: index, data: data as never }),
    ),
    ...(complete === undefined ? [] : [reportOf(buildSubject(nvr), 'ci-complete:x', { data: complete })]),
    ...results.map(({ at, outcome }, id) =>
      reportOf(buildSubject(nvr), `result:${id}`, {
        at,
        data: { id, testcase: TEST, outcome, variant: '//', ref_url: 'http://ci.test/1' },
      }),
    ),
  ];
  const ctx = stepContext({ dir: '/run', release: RELEASE, http, reports, ...others });
  return waitDecision.run({ nvr, update, expect }, ctx);
}

const passed = decision(true, []);
const missing = decision(false, ['test-result-missing']);
const failed = decision(false, ['test-result-failed']);

describe('expecting it satisfied', () => {
  test('the last decision counts', async () => {
    expect(await run([missing, failed, passed])).toEqual({ summary: 's', requirements: 1 });
  });

  test.each([
    ['nothing was decided', []],
    ['results are missing', [missing]],
    ['a failed test runs again', [failed, missing]],
  ])('it goes on waiting while %s', async (_why, decisions) => {
    await expect(run(decisions)).rejects.toThrow(/goes on waiting/);
  });

  test('a failed test is a clear no, charged to the test', async () => {
    await expect(run([failed])).rejects.toMatchObject({ code: 'TEST_FAILED', system: 'ci' });
  });

  test('a gate that requires nothing is open', async () => {
    await expect(run([decision(true, [], 0)])).rejects.toMatchObject({
      code: 'GATE_OPEN',
      system: 'greenwave',
    });
  });

  test('a no for a test whose newest result is good is Greenwave’s own', async () => {
    const turned = [
      { at: -20, outcome: 'FAILED' },
      { at: -10, outcome: 'PASSED' },
    ];
    await expect(run([failed], 'satisfied', { results: turned })).rejects.toMatchObject({
      code: 'DECISION_AGAINST_RESULTS',
      system: 'greenwave',
    });
    await expect(run([failed], 'satisfied', { results: turned.slice(0, 1) })).rejects.toMatchObject({
      code: 'TEST_FAILED',
    });
  });

  test('a no for a result that CI has told otherwise is ResultsDB’s', async () => {
    const of = (result: string) => ({
      results: [{ at: -10, outcome: 'FAILED' }],
      complete: { state: 'complete', test: TEST, run: 'http://ci.test/1', result },
    });
    await expect(run([failed], 'satisfied', of('passed'))).rejects.toMatchObject({
      code: 'RESULT_AGAINST_CI',
      system: 'resultsdb',
    });
    await expect(run([failed], 'satisfied', of('failed'))).rejects.toMatchObject({ code: 'TEST_FAILED' });
  });

  test('a yes that came before the test had a result shows an open gate, one behind it does not', async () => {
    await expect(
      run([passed], 'satisfied', { results: [{ at: 600, outcome: 'PASSED' }] }),
    ).rejects.toMatchObject({ code: 'GATE_OPEN', system: 'greenwave' });
    expect(
      await run([passed, missing, passed], 'satisfied', { results: [{ at: 1, outcome: 'PASSED' }] }),
    ).toMatchObject({ summary: 's' });
  });

  test('a yes that rests on a waiver may come before any result', async () => {
    const results = [{ at: 600, outcome: 'PASSED' }];
    expect(await run([{ ...passed, waived: true }], 'satisfied', { results })).toMatchObject({
      summary: 's',
    });
  });

  describe('of two builds', () => {
    const nvrs = [nvr, 'q-1-1.fc44'];
    const refusedWith = (outcomes: readonly (string | undefined)[]) => {
      const question = {
        product_version: 'fedora-44',
        contexts: ['c'],
        nvrs,
        alias: update,
      };
      const reports = outcomes.flatMap((outcome, id) => {
        const data = { id, testcase: TEST, outcome: outcome ?? '', variant: '//', ref_url: null };
        return outcome === undefined
          ? []
          : [reportOf(buildSubject(nvrs[id] ?? ''), `result:${id}`, { at: id - 9, data })];
      });
      const refusal = reportOf(decisionSubject(question), 'decision:1', { data: failed as never });
      const ctx = stepContext({ dir: '/run', release: RELEASE, reports: [...reports, refusal] });
      return waitDecision.run({ builds: nvrs, update, expect: 'satisfied', contexts: ['c'] }, ctx);
    };

    test.each([
      ['the first failed and the second passed later', ['FAILED', 'PASSED']],
      ['the second failed', ['PASSED', 'FAILED']],
      ['of one no result is known', [undefined, 'PASSED']],
    ])('a no is charged to the test where %s', async (_case, outcomes) => {
      await expect(refusedWith(outcomes)).rejects.toMatchObject({ code: 'TEST_FAILED', system: 'ci' });
    });

    test('a no is Greenwave’s own where both passed', async () => {
      await expect(refusedWith(['PASSED', 'PASSED'])).rejects.toMatchObject({
        code: 'DECISION_AGAINST_RESULTS',
        system: 'greenwave',
      });
    });
  });

  test('where the distribution requires no tests, nothing required is fine', async () => {
    const env = testEnvironment({ ci: undefined });
    expect(await run([decision(true, [], 0)], 'satisfied', { env })).toMatchObject({ requirements: 0 });
  });
});

describe('expecting a no', () => {
  test('a failed test that is refused shows that the gate works', async () => {
    expect(await run([missing, failed], 'unsatisfied')).toEqual({ summary: 's', requirements: 1 });
  });

  test('missing results prove nothing', async () => {
    await expect(run([missing], 'unsatisfied')).rejects.toThrow(/goes on waiting/);
  });

  test('a yes is an open gate', async () => {
    await expect(run([passed], 'unsatisfied')).rejects.toMatchObject({ code: 'GATE_OPEN' });
  });
});

test('while Bodhi does not answer, an ordinary update of the release is asked for', async () => {
  const http = cannedHttp(() => ({ status: 503, body: '' }));
  expect(await run([passed], 'satisfied', { http })).toMatchObject({ summary: 's' });
});
