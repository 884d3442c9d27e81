import { afterEach, describe, expect, test } from 'vitest';
import type { NewDue } from '../../src/core/schedule.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { fakeDues } from '../support/fake-dues.ts';
import {
  limitsOf,
  type ScheduleWorld,
  scheduleWorld,
  site,
  type WorldWish,
} from '../support/schedule-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 10, 17, 8, 0, 0);

/** Due at full hours and so on: nothing is spread. */
const every = (text: string, more: Record<string, unknown> = {}) => ({
  schedule: { every: text, jitter: '0s', ...more },
});

const worlds: ScheduleWorld[] = [];

async function open(wish: WorldWish): Promise<ScheduleWorld> {
  const world = await scheduleWorld(wish);
  worlds.push(world);
  return world;
}

afterEach(async () => {
  const all = worlds.splice(0);
  for (const world of all) await world.kill();
  expect(all.map(({ clock }) => clock.waiting)).toEqual(all.map(() => 0));
});

const asked = (probe: string, due_at: number, cause: NewDue['cause'] = 'request'): NewDue => ({
  scope: 'staging',
  environment: 'staging',
  probe,
  due_at,
  cause,
  by: 'ann',
});

describe('due times', () => {
  test('each is started when it comes, not before and not again', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: every('1h') })], lastsMs: MINUTE });
    await world.clock.advance(HOUR - 1);
    expect(world.runs).toEqual([]);
    await world.clock.advance(1);
    expect(world.started()).toEqual(['a']);
    await world.clock.advance(2 * HOUR);
    expect(world.rows()).toEqual(['a@60 run-1', 'a@120 run-2', 'a@180 run-3']);
    expect(world.late).toEqual([0, 0, 0]);
  });

  test('a due time before the first start of the service is none', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: every('1h') })] });
    expect(world.dues.rows).toEqual([]);
    expect(world.scheduler.next('staging', 'a')).toBe(START + HOUR);
  });

  test('a probe without a schedule is never due', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: {} })] });
    await world.clock.advance(HOUR);
    expect(world.dues.rows).toEqual([]);
    expect(world.scheduler.next('staging', 'a')).toBeUndefined();
  });

  test('a schedule that is faster than min_interval is slowed, and this is said', async () => {
    const world = await open({
      sites: (clock) => [site(clock, { a: every('1m'), b: { schedule: { cron: '*/2 * * * *' } } })],
      limits: { min_interval: '10m' },
      lastsMs: 1,
    });
    await world.clock.advance(20 * MINUTE);
    expect(world.rows()).toEqual(['b@2 run-1', 'a@10 run-2', 'b@12 run-3', 'a@20 run-4']);
    expect(world.said.filter(({ sentence }) => sentence.includes('min_interval'))).toHaveLength(2);
  });

  test('a killed scheduler that comes back at once goes on as if nothing had been', async () => {
    const first = await open({ sites: (clock) => [site(clock, { a: every('1h') })], lastsMs: 1 });
    await first.clock.advance(90 * MINUTE);
    await first.kill();
    const second = await open({ ...first, sites: (clock) => [site(clock, { a: every('1h') })], lastsMs: 1 });
    await second.clock.advance(60 * MINUTE);
    expect(second.dues.rows.map(({ due_at }) => (due_at - START) / HOUR)).toEqual([1, 2]);
    expect(second.started()).toEqual(['a']);
  });
});

