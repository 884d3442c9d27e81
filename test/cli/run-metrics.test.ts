import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Host, Output } from '../../src/cli/host.ts';
import { assertMetricsOptions, handOverMetrics } from '../../src/cli/run-metrics.ts';
import type { FinishedRun } from '../../src/core/finished-run.ts';
import { replaceFile } from '../../src/platform/files.ts';
import { nodeHttp } from '../../src/platform/http.ts';
import { oneShotText, pushAddress } from '../../src/telemetry/one-shot.ts';
import { withTool } from '../support/tools.ts';
import { testRun, valueIn } from '../telemetry/world.ts';

const build = { version: '0.1.0', revision: '', node: 'v24' };

function finished(record = testRun('failed')): FinishedRun {
  return {
    record,
    timeoutMs: 60_000,
    definition: 'name: single-build\n',
    lastEnds: { [record.outcome]: record.ended_at, passed: record.ended_at - 1000 },
    toHost: (at) => at,
  };
}

let dir: string;
let said: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'packprobe-run-metrics-'));
  said = '';
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function host(): Host {
  const stderr: Partial<Output> = {
    colours: false,
    write: (text) => {
      said += text;
    },
  };
  return {
    cwd: dir,
    program: 'packprobe',
    stderr,
    exists: async (path: string) => path === dir,
    replaceText: replaceFile,
    openHttp: async () => nodeHttp({ userAgent: 'packprobe/test' }),
    runMetrics: async (run: FinishedRun) => ({
      text: await oneShotText(run, build),
      pushAddress: (gateway: string) => pushAddress(gateway, run),
    }),
  } as unknown as Host;
}

async function gateway(status: number) {
  const heard: { method: string; url: string; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    heard.push({
      method: request.method ?? '',
      url: request.url ?? '',
      body: Buffer.concat(chunks).toString(),
    });
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function freePort(): Promise<number> {
  await using server = await gateway(200);
  return Number(new URL(server.url).port);
}

async function untilReady(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('run --textfile', () => {
  test('leaves one whole file that tells the last ends and whom the run speaks against', async () => {
    const run = finished();
    await handOverMetrics(run, 'nobody', { textfile: 'packprobe.prom' }, host());
    expect(readdirSync(dir)).toEqual(['packprobe.prom']);
    const text = readFileSync(join(dir, 'packprobe.prom'), 'utf8');
    const end = 'packprobe_run_last_end_timestamp_seconds{environment="test",probe="single-build",outcome=';
    expect(valueIn(text, `${end}"failed"}`)).toBe(run.record.ended_at / 1000);
    expect(valueIn(text, `${end}"errored"}`)).toBe(0);
    expect(text).toContain('evidence_timestamp_seconds{environment="test",system="bodhi",evidence="bad"}');
    expect(text).toContain('evidence_timestamp_seconds{environment="test",system="koji",evidence="good"}');
    expect(text).not.toContain('system="bodhi",evidence="good"');
  });

  test('that cannot be written is told, and ends nothing', async () => {
    await handOverMetrics(finished(), 'nobody', { textfile: 'no/such/packprobe.prom' }, host());
    expect(said).toContain('FILE_NOT_WRITTEN');
    expect(readdirSync(dir)).toEqual([]);
  });

  withTool('promtool', 'gives the lint of Prometheus nothing to say', async () => {
    const input = await oneShotText(finished(), build);
    expect(execFileSync('promtool', ['check', 'metrics'], { input }).toString()).toBe('');
  });
});

describe('run --pushgateway', () => {
  test('puts the numbers into the group of the probe and the environment', async () => {
    await using server = await gateway(200);
    await handOverMetrics(finished(), 'nobody', { pushgateway: `${server.url}/` }, host());
    expect(server.heard.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'PUT /metrics/job/packprobe/environment/test/probe/single-build',
    ]);
    expect(server.heard[0]?.body).toContain('packprobe_run_last_duration_seconds{');
    expect(said).toBe('');
  });

  test('that refuses is told, and the file beside it is written all the same', async () => {
    await using server = await gateway(400);
    await handOverMetrics(finished(), 'nobody', { pushgateway: server.url, textfile: 'a.prom' }, host());
    expect(said).toContain('METRICS_REFUSED');
    expect(readdirSync(dir)).toEqual(['a.prom']);
  });

  withTool('pushgateway', 'that is a real one holds the newest run of each probe', async () => {
    const port = await freePort();
    const child = spawn('prometheus-pushgateway', [`--web.listen-address=127.0.0.1:${port}`], {
      stdio: 'ignore',
    });
    const ended = once(child, 'close');
    try {
      const url = `http://127.0.0.1:${port}`;
      await untilReady(`${url}/-/ready`);
      for (const probe of ['single-build', 'scratch-build', 'single-build']) {
        await handOverMetrics(finished(testRun('failed', { probe })), 'nobody', { pushgateway: url }, host());
      }
      expect(said).toBe('');
      const text = await (await fetch(`${url}/metrics`)).text();
      expect(text.match(/^packprobe_run_last_duration_seconds\{.*\} 1500$/gm)).toHaveLength(2);
      expect(text).toContain('job="packprobe",probe="scratch-build"');
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });

  test('that is not there is told', async () => {
    const { url } = await (async () => {
      await using server = await gateway(200);
      return { url: server.url };
    })();
    await handOverMetrics(finished(), 'nobody', { pushgateway: url }, host());
    expect(said).toContain('HTTP_UNREACHABLE');
  });
});

test.each([
  [{ pushgateway: 'localhost:9091' }, /no address of a Pushgateway/],
  [{ pushgateway: 'http://me:secret@localhost:9091' }, /no address of a Pushgateway/],
  [{ textfile: 'nowhere/a.prom' }, /there is no folder/],
])('%j is refused before the run', async (options, message) => {
  await expect(assertMetricsOptions(options, host())).rejects.toThrow(message);
});
