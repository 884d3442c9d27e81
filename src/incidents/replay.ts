import type { IncidentRules, IncidentsConfig } from '../core/config.ts';
import type { FaultData } from '../core/fault.ts';
import type { Incident, SystemEvidence } from '../core/incident.ts';
import { type Decision, decide, evidenceNeeded, rulesOf } from '../core/incident-rules.ts';
import type { Site } from '../core/site.ts';
import type { Charge } from '../core/system.ts';
import { beginIncident } from './course.ts';
import { answersTo } from './evidence.ts';

/** The step at which a run failed, and why; evidence alone does not know. */
export interface Failure {
  readonly step: string | null;
  readonly fault: FaultData | undefined;
}

interface Replayed {
  /** In any order. */
  readonly evidence: readonly SystemEvidence[];
  /** By run id; of runs that are not stored any more there is none. */
  readonly failures: ReadonlyMap<string, Failure>;
  readonly rules: IncidentsConfig;
  readonly site: Pick<Site, 'probes'>;
}

/** One incident as other rules would have had it. Epoch ms of the environment's clock. */
export interface ReplayedIncident {
  readonly system: Charge;
  readonly since: number;
  readonly opened_at: number;
  /** Null where it goes on. */
  readonly resolved_at: number | null;
  readonly failures: number;
}

interface Course {
  incident: Incident;
  opened_at: number | undefined;
  failures: number;
}

/**
 * The incidents that rules would have opened, from evidence that was gathered under others. Comebacks are told one by one here: what counts is what
 * people would have been woken by.
 */
export function replay({ evidence, failures, rules, site }: Replayed): readonly ReplayedIncident[] {
  const told: ReplayedIncident[] = [];
  const courses = new Map<Charge, Course>();
  const histories = new Map<Charge, SystemEvidence[]>();
  const streaks = new Map<string, number>();

  for (const rows of runsOf(evidence)) {
    const bad = rows.find(({ good, system }) => !good && system !== 'own');
    const probe = rows[0]?.probe ?? '';
    const isOpen = bad !== undefined && courses.get(bad.system)?.opened_at !== undefined;
    const failed =
      bad === undefined || isOpen ? 0 : 1 + Math.max(streaks.get('') ?? 0, streaks.get(probe) ?? 0);
    for (const row of rows.toSorted((a, b) => Number(b.good) - Number(a.good))) take(row, failed);
    const isPassed = rows.every(({ good }) => good);
    for (const key of ['', probe]) {
      if (isPassed) streaks.set(key, 0);
      else if (bad !== undefined && !isOpen) streaks.set(key, (streaks.get(key) ?? 0) + 1);
    }
  }
  for (const { incident, opened_at, failures: count } of courses.values()) {
    if (opened_at === undefined) continue;
    told.push({ ...periodOf(incident), opened_at, resolved_at: null, failures: count });
  }
  return told.toSorted((a, b) => a.opened_at - b.opened_at);

  function take(row: SystemEvidence, failedRuns: number): void {
    const own = rulesOf(rules, row.system);
    const history = remember(row, own);
    const course = courses.get(row.system);
    const decision = decide({
      rules: own,
      live: course?.incident,
      row,
      history,
      answers: course === undefined ? () => true : answersTo(course.incident, { site }),
      confirms: course !== undefined && confirms(course, row, history),
      failedRuns: row.system === 'own' ? 0 : failedRuns,
    });
    act(decision, row, course);
  }

  function remember(row: SystemEvidence, own: IncidentRules): readonly SystemEvidence[] {
    const known = histories.get(row.system) ?? [];
    // Of what is long over nobody asks any more.
    const kept = [...known.slice(-4 * evidenceNeeded(own)), row];
    histories.set(row.system, kept);
    return kept;
  }

  function confirms({ incident }: Course, row: SystemEvidence, history: readonly SystemEvidence[]): boolean {
    if (row.system === 'own') {
      return failures.get(row.run_id)?.fault?.code === incident.runs.at(-1)?.fault.code;
    }
    return !history.some(({ probe, good, at }) => good && probe === row.probe && at > incident.updated_at);
  }

  function act(decision: Decision, row: SystemEvidence, course: Course | undefined): void {
    switch (decision) {
      case 'suspect':
      case 'open':
      case 'add': {
        const next = course ?? { incident: begun(row), opened_at: undefined, failures: 0 };
        next.incident = withRun(next.incident, row, failures.get(row.run_id));
        next.failures += 1;
        if (decision === 'open') {
          next.opened_at = row.at;
          next.incident = { ...next.incident, state: 'open' };
        }
        courses.set(row.system, next);
        return;
      }
      case 'dismiss':
        courses.delete(row.system);
        return;
      case 'resolve':
        if (course?.opened_at !== undefined) {
          const { incident, opened_at, failures: count } = course;
          told.push({ ...periodOf(incident), opened_at, resolved_at: row.at, failures: count });
        }
        courses.delete(row.system);
        return;
      case 'nothing':
    }
  }
}

