import { describe, expect, test } from 'vitest';
import { hopTable, intervalText } from '../../src/cli/hop-table.ts';
import { type ListState, listText, next } from '../../src/cli/live-list.ts';
import { pad, painter, table } from '../../src/cli/style.ts';
import { headline, waterfall } from '../../src/cli/waterfall.ts';
import { isoTime } from '../../src/core/iso-time.ts';
import type { PlannedStep } from '../../src/core/plan.ts';
import type { RunRecord, StepRecord } from '../../src/core/run.ts';
import type { HopRecord } from '../../src/evidence/hops.ts';

const plain = painter({ colours: false });
const START = Date.UTC(2026, 10, 17, 8);
const MINUTE = 60_000;

function step(id: string, change: Partial<StepRecord> = {}): StepRecord {
  return {
    id,
    name: id,
    uses: `koji/${id}`,
    system: 'koji',
    outcome: 'passed',
    started_at: START,
    duration_ms: MINUTE,
    attempts: [{ attempt: 1, started_at: START, duration_ms: MINUTE, outcome: 'passed' }],
    phases: [],
    inputs: {},
    outputs: {},
    ...change,
  };
}

function run(steps: readonly StepRecord[], change: Partial<RunRecord> = {}): RunRecord {
  return {
    run_id: '019a9000-0000-7000-8000-000000000001',
    probe: 'single-build',
    environment: 'test',
    package: 'gloster',
    branch: 'stable',
    release: null,
    params: {},
    started_at: START,
    ended_at: START + 10 * MINUTE,
    duration_ms: 10 * MINUTE,
    outcome: 'passed',
    steps,
    subjects: [],
    versions: {},
    packprobe: '0.1.0',
    ...change,
  };
}

describe('the waterfall', () => {
  const steps = [
    step('one'),
    step('two', {
      started_at: START + MINUTE,
      duration_ms: 8 * MINUTE,
      phases: [{ phase: 'queued', started_at: START + MINUTE, duration_ms: 4 * MINUTE }],
    }),
    step('three', { outcome: 'failed', started_at: START + 9 * MINUTE, duration_ms: MINUTE }),
  ];
  const { started_at: _, ...unstarted } = step('four');
  const picture = waterfall(
    run([...steps, { ...unstarted, outcome: 'skipped', duration_ms: 0 }]),
    plain,
    100,
  ).split('\n');
  const barsOf = (line = '') => line.replace(/[^░█]/g, '');

  test('draws each step where it lay, as long as it took', () => {
    expect(picture).toHaveLength(4);
    const [one, two, three] = picture.map((line) => [line.search(/[░█]/), barsOf(line).length]);
    expect(two?.[0]).toBe((one?.[0] ?? 0) + (one?.[1] ?? 0));
    expect(three?.[0]).toBe((two?.[0] ?? 0) + (two?.[1] ?? 0));
    expect((two?.[1] ?? 0) / (one?.[1] ?? 1)).toBeGreaterThan(6);
  });

  test('is light while the system had it queued', () => {
    const bar = barsOf(picture[1]);
    expect(bar).toMatch(/^░+█+$/);
    expect(bar.lastIndexOf('░') / bar.length).toBeCloseTo(0.5, 1);
  });

  test('says of a skipped step that it was skipped, without a bar', () => {
    expect(picture[3]).toMatch(/– four +koji +skipped$/);
    expect(barsOf(picture[3])).toBe('');
  });

  test.each([40, 80, 100, 400])(
    'of %i columns has lines of one width that a terminal can show',
    (columns) => {
      const widths = waterfall(run(steps), plain, columns)
        .split('\n')
        .map((line) => [...line].length);
      expect(Math.max(...widths)).toBeLessThanOrEqual(Math.max(columns, 60));
    },
  );

  test('of a run that took no time is no wider', () => {
    expect(waterfall(run([step('one', { duration_ms: 0 })], { duration_ms: 0 }), plain, 80)).toContain('█');
  });
});

test('the head line says who is charged and what to do', () => {
  const fault = {
    message: 'the keytab is missing',
    code: 'X',
    kind: 'prober',
    system: 'own',
    evidence: {},
    hint: 'Mount it.',
  } as const;
  expect(headline(run([], { outcome: 'errored', fault }), plain).split('\n')).toEqual([
    '! errored in 10m 00s  single-build on test  run 019a9000-0000-7000-8000-000000000001',
    '  the keytab is missing',
    '  charged to packprobe, its host, its configuration or its test package (prober, X)',
    '  What to do: Mount it.',
  ]);
});

