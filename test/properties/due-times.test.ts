import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dueTimes } from '../../src/core/due-times.ts';
import { scheduleSchema } from '../../src/core/probe.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { fakeDues } from '../support/fake-dues.ts';
import { scheduleWorld, site } from '../support/schedule-world.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
// Both changes of the clock of a year lie in it.
const from = Date.UTC(2026, 0, 1);
const moment = fc.integer({ min: from, max: from + 365 * DAY });

const schedule = fc
  .oneof(
    fc.record({
      every: fc.integer({ min: 1, max: 3000 }).map((minutes) => `${minutes}m`),
      jitter: fc.option(
        fc.integer({ min: 0, max: 4000 }).map((minutes) => `${minutes}m`),
        { nil: undefined },
      ),
    }),
    fc.record({
      cron: fc.constantFrom(
        '*/20 * * * *',
        '0 6,18 * * mon-fri',
        '30 2 * * *',
        '30 1-3 * * *',
        '15 2,3 1 * 0',
        '7 */6 * * *',
      ),
      time_zone: fc.constantFrom('UTC', 'Europe/Prague', 'America/New_York', 'Australia/Lord_Howe'),
      jitter: fc.constantFrom('0s', '90s', '3h'),
    }),
  )
  .map((value) => scheduleSchema.parse(value));

const key = fc.constantFrom('fedora/single-build', 'fedora-staging/scratch-build', 'sandbox/waive');
const runs = { numRuns: 60 };

test('the next due time lies ahead, and no due time lies between', () => {
  fc.assert(
    fc.property(schedule, key, moment, (said, name, at) => {
      const times = dueTimes(said, name);
      const next = times.next(at);
      expect(next).toBeGreaterThan(at);
      expect(times.between({ from: at, to: next, limit: 10 }).times).toEqual([next]);
    }),
    runs,
  );
});

test('whatever moments time is cut at, nothing is skipped and nothing comes twice', () => {
  const cuts = fc.tuple(moment, fc.array(fc.integer({ min: 0, max: DAY }), { minLength: 1, maxLength: 5 }));
  fc.assert(
    fc.property(schedule, key, cuts, (said, name, [start, steps]) => {
      const pieces: number[] = [];
      let at = start;
      // Each piece is asked of an object of its own: a restart shifts nothing.
      for (const step of steps) {
        pieces.push(...dueTimes(said, name).between({ from: at, to: at + step, limit: 10_000 }).times);
        at += step;
      }
      const whole = dueTimes(said, name).between({ from: start, to: at, limit: 10_000 });
      expect(pieces).toEqual(whole.times);
      expect(new Set(pieces).size).toBe(pieces.length);
      expect(whole.isWhole).toBe(true);
    }),
    runs,
  );
});

test('of more than a limit the newest are told, and that there are more', () => {
  fc.assert(
    fc.property(schedule, key, moment, (said, name, at) => {
      const times = dueTimes(said, name);
      const span = { from: at, to: at + 5 * DAY };
      const all = times.between({ ...span, limit: 10_000 }).times;
      const some = times.between({ ...span, limit: 3 });
      expect(some).toEqual({ times: all.slice(-3), isWhole: all.length <= 3 });
    }),
    runs,
  );
});

test('two due times are never nearer than the shortest interval', () => {
  const shortest = fc.integer({ min: 1, max: 300 }).map((minutes) => minutes * MINUTE);
  fc.assert(
    fc.property(schedule, key, shortest, moment, (said, name, minimum, at) => {
      const times = dueTimes(said, name, minimum);
      let last = times.next(at);
      for (let count = 0; count < 10; count += 1) {
        const next = times.next(last, last);
        expect(next - last).toBeGreaterThanOrEqual(minimum);
        last = next;
      }
    }),
    runs,
  );
});

test('probes of one interval are spread over all of it, and none of them leaves its phase', () => {
  const every = scheduleSchema.parse({ every: '4h' });
  const phases = Array.from({ length: 200 }, (_, index) => {
    const times = dueTimes(every, `fedora/probe-${index}`);
    const phase = times.next(from) % (240 * MINUTE);
    expect(times.next(from + 1000 * DAY) % (240 * MINUTE)).toBe(phase);
    return phase;
  });
  const quarters = [0, 1, 2, 3].map((quarter) =>
    phases.filter((phase) => Math.floor(phase / (60 * MINUTE)) === quarter),
  );
  for (const each of quarters) expect(each.length).toBeGreaterThan(25);
});

