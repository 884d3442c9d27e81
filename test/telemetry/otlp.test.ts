import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ActiveRun } from '../../src/core/observations.ts';
import type { Logger } from '../../src/core/ports.ts';
import { type OtlpOptions, openOtlp } from '../../src/telemetry/otlp.ts';
import { snapshotOf, spansOfRun, type TracedHop } from '../../src/telemetry/spans.ts';
import { ROOT } from '../support/sources.ts';
import { silentLogger } from '../support/step-context.ts';
import { type TelemetryWorld, telemetryWorld, testRun } from './world.ts';

const here = (at: number) => at;

const hop: TracedHop = {
  hop: 'sign',
  system: 'signing',
  shortest_ms: 60_000,
  longest_ms: 120_000,
  source: 'api',
  ended_at: { earliest: 1_000_000, latest: 1_020_000 },
};

describe('the trace of a run', () => {
  test('carries the id of the run, and the same spans whenever it is made', () => {
    const run = testRun('passed');
    const spans = spansOfRun(run, [hop], here);
    expect(new Set(spans.map(({ trace_id }) => trace_id))).toEqual(new Set([run.run_id.replaceAll('-', '')]));
    expect(new Set(spans.map(({ span_id }) => span_id)).size).toBe(spans.length);
    expect(spans.every(({ span_id }) => /^[0-9a-f]{16}$/.test(span_id))).toBe(true);
    expect(spansOfRun(run, [hop], here)).toEqual(spans);
  });

  test.each([
    ['passed', 'success', undefined],
    ['failed', 'timeout', 'timeout'],
    ['errored', 'error', 'prober'],
    ['cancelled', 'cancellation', 'cancelled'],
  ] as const)('of one that %s says %s', (outcome, result, error) => {
    const [root] = spansOfRun(testRun(outcome), [], here);
    expect(root).toMatchObject({ name: 'RUN single-build', kind: 'server' });
    expect(root?.attributes['cicd.pipeline.result']).toBe(result);
    expect(root?.attributes['error.type']).toBe(error);
    expect(root?.error !== undefined).toBe(outcome === 'failed' || outcome === 'errored');
  });

  test('tells a refusal from a wait that ran out', () => {
    const run = testRun('failed');
    const [root] = spansOfRun({ ...run, fault: { ...run.fault!, kind: 'rejected' } }, [], here);
    expect(root?.attributes['cicd.pipeline.result']).toBe('failure');
  });

  test('has attempts and phases below their step, and steps below the run', () => {
    const spans = spansOfRun(testRun('passed', { steps_of: [['build', 'koji']] }), [], here);
    const [root, step] = spans;
    expect(spans.map(({ name }) => name)).toEqual([
      'RUN single-build',
      'build',
      'attempt 1',
      'queued',
      'running',
    ]);
    expect(step?.parent_id).toBe(root?.span_id);
    expect(spans.slice(2).every(({ parent_id }) => parent_id === step?.span_id)).toBe(true);
    expect(step?.attributes).toMatchObject({
      'cicd.pipeline.task.run.result': 'success',
      'peer.service': 'koji',
    });
  });

  test('draws a hop by the stamps of the systems and says how sure they are', () => {
    const span = spansOfRun(testRun('passed'), [hop], here).at(-1);
    expect(span).toMatchObject({ name: 'hop sign', start: 920_000, end: 1_010_000 });
    expect(span?.attributes).toMatchObject({
      'packprobe.time.source': 'api',
      'packprobe.time.uncertainty_s': 30,
      'peer.service': 'signing',
    });
  });

  test('is in time of the host, however fast its environment goes', () => {
    const run = testRun('passed', { ended_at: 6_000_000, duration_ms: 600_000 });
    const [root] = spansOfRun(run, [], (at) => at / 60);
    expect([root?.start, root?.end]).toEqual([90_000, 100_000]);
  });

  test('shows a skipped step where it would have been', () => {
    const run = testRun('failed', {
      steps_of: [
        ['build', 'koji'],
        ['update', 'bodhi'],
      ],
    });
    const [build, update] = run.steps;
    const { started_at: _, ...skipped } = {
      ...update!,
      outcome: 'skipped' as const,
      attempts: [],
      duration_ms: 0,
    };
    const span = spansOfRun({ ...run, steps: [build!, skipped] }, [], here).at(-1);
    expect(span?.attributes['cicd.pipeline.task.run.result']).toBe('skip');
    expect(span?.start).toBe(build!.started_at! + build!.duration_ms);
  });

  test('gets a sign of life below the root that is yet to come', () => {
    const run = testRun('passed');
    const active: ActiveRun = {
      ...run,
      scope: 'test',
      state: 'executing',
      steps: [{ step: 'build', system: 'koji', started_at: run.started_at }],
    };
    const span = snapshotOf(active, run.started_at + 600_000, here);
    expect(span.parent_id).toBe(spansOfRun(run, [], here)[0]?.span_id);
    expect(span.attributes).toMatchObject({ 'packprobe.elapsed_s': 600, 'cicd.pipeline.task.name': 'build' });
  });
});

interface SentSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number };
}

interface SentPoint {
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
  readonly count: number;
  readonly sum: number;
}

interface SentMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: { readonly isMonotonic: boolean };
  readonly histogram?: { readonly dataPoints: readonly SentPoint[] };
}

/** What OTLP sends as JSON, of one or the other. */
interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly object[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly SentMetric[] }[];
  }[];
}

interface Heard {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: Body;
}

