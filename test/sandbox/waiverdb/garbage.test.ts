import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenSystem } from '../../../src/sandbox/kit/kit.ts';
import { openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../../src/sandbox/kit/world.ts';
import { type OpenResultsdb, openResultsdb } from '../../../src/sandbox/resultsdb/open-resultsdb.ts';
import { openWaiverdb } from '../../../src/sandbox/waiverdb/open-waiverdb.ts';
import { handClock } from '../bodhi/hand-clock.ts';
import { anyBody, anyFields, anyJson, anyQuery, isUnstorable, RUNS } from '../resultsdb/garbage.ts';

let resultsdb: OpenResultsdb;
let waiverdb: OpenSystem;
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
  waiverdb = await openWaiverdb(kit, { resultsdbUrl: resultsdb.url });
  resultsdb.post({ outcome: 'FAILED', testcase: 't', data: { item: 'a-1-1.fc43', type: 'koji_build' } });
});

afterAll(async () => {
  await waiverdb.close();
  await resultsdb.close();
});

/** The status, of an answer that is in WaiverDB's own form; its 500 is a page of the server around it. */
async function statusOf(response: Response): Promise<number> {
  const { status } = response;
  const text = await response.text();
  expect(troubles).toEqual([]);
  if (status === 500 || text.includes('Request Line is too large')) {
    expect(text).toContain('<title>');
    return status;
  }
  if (status < 400) return status;
  expect(response.headers.get('content-type')).toBe('application/json');
  const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
  expect(Object.keys(body)).toHaveLength(1);
  expect(body['message'] !== undefined || Array.isArray(body['validation_error'])).toBe(true);
  return status;
}

function post(path: string, body: string, type = 'application/json', who = 'Bearer packprobe') {
  const headers = { 'content-type': type, authorization: who };
  return fetch(`${waiverdb.url}/api/v1.0${path}`, { method: 'POST', headers, body });
}

const WAIVER = {
  subject_type: 'koji_build',
  subject_identifier: 'a-1-1.fc43',
  testcase: 't',
  product_version: 'fedora-43',
  comment: 'c',
  waived: true,
  scenario: null,
};
const OLD = {
  subject: { type: 'koji_build', item: 'a-1-1.fc43' },
  testcase: 't',
  product_version: 'f',
  comment: 'c',
};
const BY_RESULT = { result_id: 1, product_version: 'fedora-43', comment: 'c' };

/** What the real one answers with a page: what its database refuses, and old subjects that nobody understands. */
function breaks(body: Readonly<Record<string, unknown>>): boolean {
  const long = (name: string, most: number) =>
    typeof body[name] === 'string' && (body[name] as string).length > most;
  return (
    isUnstorable(body) ||
    long('product_version', 200) ||
    long('username', 255) ||
    long('scenario', 255) ||
    (body['subject'] !== undefined && body['subject'] !== null)
  );
}

test.each([
  ['a waiver', WAIVER],
  ['an old subject', OLD],
  ['a result', BY_RESULT],
  ['somebody else', { ...WAIVER, username: 'other' }],
])('of %s with anything in its fields the server makes a waiver or refuses it', (_name, good) =>
  fc.assert(
    fc.asyncProperty(anyFields(good), fc.boolean(), async (body, isList) => {
      const status = await statusOf(await post('/waivers/', JSON.stringify(isList ? [body] : body)));
      expect([201, 400, 403, 503, ...(breaks(body) ? [500] : [])]).toContain(status);
    }),
    { ...RUNS, numRuns: 100 },
  ),
);

test('a body that is no JSON, or not said to be any, is refused before anybody asks who sends it', () =>
  fc.assert(
    fc.asyncProperty(
      anyBody,
      fc.constantFrom('', 'Basic', 'Bearer', 'Negotiate x', 'Basic %%%'),
      async ({ type, body }, who) => {
        const status = await statusOf(await post('/waivers/', body, type, who));
        expect([201, 400, 401, 415]).toContain(status);
      },
    ),
    RUNS,
  ));

test('questions for waivers are answered or refused', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/waivers/+filtered', '/waivers/+by-subjects-and-testcases'),
      anyFields({
        filters: [
          {
            subject_type: 'koji_build',
            subject_identifier: 'a-1-1.fc43',
            testcase: 't',
            since: '2026-11-01',
          },
        ],
        results: [{ subject: { type: 'koji_build', item: 'a-1-1.fc43' }, testcase: 't' }],
        include_obsolete: true,
        product_version: 'fedora-43',
      }),
      async (path, body) => {
        expect([200, 400]).toContain(await statusOf(await post(path, JSON.stringify(body))));
      },
    ),
    RUNS,
  ));

test('a question that is no object breaks the server as it breaks the real one, and nothing else', () =>
  fc.assert(
    fc.asyncProperty(anyJson, async (body) => {
      const status = await statusOf(await post('/waivers/+filtered', JSON.stringify(body)));
      expect(typeof body === 'object' && body !== null && !Array.isArray(body) ? 400 : 500).toBe(status);
    }),
    RUNS,
  ));

const NAMES = [
  'page',
  'limit',
  'since',
  'subject_type',
  'subject_identifier',
  'testcase',
  'scenario',
  'product_version',
  'username',
  'proxied_by',
  'include_obsolete',
  'callback',
];

test('any query is answered or refused', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom('waivers/', 'waivers/1', 'permissions', 'about'),
      anyQuery(NAMES),
      async (path, query) => {
        const status = await statusOf(await fetch(`${waiverdb.url}/api/v1.0/${path}?${query}`));
        expect([200, 400, 404, ...(/%00/.test(query) ? [500] : [])]).toContain(status);
      },
    ),
    RUNS,
  ));