describe('downtime', () => {
  async function afterNight(catch_up: string, schedule = every('1h')) {
    const first = await open({ sites: (clock) => [site(clock, { a: schedule })], lastsMs: 1 });
    await first.clock.advance(HOUR);
    await first.kill();
    await first.clock.advance(3 * HOUR + MINUTE + 1);
    return open({
      ...first,
      sites: (clock) => [site(clock, { a: schedule })],
      lastsMs: 1,
      limits: { catch_up },
    });
  }

  test('the newest due time that was missed is started once, those before it are rows', async () => {
    const world = await afterNight('one');
    expect(world.dues.rows.map(({ reason, state }) => reason ?? state)).toEqual([
      'started',
      'missed',
      'missed',
      'started',
    ]);
    expect(world.late).toEqual([60.001]);
    await world.clock.advance(HOUR);
    expect(world.started()).toEqual(['a', 'a']);
  });

  test('a database that fails half way through is asked again, and no row is lost', async () => {
    const first = await open({ sites: (clock) => [site(clock, { a: every('1h') })], lastsMs: 1 });
    await first.clock.advance(HOUR);
    await first.kill();
    await first.clock.advance(3 * HOUR + MINUTE);
    const { claim } = first.dues;
    first.dues.claim = async () => {
      throw new Error('disk I/O error');
    };
    const world = await open({ ...first, sites: (clock) => [site(clock, { a: every('1h') })], lastsMs: 1 });
    expect(world.rows().map((row) => row.split(' ')[1])).toEqual(['run-1', 'missed', 'missed']);
    world.dues.claim = claim;
    await world.clock.advance(1000);
    expect(world.dues.rows).toHaveLength(4);
    expect(world.started()).toEqual(['a']);
  });

  test('without catching up all are rows, and the next one is started', async () => {
    const world = await afterNight('none');
    expect(world.dues.rows.slice(1).map(({ reason }) => reason)).toEqual(['missed', 'missed', 'missed']);
    await world.clock.advance(HOUR);
    expect(world.started()).toEqual(['a']);
  });

  test('of very many only the newest thousand get rows, and one of them says so', async () => {
    const first = await open({ sites: (clock) => [site(clock, { a: every('1m') })], lastsMs: 1 });
    await first.clock.advance(MINUTE);
    await first.kill();
    await first.clock.advance(48 * HOUR);
    const world = await open({ ...first, sites: (clock) => [site(clock, { a: every('1m') })] });
    expect(world.dues.rows).toHaveLength(1001);
    expect(world.dues.rows[1]?.note).toContain('from 2026-11-17T08:02:00Z on, are too many for a row each');
    expect(world.dues.rows[2]?.note).not.toContain('too many');
    expect(world.runs).toHaveLength(1);
  });

  test('a clock that jumps forward is like downtime', async () => {
    const clock = new FakeClock();
    const jumping = new Jumping(clock);
    const world = await open({ clock, sites: () => [site(jumping, { a: every('1h') })], lastsMs: 1 });
    jumping.by = 5 * HOUR;
    await world.clock.advance(11_000);
    expect(world.rows()).toEqual([
      'a@60 missed',
      'a@120 missed',
      'a@180 missed',
      'a@240 missed',
      'a@300 run-1',
    ]);
  });

  test('a clock that is set back starts nothing twice and does not stand still until it has caught up', async () => {
    const clock = new FakeClock();
    const jumping = new Jumping(clock);
    const world = await open({ clock, sites: () => [site(jumping, { a: every('1h') })], lastsMs: 1 });
    jumping.by = 10 * 365 * 24 * HOUR;
    await world.clock.advance(11_000);
    expect(world.runs).toHaveLength(1);
    jumping.by = 0;
    await world.clock.advance(HOUR);
    expect(world.rows().at(0)).toBe('a@60 run-2');
    jumping.by = -90 * MINUTE;
    await world.clock.advance(2 * HOUR);
    expect(world.dues.rows.filter(({ due_at }) => due_at === START + HOUR)).toHaveLength(1);
    expect(world.runs).toHaveLength(3);
  });

  test('a last due time that lies ahead is of a clock that was wrong, and holds nothing up', async () => {
    const dues = fakeDues();
    await dues.claim([{ ...asked('a', START + 1000 * HOUR), cause: 'schedule' }]);
    dues.start(1, 'old');
    const world = await open({ dues, sites: (clock) => [site(clock, { a: every('1h') })] });
    await world.clock.advance(HOUR);
    expect(world.started()).toEqual(['a']);
  });

  test('of rows that a crash left waiting the young ones are started, the old ones missed', async () => {
    const dues = fakeDues();
    await dues.claim([
      { ...asked('a', START), cause: 'schedule' },
      { ...asked('b', START - HOUR), cause: 'schedule' },
      asked('c', START - 29 * MINUTE),
      asked('d', START - 31 * MINUTE),
    ]);
    const world = await open({
      dues,
      clock: new FakeClock(START + 30 * MINUTE),
      sites: (clock) => [site(clock, { a: every('1h'), b: every('1h'), c: {}, d: {} })],
    });
    expect(world.started()).toEqual(['c', 'a', 'b']);
    expect(world.dues.rows.map(({ probe, reason }) => `${probe} ${reason}`)).toEqual([
      'a null',
      'b missed',
      'c null',
      'd missed',
      'b null',
    ]);
  });
});

