import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/core/event.ts';
import { FACT, KIND } from '../../src/core/facts.ts';
import type { Json } from '../../src/core/json.ts';
import type { LookRecord } from '../../src/core/store.ts';
import { chargeFor } from '../../src/evidence/attribution.ts';
import { chainOf } from '../../src/evidence/hops.ts';
import { RELEASE } from '../support/step-context.ts';

const NVR = 'gloster-1-2.fc44';
const ALIAS = 'FEDORA-2026-0123456789';
const TEST = 'fedora-ci.koji-build.tier0.functional';
const S = 1000;

function report(
  kind: string,
  fact: string,
  at: number | [number | undefined, number],
  data: Record<string, Json> = {},
): Report {
  const [earliest, latest] = typeof at === 'number' ? [at, at] : at;
  const key = kind === KIND.build ? NVR : kind === KIND.update ? ALIAS : JSON.stringify({ nvrs: [NVR] });
  return {
    subject: { kind, key },
    fact,
    earliest,
    latest,
    source: 'api',
    system: 'koji',
    seen_at: latest,
    data,
  };
}

const ci = (state: 'queued' | 'running' | 'complete', at: number, run = '1') =>
  report(KIND.build, FACT.ci(state, TEST, run), at, { state, test: TEST, run });
const result = (id: number, outcome: string, at: number) =>
  report(KIND.build, FACT.result(id), at, { id, testcase: TEST, outcome, variant: '', ref_url: null });
const decision = (n: number, satisfied: boolean, at: [number | undefined, number]) =>
  report(KIND.decision, FACT.decision(n), at, { satisfied, summary: '', unsatisfied: [], requirements: 1 });
const gating = (status: string, comment: number, at: number) =>
  report(KIND.update, FACT.gating(status, comment), [at, at + 999], { status, comment });

const STORY: readonly Report[] = [
  report(KIND.build, FACT.complete, 10 * S),
  report(KIND.build, FACT.tagged(RELEASE.candidate_tag), 12 * S),
  report(KIND.update, FACT.asked, [20 * S, 26 * S]),
  report(KIND.update, FACT.submitted, [24 * S, 24 * S + 999]),
  report(KIND.build, FACT.tagged(RELEASE.pending_signing_tag), 25 * S),
  report(KIND.build, FACT.tagged(RELEASE.pending_testing_tag), 85 * S),
  report(KIND.update, FACT.announced, [25 * S, 25 * S + 999]),
  ci('queued', 30 * S),
  ci('running', 60 * S),
  ci('complete', 400 * S),
  result(1, 'QUEUED', 31 * S),
  result(2, 'PASSED', 410 * S),
  gating('waiting', 1, 25 * S),
  decision(1, false, [undefined, 40 * S]),
  decision(2, true, [400 * S, 430 * S]),
  gating('passed', 2, 412 * S),
];

const options = { nvr: NVR, update: ALIAS, release: RELEASE, tests: [TEST] };

function times(reports: readonly Report[], change: Partial<typeof options> = {}) {
  const { hops } = chainOf(reports, { ...options, ...change });
  return Object.fromEntries(hops.map(({ hop, shortest_ms, longest_ms }) => [hop, [shortest_ms, longest_ms]]));
}

