import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { METRICS, type MetricDefinition, OTHER, valuesOf } from '../../src/core/metrics.ts';
import { totalsOfRun } from '../../src/core/run-totals.ts';
import { ROOT } from '../support/sources.ts';
import { withTool } from '../support/tools.ts';
import { LONG_WAY, NOTHING_HEARD, sumOf, telemetryWorld, testProbe, testRun, valueIn } from './world.ts';

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0';
const RUN = '019a9000-0000-7000-8000-0000000000aa';

describe('the list of metrics', () => {
  test('names, kinds and labels are those of the golden file', async () => {
    const lines = Object.entries(METRICS)
      .map(([name, { type, labels }]) => `${name} ${type} ${labels.join(',')}`)
      .sort();
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(join(ROOT, 'test/telemetry/names.golden.txt'));
  });

  test('every metric is there at the first scrape, but for what may be absent', async () => {
    await using world = telemetryWorld();
    const text = await world.scrape();
    const absent = Object.keys(METRICS).filter((name) => !text.includes(`# TYPE ${name} `));
    // Steps that are under way come and go.
    expect(absent).toEqual(['packprobe_step_active_start_timestamp_seconds']);
  });

  test('a label says nothing but what its list holds, or `other`', async () => {
    await using world = telemetryWorld();
    const odd = Object.entries(METRICS).flatMap(([metric, definition]) =>
      definition.from === 'totals'
        ? [
            {
              metric,
              labels: Object.fromEntries(definition.labels.map((label) => [label, 'FEDORA-2026-1'])),
              value: 1,
            },
          ]
        : [],
    );
    await world.store.totals.add(odd);
    world.telemetry.ownFault('basement' as 'store', 'rejected');
    world.telemetry.logLine('whisper' as 'info');
    world.telemetry.request({ environment: 'nowhere', system: 'koji', result: 'ok', seconds: 1 });
    const text = await world.scrape();
    expect(text).not.toContain('FEDORA-2026-1');
    expect(text).toContain(`packprobe_runs_total{environment="other",probe="other",outcome="other"} 1`);
    for (const [name, definition] of Object.entries(METRICS) as [string, MetricDefinition][]) {
      for (const line of text
        .split('\n')
        .filter((one) => new RegExp(`^${name}(_bucket|_sum|_count)?\\{`).test(one))) {
        for (const [, label = '', value = ''] of line.matchAll(/([a-z_]+)="([^"]*)"/g)) {
          const values = valuesOf(definition, label);
          if (values !== undefined) expect([...values, OTHER], line).toContain(value);
        }
      }
    }
  });
});

describe('counters', () => {
  test('known series are there at 0 before anything has happened', async () => {
    await using world = telemetryWorld();
    const text = await world.scrape();
    expect(
      valueIn(text, 'packprobe_runs_total{environment="test",probe="single-build",outcome="failed"}'),
    ).toBe(0);
    expect(
      valueIn(
        text,
        'packprobe_step_duration_seconds_count{environment="test",probe="single-build",step="build",system="koji",outcome="passed"}',
      ),
    ).toBe(0);
    expect(valueIn(text, 'packprobe_faults_total{environment="test",system="own",kind="prober"}')).toBe(0);
    expect(valueIn(text, 'packprobe_requests_total{environment="test",system="koji",result="timeout"}')).toBe(
      0,
    );
    expect(valueIn(text, 'packprobe_notifications_total{receiver="team",result="gave_up"}')).toBe(0);
  });

  test('after 100 restarts they are the sum of all runs ever', async () => {
    await using world = telemetryWorld();
    for (let life = 0; life < 100; life += 1) {
      await world.count(testRun(life % 4 === 0 ? 'failed' : 'passed'));
      await world.restart();
    }
    const text = await world.scrape();
    expect(sumOf(text, 'packprobe_runs_total')).toBe(100);
    expect(sumOf(text, 'packprobe_run_duration_seconds_count')).toBe(100);
    expect(sumOf(text, 'packprobe_steps_total')).toBe(100 * LONG_WAY.length);
    expect(sumOf(text, 'packprobe_faults_total')).toBe(25);
    expect(sumOf(text, 'packprobe_step_duration_seconds_count')).toBe(75 + 100 * (LONG_WAY.length - 1));
  });

  test('count a run once, and go on counting it when its rows are removed', async () => {
    await using world = telemetryWorld();
    const { journal, run } = await begin(world);
    await journal.finish(run);
    const digest = {
      run_id: run.run_id,
      left_out: null,
      totals: totalsOfRun(run, NOTHING_HEARD),
      evidence: [],
      incidents: [],
      notices: [],
      dues: [],
    };
    expect([await world.store.digests.digest(digest), await world.store.digests.digest(digest)]).toEqual([
      true,
      false,
    ]);
    const before = await world.scrape();
    expect(sumOf(before, 'packprobe_runs_total')).toBe(1);
    const database = new DatabaseSync(world.file);
    database.exec('delete from effects; delete from steps; delete from runs');
    database.close();
    await world.restart();
    const after = await world.scrape();
    const lasting = (text: string) =>
      text.split('\n').filter((line) => /^packprobe_(runs_total|run_|steps_total|step_|faults)/.test(line));
    expect(lasting(after)).toEqual(lasting(before));
  });

  test('a probe that is gone from the configuration is counted as `other`, and nothing is lost', async () => {
    await using world = telemetryWorld();
    await world.count(testRun('passed'), testRun('passed', { probe: 'rawhide' }));
    const text = await world.scrape();
    expect(sumOf(text, 'packprobe_runs_total')).toBe(2);
    expect(valueIn(text, 'packprobe_runs_total{environment="test",probe="other",outcome="passed"}')).toBe(1);
  });

  test('a step that failed counts, and its limit is no duration', async () => {
    await using world = telemetryWorld();
    await world.count(testRun('failed'));
    const text = await world.scrape();
    const last = 'environment="test",probe="single-build",step="status",system="bodhi"';
    expect(valueIn(text, `packprobe_steps_total{${last},outcome="failed"}`)).toBe(1);
    expect(valueIn(text, `packprobe_step_duration_seconds_count{${last},outcome="passed"}`)).toBe(0);
    expect(valueIn(text, 'packprobe_faults_total{environment="test",system="bodhi",kind="timeout"}')).toBe(1);
  });
});

