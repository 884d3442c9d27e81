import { type Kysely, type Selectable, sql } from 'kysely';
import type { Incident, IncidentState, Incidents, SystemEvidence, SystemRow } from '../core/incident.ts';
import type { Charge } from '../core/system.ts';
import { addNotices } from './outbox.ts';
import { parsed } from './rows.ts';
import type { Database, EvidenceTable, IncidentsTable, SystemsTable } from './schema.ts';
import type { Session } from './session.ts';
import { addTotals } from './totals.ts';

type Row = Selectable<IncidentsTable>;

export function incidentsIn({ run, changeDurably }: Session): Incidents {
  return {
    live: (scope) =>
      run(async (db) => {
        const { rows } = await sql<Row>`
          select * from incidents where state in ('suspected', 'open')
          ${scope === undefined ? sql`` : sql`and scope = ${scope}`}
          order by incident_id`.execute(db);
        return rows.map(incidentOf);
      }),

    find: (incident_id) =>
      run(async (db) => {
        const { rows } = await sql<Row>`select * from incidents where incident_id = ${incident_id}`.execute(
          db,
        );
        return rows[0] === undefined ? undefined : incidentOf(rows[0]);
      }),

    list: ({ environment, system, state, before, limit }) =>
      run(async (db) => {
        let query = db.selectFrom('incidents').selectAll().orderBy('incident_id', 'desc').limit(limit);
        if (environment !== undefined) query = query.where('environment', '=', environment);
        if (system !== undefined) query = query.where('system', '=', system);
        if (state !== undefined) query = query.where('state', '=', state);
        if (before !== undefined) query = query.where('incident_id', '<', before);
        return (await query.execute()).map(incidentOf);
      }),

    apply: (changes, notices) =>
      changeDurably(async (transaction) => {
        await putIncidents(transaction, changes);
        await addNotices(transaction, notices);
      }),

    acknowledge: (incident_id, by, at) =>
      changeDurably(async (transaction) => {
        const { rows } = await sql<Row>`
          update incidents set acknowledged_at = ${at}, acknowledged_by = ${by}
          where incident_id = ${incident_id}
          returning *`.execute(transaction);
        return rows[0] === undefined ? undefined : incidentOf(rows[0]);
      }),

    setTicket: (incident_id, ticket) =>
      changeDurably(async (transaction) => {
        const { rows } = await sql<Row>`
          update incidents set ticket = ${ticket} where incident_id = ${incident_id} returning *`.execute(
          transaction,
        );
        return rows[0] === undefined ? undefined : incidentOf(rows[0]);
      }),

    close: (incident_id, { by, because, at }) =>
      changeDurably(async (transaction) => {
        // On a clock that nobody knows any more it would end before it began.
        const { rows } = await sql<Row>`
          update incidents set state = iif(state = 'open', 'resolved', 'dismissed'),
            closed_at = max(${at}, since), closed_by = ${by}, closed_because = ${because}
          where incident_id = ${incident_id} and state in ('suspected', 'open')
          returning *`.execute(transaction);
        return rows[0] === undefined ? undefined : incidentOf(rows[0]);
      }),

    untold: () =>
      run(async (db) => {
        const { rows } = await sql<Row>`
          select * from incidents where closed_at is not null and ${isUntold} order by closed_at`.execute(db);
        return rows.map(incidentOf);
      }),

    tell: (closed, notices, totals) =>
      changeDurably(async (transaction) => {
        const { numAffectedRows } = await sql`
          update incidents set data = ${JSON.stringify(closed)}
          where incident_id = ${closed.incident_id} and ${isUntold}`.execute(transaction);
        if (numAffectedRows !== 1n) return false;
        await addNotices(transaction, notices);
        await addTotals(transaction, totals);
        return true;
      }),

    setUnwatched: (incident_id, since) =>
      run(async (db) => {
        await sql`update incidents set unwatched_since = ${since} where incident_id = ${incident_id}`.execute(
          db,
        );
      }),

    evidence: ({ scope, system, since, limit }) =>
      run(async (db) => {
        let query = db
          .selectFrom('evidence')
          .selectAll()
          .where('scope', '=', scope)
          .orderBy('at', 'desc')
          .orderBy('run_id', 'desc')
          .limit(limit);
        if (system !== undefined) query = query.where('system', '=', system);
        if (since !== undefined) query = query.where('at', '>=', since);
        return (await query.execute()).map(evidenceOf);
      }),

    failureRate: (scope, system, since) =>
      run(async (db) => {
        const { rows } = await sql<{ failed: number; of: number }>`
          select count(*) as "of", count(*) filter (where good = 0) as failed from evidence
          where scope = ${scope} and system = ${system} and at >= ${since} and counted = 1`.execute(db);
        return { failed: rows[0]?.failed ?? 0, of: rows[0]?.of ?? 0 };
      }),

    systems: () =>
      run(async (db) => {
        const { rows } = await sql<
          Selectable<SystemsTable>
        >`select * from systems order by scope, system`.execute(db);
        return rows.map((row): SystemRow => ({ ...row, system: row.system as Charge }));
      }),
  };
}

