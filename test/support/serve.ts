import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Ended, packprobe, type Running, start } from './packprobe.ts';

/** The token that `configure` lets change things, and the name that it goes by. */
export const TOKEN = 'b2f0c4d6-not-a-real-one';
export const TOKEN_NAME = 'operators';

/** A page as it was answered. */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** A `serve` that answers, and all that belongs to it. */
export interface Serving extends AsyncDisposable {
  readonly url: string;
  readonly running: Running;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Page>;
  /** The JSON of a page that has to be a good one. */
  json<Answer>(path: string): Promise<Answer>;
  /** With the token unless another one is said; `null`: without any. */
  post(path: string, body?: unknown, token?: string | null): Promise<Page>;
  /** A series of `/metrics` whose labels hold all of these; undefined where there is none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number | undefined>;
  /** A command of another process that works on the same data and configuration. */
  command(...args: string[]): Promise<Ended>;
  /** Has it read its files anew, and waits until it has: whether it took them. */
  reload(): Promise<boolean>;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

export interface ServeOptions {
  /** Folder of `packprobe.yaml`, the data and all else. */
  readonly dir: string;
  /** Control address of the sandbox that it joins. */
  readonly control: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Writes `packprobe.yaml` (JSON is YAML): any free port, one token, and what is said here. */
export function configure(dir: string, config: Readonly<Record<string, unknown>> = {}): string {
  const { listen = {}, ...others } = config;
  const token = join(dir, 'token');
  writeFileSync(token, `${TOKEN}\n`);
  const file = join(dir, 'config/packprobe.yaml');
  mkdirSync(join(dir, 'config/probes'), { recursive: true });
  const whole = { listen: { port: 0, tokens: { [TOKEN_NAME]: { file: token } }, ...(listen as object) } };
  writeFileSync(file, JSON.stringify({ ...whole, ...others }, undefined, 1));
  return file;
}

/** A probe of the test's own beside its configuration. */
export function writeProbe(dir: string, name: string, definition: Readonly<Record<string, unknown>>): void {
  const whole = { name, description: 'One of a test', timeout: '4h', ...definition };
  writeFileSync(join(dir, 'config/probes', `${name}.yaml`), JSON.stringify(whole, undefined, 1));
}

/** Starts it and waits until it says where it answers. */
export async function startServe({ dir, control, args = [], env = {} }: ServeOptions): Promise<Serving> {
  const places = ['--config', join(dir, 'config/packprobe.yaml'), '--data', join(dir, 'data')];
  const running = start(['serve', '--url', control, ...places, ...args], { env });
  const line = await running.said(/answers on http/);
  const url = /answers on (\S+)/.exec(line)?.[1] ?? '';
  const ask = async (path: string, init: RequestInit = {}): Promise<Page> => {
    const answer = await fetch(`${url}${path}`, init);
    return {
      status: answer.status,
      type: answer.headers.get('content-type') ?? '',
      text: await answer.text(),
    };
  };
  const serving: Serving = {
    url,
    running,
    get: (path, headers = {}) => ask(path, { headers }),
    async json(path) {
      const { status, text } = await ask(path);
      expect(status, `${path}: ${text}`).toBe(200);
      return JSON.parse(text);
    },
    post: (path, body, token = TOKEN) =>
      ask(path, {
        method: 'POST',
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async metric(name, labels = {}) {
      const { text } = await ask('/metrics');
      const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
      const found = text
        .split('\n')
        .find(
          (one) =>
            (one.startsWith(`${name}{`) || one.startsWith(`${name} `)) &&
            wanted.every((label) => one.includes(label)),
        );
      return found === undefined ? undefined : Number(found.split(' ').at(-1));
    },
    command: (...words) => packprobe([...words, ...places], { env }),
    async reload() {
      const at = () => serving.metric('packprobe_config_reload_timestamp_seconds');
      const before = await at();
      running.child.kill('SIGHUP');
      await eventually(async () => ((await at()) === before ? undefined : true), { what: 'a reload' });
      return (await serving.metric('packprobe_config_reload_success')) === 1;
    },
    async stop(signal = 'SIGTERM') {
      running.child.kill(signal);
      return running.ended;
    },
    [Symbol.asyncDispose]: async () => void (await serving.stop()),
  };
  return serving;
}

/** Looks again and again until it gets an answer that is not undefined. */
export async function eventually<Answer>(
  look: () => Promise<Answer | undefined>,
  { within = 30_000, what = 'what was waited for' } = {},
): Promise<Answer> {
  const limit = performance.now() + within;
  for (;;) {
    const answer = await look();
    if (answer !== undefined) return answer;
    if (performance.now() > limit) throw new Error(`${what} did not come within ${within} ms`);
    await pause(100);
  }
}

/** A run as the API lists it. */
export interface ListedRun {
  readonly run_id: string;
  readonly probe: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly retry_of: string | null;
}
