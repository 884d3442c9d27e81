import type { ChainEvent } from '../core/chain.ts';
import { type Event, FILED_WITHIN_MS } from '../core/event.ts';
import type { ResultData } from '../core/facts.ts';
import type { ChainPoint } from './hops.ts';

/** What is on the bus when it happens, and so in the archive. Results are not asked for there. */
const ON_THE_BUS: readonly ChainEvent[] = [
  'candidate_tag',
  'signing_tag',
  'signed',
  'announced',
  'ci_queued',
  'ci_running',
  'ci_complete',
];

/** An event of CI that nobody has told of, and when the result came that shows that it was: epoch ms. */
export interface ProvenEvent {
  readonly event: ChainEvent;
  readonly before: number;
}

const STEPS = ['ci_queued', 'ci_running', 'ci_complete'] as const;
const WAY_OF_TESTS: readonly ChainEvent[] = ['announced', ...STEPS];

/** What results in ResultsDB show of CI: one that is queued, running or final shows that its test has come so far. */
export function provenByResults(build: readonly Event[], tests: readonly string[]): readonly ProvenEvent[] {
  if (tests.length === 0) return [];
  return STEPS.flatMap((event, rank) => {
    const firsts = tests.map((test) => Math.min(...build.flatMap((one) => timeOf(one, test, rank))));
    const before = Math.max(...firsts);
    return Number.isFinite(before) ? [{ event, before }] : [];
  });
}

function timeOf({ fact, data, latest }: Event, test: string, rank: number): readonly number[] {
  if (!fact.startsWith('result:')) return [];
  const { testcase, outcome } = data as unknown as ResultData;
  const reached = outcome === 'QUEUED' ? 0 : outcome === 'RUNNING' ? 1 : 2;
  return testcase === test && reached >= rank ? [latest] : [];
}

/**
 * Events that surely happened and whose messages never came: an API, a result or what comes behind them tells of them, and the archive, which tells
 * of what was sent so much later that it has been read again for them, does not. Where it tells of nothing so late it may merely be behind.
 */
export function lostMessages(
  points: readonly ChainPoint[],
  proven: readonly ProvenEvent[],
): readonly ChainEvent[] {
  const newest = Math.max(...points.filter(({ messaged }) => messaged).map(({ latest }) => latest));
  // Behind the end of the tests hardly any news comes, and what is missing before it was sent minutes earlier. No wait is charged by that.
  const isOver = points.some(({ event }) => event === 'ci_complete');
  const isOverdue = (happened: number) => happened + FILED_WITHIN_MS < newest;
  return ON_THE_BUS.filter((event) => {
    const point = points.find((one) => one.event === event);
    if (point !== undefined) return !point.messaged && isOverdue(point.latest);
    // No test ends that did not run, and none is queued that was not asked for.
    const behind = WAY_OF_TESTS.slice(WAY_OF_TESTS.indexOf(event));
    const times = [
      ...points.filter((one) => behind.includes(one.event)).map(({ latest }) => latest),
      ...proven.filter((one) => behind.includes(one.event)).map(({ before }) => before),
    ];
    return WAY_OF_TESTS.includes(event) && (isOver || isOverdue(Math.min(...times)));
  });
}