describe('the exposition', () => {
  test('is the text format unless OpenMetrics is asked for, however the two alternate', async () => {
    await using world = telemetryWorld();
    await world.count(testRun('passed', { run_id: RUN }));
    const plain = await world.metrics.render('text/plain');
    const open = await world.metrics.render(`${OPEN_METRICS};q=0.8,text/plain;q=0.5,*/*;q=0.1`);
    const again = await world.metrics.render('');
    expect([plain.type, open.type, again.type].map((type) => type.split(';')[0])).toEqual([
      'text/plain',
      'application/openmetrics-text',
      'text/plain',
    ]);
    expect(open.body).toContain('# TYPE packprobe_runs counter');
    expect(open.body.endsWith('# EOF\n')).toBe(true);
    expect(again.body).toContain('# TYPE packprobe_runs_total counter');
  });

  test('names the run and its trace where exemplars may stand, and nowhere else', async () => {
    await using world = telemetryWorld();
    await world.count(testRun('passed', { run_id: RUN }));
    const { body } = await world.metrics.render(OPEN_METRICS);
    const exemplar = `# {run_id="${RUN}",trace_id="${RUN.replaceAll('-', '')}"} 1500`;
    expect(body).toContain(
      `packprobe_runs_total{environment="test",probe="single-build",outcome="passed"} 1 ${exemplar}`,
    );
    expect(body).toContain(
      `packprobe_run_duration_seconds_bucket{le="1800",environment="test",probe="single-build",outcome="passed"} 1 ${exemplar}`,
    );
    expect((await world.metrics.render('')).body).not.toContain(RUN);
  });

  test('of two scrapes without an event between them is the same but for what changes by itself', async () => {
    await using world = telemetryWorld();
    await world.count(testRun('passed'));
    const lines = async () =>
      (await world.scrape())
        .split('\n')
        .filter((line) => !/process_|nodejs_|packprobe_(scheduler_tick|store|log_lines)_/.test(line));
    const first = await lines();
    expect(await lines()).toEqual(first);
    expect(first.length).toBeGreaterThan(500);
  });

  withTool('promtool', 'gives the lint of Prometheus nothing to say', async () => {
    await using world = telemetryWorld();
    await world.count(testRun('passed'), testRun('failed'));
    const output = execFileSync('promtool', ['check', 'metrics'], { input: await world.scrape() });
    expect(output.toString()).toBe('');
  });

  test('holds only numbers', async () => {
    await using world = telemetryWorld();
    const values = (await world.scrape())
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => Number(line.split(' ').at(-1)));
    expect(values.filter((value) => !Number.isFinite(value))).toEqual([]);
  });

  test('has at most 5,000 series of one environment with seven probes of twelve steps', async () => {
    const names = [
      'single-build',
      'rawhide',
      'pull-request',
      'multi-build',
      'waive',
      'scratch-build',
      'centos-stream',
    ];
    await using world = telemetryWorld({ probes: names.map((name) => testProbe(name)) });
    const series = (await world.scrape()).split('\n').filter((line) => line.includes('environment="'));
    expect(series.length).toBeGreaterThan(3000);
    expect(series.length).toBeLessThanOrEqual(5000);
  });

  test('leaves out the durations by step where they are switched off', async () => {
    await using world = telemetryWorld({ stepHistograms: false });
    const text = await world.scrape();
    expect(text).not.toContain('packprobe_step_duration_seconds');
    expect(text).toContain('packprobe_hop_duration_seconds');
  });
});