test('jitter is the whole interval where none is said, and no more than what is', () => {
  const phaseOf = (jitter: string | undefined) =>
    dueTimes(scheduleSchema.parse({ every: '4h', jitter }), 'fedora/a').next(0) % (240 * MINUTE);
  expect(phaseOf('0s')).toBe(0);
  expect(phaseOf('10m')).toBeLessThan(10 * MINUTE);
  expect(phaseOf('9h')).toBe(phaseOf(undefined));
});

test.each([
  ['every', { every: '90m' }, 90 * MINUTE],
  ['twice a day', { cron: '0 6,18 * * *' }, DAY / 2],
  ['on weekdays: the weekend', { cron: '0 8-18 * * mon-fri' }, (2 * 24 + 14) * 60 * MINUTE],
  ['very often by day', { cron: '*/5 8-18 * * *' }, 13 * 60 * MINUTE + 5 * MINUTE],
  ['with a nap at noon', { cron: '*/5 0-11,13-23 * * *' }, 65 * MINUTE],
  ['once a month', { cron: '0 0 1 * *' }, 31 * DAY],
])('the interval of a schedule, %s, is its longest gap', (_what, said, expected) => {
  expect(dueTimes(scheduleSchema.parse(said), 'a/b').intervalMs(Date.UTC(2026, 11, 2))).toBe(expected);
});

test('through kills, downtime and a clock that is set, each due time has one row and at most one run', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 45 }) }),
    fc.record({ kind: fc.constant('down' as const), minutes: fc.integer({ min: 0, max: 300 }) }),
    fc.record({ kind: fc.constant('set' as const), minutes: fc.integer({ min: -200, max: 200 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      const clock = new FakeClock();
      const dues = fakeDues();
      const starts: string[] = [];
      let off = 0;
      const there = Object.assign(Object.create(clock) as FakeClock, {
        now: () => clock.now() + off,
        sleep: (ms: number, signal: AbortSignal) => clock.sleep(ms, signal),
      });
      const open = () =>
        scheduleWorld({
          clock,
          dues,
          sites: () => [site(there, { a: { schedule: { every: '20m' } }, b: { schedule: { every: '1h' } } })],
          lastsMs: MINUTE,
        });
      const first = there.now();
      // Only from its first row on a probe is known: what the clock had reached before says nothing, for it may be set back.
      const highest = new Map<string, number>();
      let world = await open();
      const close = async () => {
        await world.kill();
        starts.push(...world.runs.map(({ due }) => `${due.probe} ${due.due_at}`));
      };
      for (const { kind, minutes } of steps) {
        if (kind === 'wait') await clock.advance(minutes * MINUTE);
        if (kind === 'set') {
          off += minutes * MINUTE;
          await clock.advance(11_000);
        }
        if (kind === 'down') {
          await close();
          await clock.advance(minutes * MINUTE);
          world = await open();
          await settle();
        }
        for (const { probe } of dues.rows) {
          highest.set(probe, Math.max(highest.get(probe) ?? first, there.now()));
        }
      }
      await close();
      expect(new Set(starts).size).toBe(starts.length);
      for (const probe of ['a', 'b']) {
        const every = probe === 'a' ? '20m' : '1h';
        const due = dueTimes(scheduleSchema.parse({ every }), `staging/${probe}`);
        const rows = dues.rows.filter((row) => row.probe === probe && row.due_at > first);
        const written = rows.map(({ due_at }) => due_at);
        expect(new Set(written).size).toBe(written.length);
        for (const due_at of written) expect(due.next(due_at - 1)).toBe(due_at);
        // What lies before the first that was written comes again where the clock is set back, or was never known.
        const span = { from: (written[0] ?? first) - 1, to: highest.get(probe) ?? first, limit: 10_000 };
        const { times } = due.between(span);
        expect(written).toEqual(expect.arrayContaining(rows.length === 0 ? [] : [...times]));
      }
    }),
    { numRuns: 25 },
  );
});
