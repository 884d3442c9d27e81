import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Event, mayTurn, type Report, type Source, type Subject } from '../../src/core/event.ts';
import { Fault } from '../../src/core/fault.ts';
import type { LookRecord } from '../../src/core/store.ts';
import { openWatch, type Watch } from '../../src/engine/watch.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { silentLogger } from '../support/step-context.ts';

const task: Subject = { kind: 'koji-task', key: '7' };
const never = new AbortController().signal;

interface Noted {
  readonly at: number;
  readonly failure: string | undefined;
}

let clock: FakeClock;
let stored: Report[];
let noted: Noted[];
let asked: { readonly subjects: readonly Subject[]; readonly since: number | undefined }[];
let answer: () => readonly Report[];
/** What a look waits for. */
let slow: Promise<void> | undefined;
let watch: Watch;
let looked: readonly LookRecord[];

const source: Source = {
  name: 'koji',
  system: 'koji',
  kind: 'api',
  intervalMs: 30_000,
  covers: ({ kind }) => kind === 'koji-task',
  look: async (subjects, since) => {
    asked.push({ subjects, since });
    await slow;
    return answer();
  },
};

const store = {
  addReports: async (_: string, reports: readonly Report[]) => void stored.push(...reports),
  reportsOf: async (_: string, subjects: readonly Subject[]) =>
    stored.filter(({ subject }) => subjects.some(({ key }) => key === subject.key)),
  looksOf: async () => looked,
  noteLooks: async (_: string, __: string, ___: readonly Subject[], at: number, failure?: string) =>
    void noted.push({ at: at - START, failure }),
};

const START = new FakeClock().now();

function news(fact: string, latest: number): Report {
  return {
    subject: task,
    fact,
    earliest: latest,
    latest,
    source: 'api',
    system: 'koji',
    seen_at: latest,
    data: {},
  };
}

const closed = ({ last }: { last: Event | undefined }) => (last?.fact === 'closed' ? 'done' : undefined);
const options = { signal: never, holdMs: 600_000 };

beforeEach(() => {
  clock = new FakeClock(START);
  [stored, noted, asked, answer] = [[], [], [], () => []];
  looked = [];
  slow = undefined;
  watch = openWatch({ environment: 'test', sources: [source], store, clock, log: silentLogger });
});
afterEach(() => watch[Symbol.asyncDispose]());

