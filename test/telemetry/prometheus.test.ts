import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { totalsOfRun } from '../../src/core/run-totals.ts';
import { ROOT } from '../support/sources.ts';
import { withTool } from '../support/tools.ts';
import { NOTHING_HEARD, type TelemetryWorld, telemetryWorld, testRun } from './world.ts';

const RULES = join(ROOT, 'config/prometheus/packprobe.rules.yaml');

interface Query {
  readonly name: string;
  readonly expr: string;
}

/** All that the dashboard and the rules ask, as it is asked of a Prometheus. */
function queries(): readonly Query[] {
  const dashboard = JSON.parse(readFileSync(join(ROOT, 'config/grafana/packprobe.json'), 'utf8')) as {
    readonly panels: readonly {
      readonly title: string;
      readonly targets?: readonly { readonly expr: string }[];
    }[];
    readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
  };
  const { groups } = parse(readFileSync(RULES, 'utf8')) as {
    readonly groups: readonly {
      readonly rules: readonly { readonly alert?: string; readonly record?: string; readonly expr: string }[];
    }[];
  };
  const asked = (expr: string) =>
    expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(environment|probe|job)\b/g, '.*');
  return [
    ...dashboard.panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ name: title, expr: asked(expr) })),
    ),
    ...dashboard.annotations.list.map(({ name, expr }) => ({
      name: `annotation ${name}`,
      expr: asked(expr),
    })),
    ...groups.flatMap(({ rules }) =>
      rules.map(({ alert, record, expr }) => ({ name: alert ?? record ?? '', expr: asked(expr) })),
    ),
  ];
}

/** An answer of the API of Prometheus, as far as it is read here. */
interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: unknown;
}

interface Found {
  readonly result: readonly unknown[];
}

interface Exemplars {
  readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>> }[];
}

/** What a service that is well has nothing to say about. */
const EMPTY_WHEN_ALL_IS_WELL = [/^Packprobe/, /^annotation /, /^Age of the oldest run under way$/];

async function freePort(): Promise<number> {
  const socket = createSocket().listen(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** Something has happened of everything that is counted. */
async function eventful(world: TelemetryWorld): Promise<void> {
  const hop = {
    hop: 'sign',
    system: 'signing',
    shortest_ms: 60_000,
    longest_ms: 90_000,
    source: 'api',
  } as const;
  const message = {
    subject: { kind: 'build', key: 'a-1-1' },
    fact: 'queued',
    earliest: 1000,
    latest: 1000,
    source: 'archive',
    system: 'ci',
    message_id: 'one',
    seen_at: 3000,
    data: {},
  } as const;
  const ended_at = world.clock.now();
  await world.store.totals.add([
    ...totalsOfRun(testRun('passed', { ended_at }), {
      ...NOTHING_HEARD,
      chains: [{ hops: [hop], lost_messages: ['signed'] }],
      reports: [message],
    }),
    ...totalsOfRun(testRun('failed', { ended_at }), NOTHING_HEARD),
  ]);
  world.telemetry.request({ environment: 'test', system: 'koji', result: 'ok', seconds: 0.2 });
  world.telemetry.request({ environment: 'test', system: 'koji', result: 'server_error', seconds: 3 });
  world.telemetry.lateness(0.004);
  world.telemetry.logLine('warn');
}

async function expose(world: TelemetryWorld) {
  const scraped: string[] = [];
  const server = createServer(async (request, response) => {
    const { type, body } = await world.metrics.render(request.headers.accept ?? '');
    scraped.push(type);
    // Something happens between any two scrapes.
    await eventful(world);
    response.writeHead(200, { 'content-type': type }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    scraped,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function startPrometheus(target: number) {
  const dir = mkdtempSync(join(tmpdir(), 'packprobe-prometheus-'));
  const port = await freePort();
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [RULES],
    scrape_configs: [{ job_name: 'packprobe', static_configs: [{ targets: [`127.0.0.1:${target}`] }] }],
  };
  writeFileSync(join(dir, 'prometheus.yaml'), JSON.stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(dir, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'close');
  async function ask(path: string, parameters: Readonly<Record<string, string>>): Promise<Answer> {
    const response = await fetch(
      `http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(parameters)}`,
    );
    return (await response.json()) as Answer;
  }
  return {
    ask,
    /** Asks again until there is an answer that will do. */
    async until(expr: string): Promise<void> {
      for (;;) {
        const answer = await ask('query', { query: expr }).catch(() => undefined);
        if (((answer?.data as Found | undefined)?.result ?? []).length > 0) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

withTool('prometheus', 'a real Prometheus takes every query of the dashboard and the rules', async () => {
  await using world = telemetryWorld({ now: Date.now() });
  await using target = await expose(world);
  await using prometheus = await startPrometheus(target.port);
  await prometheus.until(
    'count_over_time(packprobe_leader[1m]) >= 3 and on () environment_hop:packprobe_hop_duration_seconds:p90_7d > 0',
  );

  // It asks for OpenMetrics by itself, and takes it.
  expect(target.scraped[0]).toContain('application/openmetrics-text');
  const wrong: string[] = [];
  for (const { name, expr } of queries()) {
    const { status, error, data } = await prometheus.ask('query', { query: expr });
    if (status !== 'success') wrong.push(`${name}: ${error}`);
    else if ((data as Found).result.length === 0 && !EMPTY_WHEN_ALL_IS_WELL.some((one) => one.test(name))) {
      wrong.push(`${name}: no data for ${expr}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(queries().length).toBeGreaterThan(40);

  const seconds = Date.now() / 1000;
  const { data } = await prometheus.ask('query_exemplars', {
    query: 'packprobe_runs_total',
    start: String(seconds - 3600),
    end: String(seconds + 60),
  });
  const [first] = data as readonly Exemplars[];
  expect(first?.exemplars[0]?.labels['run_id']).toMatch(/^[0-9a-f-]{36}$/);
});
