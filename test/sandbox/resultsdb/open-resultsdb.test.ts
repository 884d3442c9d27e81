import { describe, expect, test } from 'vitest';
import { gatingWorld } from '../ci/gating-world.ts';

async function read(
  url: string,
): Promise<{ data: { id: number }[]; next: string | null; prev: string | null }> {
  const response = await fetch(url);
  return (await response.json()) as { data: { id: number }[]; next: string | null; prev: string | null };
}

describe('ResultsDB', () => {
  test('two results of one instant still have an order: the later posted is the newer', async () => {
    await using world = await gatingWorld();
    const [queued, passed] = ['QUEUED', 'PASSED'].map((outcome) =>
      world.resultsdb.post({ outcome, testcase: 't', data: { item: 'n-1-1.fc44', type: 'koji_build' } }),
    );
    expect(String(passed?.submit_time) > String(queued?.submit_time)).toBe(true);
    const { data } = await read(`${world.resultsdb.url}/api/v2.0/results/latest?item=n-1-1.fc44`);
    expect(data.map(({ id }) => id)).toEqual([passed?.id]);
  });

  test('only a final result of a build is the truth, at its own submit_time', async () => {
    await using world = await gatingWorld();
    const post = (outcome: string, item: string, type: string) =>
      world.resultsdb.post({ outcome, testcase: 't', data: { item, type } });
    post('RUNNING', 'n-1-1.fc44', 'koji_build');
    post('PASSED', 'FEDORA-2026-1', 'bodhi_update');
    expect(world.kit.truthOf('n-1-1.fc44').result).toBeUndefined();
    expect(world.kit.truthOf('FEDORA-2026-1').result).toBeUndefined();
    const { submit_time } = post('FAILED', 'n-1-1.fc44', 'koji_build');
    expect(world.kit.truthOf('n-1-1.fc44').result).toBeCloseTo(Date.parse(`${submit_time}Z`), -1);
  });

  test('a result goes onto the bus as the API shows it', async () => {
    await using world = await gatingWorld();
    const arrived = world.messages('resultsdb.result.new');
    const posted = world.resultsdb.post({ outcome: 'passed', testcase: 't', data: { n: 5 } });
    expect((await arrived()).body).toEqual(posted);
    expect(posted).toMatchObject({ outcome: 'PASSED', data: { n: ['5'] } });
  });

  test('pages count from 0 and know of the next by looking one row further', async () => {
    await using world = await gatingWorld();
    for (let i = 0; i < 5; i++) world.resultsdb.post({ outcome: 'INFO', testcase: 't', data: { item: 'x' } });
    const root = `${world.resultsdb.url}/api/v2.0/results?item=x&limit=2`;
    const first = await read(root);
    expect(first.data.map(({ id }) => id)).toEqual([5, 4]);
    expect([first.prev, first.next]).toEqual([null, `${root}&page=1`]);
    const last = await read(`${root}&page=2`);
    expect(last.data.map(({ id }) => id)).toEqual([1]);
    expect([last.prev, last.next]).toEqual([`${root}&page=1`, null]);
    expect(await read(`${world.resultsdb.url}/api/v2.0/results?item=x&limit=0`)).toMatchObject({
      data: [],
      next: `${world.resultsdb.url}/api/v2.0/results?item=x&limit=0&page=1`,
    });
  });

  test('the root says 300, and a refused method is a page', async () => {
    await using world = await gatingWorld();
    const root = await fetch(`${world.resultsdb.url}/api/v2.0/`);
    expect([root.status, await root.json()]).toMatchObject([
      300,
      { outcomes: expect.arrayContaining(['CRASHED']) },
    ]);
    const refused = await fetch(`${world.resultsdb.url}/api/v2.0/results`, { method: 'DELETE' });
    expect([refused.status, refused.headers.get('content-type')]).toEqual([405, 'text/html; charset=utf-8']);
    expect(await refused.text()).toContain('<title>405 Method Not Allowed</title>');
  });
});
