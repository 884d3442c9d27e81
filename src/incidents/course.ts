import type { IncidentRules } from '../core/config.ts';
import type { ChangeBefore, Incident, SystemEvidence } from '../core/incident.ts';
import { comebacks, newestFirst, RECENT, ruleText } from '../core/incident-rules.ts';
import type { RunRecord } from '../core/run.ts';
import { incidentRunOf } from './run-facts.ts';

/** An incident remembers its first runs, and of the later ones the last. */
const RUNS_KEPT = 10;

interface Beginning {
  readonly incident_id: string;
  /** What failed. */
  readonly row: SystemEvidence;
  /** End of the run. */
  readonly since: number;
  /** Of the system. */
  readonly history: readonly SystemEvidence[];
  readonly normal: Incident['normal'];
  readonly changes: readonly ChangeBefore[];
}

/** Suspected, and without a run yet. */
export function beginIncident({ incident_id, row, since, history, normal, changes }: Beginning): Incident {
  const good = history
    .filter((each) => each.good && each.at <= row.at)
    .toSorted(newestFirst)
    .at(0);
  return {
    incident_id,
    scope: row.scope,
    environment: row.environment,
    system: row.system,
    state: 'suspected',
    since,
    opened_at: null,
    resolved_at: null,
    updated_at: row.at,
    rule: null,
    runs: [],
    failures: 0,
    last_good: good === undefined ? null : { run_id: good.run_id, probe: good.probe, ended_at: good.at },
    recent: { failed: 0, of: 0 },
    normal,
    changes,
    flapping_since: null,
    reopened_at: [],
    reminders: 0,
    told_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    ticket: null,
    closed_at: null,
    closed_by: null,
    closed_because: null,
    unwatched_since: null,
  };
}

interface Another {
  readonly row: SystemEvidence;
  readonly record: RunRecord;
  readonly history: readonly SystemEvidence[];
  readonly rules: IncidentRules;
}

/** The incident with one more run that failed. While it flaps it stays open: that it was good in between is only counted. */
export function withFailure(incident: Incident, { row, record, history, rules }: Another): Incident {
  const { open } = rules;
  const last = history.toSorted(newestFirst).slice(0, open.when === 'of_last' ? open.of : RECENT);
  const { fault } = record;
  const runs = fault === undefined ? incident.runs : [...incident.runs, incidentRunOf(record, fault)];
  const updated_at = Math.max(incident.updated_at, row.at);
  const cameBack =
    incident.flapping_since !== null &&
    history.some(({ good, at }) => good && at > incident.updated_at && at <= updated_at);
  return {
    ...incident,
    updated_at,
    runs: runs.length > RUNS_KEPT + 1 ? [...runs.slice(0, RUNS_KEPT), ...runs.slice(-1)] : runs,
    failures: incident.failures + 1,
    recent: { failed: last.filter(({ good }) => !good).length, of: last.length },
    reopened_at: cameBack ? [...incident.reopened_at, updated_at] : incident.reopened_at,
  };
}

interface Opening {
  readonly at: number;
  /** The host's. */
  readonly told_at: number;
  readonly rules: IncidentRules;
  /** Of the same system, over already; in any order. */
  readonly before: readonly Incident[];
}

/** The incident as people are told of it: as one that flaps where the trouble came back too often lately. */
export function openIncident(incident: Incident, { at, told_at, rules, before }: Opening): Incident {
  const last = before.toSorted((a, b) => (b.resolved_at ?? 0) - (a.resolved_at ?? 0))[0];
  const reopened_at = comebacks(last, incident.since, rules.flapping.within);
  const flaps = reopened_at.length >= rules.flapping.changes;
  return {
    ...incident,
    state: 'open',
    opened_at: at,
    rule: incident.system === 'own' ? 'errored twice' : ruleText(rules.open),
    reopened_at,
    flapping_since: flaps ? (reopened_at[0] ?? incident.since) : null,
    told_at,
  };
}
