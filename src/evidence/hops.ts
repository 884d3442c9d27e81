import {
  CHAIN_EVENTS,
  type ChainEvent,
  HOP_DEFINITIONS,
  type Hop,
  type HopDefinition,
} from '../core/chain.ts';
import { type Event, type EventSource, eventsOf, lastTurn, type Report } from '../core/event.ts';
import {
  type CiData,
  type DecisionData,
  FACT,
  type GatingData,
  KIND,
  type ResultData,
} from '../core/facts.ts';
import type { Release } from '../core/release.ts';
import type { System } from '../core/system.ts';
import { lostMessages, provenByResults } from './lost.ts';

/** When something of the chain happened: within `[earliest, latest]`, epoch ms; `earliest` undefined when nobody looked before. */
export interface ChainPoint {
  readonly event: ChainEvent;
  readonly earliest: number | undefined;
  readonly latest: number;
  readonly source: EventSource;
  /** Whether a message told of it, by the bus or the archive. */
  readonly messaged: boolean;
}

/** The way from one event of the chain to the next, as an interval of durations in ms. */
export interface HopRecord {
  readonly hop: Hop;
  readonly system: System;
  readonly from: ChainEvent;
  readonly to: ChainEvent;
  /** When it ended, epoch ms. */
  readonly ended_at: { readonly earliest: number; readonly latest: number };
  readonly shortest_ms: number;
  readonly longest_ms: number;
  readonly source: EventSource;
}

/** One build's way: what happened when, and how long each hop took. */
export interface Chain {
  readonly nvr: string;
  readonly update: string | undefined;
  readonly points: readonly ChainPoint[];
  readonly hops: readonly HopRecord[];
  /** Events of CI that nobody told of, and that results show to have been. */
  readonly proven: readonly ChainEvent[];
  /** Events whose messages never came although they surely happened: messaging's doing, whatever became of the build. */
  readonly lost_messages: readonly ChainEvent[];
}

export interface ChainOptions {
  readonly nvr: string;
  /** The update that holds the build, where there is one. */
  readonly update: string | undefined;
  readonly release: Release | null;
  /** Test cases that the distribution requires; hops end with the last of them over all variants. */
  readonly tests: readonly string[];
}

/** Reads the chain of one build out of what was heard of it, its update and their decision. */
export function chainOf(reports: readonly Report[], options: ChainOptions): Chain {
  const { nvr, update, release, tests } = options;
  const events = eventsOf(reports);
  const points = pointsOf(events, options);
  const build = events.filter(({ subject }) => subject.kind === KIND.build && subject.key === nvr);
  const proven = provenByResults(build, tests).filter(
    ({ event }) => !points.some((point) => point.event === event),
  );
  return {
    nvr,
    update,
    points,
    hops: hopsOf(points, release),
    proven: proven.map(({ event }) => event),
    lost_messages: lostMessages(points, proven),
  };
}

function pointsOf(
  events: readonly Event[],
  { nvr, update, release, tests }: ChainOptions,
): readonly ChainPoint[] {
  const of = (kind: string, key: string | undefined) =>
    events.filter((event) => event.subject.kind === kind && event.subject.key === key);
  const build = of(KIND.build, nvr);
  const updates = of(KIND.update, update);
  const decisions = events.filter(
    ({ subject }) => subject.kind === KIND.decision && subject.key.includes(nvr),
  );
  const named = (some: readonly Event[], fact: string | undefined) =>
    some.find((event) => event.fact === fact);
  const tag = (name: string | undefined) =>
    name === undefined ? undefined : named(build, FACT.tagged(name));

  const found: Readonly<Record<ChainEvent, Event | undefined>> = {
    build: named(build, FACT.complete),
    candidate_tag: tag(release?.candidate_tag),
    update_asked: named(updates, FACT.asked),
    update: named(updates, FACT.submitted),
    signing_tag: tag(release?.pending_signing_tag),
    signed: tag(release?.pending_testing_tag),
    announced: named(updates, FACT.announced),
    ci_queued: lastOfTests(build, tests, 'queued'),
    ci_running: lastOfTests(build, tests, 'running'),
    ci_complete: lastOfTests(build, tests, 'complete'),
    waiver: undefined,
    result: lastResult(build, tests),
    decision: lastTurn(decisions, (event) => (event.data as unknown as DecisionData).satisfied),
    gate: lastTurn(
      updates.filter(({ fact }) => fact.startsWith('gating:')),
      (event) => ['passed', 'ignored'].includes((event.data as unknown as GatingData).status),
    ),
    final_tag: tag(release?.testing_tag) ?? tag(release?.stable_tag),
  };
  return CHAIN_EVENTS.flatMap((event) => {
    const heard = found[event];
    return heard === undefined
      ? []
      : [
          {
            event,
            earliest: heard.earliest,
            latest: heard.latest,
            source: heard.source,
            messaged: heard.reports.some(({ source }) => source !== 'api'),
          },
        ];
  });
}