describe('overlap', () => {
  test('skip: a due time in the run before it is a row that names that run', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: every('1h') })] });
    await world.clock.advance(2 * HOUR);
    expect(world.rows()).toEqual(['a@60 run-1', 'a@120 overlap']);
    expect(world.dues.rows[1]?.note).toBe('run run-1 still went');
    await world.runs[0]?.end();
    await world.clock.advance(HOUR);
    expect(world.rows().at(-1)).toBe('a@180 run-2');
  });

  test('queue: one waits for the end of the run before it, further ones are skipped', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: every('1h', { overlap: 'queue' }) })] });
    await world.clock.advance(4 * HOUR + 10 * MINUTE);
    expect(world.rows()).toEqual(['a@60 run-1', 'a@180 overlap', 'a@240 overlap']);
    await world.runs[0]?.end();
    expect(world.rows()).toEqual(['a@60 run-1', 'a@120 run-2', 'a@180 overlap', 'a@240 overlap']);
    expect(world.late[1]).toBe((2 * HOUR + 10 * MINUTE) / 1000);
  });

  test('a run that was gone on with after a restart counts', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: every('1h') })] });
    const over = Promise.withResolvers<void>();
    world.scheduler.occupy({ scope: 'staging', probe: 'a', package: 'p', systems: ['koji'] }, over.promise);
    await world.clock.advance(HOUR);
    expect(world.rows()).toEqual(['a@60 overlap']);
    over.resolve();
    await world.clock.advance(HOUR);
    expect(world.rows()).toEqual(['a@60 overlap', 'a@120 run-1']);
  });
});