/** Of one that somebody closed: what `serve` knew of it last still goes on. */
const isUntold = sql`data ->> 'state' in ('suspected', 'open')`;

/**
 * Stores them as they are now, but for what an operator has said of one that is there already. One that was closed stays so: whoever stores it anew
 * began before it was, and had people told if it is `open` now.
 */
export async function putIncidents(on: Kysely<Database>, incidents: readonly Incident[]): Promise<void> {
  if (incidents.length === 0) return;
  // What has ended makes room for what begins: there is one live incident of a system at a time.
  const rows = incidents
    .toSorted((one, other) => Number(isLive(one)) - Number(isLive(other)))
    .map((incident) => ({ ...incident, data: JSON.stringify(incident) }));
  await sql`
    insert into incidents (
      incident_id, scope, environment, system, state, since, acknowledged_at, acknowledged_by, ticket,
      closed_at, closed_by, closed_because, unwatched_since, data)
    select one.value ->> 'incident_id', one.value ->> 'scope', one.value ->> 'environment', one.value ->> 'system',
      one.value ->> 'state', one.value ->> 'since', one.value ->> 'acknowledged_at', one.value ->> 'acknowledged_by',
      one.value ->> 'ticket', one.value ->> 'closed_at', one.value ->> 'closed_by', one.value ->> 'closed_because',
      one.value ->> 'unwatched_since', one.value ->> 'data'
    from json_each(${JSON.stringify(rows)}) as one where true
    on conflict (incident_id) do update set since = excluded.since, data = excluded.data, state = case
      when closed_at is null then excluded.state
      when excluded.state = 'open' then 'resolved'
      else incidents.state end`.execute(on);
}

function isLive({ state }: Incident): boolean {
  return state === 'suspected' || state === 'open';
}

/** Adds it, and moves what is known of each system. */
export async function addEvidence(on: Kysely<Database>, evidence: readonly SystemEvidence[]): Promise<void> {
  if (evidence.length === 0) return;
  const given = JSON.stringify(evidence);
  await sql`
    insert into evidence (scope, system, at, run_id, environment, probe, good, counted)
    select one.value ->> 'scope', one.value ->> 'system', one.value ->> 'at', one.value ->> 'run_id',
      one.value ->> 'environment', one.value ->> 'probe', one.value ->> 'good', one.value ->> 'counted'
    from json_each(${given}) as one where true
    on conflict (scope, system, at, run_id) do nothing`.execute(on);
  await sql`
    insert into systems (scope, environment, system, last_good, last_bad)
    select one.value ->> 'scope', one.value ->> 'environment', one.value ->> 'system',
      iif(one.value ->> 'good', one.value ->> 'at', null), iif(one.value ->> 'good', null, one.value ->> 'at')
    from json_each(${given}) as one where true
    on conflict (scope, system) do update set
      last_good = coalesce(max(last_good, excluded.last_good), last_good, excluded.last_good),
      last_bad = coalesce(max(last_bad, excluded.last_bad), last_bad, excluded.last_bad)`.execute(on);
}

function incidentOf({ data, state, ...row }: Row): Incident {
  const incident = parsed<Incident>(data);
  const { acknowledged_at, acknowledged_by, ticket, closed_at, closed_by, closed_because } = row;
  return {
    ...incident,
    state: state as IncidentState,
    resolved_at: incident.resolved_at ?? (state === 'resolved' ? closed_at : null),
    acknowledged_at,
    acknowledged_by,
    ticket,
    closed_at,
    closed_by,
    closed_because,
    unwatched_since: row.unwatched_since,
  };
}

function evidenceOf(row: Selectable<EvidenceTable>): SystemEvidence {
  return { ...row, system: row.system as Charge, good: row.good === 1, counted: row.counted === 1 };
}
