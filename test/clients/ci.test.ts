import { describe, expect, test } from 'vitest';
import { ciNews, ciStateOf, ciTopics, progressOf } from '../../src/clients/ci.ts';
import { buildSubject } from '../../src/clients/koji.ts';
import { eventsOf, type Report } from '../../src/core/event.ts';
import { reportOf } from '../support/reports.ts';

const TEST = 'fedora-ci.koji-build.tier0.functional';
const build = buildSubject('a-1-1');

// Derived from the message schema of Fedora CI (version 1.1.14).
const body = {
  artifact: { type: 'koji-build', id: 80860894, nvr: 'x-1.0-5.fc44', scratch: false },
  pipeline: { id: 'abc', name: 'tier0' },
  run: { url: 'https://ci.test/job/123/' },
  test: { category: 'functional', namespace: 'fedora-ci.koji-build', type: 'tier0', result: 'passed' },
  version: '1.1.14',
};

test('staging CI speaks under two names', () => {
  expect(ciTopics('org.fedoraproject.prod')).toHaveLength(4);
  expect(ciTopics('org.fedoraproject.stg')).toContain('org.centos.stage.ci.koji-build.test.queued');
  expect(ciStateOf('org.centos.prod.ci.koji-build.test.running')).toBe('running');
  expect(ciStateOf('org.centos.prod.ci.dist-git-pr.test.running')).toBeUndefined();
});

test('a complete message is news of its build, with result and run', () => {
  expect(ciNews('complete', body, { earliest: 1000, latest: 1999 })).toEqual({
    subject: { kind: 'build', key: 'x-1.0-5.fc44' },
    fact: `ci-complete:${TEST}:https://ci.test/job/123/`,
    earliest: 1000,
    latest: 1999,
    system: 'ci',
    phase: 'ended',
    data: { state: 'complete', test: TEST, run: 'https://ci.test/job/123/', result: 'passed' },
  });
});

test('an error message brings its reason, and what it calls a result is none', () => {
  const news = ciNews(
    'error',
    { ...body, error: { reason: 'Infrastructure Failure' } },
    { earliest: 0, latest: 0 },
  );
  expect(news?.data).toMatchObject({ state: 'error', reason: 'Infrastructure Failure' });
  expect(news?.data).not.toHaveProperty('result');
});

test.each([
  ['a scratch build', { ...body, artifact: { ...body.artifact, scratch: true } }],
  ['a body of something else', { hello: 'world' }],
  ['no object', 'text'],
])('%s is no news', (_what, given) => {
  expect(ciNews('queued', given, { earliest: 0, latest: 0 })).toBeUndefined();
});

describe('how far a test has come', () => {
  const ci = (state: string, at: number, { test = TEST, run = 'r1', ...rest } = {}): Report =>
    reportOf(build, `ci-${state}:${test}:${run}`, { at, data: { state, test, run, ...rest } });
  const result = (id: number, outcome: string, at: number, variant = '//'): Report =>
    reportOf(build, `result:${id}`, { at, data: { id, outcome, testcase: TEST, variant, ref_url: null } });
  const progress = (...reports: Report[]) => progressOf(eventsOf(reports), TEST);

  test.each([
    ['nothing', []],
    ['queued', [ci('queued', 1)]],
    ['running', [ci('queued', 1), ci('running', 2)]],
    ['running', [ci('running', 2)]],
    ['complete', [ci('complete', 3)]],
    ['complete', [ci('running', 5), ci('complete', 3)]],
    ['queued', [result(1, 'QUEUED', 1)]],
    ['running', [result(1, 'QUEUED', 1), result(2, 'RUNNING', 2)]],
    ['complete', [result(1, 'QUEUED', 1), result(3, 'FAILED', 3)]],
    ['running', [result(1, 'PASSED', 1), result(2, 'RUNNING', 2)]],
    ['running', [result(1, 'PASSED', 1, 's1//'), result(2, 'RUNNING', 2, 's2//')]],
    [
      'running',
      [ci('complete', 1, { test: `${TEST}/scenario=a` }), ci('running', 2, { test: `${TEST}/scenario=b` })],
    ],
  ] as const)('%s after %j', (reached, reports) => {
    expect(progress(...reports).reached).toBe(reached);
  });

  test('other tests of the build say nothing about it', () => {
    expect(
      progress(ci('complete', 1, { test: 'fedora-ci.koji-build.rpminspect.static-analysis' })).reached,
    ).toBe('nothing');
  });

  test('an error stands until another run begins, or a result comes all the same', () => {
    const error = ci('error', 2, { reason: 'Infrastructure Failure' } as object);
    expect(progress(ci('running', 1), error).error).toBe('Infrastructure Failure');
    expect(progress(error, ci('queued', 3, { run: 'r2' })).error).toBeUndefined();
    expect(progress(error, result(9, 'PASSED', 3)).error).toBeUndefined();
  });
});
