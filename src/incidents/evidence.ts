import type { Incident, SystemEvidence } from '../core/incident.ts';
import type { RunRecord, StepRecord } from '../core/run.ts';
import type { Site } from '../core/site.ts';
import type { Charge } from '../core/system.ts';
import { decidingStep } from './run-facts.ts';

interface Evident {
  readonly record: RunRecord;
  readonly scope: string;
  readonly site: Pick<Site, 'probes'>;
  readonly live: readonly Incident[];
  /** False where the run is left out. */
  readonly counted: boolean;
}

/**
 * What a run says of systems. A failure speaks from the end of the run; what passed speaks from the end of its step: a login of hours ago says nothing
 * of a login server that broke since.
 */
export function evidenceOf({ record, scope, site, live, counted }: Evident): readonly SystemEvidence[] {
  if (record.outcome === 'cancelled') return [];
  const { environment, probe, run_id, ended_at } = record;
  const row = (system: Charge, good: boolean, at: number): SystemEvidence => ({
    scope,
    environment,
    system,
    probe,
    run_id,
    at: Math.min(at, ended_at),
    good,
    counted,
  });
  const bad: Charge | undefined =
    record.outcome === 'passed' ? undefined : (record.fault?.system ?? decidingStep(record)?.system ?? 'own');
  // Whatever else did not pass is no good sign of whom it is charged to, either.
  const doubted = new Set<Charge | undefined>([bad]);
  for (const step of record.steps) {
    if (step.outcome === 'passed' || step.outcome === 'skipped') continue;
    doubted.add(step.fault?.system ?? step.system);
  }
  const good = new Map<Charge, number>();
  const praise = (system: Charge, at: number) => {
    if (!doubted.has(system)) good.set(system, Math.max(good.get(system) ?? 0, at));
  };
  for (const step of record.steps) {
    if (step.outcome === 'passed') praise(step.system, endOf(step));
  }
  // Some are only ever charged by the steps of others, such as the message bus: that the same step passes is the only word for them.
  for (const incident of live) {
    const again = repeatedIn(incident, record, site);
    if (again !== undefined && incident.system !== 'own') praise(incident.system, endOf(again));
  }
  if (record.outcome === 'errored') good.delete('own');
  else praise('own', ended_at);
  return [
    ...(bad === undefined ? [] : [row(bad, false, ended_at)]),
    ...[...good].map(([system, at]) => row(system, true, at)),
  ];
}

/**
 * Whether good evidence says anything of what failed: a run of the probe that failed, or one that did the same action and passed it. Where none of
 * those probes runs any more, whatever is good counts.
 * @param record of the run that is looked at now: of others only is known what their probes do
 */
export function answersTo(
  incident: Incident,
  { site, record }: { readonly site: Pick<Site, 'probes'>; readonly record?: RunRecord },
): (good: Pick<SystemEvidence, 'probe'> & { readonly run_id?: string }) => boolean {
  const failed = incident.runs.filter(({ probe }) => site.probes.has(probe));
  const probes = new Set(failed.map(({ probe }) => probe));
  const actions = failedActions(incident, site);
  return ({ run_id, probe }) => {
    if (failed.length === 0) return true;
    if (incident.system === 'own' || actions.size === 0) return probes.has(probe);
    if (record !== undefined && record.run_id === run_id)
      return repeatedIn(incident, record, site) !== undefined;
    if (probes.has(probe)) return true;
    return (site.probes.get(probe)?.plan.steps ?? []).some(({ uses }) => actions.has(uses));
  };
}

/** Whether any probe of these sites could end it by passing: `serve` may have been told to run others since, or none there. */
export function isWatched(incident: Incident, sites: readonly Pick<Site, 'scope' | 'probes'>[]): boolean {
  const site = sites.find(({ scope }) => scope === incident.scope);
  if (site === undefined) return false;
  // Some system has no step of its own: the one that had failed speaks for it.
  if (failedActions(incident, site).size > 0) return true;
  const answers = answersTo(incident, { site });
  return [...site.probes.values()].some(
    ({ name, systems }) =>
      (incident.system === 'own' || systems.includes(incident.system)) && answers({ probe: name }),
  );
}

/** The step of this run that did what had failed, and passed. */
function repeatedIn(
  incident: Incident,
  record: RunRecord,
  site: Pick<Site, 'probes'>,
): StepRecord | undefined {
  const actions = failedActions(incident, site);
  return record.steps.findLast(({ outcome, uses }) => outcome === 'passed' && actions.has(uses));
}

function failedActions({ runs }: Incident, site: Pick<Site, 'probes'>): ReadonlySet<string> {
  const steps = runs.flatMap(({ probe, step }) => {
    const found = site.probes.get(probe)?.plan.steps.find(({ id }) => id === step);
    return found === undefined ? [] : [found.uses];
  });
  return new Set(steps);
}

function endOf({ started_at, duration_ms }: StepRecord): number {
  return (started_at ?? 0) + duration_ms;
}