async function collector(status = 200) {
  const heard: Heard[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { authorization } = request.headers;
    heard.push({ url: request.url ?? '', authorization, body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    for (const go of waiting.splice(0)) go();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    async until(count: number) {
      while (heard.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function options(world: TelemetryWorld, url: string, change: Partial<OtlpOptions> = {}): OtlpOptions {
  return {
    url,
    headers: { authorization: 'Bearer collector-key' },
    traces: true,
    metrics: false,
    intervalMs: 60_000,
    families: world.metrics.families,
    observations: world.store.observations,
    sites: () => [world.site],
    clock: world.clock,
    log: silentLogger,
    build: { version: '0.1.0', revision: '', node: 'v24' },
    ...change,
  };
}

describe('a collector', () => {
  test('gets the whole trace of a run that has ended', async () => {
    await using world = telemetryWorld();
    await using server = await collector();
    await using otlp = await openOtlp(options(world, server.url));
    const run = testRun('failed');
    otlp.runEnded(run, [hop], here);
    await server.until(1);
    const [{ url, authorization, body }] = server.heard as [Heard];
    expect([url, authorization]).toEqual(['/v1/traces', 'Bearer collector-key']);
    const { resource, scopeSpans } = body.resourceSpans[0]!;
    expect(resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'packprobe' } });
    const { spans } = scopeSpans[0]!;
    expect(spans).toHaveLength(spansOfRun(run, [hop], here).length);
    const [root, first] = spans as [SentSpan, SentSpan];
    expect(root).toMatchObject({
      name: 'RUN single-build',
      kind: 2,
      traceId: run.run_id.replaceAll('-', ''),
    });
    expect(Number(root.startTimeUnixNano) / 1e6).toBe(run.started_at);
    expect(Number(root.endTimeUnixNano) / 1e6).toBe(run.ended_at);
    expect(root.status.code).toBe(2);
    expect(first).toMatchObject({ kind: 1, parentSpanId: root.spanId });
  });

  test('hears every ten minutes of a run that goes on', async () => {
    await using world = telemetryWorld();
    await using server = await collector();
    const { run_id, probe, started_at } = testRun('passed');
    const active: ActiveRun = {
      run_id,
      probe,
      started_at,
      scope: 'test',
      environment: 'test',
      state: 'executing',
      steps: [],
    };
    const observations = { active: async () => [active, { ...active, state: 'finalizing' as const }] };
    await using _ = await openOtlp(options(world, server.url, { observations }));
    await world.clock.advance(599_000);
    expect(server.heard).toEqual([]);
    await world.clock.advance(1000);
    await server.until(1);
    const { spans } = server.heard[0]!.body.resourceSpans[0]!.scopeSpans[0]!;
    expect(spans.map(({ name }) => name)).toEqual(['SNAPSHOT single-build']);
  });

  test('gets metrics at each interval and once more at the end, the five of the conventions by their names', async () => {
    await using world = telemetryWorld();
    await using server = await collector();
    await world.count(testRun('failed'));
    const otlp = await openOtlp(options(world, server.url, { traces: false, metrics: true }));
    await world.clock.advance(60_000);
    await server.until(1);
    await otlp[Symbol.asyncDispose]();
    expect(server.heard.map(({ url }) => url)).toEqual(['/v1/metrics', '/v1/metrics']);
    const { metrics } = server.heard[0]!.body.resourceMetrics[0]!.scopeMetrics[0]!;
    const named = new Map(metrics.map((metric) => [metric.name, metric]));
    for (const name of ['run.duration', 'run.active', 'run.errors'].map((one) => `cicd.pipeline.${one}`)) {
      expect([...named.keys()]).toContain(name);
    }
    expect([...named.keys()]).toEqual(expect.arrayContaining(['cicd.system.errors', 'cicd.worker.count']));
    expect([...named.keys()].every((name) => /^(cicd|packprobe)\./.test(name))).toBe(true);
    const duration = named.get('cicd.pipeline.run.duration');
    expect(duration?.unit).toBe('s');
    const failed = duration?.histogram?.dataPoints.find((point) =>
      point.attributes.some(({ value }) => JSON.stringify(value).includes('failure')),
    );
    expect([Number(failed?.count), failed?.sum]).toEqual([1, 1500]);
    expect(named.get('packprobe.runs')?.sum?.isMonotonic).toBe(true);
  });

  test('that refuses costs a line of the log and no run', async () => {
    await using world = telemetryWorld();
    await using server = await collector(400);
    const warned: unknown[] = [];
    let told = () => {};
    const refused = new Promise<void>((resolve) => {
      told = resolve;
    });
    const log: Logger = {
      ...silentLogger,
      warn(fields, sentence) {
        warned.push([fields['signal'], sentence]);
        told();
      },
    };
    await using otlp = await openOtlp(options(world, server.url, { log }));
    otlp.runEnded(testRun('passed'), [], here);
    await refused;
    expect(warned).toEqual([['traces', 'telemetry was not taken']]);
  });
});

test('without a collector nothing of OpenTelemetry is loaded', () => {
  const script = `
    const { registerHooks } = await import('node:module');
    const loaded = [];
    registerHooks({ load: (url, context, next) => { if (url.includes('@opentelemetry')) loaded.push(url); return next(url, context); } });
    await import(${JSON.stringify(join(ROOT, 'src/telemetry/otlp.ts'))});
    await import(${JSON.stringify(join(ROOT, 'src/telemetry/metrics.ts'))});
    console.log(JSON.stringify(loaded));
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  // prom-client knows the interfaces of OpenTelemetry, and nothing else of it.
  expect(JSON.parse(output).filter((url: string) => !url.includes('@opentelemetry/api'))).toEqual([]);
});
