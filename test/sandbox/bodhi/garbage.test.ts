import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anyBody, anyFields, anyQuery, RUNS } from '../resultsdb/garbage.ts';
import { type Answer, type Browser, loggedIn } from './browser.ts';
import { type House, openHouse } from './house.ts';

const NVR = 'a-1-1.fc43';

let house: House;
let packager: Browser;
let admin: Browser;
let alias: string;

beforeAll(async () => {
  house = await openHouse();
  for (const nvr of [NVR, 'b-1-1.fc43']) house.koji.add(nvr, { tags: ['f43-updates-candidate'] });
  const { users } = house.kit.world;
  packager = await loggedIn(house.bodhi);
  admin = await loggedIn(
    house.bodhi,
    users.find(({ name }) => name === 'releng1'),
  );
  const made = await packager.post('/updates/', { builds: 'b-1-1.fc43', type: 'bugfix', notes: 'first' });
  alias = made.body.alias;
});

afterAll(() => house[Symbol.asyncDispose]());

/** An answer is Bodhi's own: an object, or a list of errors that each say where, what and why. */
function assertOwn({ status, headers, body }: Answer): void {
  expect(house.troubles).toEqual([]);
  const type = headers.get('content-type');
  if (type?.startsWith('text/html') || type?.startsWith('text/plain')) return;
  expect(type).toBe('application/json');
  if (status < 400 || status === 405) return;
  expect(Object.keys(body)).toEqual(['status', 'errors']);
  expect(body.status).toBe('error');
  expect(body.errors.length).toBeGreaterThan(0);
  for (const error of body.errors) {
    expect(Object.keys(error)).toEqual(['location', 'name', 'description']);
    expect(typeof error.description).toBe('string');
  }
}

const UPDATE = {
  builds: NVR,
  bugs: '1,2',
  type: 'bugfix',
  notes: 'notes',
  severity: 'low',
  suggest: 'reboot',
  autokarma: 'False',
  autotime: true,
  stable_karma: '3',
  unstable_karma: -3,
  stable_days: '7',
  display_name: '',
  from_tag: null,
  edited: '',
  close_bugs: 'True',
};
const RELEASE = {
  name: 'F43',
  long_name: 'Fedora 43',
  version: '43',
  id_prefix: 'FEDORA',
  branch: 'f43',
  dist_tag: 'f43',
  stable_tag: 'f43-updates',
  testing_tag: 'f43-updates-testing',
  candidate_tag: 'f43-updates-candidate',
  state: 'current',
  edited: 'F43',
};
const PROTECTED: Readonly<
  Record<string, { good: Record<string, unknown>; who: () => Browser; codes: readonly number[] }>
> = {
  '/updates/': { good: UPDATE, who: () => packager, codes: [200, 400] },
  '/updates/ALIAS/request': { good: { request: 'testing' }, who: () => packager, codes: [200, 400] },
  '/updates/ALIAS/waive-test-results': {
    good: { comment: 'c', tests: ['t'] },
    who: () => packager,
    codes: [200, 400],
  },
  '/updates/ALIAS/trigger-tests': { good: {}, who: () => packager, codes: [400] },
  '/comments/': {
    good: { update: 'ALIAS', text: 'a comment', karma: '1', karma_critpath: 0 },
    who: () => packager,
    codes: [200, 400, 404],
  },
  '/overrides/': {
    good: { nvr: NVR, notes: 'notes', expiration_date: '2026-11-25', expired: 'False', edited: null },
    who: () => packager,
    codes: [200, 400],
  },
  // A name that is there already is an error of the database.
  '/releases/': { good: RELEASE, who: () => admin, codes: [200, 400, 500] },
};

test.each(Object.entries(PROTECTED))(
  'anything in the fields of a POST to %s is taken or refused',
  (path, { good, who, codes }) =>
    fc.assert(
      fc.asyncProperty(anyFields(good), fc.boolean(), async (fields, asForm) => {
        const browser = who();
        const token = fields['csrf'] ?? browser.csrfToken;
        const sent = JSON.parse(JSON.stringify({ ...fields, csrf_token: token }).replaceAll('ALIAS', alias));
        const form = () => {
          const pairs = new URLSearchParams();
          for (const [name, value] of Object.entries(sent)) {
            for (const one of [value].flat()) pairs.append(name, typeof one === 'object' ? '' : String(one));
          }
          return pairs.toString();
        };
        const answer = await browser.request('POST', path.replace('ALIAS', alias), {
          headers: { 'content-type': asForm ? 'application/x-www-form-urlencoded' : 'application/json' },
          body: asForm ? form() : JSON.stringify(sent),
        });
        assertOwn(answer);
        expect(codes).toContain(answer.status);
        if (answer.status === 500) expect(answer.body.errors[0].name).toBe('IntegrityError');
      }),
      { ...RUNS, numRuns: 80 },
    ),
);

test('a body that is not what it says to be is refused', () =>
  fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(PROTECTED)), anyBody, async (path, { type, body }) => {
      const answer = await packager.request('POST', path.replace('ALIAS', alias), {
        headers: { 'content-type': type },
        body,
      });
      assertOwn(answer);
      expect([400, 403]).toContain(answer.status);
    }),
    RUNS,
  ));

const NAMES = [
  'page',
  'rows_per_page',
  'status',
  'releases',
  'release',
  'builds',
  'packages',
  'alias',
  'bugs',
  'search',
  'like',
  'locked',
  'submitted_since',
  'pushed_before',
  'user',
  'gating',
  'ids',
  'name',
  'state',
  'exclude_archived',
  'expired',
  'nvr',
  'updates',
  'ignore_user',
  'since',
  'tag',
  'testing',
  'package',
  'contains_builds',
  'components',
  'callback',
];
const READ = [
  '/updates/',
  '/releases/',
  '/builds/',
  '/comments/',
  '/overrides/',
  '/packages/',
  '/users/',
  '/composes/',
  '/latest_candidates',
  '/latest_builds',
  '/latest_builds_in_tag',
  '/get_sidetags',
  '/get_critpath_components',
  '/rss/updates/',
];

test('any query is answered or refused', () =>
  fc.assert(
    fc.asyncProperty(fc.constantFrom(...READ), anyQuery(NAMES), async (path, query) => {
      const answer = await packager.get(`${path}?${query}`);
      if (answer.headers.get('content-type')?.startsWith('application/rss')) return;
      assertOwn(answer);
      // A tag that Koji does not know is an exception of the real one.
      expect([200, 400, ...(path === '/latest_builds_in_tag' ? [500] : [])]).toContain(answer.status);
    }),
    RUNS,
  ));

test.each(['__proto__', 'constructor', 'toString'])('a release of the name %s is refused', async (word) => {
  const { status, body } = await packager.get(`/updates/?releases=${word}`);
  expect([status, body.errors?.[0]?.description]).toEqual([400, `Invalid releases specified: ${word}`]);
});

test('any method at any address is answered', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
      fc.constantFrom(
        ...READ,
        '/updates/ALIAS',
        '/updates/%00',
        '/updates/%zz',
        '/builds/%2e%2e',
        '/comments/x',
        '/nothing',
        '/',
      ),
      async (method, path) => {
        const answer = await packager.request(method, path.replace('ALIAS', alias));
        if (answer.headers.get('content-type')?.startsWith('application/rss')) return;
        expect(house.troubles).toEqual([]);
        expect(answer.status).toBeLessThan(500);
      },
    ),
    RUNS,
  ));
