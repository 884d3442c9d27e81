import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/core/event.ts';
import type { Incident } from '../../src/core/incident.ts';
import { metricOf } from '../../src/core/metrics.ts';
import { totalsOfIncident, totalsOfRun } from '../../src/core/run-totals.ts';
import type { Increment } from '../../src/core/totals.ts';
import { NOTHING_HEARD, testRun } from '../telemetry/world.ts';

const toHost = (at: number) => at;

function of(increments: readonly Increment[], metric: string): readonly unknown[] {
  return increments
    .filter((one) => one.metric === metric)
    .map(({ labels: { environment: _, ...labels }, value }) => ({ ...labels, value }));
}

const message = (message_id: string, fact: string, seen_after_ms: number): Report => ({
  subject: { kind: 'build', key: 'a-1-1' },
  fact,
  earliest: 1000,
  latest: 1000,
  source: 'archive',
  system: 'ci',
  message_id,
  seen_at: 1000 + seen_after_ms,
  data: {},
});

describe('a run adds', () => {
  test('to metrics that are totals with just their labels', () => {
    for (const outcome of ['passed', 'failed', 'errored', 'cancelled'] as const) {
      for (const { metric, labels } of totalsOfRun(testRun(outcome), NOTHING_HEARD)) {
        const definition = metricOf(metric);
        expect(definition?.from, metric).toBe('totals');
        expect(Object.keys(labels).sort(), metric).toEqual([...(definition?.labels ?? [])].sort());
      }
    }
  });

  test('a duration where it passed or failed, and none where it errored or was cancelled', () => {
    const durations = (['passed', 'failed', 'errored', 'cancelled'] as const).map(
      (outcome) => of(totalsOfRun(testRun(outcome), NOTHING_HEARD), 'packprobe_run_duration_seconds').length,
    );
    expect(durations).toEqual([1, 1, 0, 0]);
  });

  test('each try of a step by what became of it', () => {
    const run = testRun('passed', { steps_of: [['build', 'koji']] });
    const [step] = run.steps;
    const [attempt] = step!.attempts;
    const again = { ...step!, attempts: [{ ...attempt!, outcome: 'failed' as const }, attempt!] };
    expect(
      of(totalsOfRun({ ...run, steps: [again] }, NOTHING_HEARD), 'packprobe_step_attempts_total'),
    ).toEqual([
      { system: 'koji', result: 'retried', value: 1 },
      { system: 'koji', result: 'ok', value: 1 },
    ]);
  });

  test('the end of the run in time of the host, however fast its environment goes', () => {
    const run = testRun('passed', { ended_at: 60_000 });
    const [total] = totalsOfRun(run, { ...NOTHING_HEARD, toHost: (at) => at / 60 });
    expect(total?.exemplar).toEqual({ run_id: run.run_id, value: 1500, at: 1000 });
  });

  test('the middle of a hop’s bracket, and half its width', () => {
    const hop = {
      hop: 'sign',
      system: 'signing',
      shortest_ms: 60_000,
      longest_ms: 120_000,
      source: 'api',
    } as const;
    const totals = totalsOfRun(testRun('passed'), {
      ...NOTHING_HEARD,
      chains: [{ hops: [hop], lost_messages: [] }],
    });
    expect(of(totals, 'packprobe_hop_duration_seconds')).toEqual([
      { hop: 'sign', system: 'signing', value: 90 },
    ]);
    expect(of(totals, 'packprobe_hop_uncertainty_seconds')).toEqual([{ source: 'api', value: 30 }]);
  });

  test('messages once each: in time, late, told again, lost', () => {
    const reports = [
      message('one', 'queued', 2000),
      { ...message('one', 'queued', 1000), source: 'bus' as const },
      message('two', 'queued', 3000),
      message('three', 'running', 600_000),
      { ...message('four', 'complete', 1), source: 'api' as const },
    ];
    const totals = totalsOfRun(testRun('passed'), {
      ...NOTHING_HEARD,
      reports,
      chains: [{ hops: [], lost_messages: ['ci_complete', 'signed'] }],
    });
    expect(of(totals, 'packprobe_messages_total')).toEqual([
      { system: 'ci', status: 'lost', value: 1 },
      { system: 'signing', status: 'lost', value: 1 },
      { system: 'ci', status: 'in_time', value: 1 },
      { system: 'ci', status: 'duplicate', value: 1 },
      { system: 'ci', status: 'late', value: 1 },
    ]);
    expect(of(totals, 'packprobe_message_delay_seconds')).toEqual([
      { system: 'ci', value: 1 },
      { system: 'ci', value: 600 },
    ]);
  });
});

describe('an incident adds', () => {
  const suspected = {
    incident_id: 'i',
    environment: 'test',
    system: 'koji',
    state: 'suspected',
    since: 1000,
    opened_at: null,
    resolved_at: null,
    updated_at: 1000,
    reopened_at: [],
    runs: [],
  } as unknown as Incident;
  const open: Incident = { ...suspected, state: 'open', opened_at: 2000 };
  const resolved: Incident = { ...open, state: 'resolved', resolved_at: 61_000 };

  test('one when it opens, and none while it is suspected or goes on', () => {
    const opened = { system: 'koji', value: 1 };
    expect(of(totalsOfIncident(undefined, suspected, toHost), 'packprobe_incidents_total')).toEqual([]);
    expect(of(totalsOfIncident(suspected, open, toHost), 'packprobe_incidents_total')).toEqual([opened]);
    expect(of(totalsOfIncident(undefined, open, toHost), 'packprobe_incidents_total')).toEqual([opened]);
    expect(totalsOfIncident(open, { ...open, updated_at: 5000 }, toHost)).toEqual([]);
  });

  test('its time once, when it is over; of one that came back only what was new', () => {
    const seconds = 'packprobe_incident_seconds_total';
    expect(of(totalsOfIncident(open, resolved, toHost), seconds)).toEqual([{ system: 'koji', value: 60 }]);
    expect(totalsOfIncident(resolved, resolved, toHost)).toEqual([]);
    const back: Incident = { ...open, reopened_at: [100_000] };
    expect(totalsOfIncident(resolved, back, toHost)).toEqual([]);
    expect(
      of(totalsOfIncident(back, { ...back, state: 'resolved', resolved_at: 110_000 }, toHost), seconds),
    ).toEqual([{ system: 'koji', value: 10 }]);
  });
});