describe('gauges', () => {
  test('of the last run come back after a restart', async () => {
    await using world = telemetryWorld();
    const ended_at = world.clock.now() - 60_000;
    await world.count(testRun('passed', { ended_at, duration_ms: 1_234_000 }));
    await world.restart();
    const text = await world.scrape();
    const labels = 'environment="test",probe="single-build"';
    expect(valueIn(text, `packprobe_run_last_end_timestamp_seconds{${labels},outcome="passed"}`)).toBe(
      ended_at / 1000,
    );
    expect(valueIn(text, `packprobe_run_last_end_timestamp_seconds{${labels},outcome="failed"}`)).toBe(0);
    expect(valueIn(text, `packprobe_run_last_duration_seconds{${labels}}`)).toBe(1234);
  });

  test('of a system say unknown once its evidence is older than 2.5 intervals', async () => {
    await using world = telemetryWorld();
    const koji = (state: string) =>
      `packprobe_system_state{environment="test",system="koji",state="${state}"}`;
    expect(valueIn(await world.scrape(), koji('unknown'))).toBe(1);
    await goodEvidence(world);
    expect(valueIn(await world.scrape(), koji('operational'))).toBe(1);
    await world.clock.advance(20 * 3_600_000);
    expect(valueIn(await world.scrape(), koji('operational'))).toBe(1);
    await world.clock.advance(1000);
    const text = await world.scrape();
    expect([valueIn(text, koji('unknown')), valueIn(text, koji('operational'))]).toEqual([1, 0]);
  });

  test('of runs tell which steps are under way, and none of a run that has ended', async () => {
    await using world = telemetryWorld();
    const { journal } = await begin(world);
    const started_at = world.clock.now();
    await journal.stepStarted({
      index: 5,
      step: 'build',
      uses: 'koji/build',
      system: 'koji',
      inputs: {},
      started_at,
      deadline_at: started_at + 1000,
    });
    const text = await world.scrape();
    const labels = 'environment="test",probe="single-build"';
    expect(valueIn(text, `packprobe_runs_active{${labels},run_state="executing"}`)).toBe(1);
    expect(valueIn(text, `packprobe_run_active_start_timestamp_seconds{${labels}}`)).toBe(started_at / 1000);
    expect(
      valueIn(text, `packprobe_step_active_start_timestamp_seconds{${labels},step="build",system="koji"}`),
    ).toBe(started_at / 1000);
  });

  test('of leftovers count what an ended run still holds, and since when', async () => {
    await using world = telemetryWorld();
    const { journal, run } = await begin(world);
    const at = world.clock.now();
    const intent = { step: 'build', kind: 'koji-task', key: '7', system: 'koji', sought: null } as const;
    await journal.intend({ ...intent, intended_at: at, undoable: true });
    const koji = 'environment="test",system="koji"';
    expect(valueIn(await world.scrape(), `packprobe_leftovers{${koji}}`)).toBe(0);
    await journal.finish(run);
    const text = await world.scrape();
    expect(valueIn(text, `packprobe_leftovers{${koji}}`)).toBe(1);
    expect(valueIn(text, `packprobe_leftover_oldest_timestamp_seconds{${koji}}`)).toBe(at / 1000);
  });
});

describe('/probe', () => {
  const page = async (world: ReturnType<typeof telemetryWorld>) =>
    (await world.metrics.probe('single-build', 'test')).body;

  test.each([
    ['passed', 1],
    ['failed', 0],
    ['errored', undefined],
  ] as const)('answers after a run that %s with probe_success %s', async (outcome, success) => {
    await using world = telemetryWorld();
    await world.count(testRun(outcome, { ended_at: 1_000_000, duration_ms: 5000 }));
    const text = await page(world);
    expect(valueIn(text, 'probe_success')).toBe(success);
    expect(valueIn(text, 'probe_duration_seconds')).toBe(5);
    expect(valueIn(text, 'probe_last_run_timestamp_seconds')).toBe(1000);
    expect(valueIn(text, 'probe_timeout_seconds')).toBe(28_800);
  });

  test('knows no success before the first run, and takes no cancelled one for one', async () => {
    await using world = telemetryWorld();
    await world.count(testRun('cancelled'));
    expect(valueIn(await page(world), 'probe_success')).toBeUndefined();
  });
});

async function begin(world: ReturnType<typeof telemetryWorld>) {
  const run = testRun('passed');
  const { run_id, probe, environment, package: pkg, branch } = run;
  const journal = await world.store.begin(
    {
      run_id,
      probe,
      environment,
      scope: 'test',
      package: pkg,
      branch,
      params: {},
      definition: { file: 'p.yaml', text: '' },
      environment_definition: {},
      started_at: world.clock.now(),
      deadline_at: world.clock.now() + 1000,
      packprobe: '0.1.0',
    },
    { host: 'here', boot_id: 'boot', pid: 7, start: 42 },
    () => true,
  );
  return { journal, run };
}

/** A run has ended that speaks for Koji. */
async function goodEvidence(world: ReturnType<typeof telemetryWorld>): Promise<void> {
  const { journal, run } = await begin(world);
  await journal.finish(run);
  const { run_id, probe, environment } = run;
  const at = world.clock.now();
  await world.store.digests.digest({
    run_id,
    left_out: null,
    totals: [],
    evidence: [{ scope: 'test', environment, system: 'koji', probe, run_id, at, good: true, counted: true }],
    incidents: [],
    notices: [],
    dues: [],
  });
}