/** For each required test the newest run of it counts; the hop ends with the last test, and not before all of them have come so far. */
function lastOfTests(
  build: readonly Event[],
  tests: readonly string[],
  state: CiData['state'],
): Event | undefined {
  return lastOfAll(tests, (test) =>
    build.filter((event) => {
      const data = event.data as unknown as CiData;
      return event.fact.startsWith('ci-') && data.state === state && data.test === test;
    }),
  );
}

function lastResult(build: readonly Event[], tests: readonly string[]): Event | undefined {
  return lastOfAll(tests, (test) =>
    build.filter((event) => {
      if (!event.fact.startsWith('result:')) return false;
      const { testcase, outcome } = event.data as unknown as ResultData;
      return testcase === test && outcome !== 'QUEUED' && outcome !== 'RUNNING';
    }),
  );
}

/** The last event of the last test; undefined while one of them has none. */
function lastOfAll(
  tests: readonly string[],
  eventsOfTest: (test: string) => readonly Event[],
): Event | undefined {
  const last = tests.map((test) => latest(eventsOfTest(test)));
  return last.includes(undefined) ? undefined : latest(last);
}

function latest(events: readonly (Event | undefined)[]): Event | undefined {
  return events.reduce(
    (last, event) =>
      event !== undefined && (last === undefined || event.latest >= last.latest) ? event : last,
    undefined,
  );
}

function hopsOf(points: readonly ChainPoint[], release: Release | null): readonly HopRecord[] {
  const at = new Map(points.map((point) => [point.event, point]));
  return HOP_DEFINITIONS.flatMap((definition) => {
    const end = at.get(definition.to);
    const start = end === undefined ? undefined : startOf(definition, end, at, release);
    if (end === undefined || start === undefined) return [];
    const startEarliest = start.earliest ?? earliestBefore(start, points);
    // Nobody looked before: it cannot have been before the hop began.
    const endEarliest = end.earliest ?? startEarliest;
    return [
      {
        hop: definition.hop,
        system: definition.system,
        from: start.event,
        to: end.event,
        ended_at: { earliest: endEarliest, latest: end.latest },
        shortest_ms: Math.max(0, endEarliest - start.latest),
        longest_ms: Math.max(0, end.latest - startEarliest),
        source: end.source,
      },
    ];
  });
}

/**
 * Where the hop began: the latest of the events it can begin with, but for those that surely came behind its end (a push to testing does not wait for the
 * gate); Bodhi's own updates begin at the candidate tag.
 */
function startOf(
  { hop, from }: HopDefinition,
  end: ChainPoint,
  at: ReadonlyMap<ChainEvent, ChainPoint>,
  release: Release | null,
): ChainPoint | undefined {
  const events = hop === 'update' && release?.composed_by_bodhi === false ? ['candidate_tag' as const] : from;
  return events
    .map((event) => at.get(event))
    .filter((point) => point !== undefined)
    .filter(({ earliest }) => earliest === undefined || earliest <= end.latest)
    .reduce<ChainPoint | undefined>(
      (last, point) => (last === undefined || point.latest > last.latest ? point : last),
      undefined,
    );
}

function earliestBefore(point: ChainPoint, points: readonly ChainPoint[]): number {
  const before = HOP_DEFINITIONS.find(({ to }) => to === point.event)?.from ?? [];
  const earlier = points.findLast(({ event }) => before.includes(event));
  return earlier === undefined ? point.latest : (earlier.earliest ?? earliestBefore(earlier, points));
}
