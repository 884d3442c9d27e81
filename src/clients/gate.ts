import { isoOf } from '../core/civil.ts';
import { type Event, lastTurn, type News } from '../core/event.ts';
import type { DecisionData, ResultData } from '../core/facts.ts';
import type { Release } from '../core/release.ts';
import { contextsOf, type DecisionQuestion, decisionSubject } from './greenwave.ts';
import { buildSubject } from './koji.ts';
import { isFinal } from './resultsdb.ts';

/** Clocks of two systems differ a little; a test takes minutes. Milliseconds. */
const TOLERANCE_MS = 60_000;

/** What Bodhi asks of an update that was just made, and is in no group of the critical path. */
export function usualQuestion(
  { product_version, composed_by_bodhi }: Release,
  nvrs: readonly string[],
  alias: string,
): DecisionQuestion {
  const contexts = contextsOf({ status: 'pending', request: composed_by_bodhi ? 'testing' : null });
  return { product_version, contexts, nvrs, alias };
}

/** What the distribution requires of the builds of an update. */
export interface Required {
  readonly nvrs: readonly string[];
  readonly tests: readonly string[];
}

/** A yes that came before any test can have been its reason, and what proves it. */
export interface EarlyYes {
  readonly opened_at: string;
  readonly first_results_at: string;
}

/**
 * Whether the yes that holds began before all required tests had a result for the first time; undefined where it did not, or where the
 * results are not known, or a waiver stands for one. The systems' own stamps must say so, and what we saw first: a clock that is wrong is no
 * open gate, nor are results that could not be asked for.
 */
export function earlyYes(
  events: readonly Event[],
  isYes: (event: Event) => boolean,
  { nvrs, tests }: Required,
  beside: News['beside'],
): EarlyYes | undefined {
  const yes = lastTurn(events, isYes);
  if (yes === undefined || tests.length === 0 || restsOnWaiver(yes)) return undefined;
  const firsts = nvrs.flatMap((nvr) => {
    const results = beside(buildSubject(nvr));
    return tests.map((test) => firstResult(results, test));
  });
  const stamp = Math.max(...firsts.map(({ at }) => at));
  const seen = Math.max(...firsts.map(({ seenAt }) => seenAt));
  if (!Number.isFinite(stamp)) return undefined;
  if (yes.latest + TOLERANCE_MS >= stamp || seenFirst(yes) + TOLERANCE_MS >= seen) return undefined;
  return { opened_at: isoOf(yes.latest), first_results_at: isoOf(stamp) };
}

/** Infinity while there is none. */
function firstResult(events: readonly Event[], test: string): { at: number; seenAt: number } {
  const results = events.filter(({ fact, data }) => {
    if (!fact.startsWith('result:')) return false;
    const { testcase, outcome } = data as unknown as ResultData;
    return testcase === test && isFinal(outcome);
  });
  return {
    at: Math.min(...results.map(({ earliest, latest }) => earliest ?? latest)),
    seenAt: Math.min(...results.map(seenFirst)),
  };
}

function seenFirst({ reports }: Event): number {
  return Math.min(...reports.map(({ seen_at }) => seen_at));
}

/** The same of Greenwave's own decisions on an update, where they were followed. */
export function earlyDecision(
  question: DecisionQuestion,
  tests: readonly string[],
  beside: News['beside'],
): EarlyYes | undefined {
  return earlyYes(beside(decisionSubject(question)), isSatisfied, { nvrs: question.nvrs, tests }, beside);
}

/** Whether Greenwave's yes that holds rests on a waiver, where its decisions were followed: it may rightly come before any result. */
export function isWaived(question: DecisionQuestion, beside: News['beside']): boolean {
  const yes = lastTurn(beside(decisionSubject(question)), isSatisfied);
  return yes !== undefined && restsOnWaiver(yes);
}

function restsOnWaiver({ data }: Event): boolean {
  return (data as Partial<DecisionData>).waived === true;
}

export function isSatisfied({ data }: Event): boolean {
  return (data as unknown as DecisionData).satisfied;
}
