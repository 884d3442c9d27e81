import { describe, expect, test } from 'vitest';
import {
  assertOn,
  contextsOf,
  decisionAnswer,
  decisionData,
  decisionSubject,
  greenwave,
  questionOf,
  refusedFault,
  refusedOf,
} from '../../src/clients/greenwave.ts';
import { exchanges } from '../support/fake-hub.ts';
import { cannedHttp } from '../support/step-context.ts';

const signal = new AbortController().signal;
const decisions = exchanges('greenwave/life-cycle').filter(
  ({ request }) => request.path === '/api/v1.0/decision',
);
const dataOf = (note: RegExp) => {
  const found = decisions.find(
    (exchange) => note.test(exchange.note ?? '') && exchange.response.status === 200,
  );
  return decisionData(decisionAnswer.parse(found?.response.body));
};

describe('recorded decisions', () => {
  test('a missing result is no clear no, and the file that was fetched is no test', () => {
    const data = dataOf(/nothing reported/);
    expect(data).toMatchObject({
      satisfied: false,
      requirements: 1,
      unsatisfied: [
        { type: 'test-result-missing', testcase: 'fedora-ci.koji-build.tier0.functional', running: false },
      ],
    });
    expect(refusedOf(data.unsatisfied)).toEqual([]);
  });

  test('each recorded answer is read', () => {
    expect(decisions.length).toBeGreaterThan(5);
    const read = decisions.map(({ response }) => decisionData(decisionAnswer.parse(response.body)));
    expect(read.some(({ unsatisfied }) => unsatisfied.some(({ running }) => running))).toBe(true);
    expect(read.some(({ unsatisfied }) => refusedOf(unsatisfied).length > 0)).toBe(true);
    expect(read.at(-1)?.satisfied).toBe(true);
    expect(dataOf(/^waived$/)).toMatchObject({ satisfied: true, waived: true });
    expect(dataOf(/nothing reported/)).toMatchObject({ waived: false });
  });
});

test('a subject is its question, whatever the order of the builds', () => {
  const question = {
    product_version: 'fedora-44',
    contexts: ['c'],
    nvrs: ['b-1-1', 'a-1-1'],
    alias: 'FEDORA-1',
  };
  const subject = decisionSubject(question);
  expect(decisionSubject({ ...question, nvrs: ['a-1-1', 'b-1-1'] })).toEqual(subject);
  expect(questionOf(subject)).toEqual({ ...question, nvrs: ['a-1-1', 'b-1-1'] });
});

test.each([
  [{ status: 'pending', request: 'testing' }, ['bodhi_update_push_testing']],
  [{ status: 'pending', request: null }, ['bodhi_update_push_stable']],
  [{ status: 'testing', request: null }, ['bodhi_update_push_stable']],
  [
    { status: 'pending', request: 'testing', critpath: true, critpath_groups: 'core critical-path-gnome' },
    [
      'bodhi_update_push_testing_core_critpath',
      'bodhi_update_push_testing_critical-path-gnome_critpath',
      'bodhi_update_push_testing',
    ],
  ],
])('Greenwave is asked for %j as Bodhi asks', (update, contexts) => {
  expect(contextsOf(update)).toEqual(contexts);
});

test('a decision is asked non-verbose, builds first and then the update', async () => {
  const http = cannedHttp(() => ({ body: JSON.stringify(decisions[0]?.response.body) }));
  await greenwave({ http, url: 'http://greenwave.test/api/v1.0/' }).decide(
    { product_version: 'fedora-44', contexts: ['c'], nvrs: ['a-1-1'], alias: 'FEDORA-1' },
    signal,
  );
  expect(http.asked[0]).toMatchObject({ method: 'POST', url: 'http://greenwave.test/api/v1.0/decision' });
  expect(JSON.parse(http.asked[0]?.body ?? '')).toEqual({
    product_version: 'fedora-44',
    decision_context: ['c'],
    subject: [
      { item: 'a-1-1', type: 'koji_build' },
      { item: 'FEDORA-1', type: 'bodhi_update' },
    ],
    verbose: false,
  });
});

test.each([
  ['test-result-failed', 'TEST_FAILED', 'rejected', 'ci'],
  ['invalid-gating-yaml', 'GATING_YAML_BROKEN', 'prober', 'own'],
  ['failed-fetch-gating-yaml', 'GATING_YAML_NOT_FETCHED', 'rejected', 'greenwave'],
] as const)('%s is %s', (type, code, kind, system) => {
  expect(refusedFault('x', [{ type, testcase: 't', running: false }])).toMatchObject({ code, kind, system });
});

test.each([
  [502, '{"message": "Got unexpected status code 502"}', 'unavailable', 'API_UNAVAILABLE'],
  [404, '{"message": "Found no applicable policies"}', 'rejected', 'API_NOT_FOUND'],
  [400, '{"message": "Missing required product version"}', 'unexpected', 'API_QUESTION_REFUSED'],
  [200, '<html>hello</html>', 'malformed', 'API_MALFORMED'],
  [200, '[]', 'malformed', 'API_MALFORMED'],
  [200, '{"policies_satisfied": "yes"}', 'unexpected', 'API_UNKNOWN_FORM'],
] as const)('HTTP %d %s is %s', async (status, body, kind, code) => {
  const http = cannedHttp(() => ({ status, body }));
  const asked = greenwave({ http, url: 'http://g.test' }).decide(
    { product_version: 'p', contexts: ['c'], nvrs: ['a-1-1'] },
    signal,
  );
  await expect(asked).rejects.toMatchObject({ kind, code });
});

test.each([
  [['a-1-1'], false],
  [['a-1-1', 'FEDORA-1'], false],
  [[], false],
  [['b-1-1'], true],
  [['a-1-1', 'b-1-1'], true],
] as const)('a decision that speaks of %j is one on something else: %s', (about, isOther) => {
  const question = { product_version: 'p', contexts: ['c'], nvrs: ['a-1-1'], alias: 'FEDORA-1' };
  const act = () =>
    assertOn(question, {
      satisfied: true,
      summary: '',
      unsatisfied: [],
      waived: false,
      requirements: 1,
      about,
    });
  if (isOther)
    expect(act).toThrow(expect.objectContaining({ code: 'DECISION_ON_ANOTHER', system: 'greenwave' }));
  else expect(act).not.toThrow();
});
