import { HOP_DEFINITIONS } from '../core/chain.ts';
import { type MetricDefinition, type MetricName, metricOf, valuesOf } from '../core/metrics.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import { type Charge, SYSTEMS, type System } from '../core/system.ts';
import type { KnownNames, Labels } from './series.ts';

/** Systems that this environment has, and those that its probes charge. */
export function systemsOf({ environment, probes }: Site): readonly System[] {
  const charged = new Set<Charge>([...probes.values()].flatMap(({ systems }) => systems));
  return SYSTEMS.filter((system) => environment.systems[system] !== undefined || charged.has(system));
}

/** What tells phases apart: it gives the times at which a task was queued and began to run. */
const SYSTEMS_WITH_PHASES: readonly System[] = ['koji'];

const WAIVE = { hop: 'waive', system: 'waiverdb' } as const;

/** Names that the configuration gives to labels. */
export function knownNames(sites: readonly Site[], receivers: readonly string[]): KnownNames {
  const probeOf = ({ environment, probe }: Labels): SiteProbe | undefined =>
    sites.find((site) => site.environment.name === environment)?.probes.get(probe ?? '');
  const checks: Readonly<Record<string, (labels: Labels) => boolean>> = {
    environment: ({ environment }) => sites.some((site) => site.environment.name === environment),
    probe: (labels) => probeOf(labels) !== undefined,
    step: (labels) => probeOf(labels)?.plan.steps.some(({ id }) => id === labels['step']) === true,
    receiver: ({ receiver }) => receiver !== undefined && receivers.includes(receiver),
  };
  return { isKnown: (label, labels) => checks[label]?.(labels) ?? false };
}

/** Every label set that a metric of the totals has from the first scrape on. */
export function expectedLabels(
  name: MetricName,
  sites: readonly Site[],
  receivers: readonly string[],
): readonly Labels[] {
  const definition = metricOf(name);
  if (definition === undefined) return [];
  return basesOf(name, definition, sites, receivers).flatMap((base) => completed(definition, base));
}

/** The labels that the configuration decides. */
function basesOf(
  name: MetricName,
  { labels }: MetricDefinition,
  sites: readonly Site[],
  receivers: readonly string[],
): readonly Labels[] {
  if (labels.includes('receiver')) return receivers.map((receiver) => ({ receiver }));
  if (!labels.includes('environment')) return [{}];
  return sites.flatMap((site): readonly Labels[] => {
    const environment = site.environment.name;
    const probes = [...site.probes.values()];
    if (labels.includes('step')) {
      return probes.flatMap(({ name: probe, plan }) =>
        plan.steps.map(({ id: step, system }) => ({ environment, probe, step, system })),
      );
    }
    if (labels.includes('probe')) return probes.map(({ name: probe }) => ({ environment, probe }));
    return chargesOf(name, site).map((more) => ({ environment, ...more }));
  });
}

function chargesOf(name: MetricName, site: Site): readonly Labels[] {
  const systems = systemsOf(site);
  switch (name) {
    case 'packprobe_hop_uncertainty_seconds':
      return [{}];
    case 'packprobe_hop_duration_seconds':
      return [...HOP_DEFINITIONS, WAIVE]
        .filter(({ system }) => systems.includes(system))
        .map(({ hop, system }) => ({ hop, system }));
    case 'packprobe_step_phase_duration_seconds':
      return SYSTEMS_WITH_PHASES.filter((system) => systems.includes(system)).map((system) => ({ system }));
    case 'packprobe_faults_total':
    case 'packprobe_step_attempts_total':
    case 'packprobe_incidents_total':
    case 'packprobe_incident_seconds_total':
      return [...systems, 'own'].map((system) => ({ system }));
    default:
      return systems.map((system) => ({ system }));
  }
}

/** All values of those labels that the base leaves open. */
function completed(definition: MetricDefinition, base: Labels): readonly Labels[] {
  return definition.labels
    .filter((label) => base[label] === undefined)
    .reduce<readonly Labels[]>(
      (all, label) =>
        all.flatMap((labels) =>
          (valuesOf(definition, label) ?? []).map((value) => ({ ...labels, [label]: value })),
        ),
      [base],
    );
}