describe('the hops of a build', () => {
  test('are intervals from the latest start to the earliest end and back', () => {
    expect(times(STORY)).toEqual({
      tag: [2 * S, 2 * S],
      update: [0, 4 * S + 999],
      sign_request: [1, S],
      sign: [60 * S, 60 * S],
      announce: [1, S + 999],
      ci_queue: [4 * S + 1, 5 * S],
      ci_start: [30 * S, 30 * S],
      ci_run: [340 * S, 340 * S],
      result: [10 * S, 10 * S],
      decide: [0, 20 * S],
      gate: [0, 12 * S + 999],
    });
  });

  test('take the narrowest of several reports of one event', () => {
    const looked = report(KIND.build, FACT.complete, [5 * S, 35 * S]);
    expect(times([looked, ...STORY])['tag']).toEqual([2 * S, 2 * S]);
  });

  test('give an event that nobody looked for before the earliest of the event before it', () => {
    const first = STORY.filter(({ fact }) => fact !== 'decision:1' && fact !== 'decision:2');
    expect(times([...first, decision(1, true, [undefined, 430 * S])])['decide']).toEqual([0, 20 * S]);
  });

  test('end with the last run of a test that was run again', () => {
    const again = [
      ...STORY,
      ci('queued', 450 * S, '2'),
      ci('running', 460 * S, '2'),
      ci('complete', 500 * S, '2'),
    ];
    expect(times(again)['ci_run']).toEqual([40 * S, 40 * S]);
  });

  test('end with the yes that held, not with one that was taken back', () => {
    const turned = [...STORY, gating('failed', 3, 500 * S), gating('passed', 4, 600 * S)];
    expect(times(turned)['gate']?.[1]).toBe(600 * S + 999 - 400 * S);
  });

  test('begin at the candidate tag where Bodhi makes the update', () => {
    expect(times(STORY, { release: { ...RELEASE, composed_by_bodhi: false } })['update']).toEqual([
      12 * S,
      12 * S + 999,
    ]);
  });

  test('of several required tests end with the last of them, and not before all have come so far', () => {
    const other = 'fedora-ci.koji-build.installability.functional';
    const of = (reports: readonly Report[]) => Object.keys(times(reports, { tests: [TEST, other] }));
    expect(of(STORY)).not.toContain('ci_start');
    expect(of(STORY)).not.toContain('result');
    const queued = report(KIND.build, FACT.ci('queued', other, '9'), 33 * S, {
      state: 'queued',
      test: other,
      run: '9',
    });
    expect(times([...STORY, queued], { tests: [TEST, other] })['ci_queue']).toEqual([7 * S + 1, 8 * S]);
  });

  test('do not begin with what surely came behind their end: a push to testing does not wait for the gate', () => {
    const pushed = report(KIND.build, FACT.tagged(RELEASE.testing_tag), 300 * S);
    expect(times([...STORY, pushed])['final_tag']).toEqual([215 * S, 215 * S]);
    const signedLater = [
      ...STORY.filter(({ fact }) => fact !== FACT.tagged(RELEASE.pending_testing_tag)),
      pushed,
    ];
    expect(Object.keys(times(signedLater))).not.toContain('final_tag');
  });

  test('are left out where one end was not heard', () => {
    const silent = STORY.filter(({ fact }) => fact !== FACT.announced);
    expect(Object.keys(times(silent))).not.toContain('announce');
  });
});

describe('the charge of a wait that ran out of time', () => {
  const without = (...facts: string[]) =>
    chainOf(
      STORY.filter(({ fact }) => !facts.some((beginning) => fact.startsWith(beginning))),
      options,
    );

  test.each([
    ['ci/wait-complete', ['announced', 'ci-', 'result', 'decision', 'gating'], 'bodhi', 'announce'],
    ['ci/wait-complete', ['ci-', 'result', 'decision', 'gating'], 'ci', 'ci_queue'],
    ['ci/wait-complete', ['ci-complete', 'result', 'decision', 'gating'], 'ci', 'ci_run'],
    ['resultsdb/wait-result', ['result:2', 'decision', 'gating'], 'resultsdb', 'result'],
    ['greenwave/wait-decision', ['decision', 'gating'], 'greenwave', 'decide'],
    ['bodhi/wait-status', ['gating'], 'bodhi', 'gate'],
    ['signing/wait-signed', ['tagged:f44-updates-testing-pending'], 'signing', 'sign'],
    [
      'signing/wait-signed',
      ['tagged:f44-signing', 'tagged:f44-updates-testing-pending'],
      'bodhi',
      'sign_request',
    ],
  ])('%s without %j is charged to %s (%s)', (uses, facts, system, silent_hop) => {
    expect(chargeFor(uses, without(...facts), [])).toMatchObject({ system, evidence: { silent_hop } });
  });

  test('does not blame a lost announcement when CI has run', () => {
    expect(
      chargeFor('resultsdb/wait-result', without('announced', 'result:2', 'decision', 'gating'), []),
    ).toMatchObject({
      system: 'resultsdb',
    });
  });

  test('is left to the step when nobody on its way was silent', () => {
    expect(chargeFor('ci/wait-complete', chainOf(STORY, options), [])).toBeUndefined();
    expect(chargeFor('command/run', chainOf([], options), [])).toBeUndefined();
  });

  const look = (source: string, to: number | null): LookRecord => ({
    source,
    kind: KIND.build,
    key: NVR,
    first: 0,
    last: 9,
    last_good: 1,
    count: 9,
    failing: [{ from: 2, to, message: `${source} could not be reached` }],
  });

  test('is the system that alone could have told and could not be asked to the end', () => {
    const silent = without('tagged:f44-updates-testing-pending');
    expect(chargeFor('signing/wait-signed', silent, [look('koji', null)])).toMatchObject({
      system: 'koji',
      evidence: { silent_hop: 'sign', could_not_be_asked: { koji: 'koji could not be reached' } },
    });
    expect(chargeFor('signing/wait-signed', silent, [look('koji', 5)])).toMatchObject({ system: 'signing' });
  });

  test('is not the archive where others could have told, but it is noted', () => {
    const silent = without('ci-', 'result', 'decision', 'gating');
    expect(chargeFor('ci/wait-complete', silent, [look('datagrepper', null)])).toMatchObject({
      system: 'ci',
      evidence: { could_not_be_asked: { datagrepper: 'datagrepper could not be reached' } },
    });
  });

  test('counts what results show of CI as heard', () => {
    const queued = without('announced', 'ci-', 'result:2', 'decision', 'gating');
    expect(queued.proven).toEqual(['ci_queued']);
    expect(chargeFor('ci/wait-complete', queued, [look('datagrepper', null)])).toMatchObject({
      system: 'ci',
      evidence: { silent_hop: 'ci_start' },
    });
  });

  test('is the archive where only messages could have told and it could not be asked', () => {
    const silent = without('announced', 'ci-', 'result', 'decision', 'gating');
    expect(chargeFor('ci/wait-complete', silent, [look('datagrepper', null)])).toMatchObject({
      system: 'datagrepper',
    });
    expect(chargeFor('ci/wait-complete', silent, [])).toMatchObject({ system: 'bodhi' });
  });
});

