import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Ended } from '../../support/packprobe.ts';
import { ROOT } from '../../support/sources.ts';
import type { Bench } from '../harness.ts';

const TOKEN = 'a-token-of-the-benchmark';

/** A `serve` of the built program. */
export interface Serving extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** When it was started, as `performance.now()` tells it. */
  readonly since: number;
  /** Asks for a run now. */
  start(probe: string): Promise<void>;
  /** The JSON of a page. */
  json<Answer>(path: string): Promise<Answer>;
  stop(): Promise<Ended>;
}

export interface ServingOptions {
  /** Folder of its configuration, as `configure` writes it. */
  readonly dir: string;
  readonly data: string;
  /** Of the sandbox that it joins; left out, it knows its environment from a file alone, as of any other. */
  readonly control?: string;
}

/** Writes a `packprobe.yaml` (JSON is YAML) for a sandbox with these probes, and what more is said. */
export function configure(
  dir: string,
  probes: Readonly<Record<string, string>>,
  more: Readonly<Record<string, unknown>> = {},
): void {
  mkdirSync(join(dir, 'config/probes'), { recursive: true });
  for (const [name, text] of Object.entries(probes)) {
    writeFileSync(join(dir, 'config/probes', `${name}.yaml`), text);
  }
  const named = Object.fromEntries(Object.keys(probes).map((name) => [name, {}]));
  const config = {
    listen: { tokens: { bench: { env: 'BENCH_TOKEN' } } },
    schedule: { max_runs: 100 },
    // Probes here are due once a year: rules that could not know anything new by then are refused.
    incidents: { remind_every: '400d' },
    environments: { sandbox: { max_runs: 100, probes: named } },
    ...more,
  };
  writeFileSync(join(dir, 'config/packprobe.yaml'), JSON.stringify(config, undefined, 1));
}

/** The probe that ships, under another name, for a package, on a schedule of its own. */
export function singleBuild(name: string, pkg: string, schedule: string): string {
  return readFileSync(join(ROOT, 'probes/single-build.yaml'), 'utf8')
    .replace(/^name: .*$/m, `name: ${name}\npackage: ${pkg}`)
    .replace(/^schedule: .*$/m, `schedule: ${schedule}`)
    .replace(/^confirm_with: .*\n/m, '');
}

/** Starts it, and waits until it says where it answers. */
export async function serve(bench: Bench, { dir, data, control }: ServingOptions): Promise<Serving> {
  const since = performance.now();
  const running = bench.start(
    [
      'serve',
      ...['--config', join(dir, 'config/packprobe.yaml'), '--data', data, '--listen', '127.0.0.1:0'],
      ...(control === undefined ? [] : ['--url', control]),
    ],
    { env: { BENCH_TOKEN: TOKEN } },
  );
  const line = await running.said(/answers on http/);
  const url = /answers on (\S+)/.exec(line)?.[1] ?? '';
  const stop = async () => {
    running.child.kill('SIGTERM');
    return running.ended;
  };
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${url}${path}`, { ...init, signal: bench.signal });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${text}`);
    return text;
  };
  return {
    url,
    since,
    pid: running.child.pid ?? 0,
    start: async (probe) => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      await ask(`/api/v1/probes/sandbox/${probe}/run`, { method: 'POST', headers });
    },
    json: async (path) => JSON.parse(await ask(path)),
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

/** Waits until `/healthz/ready` is good. Milliseconds since the process was started. */
export async function untilReady(
  { url, since }: Pick<Serving, 'url' | 'since'>,
  signal: AbortSignal,
): Promise<number> {
  while (true) {
    signal.throwIfAborted();
    const answer = await fetch(`${url}/healthz/ready`, { signal });
    await answer.arrayBuffer();
    if (answer.ok) return performance.now() - since;
    await pause(5);
  }
}

/** A Node that has nothing to do but a timer, for as long as the work takes. */
export async function withBareNode<Result>(work: (pid: number) => Promise<Result>): Promise<Result> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { env, stdio: 'ignore' });
  try {
    return await work(child.pid ?? 0);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
}