/** The evidence of each run together, in the order in which the runs ended. */
function runsOf(evidence: readonly SystemEvidence[]): readonly (readonly SystemEvidence[])[] {
  const runs = new Map<string, SystemEvidence[]>();
  for (const row of evidence) {
    if (!row.counted) continue;
    const known = runs.get(row.run_id);
    if (known === undefined) runs.set(row.run_id, [row]);
    else known.push(row);
  }
  const ends = (rows: readonly SystemEvidence[]) => Math.max(...rows.map(({ at }) => at));
  return [...runs.values()]
    .map((rows) => ({ rows, end: ends(rows) }))
    .toSorted((a, b) => a.end - b.end)
    .map(({ rows }) => rows);
}

function periodOf({ system, since }: Incident): Pick<ReplayedIncident, 'system' | 'since'> {
  return { system, since };
}

function begun(row: SystemEvidence): Incident {
  const normal = { failed: 0, of: 0 };
  return beginIncident({ incident_id: '', row, since: row.at, history: [], normal, changes: [] });
}

function withRun(incident: Incident, row: SystemEvidence, failure: Failure | undefined): Incident {
  const { run_id, probe, at, system } = row;
  const unknown: FaultData = { message: '', code: '', kind: 'rejected', system, evidence: {} };
  const run = {
    run_id,
    probe,
    ended_at: at,
    step: failure?.step ?? null,
    fault: failure?.fault ?? unknown,
    builds: [],
    updates: [],
    details: [],
  };
  return {
    ...incident,
    updated_at: Math.max(incident.updated_at, at),
    runs: [...incident.runs.slice(-10), run],
  };
}

/** What became of an incident under other rules. */
export interface Comparison {
  /** `same`: both told it; `missed`: only what happened did; `new`: only the other rules. */
  readonly verdict: 'same' | 'missed' | 'new';
  readonly system: Charge;
  readonly since: number;
  readonly resolved_at: number | null;
  readonly failures: number;
  readonly incident_id: string | null;
  /** How much later people would have been told; negative: earlier. Milliseconds, null where only one told it. */
  readonly later_ms: number | null;
}

/** Holds what other rules would have told against what was told. */
export function compare(
  replayed: readonly ReplayedIncident[],
  actual: readonly Incident[],
): readonly Comparison[] {
  const told = actual.filter(({ opened_at }) => opened_at !== null);
  const matched = new Set<string>();
  const found = replayed.map((one): Comparison => {
    const { system, since, resolved_at, failures, opened_at } = one;
    const other = told.find((each) => each.system === system && overlap(one, each));
    const repeated = other !== undefined && matched.has(other.incident_id);
    if (other !== undefined) matched.add(other.incident_id);
    return {
      verdict: other === undefined || repeated ? 'new' : 'same',
      system,
      since,
      resolved_at,
      failures,
      incident_id: other?.incident_id ?? null,
      later_ms: other?.opened_at == null || repeated ? null : opened_at - other.opened_at,
    };
  });
  const missed = told
    .filter(({ incident_id }) => !matched.has(incident_id))
    .map(({ system, since, resolved_at, failures, incident_id }): Comparison => {
      return { verdict: 'missed', system, since, resolved_at, failures, incident_id, later_ms: null };
    });
  return [...found, ...missed].toSorted((a, b) => a.since - b.since);
}

function overlap(
  one: Pick<Incident, 'since' | 'resolved_at'>,
  other: Pick<Incident, 'since' | 'resolved_at'>,
): boolean {
  const end = ({ resolved_at }: Pick<Incident, 'resolved_at'>) => resolved_at ?? Number.POSITIVE_INFINITY;
  return one.since <= end(other) && other.since <= end(one);
}