describe('an interval', () => {
  const hop = (shortest_ms: number, longest_ms: number): HopRecord => ({
    hop: 'ci_run',
    system: 'ci',
    from: 'ci_running',
    to: 'ci_complete',
    ended_at: { earliest: 0, latest: 0 },
    shortest_ms,
    longest_ms,
    source: 'api',
  });

  test.each([
    [730_000, 790_000, '12m 40s ± 30s'],
    [60_000, 60_000, '1m 00s'],
    [60_000, 60_020, '1m 00s'],
    [0, 7600, '3.8s ± 3.8s'],
  ])('from %i to %i ms is written %s', (shortest, longest, expected) => {
    expect(intervalText(hop(shortest, longest))).toBe(expected);
  });

  test('stands in a table with who is charged and who told', () => {
    const chain = { nvr: 'n', update: undefined, points: [], proven: [], lost_messages: [] };
    expect(hopTable({ ...chain, hops: [hop(730_000, 790_000)] })).toBe(
      '  hop     charged to  took           told by\n  ci_run  ci          12m 40s ± 30s  api',
    );
  });
});

describe('the live list', () => {
  const planned = (id: string, index: number) =>
    ({ index, id, name: id, system: 'koji', normalMs: 15 * MINUTE }) as unknown as PlannedStep;
  const steps = ['login', 'build', 'tag'].map(planned);
  const empty: ListState = { startedAt: [], news: [], records: [], notes: [] };
  const draw = (state: ListState, now: number, columns = 100) =>
    listText('title', steps, state, { now, frame: 0, paint: plain, columns }).split('\n');

  test('shows what is done, what goes on with elapsed and normal time, and what is to come', () => {
    let state = next(empty, { type: 'step_started', index: 0, at: START });
    state = next(state, { type: 'step_ended', index: 0, record: step('login') });
    state = next(state, { type: 'step_started', index: 1, at: START + MINUTE });
    state = next(state, { type: 'step_news', index: 1, text: 'created' });
    expect(draw(state, START + 3 * MINUTE + 400)).toEqual([
      'title',
      '',
      ' ✔ login  koji  1m 00s',
      ' ⠋ build  koji  2m 00s of normally 15m 00s  created',
      ' · tag    koji',
    ]);
  });

  test('tells an attempt that failed and will be made again', () => {
    const fault = { message: 'away', code: 'X', kind: 'unavailable', system: 'koji', evidence: {} } as const;
    let state = next(empty, { type: 'step_started', index: 0, at: START });
    state = next(state, { type: 'attempt_failed', index: 0, attempt: 1, of: 3, fault });
    expect(draw(state, START)[2]).toContain('attempt 1 of 3: away');
  });

  test('tells what the undo did', () => {
    let state = next(empty, { type: 'undo_started', count: 1 });
    state = next(state, {
      type: 'undo_ended',
      kind: 'update',
      identity: 'FEDORA-1',
      result: 'left',
      text: 'refused',
    });
    expect(draw(state, START).slice(-2)).toEqual([
      'undoing 1 thing that the run made …',
      '  update FEDORA-1 is LEFT BEHIND: refused',
    ]);
  });

  test('never draws a line that would wrap', () => {
    const state = next(next(empty, { type: 'step_started', index: 1, at: START }), {
      type: 'step_news',
      index: 1,
      text: 'x'.repeat(300),
    });
    for (const line of draw(state, START, 60)) expect([...line].length).toBeLessThanOrEqual(60);
  });
});

test('times are ISO 8601 in UTC as data', () => {
  expect(isoTime(START + 7)).toBe('2026-11-17T08:00:00.007Z');
  expect(isoTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe(
    new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)).toISOString(),
  );
});

test('columns are as wide as their widest cell', () => {
  expect(
    table(
      [
        ['a', 'bb'],
        ['ccc', 'd'],
      ],
      '',
    ),
  ).toBe('a    bb\nccc  d');
  expect(pad('long', 2)).toBe('long');
});
