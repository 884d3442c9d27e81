import { describe, expect, test } from 'vitest';
import { gatingWorld, TEST } from './gating-world.ts';

const GOOD = 'dummy-test-package-gloster-0-12.fc44';
const BAD = 'dummy-test-package-waive-0-3.fc44';

interface Result {
  readonly outcome: string;
  readonly testcase: { readonly name: string };
  readonly data: Readonly<Record<string, readonly string[]>>;
  readonly ref_url: string;
  readonly submit_time: string;
}

async function started() {
  const world = await gatingWorld();
  const results = world.messages('resultsdb.result.new');
  return Object.assign(world, { results });
}

describe('Fedora CI', () => {
  test('an announced build is queued, runs, ends, and each state is stored in that order', async () => {
    await using world = await started();
    world.announce(GOOD);
    await world.kit.settled();
    const outcomes: string[] = [];
    for (const _state of [1, 2, 3]) outcomes.push(await drain(world));
    expect(outcomes).toEqual(['QUEUED', 'RUNNING', 'PASSED']);
    const topics = world.kit.archive.map(({ topic }) => topic).filter((topic) => topic.includes('.ci.'));
    expect(topics).toEqual(
      ['queued', 'running', 'complete'].map((state) => `org.centos.sandbox.ci.koji-build.test.${state}`),
    );
    const truth = world.kit.truthOf(GOOD);
    const order = [truth.ci_queued, truth.ci_running, truth.ci_complete, truth.result];
    expect(order).toEqual([...order].sort((a, b) => Number(a) - Number(b)));
    expect(truth.result).toBeGreaterThan(truth.ci_complete ?? Number.POSITIVE_INFINITY);
    expect(world.trouble).toEqual([]);
  });

  test('every delay stays within its bounds', async () => {
    await using world = await started();
    const announced = world.clock.now();
    world.announce(GOOD);
    await world.kit.settled();
    for (const _state of [1, 2, 3]) await drain(world);
    const { ci_queued = 0, ci_running = 0, ci_complete = 0, result = 0 } = world.kit.truthOf(GOOD);
    const within = (ms: number, least: number, most: number) => ms >= least * 1000 && ms <= most * 1000;
    expect(within(ci_queued - announced, 20, 90)).toBe(true);
    expect(within(ci_running - ci_queued, 30, 180)).toBe(true);
    expect(within(ci_complete - ci_running, 720, 1320)).toBe(true);
    expect(within(result - ci_complete, 5, 30.001)).toBe(true);
  });

  test('a package whose test always fails is stored as FAILED under the test case of its gating.yaml', async () => {
    await using world = await started();
    world.announce(BAD);
    await world.kit.settled();
    const last = await lastOf(world, 3);
    expect(last.outcome).toBe('FAILED');
    expect(last.testcase.name).toBe(TEST);
    expect(last.data).toMatchObject({ item: [BAD], type: ['koji_build'], scratch: ['False'] });
  });

  test('a rerun has another address but the same pipeline', async () => {
    await using world = await started();
    for (const again of [false, true]) {
      world.announce(GOOD, again);
      await world.kit.settled();
      await lastOf(world, 3);
    }
    const complete = world.kit.archive.filter(({ topic }) => topic.endsWith('test.complete'));
    const bodies = complete.map(({ body }) => body as { run: { url: string }; pipeline: { id: string } });
    expect(new Set(bodies.map(({ run }) => run.url)).size).toBe(2);
    expect(new Set(bodies.map(({ pipeline }) => pipeline.id)).size).toBe(1);
  });

  test.each([
    ['ci.queue', 'never', []],
    ['ci.start', 'never', ['queued']],
    ['ci.run', 'never', ['queued', 'running']],
    ['ci.run', 'error', ['queued', 'running', 'error']],
    ['ci.run', 'needs_inspection', ['queued', 'running', 'complete']],
  ])('%s answered with %s ends after %j', async (point, answer, states) => {
    await using world = await started();
    world.fault({ rule: (asked) => (asked === point ? answer : undefined) });
    world.announce(GOOD);
    await world.kit.settled();
    for (const _state of states) await drain(world);
    const said = world.kit.archive.flatMap(({ topic }) => /koji-build\.test\.(\w+)$/.exec(topic)?.[1] ?? []);
    expect(said).toEqual(states);
    expect(world.clock.waiting).toBe(0);
  });

  test('an infrastructure failure is stored as CRASHED, not as a failed test', async () => {
    await using world = await started();
    world.fault({ rule: (point) => (point === 'ci.run' ? 'error' : undefined) });
    world.announce(GOOD);
    await world.kit.settled();
    expect((await lastOf(world, 3)).outcome).toBe('CRASHED');
    expect(world.kit.truthOf(GOOD).ci_complete).toBeUndefined();
  });

  test('a test that is run again after it failed is queued afresh and ends as it would have', async () => {
    await using world = await started();
    let asked = 0;
    world.fault({
      rule: (point) => {
        if (point !== 'ci.run') return undefined;
        asked += 1;
        return asked === 1 ? { result: 'failed', againMs: 60_000 } : undefined;
      },
    });
    world.announce(GOOD);
    await world.kit.settled();
    const outcomes: string[] = [];
    for (const _state of [1, 2, 3]) outcomes.push(await drain(world));
    world.clock.next();
    for (const _state of [1, 2, 3]) outcomes.push(await drain(world));
    expect(outcomes).toEqual(['QUEUED', 'RUNNING', 'FAILED', 'QUEUED', 'RUNNING', 'PASSED']);
    const runs = world.kit.archive.filter(({ topic }) => topic.endsWith('test.complete'));
    expect(new Set(runs.map(({ body }) => (body['run'] as { url: string }).url)).size).toBe(2);
  });

  test('a completion without a result says none, and is stored for somebody to inspect', async () => {
    await using world = await started();
    world.fault({ rule: (point) => (point === 'ci.run' ? 'none' : undefined) });
    world.announce(GOOD);
    await world.kit.settled();
    expect((await lastOf(world, 3)).outcome).toBe('NEEDS_INSPECTION');
    const [complete] = world.kit.archive.filter(({ topic }) => topic.endsWith('test.complete'));
    expect(complete?.body['test']).not.toHaveProperty('result');
  });

  test('a listener can store every result twice', async () => {
    await using world = await started();
    world.fault({ rule: (point) => (point === 'resultsdb.listen' ? 'twice' : undefined) });
    world.announce(GOOD);
    await world.kit.settled();
    const queued = await next(world);
    const again = (await world.results()).body as unknown as Result;
    expect([queued.outcome, again.outcome]).toEqual(['QUEUED', 'QUEUED']);
    expect(again.ref_url).toBe(queued.ref_url);
  });

  test('a listener can store a result for another build', async () => {
    await using world = await started();
    world.fault({ rule: (point) => (point === 'resultsdb.listen' ? { item: BAD } : undefined) });
    world.announce(GOOD);
    await world.kit.settled();
    expect((await next(world)).data['item']).toEqual([BAD]);
  });

  test('a listener that is down for the final result leaves RUNNING behind', async () => {
    await using world = await started();
    world.fault({ rule: (point) => (point === 'resultsdb.listen' ? 'never-final' : undefined) });
    world.announce(GOOD);
    await world.kit.settled();
    expect((await lastOf(world, 2)).outcome).toBe('RUNNING');
    world.clock.next();
    await world.kit.settled();
    expect(world.kit.truthOf(GOOD).ci_complete).toBe(world.clock.now());
    expect(world.clock.waiting).toBe(0);
    expect(world.kit.truthOf(GOOD).result).toBeUndefined();
  });
});

type Started = Awaited<ReturnType<typeof started>>;

/** Moves on until one more result is stored. What happens next is either a message of CI or the listener's post of one. */
async function next(world: Started): Promise<Result> {
  const said = () => world.kit.archive.filter(({ topic }) => topic.includes('.ci.')).length;
  for (;;) {
    const before = said();
    world.clock.next();
    await world.kit.settled();
    await new Promise(setImmediate);
    if (said() === before) return (await world.results()).body as unknown as Result;
  }
}

async function drain(world: Started): Promise<string> {
  return (await next(world)).outcome;
}

async function lastOf(world: Started, count: number): Promise<Result> {
  let last = await next(world);
  for (let i = 1; i < count; i++) last = await next(world);
  return last;
}
