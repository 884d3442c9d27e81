import type { SiteProbe } from '../core/site.ts';
import type { StoreSnapshot } from './sources.ts';
import { lastEndsOf } from './state.ts';

/**
 * The last run as the blackbox exporter would tell it. An errored one is told without `probe_success`: what rules make of an absent series is
 * nearer to the truth than a guess about the systems. A cancelled one tells nothing.
 */
export function probePage(
  probe: SiteProbe | undefined,
  snapshot: Pick<StoreSnapshot, 'totals'>,
  environment: string,
): string {
  if (probe === undefined) return '';
  const [last] = [...lastEndsOf(snapshot, environment, probe.name)]
    .filter(([outcome]) => outcome !== 'cancelled')
    .map(([outcome, end]) => ({ outcome, ...end }))
    .sort((a, b) => b.at - a.at);
  const gauges: readonly (readonly [string, string, number])[] = [
    ...(last === undefined || last.outcome === 'errored'
      ? []
      : [['probe_success', 'Whether the last run passed.', last.outcome === 'passed' ? 1 : 0] as const]),
    ...(last === undefined
      ? []
      : ([
          ['probe_duration_seconds', 'How long the last run took.', last.value],
          ['probe_last_run_timestamp_seconds', 'When the last run ended.', last.at / 1000],
        ] as const)),
    ['probe_timeout_seconds', 'Limit of a whole run.', probe.plan.probe.timeoutMs / 1000],
  ];
  return gauges
    .map(([name, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`)
    .join('');
}
