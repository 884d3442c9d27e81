import { describe, expect, test } from 'vitest';
import {
  type BodhiRelease,
  type BodhiUpdate,
  bodhi,
  chooseRelease,
  gatingComments,
  releaseOf,
  updateState,
  updateSubject,
} from '../../src/clients/bodhi.ts';
import { eventsOf } from '../../src/core/event.ts';
import { exchanges, fakeHub } from '../support/fake-hub.ts';
import { reportOf } from '../support/reports.ts';
import { cannedHttp, stepContext } from '../support/step-context.ts';

const signal = new AbortController().signal;
const recordedReleases = exchanges('bodhi/releases').find(
  ({ request }) => request.path === '/releases/?exclude_archived=1',
)?.response.body as { releases: BodhiRelease[] };

const recordedUpdates = exchanges('bodhi/lifecycle-composed')
  .filter(({ request }) => request.method === 'GET' && /^\/updates\/FEDORA-[^/]+$/.test(request.path))
  .map(({ response }) => (response.body as { update: BodhiUpdate }).update);

describe('releases', () => {
  test('`stable` is the newest current release that Bodhi composes, not the newest EPEL', () => {
    expect(chooseRelease(recordedReleases.releases, 'stable').name).toBe('F43');
  });

  test('`rawhide` is the release whose updates Bodhi makes by itself', () => {
    expect(chooseRelease(recordedReleases.releases, 'rawhide').name).toBe('F45');
  });

  test('a branch is found by its name, and not its flatpaks', () => {
    const f43 = chooseRelease(recordedReleases.releases, 'f43');
    const flatpaks = { ...f43, name: 'F43F', long_name: 'Fedora 43 Flatpaks' };
    expect(chooseRelease([flatpaks, ...recordedReleases.releases], 'f43').name).toBe('F43');
    expect(chooseRelease([flatpaks, ...recordedReleases.releases], 'stable').name).toBe('F43');
  });

  test('an unknown branch is a fault of the probe that names the known ones', () => {
    expect(() => chooseRelease(recordedReleases.releases, 'f99')).toThrow(/no release for branch f99/);
  });

  test('the release of a run is asked from Bodhi and Koji, nothing is constructed', async () => {
    const hub = fakeHub((_method, [name]) =>
      name === 'f43-candidate'
        ? { name: 'f43-candidate', build_tag_name: 'f43-build', dest_tag_name: 'f43-updates-candidate' }
        : null,
    );
    const http = cannedHttp((request) =>
      request.url.includes('kojihub')
        ? hub(request)
        : { body: JSON.stringify({ ...recordedReleases, pages: 1 }) },
    );
    expect(await releaseOf(stepContext({ dir: '/nowhere', http }))).toEqual({
      name: 'F43',
      long_name: 'Fedora 43',
      version: '43',
      branch: 'f43',
      dist_tag: 'f43',
      target: 'f43-candidate',
      product_version: 'fedora-43',
      composed_by_bodhi: true,
      candidate_tag: 'f43-updates-candidate',
      pending_signing_tag: 'f43-signing-pending',
      pending_testing_tag: 'f43-updates-testing-pending',
      testing_tag: 'f43-updates-testing',
      stable_tag: 'f43-updates',
    });
  });
});

test('updates are walked through all pages, each once', async () => {
  const [first] = recordedUpdates;
  const http = cannedHttp(({ url }) => {
    const page = new URL(url).searchParams.get('page');
    const aliases = page === '1' ? ['FEDORA-1', 'FEDORA-2'] : ['FEDORA-2', 'FEDORA-3'];
    return { body: JSON.stringify({ updates: aliases.map((alias) => ({ ...first, alias })), pages: 2 }) };
  });
  const updates = await bodhi({ http, url: 'http://bodhi.test/' }).updatesWith(['a-1-1', 'b-1-1'], signal);
  expect(updates.map(({ alias }) => alias)).toEqual(['FEDORA-1', 'FEDORA-2', 'FEDORA-3']);
  expect(http.asked[0]?.url).toContain('http://bodhi.test/updates/?builds=a-1-1,b-1-1&');
});

test('the comments of a recorded update tell its gating history', () => {
  const last = recordedUpdates.at(-1);
  if (last === undefined) return expect.fail('nothing recorded');
  expect(gatingComments(last).map(({ status }) => status)).toEqual(
    expect.arrayContaining(['waiting', 'failed', 'passed']),
  );
});

test('of two gating comments in one second the one with the higher number counts', () => {
  const subject = updateSubject('FEDORA-1');
  const events = eventsOf([
    reportOf(subject, 'gating:passed#15'),
    reportOf(subject, 'gating:waiting#14'),
    reportOf(subject, 'status:pending'),
  ]);
  expect(updateState(events)).toMatchObject({ status: 'pending', gating: 'passed', comment: 15 });
});

test('a walk through pages ends at an empty one, whatever number of them is claimed', async () => {
  const http = cannedHttp(() => ({ body: JSON.stringify({ updates: [], pages: 1_000_000_000 }) }));
  expect(await bodhi({ http, url: 'http://bodhi.test' }).updates(['FEDORA-1'], signal)).toEqual([]);
  expect(http.asked).toHaveLength(1);
});
