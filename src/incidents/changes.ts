import type { ChangeBefore, Incidents } from '../core/incident.ts';
import type { RunRecord } from '../core/run.ts';
import type { Period } from '../core/schedule.ts';
import type { Store } from '../core/store.ts';
import type { Charge } from '../core/system.ts';
import { minuteTime } from './quiet-hours.ts';
import { versionChanges } from './versions.ts';

/** How far back is looked for what may have broken it. Milliseconds. */
const BEFORE_MS = 24 * 3_600_000;

/** Of the many playbooks of a busy day the newest. */
const MOST = 20;

/** Asks what the infrastructure's playbooks did; never throws but for the signal. */
export type AskPlaybooks = (
  window: { readonly since: number; readonly until: number },
  signal: AbortSignal,
) => Promise<readonly ChangeBefore[]>;

interface Failed {
  readonly record: RunRecord;
  readonly scope: string;
  /** Whom the run charges. */
  readonly system: Charge;
  readonly store: Pick<Store, 'find' | 'addReports' | 'reportsOf' | 'noteLooks' | 'looksOf'> & {
    readonly incidents: Pick<Incidents, 'evidence'>;
  };
  /** Undefined where the environment has no archive of messages. */
  readonly playbooks: AskPlaybooks | undefined;
  readonly periods: readonly Period[];
}

/** What changed in the day before a run failed, the newest first; versions of commands since the last good run of the system. */
export async function changesBefore(
  { record, scope, system, store, playbooks, periods }: Failed,
  signal: AbortSignal,
): Promise<readonly ChangeBefore[]> {
  const until = record.ended_at;
  const since = until - BEFORE_MS;
  const versions = await versionChanges(store, scope, since);
  const changes = [
    ...versions.filter(({ earliest, latest }) => (earliest ?? latest) <= until).map(systemChange),
    ...(await commandChanges({ record, scope, system, store })),
    ...((await playbooks?.({ since, until }, signal)) ?? []),
    ...periodChanges(periods, { since, until, environment: record.environment, system }),
  ];
  return changes.toSorted((a, b) => b.at - a.at).slice(0, MOST);
}

function systemChange({
  system,
  from,
  to,
  earliest,
  latest,
}: Awaited<ReturnType<typeof versionChanges>>[number]): ChangeBefore {
  const when = earliest === undefined ? '' : `, between ${minuteTime(earliest)} and ${minuteTime(latest)}`;
  return { at: latest, kind: 'version', text: `${system}: version ${from} became ${to}${when}`, link: null };
}

/** What this host has now and had not when the system was last good. */
async function commandChanges({
  record,
  scope,
  system,
  store,
}: Pick<Failed, 'record' | 'scope' | 'system' | 'store'>): Promise<readonly ChangeBefore[]> {
  const evidence = await store.incidents.evidence({ scope, system, limit: 50 });
  const last = evidence.find(({ good, run_id }) => good && run_id !== record.run_id);
  const { run } = last === undefined ? {} : await store.find(last.run_id);
  const before = run?.record?.versions ?? {};
  return Object.entries(record.versions).flatMap(([command, version]): readonly ChangeBefore[] => {
    const earlier = before[command];
    if (earlier === undefined || earlier === version) return [];
    const text = `${command}: version ${earlier} became ${version} since the last good run`;
    return [{ at: record.started_at, kind: 'version', text, link: null }];
  });
}

interface Window {
  readonly since: number;
  readonly until: number;
  readonly environment: string;
  readonly system: Charge;
}

function periodChanges(
  periods: readonly Period[],
  { since, until, environment, system }: Window,
): readonly ChangeBefore[] {
  return periods
    .filter(({ environments }) => environments.length === 0 || environments.includes(environment))
    .filter(({ systems }) => systems.length === 0 || systems.includes(system))
    .flatMap(({ from, to, kind, note, link }): readonly ChangeBefore[] => {
      const name = `${kind.replace('_', ' ')}${note === '' ? '' : ` "${note}"`}`;
      // Of a long one both ends may lie elsewhere: it goes on.
      const ends = to >= since && to <= until;
      const begins = from >= since && from <= until;
      if (ends) return [{ at: to, kind: 'calendar', text: `${name} ended`, link }];
      if (begins) return [{ at: from, kind: 'calendar', text: `${name} began`, link }];
      return from < since && to > until
        ? [{ at: since, kind: 'calendar', text: `${name} goes on, until ${minuteTime(to)}`, link }]
        : [];
    });
}