describe('places', () => {
  test('what finds none waits in the order of due times', async () => {
    const world = await open({
      sites: (clock) => [site(clock, { a: every('30m'), b: every('4h'), c: every('3h') })],
      limits: { max_runs: 1, systems: {} },
    });
    await world.clock.advance(30 * MINUTE);
    await world.dues.claim([asked('c', START + 31 * MINUTE), asked('b', START + 32 * MINUTE)]);
    world.scheduler.nudge();
    await settle();
    expect(world.started()).toEqual(['a']);
    for (const run of [0, 1, 2]) await world.runs[run]?.end();
    expect(world.started()).toEqual(['a', 'c', 'b']);
  });

  test('what has found none by its next due time is a row that says what there was too much of', async () => {
    const world = await open({
      sites: (clock) => [site(clock, { a: every('8h', { jitter: '0s' }), b: every('1h') })],
      limits: { max_runs: 1 },
    });
    await world.dues.claim([asked('a', START)]);
    world.scheduler.nudge();
    await world.clock.advance(2 * HOUR);
    expect(world.rows()).toEqual(['a@0 run-1', 'b@60 load']);
    expect(world.dues.rows[1]?.note).toBe('1 runs go at the same time, as schedule.max_runs says');
    await world.runs[0]?.end();
    expect(world.started()).toEqual(['a', 'b']);
  });

  test('one that waits for its package keeps nobody else from starting', async () => {
    const world = await open({
      sites: (clock) => [
        site(clock, {
          a: { ...every('1h'), package: 'shared' },
          b: { ...every('1h'), package: 'shared' },
          c: { ...every('1h'), package: 'other' },
        }),
      ],
    });
    await world.clock.advance(HOUR);
    expect(world.started()).toEqual(['a', 'c']);
    await world.runs[0]?.end();
    expect(world.started()).toEqual(['a', 'c', 'b']);
  });

  test('the same package in another environment is another package', async () => {
    const world = await open({
      sites: (clock) => [
        site(clock, { a: { ...every('1h'), package: 'shared' } }),
        site(clock, { a: { ...every('1h'), package: 'shared' } }, { name: 'prod' }),
      ],
    });
    await world.clock.advance(HOUR);
    expect(world.runs.map(({ due }) => due.environment)).toEqual(['staging', 'prod']);
  });

  test.each([
    { what: 'in total', limits: { max_runs: 2 }, started: ['a', 'b'] },
    { what: 'of an environment', maxRuns: 1, started: ['a', 'c', 'd'] },
    { what: 'on one system of one environment', limits: { systems: { bodhi: 1 } }, started: ['a', 'c', 'd'] },
  ])('no more runs go at the same time than there may be $what', async ({ limits, maxRuns, started }) => {
    const world = await open({
      sites: (clock) => [
        site(
          clock,
          { a: { ...every('1h'), systems: ['koji', 'bodhi'] }, b: { ...every('1h'), systems: ['bodhi'] } },
          maxRuns === undefined ? {} : { maxRuns },
        ),
        site(clock, { c: { ...every('1h'), systems: ['bodhi'] }, d: every('1h') }, { name: 'prod' }),
      ],
      limits: limits ?? {},
    });
    await world.clock.advance(HOUR);
    expect(world.started()).toEqual(started);
  });

  test('a package that another process holds is asked for again, until the next due time', async () => {
    const held = new Set(['package-of-a']);
    const world = await open({ sites: (clock) => [site(clock, { a: every('1h') })], held });
    await world.clock.advance(HOUR + 5 * MINUTE);
    expect(world.runs).toEqual([]);
    expect(world.said.filter(({ sentence }) => sentence === 'a run waits for its package')).toHaveLength(1);
    held.clear();
    await world.clock.advance(10_000);
    expect(world.rows()).toEqual(['a@60 run-1']);
    await world.runs[0]?.end();
    held.add('package-of-a');
    await world.clock.advance(2 * HOUR);
    expect(world.rows()).toEqual(['a@60 run-1', 'a@120 load']);
    expect(world.dues.rows[1]?.note).toContain('package-of-a');
  });

  test.each([
    { what: 'ended by an error of ours', act: (world: ScheduleWorld) => world.runs[0]?.fail() },
    { what: 'ended', act: (world: ScheduleWorld) => world.runs[0]?.end() },
  ])('a run that has $what gives its place back', async ({ act }) => {
    const world = await open({ sites: (clock) => [site(clock, { a: every('1h') })] });
    await world.clock.advance(HOUR);
    expect(world.scheduler.active()).toMatchObject([
      { probe: 'a', package: 'package-of-a', since: START + HOUR },
    ]);
    await act(world);
    expect(world.scheduler.active()).toEqual([]);
  });

  test('a launch that throws takes no place for ever, and is tried again', async () => {
    let isBroken = true;
    const world = await open({
      sites: (clock) => [site(clock, { a: every('1h') })],
      launching() {
        if (isBroken) throw new Error('a bug');
      },
    });
    await world.clock.advance(HOUR);
    expect(world.scheduler.active()).toEqual([]);
    isBroken = false;
    await world.clock.advance(20_000);
    expect(world.rows()).toEqual(['a@60 run-1']);
  });

  test('a row that somebody else decides meanwhile is left alone', async () => {
    const world = await open({
      sites: (clock) => [site(clock, { a: every('1h'), b: {} })],
      limits: { max_runs: 1 },
    });
    await world.clock.advance(HOUR);
    const [row] = await world.dues.claim([asked('b', START + HOUR)]);
    world.scheduler.nudge();
    await settle();
    world.dues.start(row!.due_id, 'theirs');
    await world.runs[0]?.end();
    expect(world.started()).toEqual(['a']);
    expect(world.scheduler.active()).toEqual([]);
    expect(world.said.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('limits by the day', () => {
  const limits = { koji_builds_per_day: 2, bytes_per_day: '10KB' };

  test('a build too many in 24 h is a row, and later there is room again', async () => {
    const world = await open({
      sites: (clock) => [site(clock, { a: { ...every('8h'), uses: ['koji/build'] } }, { limits })],
      lastsMs: MINUTE,
    });
    world.dues.begun.push({ scope: 'staging', uses: 'koji/build', at: START - 1 });
    world.dues.begun.push({ scope: 'staging', uses: 'koji/scratch-build', at: START - 1 });
    await world.clock.advance(24 * HOUR);
    expect(world.rows()).toEqual(['a@480 load', 'a@960 load', 'a@1440 run-1']);
    expect(world.dues.rows[0]?.note).toBe('2 of 2 builds of limits.koji_builds_per_day began within 24 h');
  });

  test('runs that have not come to their build yet are counted', async () => {
    const uses = ['koji/scratch-build'];
    const world = await open({
      sites: (clock) => [
        site(
          clock,
          { a: { ...every('8h'), uses }, b: { ...every('8h'), uses }, c: { ...every('8h'), uses } },
          { limits },
        ),
      ],
    });
    await world.clock.advance(8 * HOUR);
    expect(world.started()).toEqual(['a', 'b']);
    expect(world.rows().at(-1)).toBe('c@480 load');
  });

  test('uploads are counted as the largest that there are', async () => {
    const world = await open({
      sites: (clock) => [site(clock, { a: { ...every('8h'), uses: ['lookaside/new-sources'] } }, { limits })],
    });
    for (const at of [START, START])
      world.dues.begun.push({ scope: 'staging', uses: 'lookaside/new-sources', at });
    await world.clock.advance(8 * HOUR);
    expect(world.dues.rows[0]).toMatchObject({
      reason: 'load',
      note: expect.stringContaining('bytes_per_day'),
    });
  });
});

describe('pauses and the calendar', () => {
  const pause = { environment: 'staging', probe: null, reason: 'koji moves', by: 'ann', from: START };

  test('a paused due time is a row with the reason, and a request goes through', async () => {
    const world = await open({
      sites: (clock) => [site(clock, { a: every('1h'), b: {}, c: {} })],
      lastsMs: 1,
    });
    await world.dues.pause({ ...pause, until: null });
    await world.dues.claim([
      asked('b', START + MINUTE),
      { ...asked('c', START + MINUTE, 'retry'), of: 'run-0' },
    ]);
    await world.clock.advance(HOUR);
    expect(world.rows()).toEqual(['b@1 run-1', 'c@1 paused', 'a@60 paused']);
    expect(world.dues.rows.at(-1)?.note).toBe('koji moves (ann)');
  });

  test('a pause ends by its time, by an operator, and concerns only its probe', async () => {
    const world = await open({
      sites: (clock) => [site(clock, { a: every('1h'), b: every('1h') })],
      lastsMs: 1,
    });
    await world.dues.pause({ ...pause, probe: 'a', until: START + 90 * MINUTE });
    const open2 = await world.dues.pause({ ...pause, probe: 'b', until: null });
    world.scheduler.nudge();
    await world.clock.advance(2 * HOUR);
    await world.dues.endPause(open2.pause_id, 'bob', world.clock.now());
    world.scheduler.nudge();
    await world.clock.advance(HOUR);
    expect(world.rows()).toEqual([
      'a@60 paused',
      'b@60 paused',
      'a@120 run-1',
      'b@120 paused',
      'a@180 run-2',
      'b@180 run-3',
    ]);
  });

  test.each([
    { kind: 'outage' as const, treatment: 'skip' as const, became: 'a@60 outage' },
    { kind: 'branching' as const, treatment: 'skip' as const, became: 'a@60 maintenance' },
    { kind: 'outage' as const, treatment: 'leave_out' as const, became: 'a@60 run-1' },
    { kind: 'freeze' as const, treatment: 'count' as const, became: 'a@60 run-1' },
  ])('a period of $kind with $treatment makes it $became', async ({ kind, treatment, became }) => {
    const world = await open({
      sites: (clock) => [site(clock, { a: every('1h') })],
      periodAt: () => ({
        id: 'x',
        kind,
        treatment,
        from: START,
        to: START + 9 * HOUR,
        environments: [],
        systems: [],
        note: 'racks move',
        link: null,
        source: 'config',
      }),
    });
    await world.clock.advance(HOUR);
    expect(world.rows()).toEqual([became]);
  });
});

describe('the loop', () => {
  test('a database that fails leaves the tick standing, and loses nothing', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: every('1h') })], lastsMs: 1 });
    const before = world.scheduler.tick();
    expect(before).toEqual({ at: START, monotonic: START });
    world.dues.failure = new Error('disk I/O error');
    await world.clock.advance(HOUR + MINUTE);
    expect(world.scheduler.tick()!.at).toBeLessThan(START + 10_000);
    world.dues.failure = undefined;
    await world.clock.advance(10_000);
    expect(world.started()).toEqual(['a']);
    expect(world.scheduler.tick()!.at).toBeGreaterThan(START + HOUR + MINUTE);
  });

  test('the tick is never older than ten seconds while nothing is due', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: every('8h') })] });
    for (let step = 0; step < 20; step += 1) {
      await world.clock.advance(7_000);
      expect(world.clock.now() - world.scheduler.tick()!.at).toBeLessThanOrEqual(10_000);
    }
  });

  test('a request that another process wrote is found within ten seconds without a word', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: {} })] });
    await world.clock.advance(1000);
    await world.dues.claim([asked('a', START + 1000)]);
    await world.clock.advance(10_000);
    expect(world.started()).toEqual(['a']);
  });

  test('once it has stopped starting it starts and writes nothing, and still ticks', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: every('1h') })] });
    world.scheduler.stopStarting();
    await world.clock.advance(2 * HOUR);
    expect(world.dues.rows).toEqual([]);
    expect(world.scheduler.tick()!.at).toBe(START + 2 * HOUR);
  });

  test('a run that cannot be started is said and tried again', async () => {
    const world = await open({ sites: (clock) => [site(clock, { a: every('1h') })] });
    await world.clock.advance(HOUR - 1);
    const start = world.dues.start;
    world.dues.start = () => {
      throw new Error('no space left');
    };
    await world.clock.advance(1);
    expect(world.said.at(-1)).toEqual({ level: 'error', sentence: 'a run could not be started' });
    world.dues.start = start;
    await world.clock.advance(20_000);
    expect(world.rows()).toEqual(['a@60 run-1']);
  });
});

