import type { MetricName } from '../core/metrics.ts';
import type { Family } from './exposition.ts';
import type { Labels, Series } from './series.ts';

/** A metric as OpenTelemetry names it. */
export interface Instrument {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** `up_down`: what is so now, where the conventions take it for a sum. */
  readonly type: 'counter' | 'gauge' | 'histogram' | 'up_down';
  readonly bounds: readonly number[];
  readonly points: readonly Series[];
}

/** What has a name of its own in the conventions of OpenTelemetry for CI and CD; labels by what they are called there. */
const CONVENTIONS: Readonly<Partial<Record<MetricName, { name: string; labels: Labels }>>> = {
  packprobe_run_duration_seconds: {
    name: 'cicd.pipeline.run.duration',
    labels: { probe: 'cicd.pipeline.name', outcome: 'cicd.pipeline.result' },
  },
  packprobe_runs_active: {
    name: 'cicd.pipeline.run.active',
    labels: { probe: 'cicd.pipeline.name', run_state: 'cicd.pipeline.run.state' },
  },
  packprobe_own_faults_total: {
    name: 'cicd.system.errors',
    labels: { component: 'cicd.system.component', kind: 'error.type' },
  },
};

const RESULTS: Labels = { passed: 'success', failed: 'failure' };

/** All metrics under the names of OpenTelemetry: the five of its conventions, `packprobe.*` for the rest. */
export function instrumentsOf(families: readonly Family[]): readonly Instrument[] {
  return [...families.filter(({ series }) => series.length > 0).map(instrumentOf), ...derived(families)];
}

function instrumentOf({ name, definition, series, bounds }: Family): Instrument {
  const convention = CONVENTIONS[name as MetricName];
  const renamed = Object.entries(convention?.labels ?? {});
  return {
    name: convention?.name ?? ownName(name),
    description: definition.help,
    unit: unitOf(name),
    type: convention !== undefined && definition.type === 'gauge' ? 'up_down' : definition.type,
    bounds,
    points:
      convention === undefined
        ? series
        : series.map((one) => ({ ...one, labels: relabelled(one.labels, renamed) })),
  };
}

function relabelled(labels: Labels, renamed: readonly (readonly [string, string])[]): Labels {
  const names = new Map(renamed);
  const entries = Object.entries(labels).map(([label, value]): [string, string] => {
    const name = names.get(label) ?? label;
    return [name, name === 'cicd.pipeline.result' ? (RESULTS[value] ?? value) : value];
  });
  return Object.fromEntries(entries);
}

/** The two of the conventions that are no metric of ours by themselves. */
function derived(families: readonly Family[]): readonly Instrument[] {
  const seriesOf = (name: MetricName) => families.find((family) => family.name === name)?.series ?? [];
  const errors = seriesOf('packprobe_runs_total').flatMap(({ labels, value }): readonly Series[] => {
    const { environment = '', probe = '', outcome = '' } = labels;
    if (outcome !== 'failed' && outcome !== 'errored') return [];
    return [{ labels: { environment, 'cicd.pipeline.name': probe, 'error.type': outcome }, value }];
  });
  const busy = seriesOf('packprobe_runs_active')
    .filter(({ labels }) => labels['run_state'] === 'executing')
    .reduce((sum, { value }) => sum + value, 0);
  return [
    {
      name: 'cicd.pipeline.run.errors',
      description: 'Runs that failed or errored.',
      unit: '{error}',
      type: 'counter',
      bounds: [],
      points: errors,
    },
    {
      name: 'cicd.worker.count',
      description: 'Runs that are executed.',
      unit: '{count}',
      type: 'up_down',
      bounds: [],
      points: [{ labels: { 'cicd.worker.state': 'busy' }, value: busy }],
    },
  ];
}

/** `packprobe_hop_duration_seconds` is `packprobe.hop_duration`: the unit stands beside the name there. */
function ownName(name: string): string {
  return name
    .replace(/^packprobe_/, 'packprobe.')
    .replace(/_total$/, '')
    .replace(/_(seconds|bytes)$/, '');
}

function unitOf(name: string): string {
  if (/_seconds(_total)?$/.test(name)) return 's';
  return name.endsWith('_bytes') ? 'By' : '1';
}
