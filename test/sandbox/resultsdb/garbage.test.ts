import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../../src/sandbox/kit/world.ts';
import { type OpenResultsdb, openResultsdb } from '../../../src/sandbox/resultsdb/open-resultsdb.ts';
import { handClock } from '../bodhi/hand-clock.ts';
import { anyBody, anyFields, anyQuery, isUnstorable, RUNS } from './garbage.ts';

let resultsdb: OpenResultsdb;
const troubles: string[] = [];

beforeAll(async () => {
  const kit = openKit({
    clock: handClock(Date.UTC(2026, 10, 21)),
    world: defaultWorld(),
    dir: '/nowhere',
    seed: 'garbage',
    trouble: (where, error) => void troubles.push(`${where}: ${String(error)}`),
  });
  resultsdb = await openResultsdb(kit);
});

afterAll(() => resultsdb.close());

/** The status, of an answer that is in ResultsDB's own form. */
async function statusOf(response: Response): Promise<number> {
  const { status } = response;
  const text = await response.text();
  if (status === 415 || status === 405 || text.includes('Request Line is too large')) {
    expect(text).toContain('<title>');
    return status;
  }
  expect(response.headers.get('content-type')).toBe('application/json');
  const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (status >= 400) {
    expect(Object.keys(body)).toHaveLength(1);
    expect(typeof body['message'] === 'string' || Array.isArray(body['validation_error'])).toBe(true);
  }
  expect(troubles).toEqual([]);
  return status;
}

function post(path: string, body: string, type = 'application/json'): Promise<Response> {
  const headers = { 'content-type': type };
  return fetch(`${resultsdb.url}${path}`, { method: 'POST', headers, body });
}

const RESULT = {
  outcome: 'PASSED',
  testcase: { name: 'a.test', ref_url: 'https://example.test' },
  groups: ['11111111-1111-1111-1111-111111111111', { uuid: 'g', description: 'd' }],
  data: { item: 'a-1-1.fc43', type: ['koji_build'] },
  note: 'n',
  ref_url: 'https://example.test',
  submit_time: '2026-11-20T10:00:00.000000',
};

/** What Fedora's server has no own answer for: the database refuses it. */
function breaks(body: Readonly<Record<string, unknown>>): boolean {
  const text = (value: unknown) => value === undefined || value === null || typeof value === 'string';
  const { testcase, groups, submit_time } = body as {
    testcase?: unknown;
    groups?: unknown;
    submit_time?: unknown;
  };
  const named =
    typeof testcase === 'object' && testcase !== null ? (testcase as Record<string, unknown>) : {};
  const all = Array.isArray(groups) ? groups : [];
  return (
    isUnstorable(body) ||
    !text(named['name']) ||
    typeof (named['ref_url'] ?? '') === 'object' ||
    all.some((group) => {
      if (typeof group === 'string') return group.length > 36;
      if (typeof group !== 'object' || group === null || Array.isArray(group)) return true;
      return (
        Object.values(group).some((value) => !text(value)) ||
        String((group as { uuid?: unknown }).uuid).length > 36
      );
    }) ||
    (typeof submit_time === 'number' && !Number.isInteger(submit_time)) ||
    Math.abs(typeof submit_time === 'object' ? 0 : Number(submit_time)) > 1e19
  );
}

test('a result with anything in its fields is stored or refused, and breaks the server only where it would break the real one', () =>
  fc.assert(
    fc.asyncProperty(anyFields(RESULT), async (body) => {
      const status = await statusOf(await post('/api/v2.0/results', JSON.stringify(body)));
      expect([201, 400, ...(breaks(body) ? [500] : [])]).toContain(status);
    }),
    RUNS,
  ));

test('a body that is no JSON object, or not said to be one, is refused', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom('results', 'groups', 'testcases'),
      anyBody,
      async (path, { type, body }) => {
        const status = await statusOf(await post(`/api/v2.0/${path}`, body, type));
        expect([201, 400, 415, 500]).toContain(status);
      },
    ),
    RUNS,
  ));

const NAMES = [
  'page',
  'limit',
  'since',
  'outcome',
  'groups',
  'testcases',
  'testcases:like',
  '_sort',
  '_distinct_on',
  'item',
  'item:like',
  'uuid',
  'description',
  'description:like',
  'name',
  'name:like',
];

test('any query is answered or refused', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        'results',
        'results/latest',
        'groups',
        'testcases',
        'testcases/a.test/results',
        'groups/g/results',
      ),
      anyQuery(NAMES),
      async (path, query) => {
        const status = await statusOf(await fetch(`${resultsdb.url}/api/v2.0/${path}?${query}`));
        expect([200, 400, 404]).toContain(status);
      },
    ),
    RUNS,
  ));
