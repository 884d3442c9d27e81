import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './sources.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when a line of either stream matches. */
  said(pattern: RegExp): Promise<string>;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Entry file. @defaultValue `bin/packprobe.js`, which runs the sources of a checkout */
  readonly program?: string;
  /** Of Node, in front of the program. */
  readonly flags?: readonly string[];
}

/** Starting compiles the sources: once for all tests. */
const COMPILE_CACHE = join(ROOT, 'node_modules/.cache/packprobe-compiled');

/** Starts the program as a user would in a checkout. */
export function start(
  args: readonly string[],
  { cwd = ROOT, env = {}, program = join(ROOT, 'bin/packprobe.js'), flags = [] }: RunOptions = {},
): Running {
  const { NO_COLOR: _, npm_command: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [...flags, program, ...args], {
    cwd,
    env: { ...inherited, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
    createInterface({ input: child[name] }).on('line', (line) => {
      lines.push(line);
      for (const hear of waiting) hear(line);
    });
  }
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...text }));
  return {
    child,
    ended,
    said(pattern) {
      const already = lines.find((line) => pattern.test(line));
      if (already !== undefined) return Promise.resolve(already);
      return new Promise((resolve, reject) => {
        const hear = (line: string) => {
          if (!pattern.test(line)) return;
          waiting.delete(hear);
          resolve(line);
        };
        waiting.add(hear);
        void ended.then(({ code }) =>
          reject(new Error(`ended with ${code} before it said ${pattern}:\n${lines.join('\n')}`)),
        );
      });
    },
  };
}

/** Runs the program to its end. */
export function packprobe(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** A folder of this test alone, removed behind it. */
export function freshDir(): { readonly dir: string; [Symbol.dispose](): void } {
  const dir = mkdtempSync(join(tmpdir(), 'packprobe-e2e-'));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Living processes in whose command line a text stands: a folder of a test tells its own. */
function livingWith(text: string): readonly { readonly pid: number; readonly line: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        return [
          { pid: Number(pid), line: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') },
        ];
      } catch {
        return [];
      }
    })
    .filter(({ line }) => line.includes(text));
}

export function processesWith(text: string): readonly string[] {
  return livingWith(text).map(({ line }) => line);
}

export function processIdsWith(text: string): readonly number[] {
  return livingWith(text).map(({ pid }) => pid);
}

export interface TestSandbox extends AsyncDisposable {
  readonly control: string;
  /** The environment file as the sandbox gives it. */
  environment(): Promise<Record<string, unknown>>;
  truth(nvr: string): Promise<Record<string, number>>;
  holdings(run: string): Promise<readonly unknown[]>;
}

export interface TestSandboxOptions extends RunOptions {
  /** Names of the faults that are on from the start. */
  readonly faults?: readonly string[];
  /** Which koji, bodhi and fedpkg. @defaultValue stand-ins, whatever is installed here */
  readonly clients?: 'real' | 'stand-ins';
  /** More of the command line; of an option said twice the last counts. */
  readonly args?: readonly string[];
}

/** A sandbox as `packprobe sandbox` starts it. */
export async function startSandbox(
  dir: string,
  speed: number,
  { faults = [], clients = 'stand-ins', args = [], ...options }: TestSandboxOptions = {},
): Promise<TestSandbox> {
  const broken = faults.flatMap((name) => ['--fault', name]);
  const running = start(
    [
      'sandbox',
      '--speed',
      String(speed),
      '--dir',
      join(dir, 'sandbox'),
      '--clients',
      clients,
      ...broken,
      ...args,
    ],
    options,
  );
  const line = await running.said(/--url http/);
  const control = /--url (\S+)/.exec(line)?.[1] ?? '';
  const get = async (path: string) => (await fetch(`${control}${path}`)).json();
  return {
    control,
    environment: () => get('/environment?format=json') as Promise<Record<string, unknown>>,
    truth: async (nvr) =>
      ((await get(`/truth?nvr=${nvr}`)) as { readonly events: Record<string, number> }).events,
    holdings: async (run) =>
      ((await get(`/holdings?run=${run}`)) as { readonly holdings: readonly unknown[] }).holdings,
    async [Symbol.asyncDispose]() {
      running.child.kill('SIGTERM');
      await running.ended;
    },
  };
}