describe('a lost message', () => {
  const archived = (...facts: readonly string[]) =>
    STORY.map(
      (one): Report =>
        facts.some((fact) => one.fact.startsWith(fact)) ? { ...one, source: 'archive' } : one,
    );
  const lost = (reports: readonly Report[]) => chainOf(reports, options).lost_messages;

  test('is one that the archive does not have though it has later ones', () => {
    expect(lost(archived('announced', 'ci-'))).toEqual(['candidate_tag', 'signing_tag', 'signed']);
    expect(lost(archived('tagged', 'announced', 'ci-'))).toEqual([]);
  });

  test('is none where the archive has nothing later: it may be behind, or broken', () => {
    expect(lost(STORY)).toEqual([]);
    expect(lost(archived('tagged:f44-updates-candidate'))).toEqual([]);
  });

  const pushed: Report = {
    ...report(KIND.build, FACT.tagged(RELEASE.testing_tag), 900 * S),
    source: 'archive',
  };

  test('is none while what is later may have overtaken it: messages are filed up to five minutes late', () => {
    const next = (at: number): Report => ({ ...ci('queued', at), source: 'archive' });
    const early = STORY.filter(({ latest }) => latest < 26 * S);
    expect(lost([...early, next(25 * S + 300 * S)])).not.toContain('signing_tag');
    expect(lost([...early, next(25 * S + 301 * S)])).toContain('signing_tag');
    // The test runs, and of its queue nothing is known: that message may be on its way.
    const running: Report = { ...ci('running', 60 * S), source: 'archive' };
    expect(lost([...early, running])).not.toContain('ci_queued');
    expect(lost([...early, running, pushed])).toContain('ci_queued');
  });

  test('is also one of CI that a result or the end of its test shows', () => {
    const only = archived('tagged', 'announced', 'ci-complete').filter(
      ({ fact }) => !fact.startsWith('ci-queued') && !fact.startsWith('ci-running'),
    );
    expect(lost(only)).toEqual(['ci_queued', 'ci_running']);
    expect(lost(only.filter(({ fact }) => fact !== 'announced'))).toEqual([
      'announced',
      'ci_queued',
      'ci_running',
    ]);
    const silent = [...only, pushed].filter(({ fact }) => !fact.startsWith('ci-complete'));
    expect(lost(silent)).toEqual(['ci_queued', 'ci_running', 'ci_complete']);
    expect(lost(silent.filter(({ fact }) => fact !== 'result:2'))).toEqual(['ci_queued']);
  });

  test('is charged to messaging where whoever is silent had to hear it', () => {
    const unsigned = archived('announced', 'ci-').filter(
      ({ fact }) => fact !== FACT.tagged(RELEASE.pending_testing_tag),
    );
    expect(chargeFor('signing/wait-signed', chainOf(unsigned, options), [])).toMatchObject({
      system: 'messaging',
      evidence: { silent_hop: 'sign', lost_message: 'signing_tag' },
    });
    const stuck = [...archived('tagged', 'announced'), pushed].filter(
      ({ fact }) => !/^(ci-|result:2|decision|gating)/.test(fact),
    );
    expect(lost(stuck)).toEqual(['ci_queued']);
    expect(chargeFor('ci/wait-complete', chainOf(stuck, options), [])).toMatchObject({ system: 'ci' });
  });
});
