import { describe, expect, test } from 'vitest';
import { gatingWorld, TEST } from '../ci/gating-world.ts';

const NVR = 'dummy-test-package-waive-0-3.fc44';
const HOUR = 3_600_000;

type World = Awaited<ReturnType<typeof gatingWorld>>;

function report(world: World, outcome: string, more: object = {}): void {
  world.resultsdb.post({ outcome, testcase: TEST, data: { item: NVR, type: 'koji_build', ...more } });
}

async function waiver(world: World, waived = true): Promise<void> {
  const arrived = world.messages('waiverdb.waiver.new');
  const response = await fetch(`${world.waiverdb.url}/api/v1.0/waivers/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer packprobe' },
    body: JSON.stringify({
      subject_type: 'koji_build',
      subject_identifier: NVR,
      testcase: TEST,
      product_version: 'fedora-44',
      comment: 'known',
      waived,
    }),
  });
  expect(response.status).toBe(201);
  await arrived();
}

/** The truth is written a few answers of ResultsDB and WaiverDB after the result. */
async function settles(read: () => unknown): Promise<void> {
  for (let i = 0; i < 500 && read() === undefined; i++) await new Promise(setImmediate);
}

describe('Greenwave', () => {
  test('the truth of a decision begins with the waiver that unblocks it, not with the failed result', async () => {
    await using world = await gatingWorld();
    report(world, 'FAILED');
    expect((await world.decision(NVR)).body['policies_satisfied']).toBe(false);
    expect(world.kit.truthOf(NVR).decision).toBeUndefined();
    world.clock.advance(60_000);
    await waiver(world);
    await settles(() => world.kit.truthOf(NVR).decision);
    const truth = world.kit.truthOf(NVR);
    expect(truth.decision).toBe(truth.waiver);
    expect((await world.decision(NVR)).body['policies_satisfied']).toBe(true);
  });

  test('knowing the truth does not fill the cache that decisions are made from', async () => {
    await using world = await gatingWorld();
    report(world, 'PASSED', { system_architecture: 'x86_64' });
    await settles(() => world.kit.truthOf(NVR).decision);
    report(world, 'FAILED', { system_architecture: 'aarch64' });
    expect((await world.decision(NVR)).body['policies_satisfied']).toBe(false);
  });

  test('a failure behind a cached pass is seen after an hour', async () => {
    await using world = await gatingWorld();
    report(world, 'PASSED');
    expect((await world.decision(NVR)).body['policies_satisfied']).toBe(true);
    world.clock.advance(60_000);
    report(world, 'FAILED');
    expect((await world.decision(NVR)).body['policies_satisfied']).toBe(true);
    expect((await world.decision(NVR, { verbose: true })).body['policies_satisfied']).toBe(false);
    world.clock.advance(HOUR);
    expect((await world.decision(NVR)).body['policies_satisfied']).toBe(false);
  });

  test('an open gate says yes to a failed test', async () => {
    await using world = await gatingWorld();
    report(world, 'FAILED');
    world.fault({ rule: (point) => (point === 'greenwave.decide' ? 'open' : undefined) });
    expect((await world.decision(NVR)).body).toMatchObject({
      policies_satisfied: true,
      unsatisfied_requirements: [],
    });
  });

  test('a ResultsDB that refuses a question makes it 502 at once, in the words of that answer', async () => {
    await using world = await gatingWorld();
    world.fault({
      wire: (system) =>
        system === 'resultsdb'
          ? { answer: { status: 403, contentType: 'text/html', body: 'go away' } }
          : undefined,
    });
    const { status, body } = await world.decision(NVR);
    expect(status).toBe(502);
    expect(body['message']).toBe(
      `Got unexpected status code 403 for ${world.resultsdb.url}/api/v2.0/results/latest?item=${NVR}&type=koji_build%2Cbrew-build&_distinct_on=scenario%2Csystem_architecture%2Csystem_variant&testcases=${TEST}: go away`,
    );
  });

  test('a WaiverDB that is broken is asked four times before it is 502', async () => {
    await using world = await gatingWorld();
    let asked = 0;
    world.fault({
      wire(system) {
        if (system !== 'waiverdb') return undefined;
        asked += 1;
        return { answer: { status: 503, contentType: 'text/html', body: 'broken' } };
      },
    });
    const answer = world.decision(NVR);
    for (const tries of [3, 4]) {
      while (world.clock.waiting === 0) await new Promise(setImmediate);
      expect(asked).toBe(tries - 1);
      world.clock.next();
    }
    const { status, body } = await answer;
    expect([status, asked]).toEqual([502, 4]);
    expect(body['message']).toContain("(Caused by ResponseError('too many 503 error responses'))");
  });

  test.each([
    ['koji', 'Unexpected error while fetching remote policies'],
    [
      'dist-git',
      'Got unexpected status code 403 for https://src.fedoraproject.org/rpms/dummy-test-package-waive/raw/',
    ],
  ])('a fault on the wire of %s reaches the decision', async (broken, message) => {
    await using world = await gatingWorld();
    world.fault({
      wire: (system) =>
        system === broken ? { answer: { status: 403, contentType: 'text/html', body: 'broken' } } : undefined,
    });
    const { status, body } = await world.decision(NVR);
    expect(status).toBe(502);
    expect(body['message']).toContain(message);
  });

  test.each([
    ['/', 200, 'application/json'],
    ['/api/v1.0', 308, 'text/html; charset=utf-8'],
    ['/api/v1.0/', 200, 'application/json'],
    ['/api/v1.0/about', 200, 'application/json'],
    ['/api/v1.0/version', 302, 'text/html; charset=utf-8'],
    ['/api/v1.0/policies', 200, 'application/json'],
    ['/api/v1.0/subject_types', 200, 'application/json'],
    ['/healthcheck', 200, 'text/plain'],
  ])('GET %s is %i', async (path, status, type) => {
    await using world = await gatingWorld();
    const answer = await fetch(world.greenwave.url + path, { redirect: 'manual' });
    await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, type]);
  });
});
