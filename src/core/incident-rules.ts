import type { IncidentRules, IncidentsConfig } from './config.ts';
import type { Incident, SystemEvidence } from './incident.ts';
import type { Charge } from './system.ts';

/** How many pieces of evidence `3 of the last 6 failed` looks at, where the rule does not say. */
export const RECENT = 6;

/** How far back `normal` counts. Milliseconds. */
export const NORMAL_MS = 28 * 86_400_000;

/** The rules for a system: what its own part leaves out is as it is for all. What is our own doing is always confirmed by a second run. */
export function rulesOf(config: IncidentsConfig, system: Charge): IncidentRules {
  const { systems, ...all } = config;
  if (system === 'own') return { ...all, open: { when: 'confirmed' } };
  const { open, resolve_after, remind_every, flapping } = systems[system] ?? {};
  return {
    open: open ?? all.open,
    resolve_after: resolve_after ?? all.resolve_after,
    remind_every: remind_every ?? all.remind_every,
    flapping: {
      changes: flapping?.changes ?? all.flapping.changes,
      within: flapping?.within ?? all.flapping.within,
    },
  };
}

/** A rule as people read it: `confirmed`, `3 in a row`, `3 of the last 6`. */
export function ruleText(open: IncidentRules['open']): string {
  if (open.when === 'confirmed') return 'confirmed';
  return open.when === 'in_a_row' ? `${open.count} in a row` : `${open.failed} of the last ${open.of}`;
}

/** How many pieces of evidence of a system have to be known to judge by these rules. */
export function evidenceNeeded({ open, resolve_after }: IncidentRules): number {
  const window = open.when === 'in_a_row' ? open.count : open.when === 'of_last' ? open.of : 2;
  return Math.max(window, resolve_after, RECENT);
}

/**
 * What a piece of evidence does to the incident of its system.
 *
 * - `suspect`: a new one, that nobody is told of yet
 * - `open`: people are to be told
 * - `add`: another failure of the one that is there
 * - `dismiss`: it was suspected, and is not so
 * - `resolve`: it was open and is over
 */
export type Decision = 'suspect' | 'open' | 'add' | 'dismiss' | 'resolve' | 'nothing';

type Live = Pick<Incident, 'state' | 'updated_at' | 'flapping_since'>;

export interface Question {
  readonly rules: IncidentRules;
  readonly live: Live | undefined;
  /** What has just come in; counted. */
  readonly row: SystemEvidence;
  /** Counted evidence of the same system, with `row`; in any order. */
  readonly history: readonly SystemEvidence[];
  /** Whether the good evidence says something of what failed: cloning says nothing of a push. */
  readonly answers: (good: SystemEvidence) => boolean;
  /** Whether the failure is more of what is suspected already. */
  readonly confirms: boolean;
  /** How many runs failed one after another, this one included, whomever they charge; what an open incident explains is not among them. */
  readonly failedRuns: number;
}

/** So many failing runs one after another are no chance any more, also where each charges another system: the workflow is broken. */
const BROKEN = 3;

/** Judges one piece of evidence. It may come late: what newer evidence has overtaken changes nothing. */
export function decide(question: Question): Decision {
  return question.row.good ? decideGood(question) : decideBad(question);
}

function decideBad({ rules, live, row, history, confirms, failedRuns }: Question): Decision {
  if (live?.state === 'open') return 'add';
  const before = live === undefined ? 'suspect' : 'add';
  const newest = history.toSorted(newestFirst);
  const { open } = rules;
  switch (open.when) {
    case 'confirmed':
      if (newest[0]?.good === true && newest[0].at > row.at) return live === undefined ? 'nothing' : 'add';
      if (live === undefined) return failedRuns >= BROKEN ? 'open' : 'suspect';
      return confirms || failedRuns >= BROKEN ? 'open' : 'add';
    case 'in_a_row': {
      const last = newest.slice(0, open.count);
      return last.length === open.count && last.every(({ good }) => !good) ? 'open' : before;
    }
    case 'of_last': {
      const failed = newest.slice(0, open.of).filter(({ good }) => !good).length;
      return failed >= open.failed ? 'open' : before;
    }
  }
}

function decideGood({ rules, live, row, history, answers }: Question): Decision {
  if (live === undefined || row.at <= live.updated_at || !answers(row)) return 'nothing';
  const { open, resolve_after, flapping } = rules;
  if (live.state === 'suspected') {
    if (open.when !== 'of_last') return 'dismiss';
    const window = history.toSorted(newestFirst).slice(0, open.of);
    return window.every(({ good }) => good) ? 'dismiss' : 'nothing';
  }
  if (live.flapping_since !== null)
    return row.at - live.updated_at >= flapping.within ? 'resolve' : 'nothing';
  const since = history.filter(({ good, at }) => good && at > live.updated_at);
  return since.filter(answers).length >= resolve_after ? 'resolve' : 'nothing';
}

export function newestFirst(a: SystemEvidence, b: SystemEvidence): number {
  return b.at - a.at;
}

/** When it came back before, as far as that still counts, and now: an incident that begins so soon after the one before is the same trouble. */
export function comebacks(
  before: Pick<Incident, 'resolved_at' | 'reopened_at' | 'flapping_since'> | undefined,
  at: number,
  within: number,
): readonly number[] {
  if (before?.resolved_at == null || before.flapping_since !== null) return [];
  if (at < before.resolved_at || at - before.resolved_at > within) return [];
  return [...before.reopened_at.filter((each) => at - each <= within), at];
}