describe('a wait', () => {
  test('ends when a look brings the answer, at the interval of the source', async () => {
    await watch.follow('run', [task], START);
    const waiting = watch.until(task, closed, options);
    await settle();
    answer = () => [news('closed', 5)];
    await clock.advance(29_999);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await expect(waiting).resolves.toBe('done');
    expect(asked).toHaveLength(2);
    expect(stored).toEqual([news('closed', 5)]);
  });

  test('is answered at once by what was heard before it began', async () => {
    stored.push(news('closed', 5));
    await watch.follow('run', [task], START);
    await expect(watch.until(task, closed, options)).resolves.toBe('done');
  });

  test('sees events in the order of their stamps, however they were heard', async () => {
    await watch.follow('run', [task], START);
    const seen: string[][] = [];
    const waiting = watch.until(
      task,
      ({ events, last }) => {
        seen.push(events.map(({ fact }) => fact));
        return last?.fact === 'closed' ? 'done' : undefined;
      },
      options,
    );
    await watch.add([news('closed', 9)]);
    await expect(waiting).resolves.toBe('done');
    await watch.add([news('created', 1)]);
    expect(seen).toEqual([[], ['closed']]);
  });

  test('is not ended by a look that fails; the source is asked again with back-off', async () => {
    await watch.follow('run', [task], START);
    answer = () => {
      throw new Fault('refused', { code: 'HTTP_UNREACHABLE', kind: 'unavailable' });
    };
    const waiting = watch.until(task, closed, options);
    await clock.advance(60_000 + 120_000);
    answer = () => [news('closed', 5)];
    await clock.advance(240_000);
    await expect(waiting).resolves.toBe('done');
    expect(noted).toEqual([
      { at: 0, failure: 'refused' },
      { at: 60_000, failure: 'refused' },
      { at: 180_000, failure: 'refused' },
      { at: 420_000, failure: undefined },
    ]);
  });

  test('goes on also while a source goes wrong by our own fault, which is what it ends with at its limit', async () => {
    await watch.follow('run', [task], START);
    answer = () => {
      throw new TypeError('a bug');
    };
    const controller = new AbortController();
    const waiting = watch.until(task, closed, { ...options, signal: controller.signal });
    const outcome = waiting.catch((error: unknown) => error);
    await clock.advance(3_600_000);
    controller.abort(new Fault('late', { code: 'STEP_TIMED_OUT', kind: 'timeout' }));
    await expect(outcome).resolves.toMatchObject({ kind: 'prober', code: 'PROBER_BUG' });
  });

  test('is not ended by a book of looks that cannot be written', async () => {
    const broken = { ...store, noteLooks: async () => Promise.reject(new Error('busy')) };
    await using other = openWatch({
      environment: 'test',
      sources: [source],
      store: broken,
      clock,
      log: silentLogger,
    });
    await other.follow('run', [task], START);
    const waiting = other.until(task, closed, options);
    await settle();
    answer = () => [news('closed', 5)];
    await clock.advance(30_000);
    await expect(waiting).resolves.toBe('done');
  });

  test('ends with what aborts it', async () => {
    await watch.follow('run', [task], START);
    const controller = new AbortController();
    const waiting = watch.until(task, closed, { ...options, signal: controller.signal });
    const reason = new Fault('late', { code: 'STEP_TIMED_OUT', kind: 'timeout' });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe('a no that can still turn', () => {
  const no = new Fault('a test failed', { code: 'TEST_FAILED', kind: 'rejected', system: 'ci' });
  const judge = ({ last }: { last: Event | undefined }) =>
    last?.fact === 'passed' ? 'done' : last?.fact === 'failed' ? mayTurn(no) : undefined;

  test('fails the wait when it has held', async () => {
    await watch.follow('run', [task], START);
    const waiting = watch.until(task, judge, options);
    const outcome = waiting.catch((error: unknown) => error);
    await watch.add([news('failed', 1)]);
    await clock.advance(599_999);
    await watch.add([news('something', 0)]);
    await clock.advance(1);
    await expect(outcome).resolves.toBe(no);
  });

  test('is forgotten when it turns', async () => {
    await watch.follow('run', [task], START);
    const waiting = watch.until(task, judge, options);
    await watch.add([news('failed', 1)]);
    await clock.advance(500_000);
    await watch.add([news('waiting', 2)]);
    await clock.advance(500_000);
    await watch.add([news('passed', 3)]);
    await expect(waiting).resolves.toBe('done');
  });

  test('says more at the deadline than that time ran out, but not when somebody cancels', async () => {
    await watch.follow('run', [task], START);
    await watch.add([news('failed', 1)]);
    for (const [kind, expected] of [
      ['timeout', no],
      ['cancelled', undefined],
    ] as const) {
      const controller = new AbortController();
      const waiting = watch.until(task, judge, { ...options, signal: controller.signal });
      const reason = new Fault('stop', { code: 'STOP', kind });
      controller.abort(reason);
      await expect(waiting).rejects.toBe(expected ?? reason);
    }
  });
});

describe('a source', () => {
  test('is asked for the subjects of all runs at once, and not for those of nobody', async () => {
    const other: Subject = { kind: 'koji-task', key: '8' };
    await watch.follow('run-1', [task], START);
    await settle();
    await watch.follow('run-2', [task, other, { kind: 'update', key: 'F' }], START);
    await settle();
    expect(asked.map(({ subjects }) => subjects)).toEqual([[task], [task, other]]);
    expect(asked.map(({ since }) => since)).toEqual([START, START]);
    watch.release('run-1');
    watch.release('run-2');
    await clock.advance(120_000);
    expect(asked).toHaveLength(2);
  });

  test('is told from when on nothing must be missed: the last good look at each, else the start of its run', async () => {
    await watch.follow('run', [task], START - 5000);
    await clock.advance(30_000);
    answer = () => {
      throw new Fault('away', { code: 'AWAY', kind: 'unavailable' });
    };
    await clock.advance(30_000);
    answer = () => [];
    await watch.follow('other', [{ kind: 'koji-task', key: '8' }], START - 7000);
    await clock.advance(60_000);
    expect(asked.map(({ since }) => since! - START)).toEqual([-5000, 0, 30_000, -7000, 60_000, 90_000]);
  });

  test('remembers no look at what was let go of meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    slow = promise;
    await watch.follow('run', [task], START);
    await settle();
    watch.release('run');
    resolve();
    await clock.advance(60_000);
    await watch.follow('other', [task], START - 5000);
    await settle();
    expect(asked.map(({ since }) => since! - START)).toEqual([0, -5000]);
  });

  test('is told of a look that an earlier process had', async () => {
    const last_good = START - 90_000;
    looked = [{ source: 'koji', ...task, first: 0, last: START, last_good, count: 3, failing: [] }];
    await watch.follow('run', [task], START - 3_600_000);
    await settle();
    expect(asked.map(({ since }) => since)).toEqual([last_good]);
  });
});
