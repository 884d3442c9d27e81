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

  test.each<[unknown, number, string]>([
    [1_763_632_800_123, 201, '2025-11-20T10:00:00.123000'],
    ['1763632800123', 201, '2025-11-20T10:00:00.123000'],
    [true, 201, '1970-01-01T00:00:00.001000'],
    [1.5, 500, 'Internal Server Error'],
    [1e20, 500, 'Internal Server Error'],
    [1e17, 400, 'Value error, year 3170843 is out of range'],
    [-62_135_596_801_000, 400, 'Value error, year 0 is out of range'],
    [1e16, 400, 'Value error, year 318857 is out of range'],
    [
      '10000000000000000',
      400,
      "Value error, Expected timestamp in milliseconds or datetime (in format YYYY-MM-DDTHH:MM:SS.ffffff), got '10000000000000000'",
    ],
    [
      '0000-01-01T00:00:00.0',
      400,
      "Value error, Expected timestamp in milliseconds or datetime (in format YYYY-MM-DDTHH:MM:SS.ffffff), got '0000-01-01T00:00:00.0'",
    ],
  ])('a submit_time of %j is %i, %s', async (submit_time, status, said) => {
    await using world = await gatingWorld();
    const response = await fetch(`${world.resultsdb.url}/api/v2.0/results`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ outcome: 'INFO', testcase: 't', submit_time }),
    });
    const body = (await response.json()) as {
      submit_time?: string;
      message?: string;
      validation_error?: { msg: string }[];
    };
    expect(response.status).toBe(status);
    expect(body.submit_time ?? body.message ?? body.validation_error?.[0]?.msg).toBe(said);
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
