import type { Incident, SystemRow } from './incident.ts';
import { intervalOf, type Site } from './site.ts';
import { type Charge, SYSTEMS } from './system.ts';
import { type KnownState, newestEvidence, stateOf } from './system-state.ts';

/** One system of one environment, as every face of packprobe shows it. Times: epoch ms and milliseconds of the environment's clock. */
export interface SystemEntry {
  readonly environment: string;
  readonly system: Charge;
  readonly state: KnownState;
  /** Since when it fails, or since when nothing was heard of it; null where that is not known. */
  readonly since: number | null;
  /** Of the newest evidence; null where there is none. */
  readonly age_ms: number | null;
  readonly interval_ms: number | null;
  readonly last_good: number | null;
  readonly last_bad: number | null;
  readonly incident: Incident | null;
}

/**
 * Every system that the probes of these sites speak for, in the order in which a package meets them; `own` last.
 * @param rows the newest evidence of all that there is
 * @param live incidents that are not over
 */
export function systemList(
  sites: readonly Site[],
  rows: readonly SystemRow[],
  live: readonly Incident[],
): readonly SystemEntry[] {
  return sites.flatMap((site) => {
    const { name } = site.environment;
    const spoken = new Set([...site.probes.values()].flatMap(({ systems }) => systems));
    const own = site.probes.size === 0 ? [] : (['own'] as const);
    const systems: readonly Charge[] = [...SYSTEMS.filter((system) => spoken.has(system)), ...own];
    return systems.map((system): SystemEntry => {
      const row = rows.find((one) => one.scope === site.scope && one.system === system);
      const incident = live.find(
        (one) => one.scope === site.scope && one.system === system && one.state === 'open',
      );
      return { environment: name, system, ...known(site, system, row, incident) };
    });
  });
}

function known(
  site: Site,
  system: Charge,
  row: SystemRow | undefined,
  incident: Incident | undefined,
): Omit<SystemEntry, 'environment' | 'system'> {
  const now = site.clock.now();
  const { last_good = null, last_bad = null } = row ?? {};
  const newest = newestEvidence({ last_good, last_bad });
  // Every run speaks for packprobe itself.
  const intervalMs = system === 'own' ? shortestInterval(site) : intervalOf(site, system);
  // Evidence that lies ahead comes from a clock that was set back: it would stay young for as long as it was set back.
  const isAhead = newest !== undefined && intervalMs !== undefined && newest - now > intervalMs;
  const hasOpenIncident = incident !== undefined;
  const state = isAhead ? 'unknown' : stateOf({ now, last_good, last_bad, intervalMs, hasOpenIncident });
  return {
    state,
    since: sinceOf(state, { newest, last_bad, incident }),
    age_ms: newest === undefined ? null : Math.round(now - newest),
    interval_ms: intervalMs ?? null,
    last_good,
    last_bad,
    incident: incident ?? null,
  };
}

function sinceOf(
  state: KnownState,
  {
    newest,
    last_bad,
    incident,
  }: { newest: number | undefined; last_bad: number | null; incident: Incident | undefined },
): number | null {
  if (state === 'operational') return null;
  return state === 'failing' ? (incident?.since ?? last_bad) : (newest ?? null);
}

function shortestInterval({ probes }: Site): number | undefined {
  const all = [...probes.values()].flatMap(({ intervalMs }) =>
    intervalMs === undefined ? [] : [intervalMs],
  );
  return all.length === 0 ? undefined : Math.min(...all);
}