describe('another configuration', () => {
  test('waiting rows of probes that were taken out are rows with a reason', async () => {
    const world = await open({
      sites: (clock) => [site(clock, { a: every('1h'), b: every('1h') })],
      limits: { max_runs: 1 },
    });
    await world.clock.advance(HOUR);
    world.scheduler.reload([site(world.clock, { a: every('1h') })], limitsOf());
    await settle();
    expect(world.rows()).toEqual(['a@60 run-1', 'b@60 missed']);
    expect(world.dues.rows[1]?.note).toBe('the configuration has no probe b in staging');
    expect(world.scheduler.next('staging', 'b')).toBeUndefined();
    expect(world.scheduler.active()).toHaveLength(1);
  });

  test('a new schedule begins now, one that stays is not shifted', async () => {
    const world = await open({
      sites: (clock) => [site(clock, { a: every('3h'), b: every('2h') })],
      lastsMs: 1,
    });
    await world.clock.advance(90 * MINUTE);
    world.scheduler.reload(
      [site(world.clock, { a: every('3h'), b: every('1h'), c: every('1h') })],
      limitsOf(),
    );
    await world.clock.advance(30 * MINUTE);
    // 3 h are counted from the epoch: 09:00.
    expect(world.rows()).toEqual(['a@60 run-1', 'b@120 run-2', 'c@120 run-3']);
  });
});

/** A clock that was set: its wall time is off, its sleeping is not. */
class Jumping extends FakeClock {
  by = 0;
  readonly #true: FakeClock;

  constructor(clock: FakeClock) {
    super();
    this.#true = clock;
  }

  override now(): number {
    return this.#true.now() + this.by;
  }

  override sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#true.sleep(ms, signal);
  }
}
