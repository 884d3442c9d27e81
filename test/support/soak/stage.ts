/** A sandbox that stays and a `serve` that does not: what kill test and soak stand on. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { System } from '../../../src/core/system.ts';
import { THRIFT, THRIFTY_MALLOC } from '../../../src/platform/thrift.ts';
import { type Running, start } from '../packprobe.ts';
import { ROOT } from '../sources.ts';
import { asked } from './asked.ts';
import { packagesOf } from './world.ts';

const SANDBOX = fileURLToPath(new URL('sandbox.ts', import.meta.url));
const IN_PROCESS = fileURLToPath(new URL('program.ts', import.meta.url));

/** Name of the environment; for packprobe it is one that stays, not a sandbox of its own. */
export const ENVIRONMENT = 'soak';

/** A limit that no busy machine meets: at speed 300 an hour is twelve seconds, and limits go on while nobody is at work. */
const LONG = '7d';

const TOKEN = 'soak-token';

export interface StagedProbe {
  /** Path of its file. */
  readonly file: string;
  /** How many packages it is run on, side by side. */
  readonly packages: number;
  /** @defaultValue that of the stage */
  readonly every?: string;
}

export interface StageOptions {
  /** Is made. */
  readonly dir: string;
  readonly probes: readonly StagedProbe[];
  /** Between two starts of a probe on a package, in sandbox time, such as `30m`; one waits while the one before goes. */
  readonly every: string;
  /** Whether limits are as in the file, so that a fault makes runs fail, or so long that none does. */
  readonly patient: boolean;
  /** Between two looks of a source, in sandbox time. */
  readonly poll: string;
  /** Sandbox seconds in a real one. */
  readonly speed: number;
  readonly seed: string;
  /**
   * Systems whose failures are confirmed by another run of the probe, on its own package, before people are told; of all others six in a row are. With so
   * many runs an hour a confirmation would cry wolf about a system that many probes meet, and is refused. @defaultValue none
   */
  readonly confirmed?: readonly System[];
  /** Whether packager commands are answered in the process of `serve`, or each is a process. */
  readonly commands: 'in-process' | 'processes';
  /** Folder of the built program: all that is started comes out of it, not out of the sources. @defaultValue the sources */
  readonly dist?: string;
}

export interface Stage extends AsyncDisposable {
  readonly dir: string;
  readonly data: string;
  /** Control address of the sandbox. */
  readonly control: string;
  /** Of each system. */
  readonly urls: Readonly<Record<string, string>>;
  readonly packages: readonly string[];
  readonly confirmed: readonly System[];
  readonly speed: number;
  /**
   * Starts `serve`.
   * @param host name of the host that it believes to be on, where commands are answered in its process
   */
  serve(host?: string): Served;
  /** Process id of the sandbox. */
  readonly sandboxPid: number;
  /** Asks the database, past the program; nothing where there is none yet. */
  query(sql: string): readonly Record<string, unknown>[];
}

export interface Served extends Running {
  readonly pid: number;
  /** Whether it writes its memory to standard output on SIGUSR2; a program that does not listen would die of it. */
  readonly tellsMemory: boolean;
  /** Where it answers, once it does. */
  readonly url: Promise<string>;
  /** `POST` to its API. */
  post(path: string, body: unknown): Promise<unknown>;
}

/** Every probe that ships and walks the workflow: what only asks an address makes nothing, and knows nobody here. */
export function shippedProbes(): readonly string[] {
  const dir = join(ROOT, 'probes');
  return readdirSync(dir)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => join(dir, file))
    .filter((file) => {
      const { steps } = parse(readFileSync(file, 'utf8')) as {
        readonly steps: readonly { readonly uses: string }[];
      };
      return steps.some(({ uses }) => !/^(http|command)\//.test(uses));
    });
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const { dir, speed, seed, commands, dist, confirmed = [] } = options;
  mkdirSync(dir, { recursive: true });
  const count = options.probes.reduce((sum, { packages }) => sum + packages, 0);
  const sandbox = await startSandbox([join(dir, 'sandbox'), String(speed), String(count), seed], dist);
  const { control } = sandbox;
  const data = join(dir, 'data');
  const config = await writeConfig(options, control);
  const answer = await asked(`${control}/`);
  const { systems } = (await answer.json()) as { readonly systems: Readonly<Record<string, string>> };
  let database: DatabaseSync | undefined;
  const lives = new Set<Served>();

  return {
    dir,
    data,
    control,
    urls: systems,
    sandboxPid: sandbox.pid,
    packages: packagesOf(count),
    confirmed,
    speed,
    serve(host) {
      const built = dist === undefined ? undefined : join(dist, 'main.js');
      const entry = commands === 'in-process' ? IN_PROCESS : built;
      const served = startServe(['serve', '--config', config, '--data', data, '--listen', '127.0.0.1:0'], {
        entry,
        host,
        dist,
      });
      lives.add(served);
      void served.ended.then(() => lives.delete(served));
      return served;
    },
    query(sql) {
      const file = join(data, 'packprobe.db');
      if (database === undefined && !existsSync(file)) return [];
      database ??= new DatabaseSync(file, { readOnly: true, timeout: 5000 });
      try {
        return database.prepare(sql).all();
      } catch (error) {
        // Made just now: its tables come with its first transaction.
        if (/no such table/.test(String(error))) return [];
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      for (const { child } of lives) child.kill('SIGKILL');
      await Promise.all([...lives].map(({ ended }) => ended));
      database?.close();
      await sandbox.stop();
    },
  };
}

interface RunningSandbox {
  readonly pid: number;
  readonly control: string;
  stop(): Promise<void>;
}

async function startSandbox(args: readonly string[], dist: string | undefined): Promise<RunningSandbox> {
  const child = spawn(process.execPath, [SANDBOX, ...args], {
    env: { ...process.env, SOAK_DIST: dist },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const control = /^--url (\S+)$/.exec(line)?.[1];
    if (control !== undefined) return { pid: child.pid ?? 0, control, stop };
  }
  throw new Error('the sandbox of the soak did not start');
}

interface Start {
  readonly entry: string | undefined;
  readonly host: string | undefined;
  readonly dist: string | undefined;
}

function startServe(args: readonly string[], { entry, host, dist }: Start): Served {
  const running = start(args, {
    ...(entry === undefined ? {} : { program: entry }),
    // The program that users run starts itself anew like that; what is compiled for speed would grow for hours.
    ...(entry === IN_PROCESS && dist !== undefined && { flags: THRIFT }),
    env: {
      ...(entry === IN_PROCESS && dist !== undefined && THRIFTY_MALLOC),
      SOAK_TOKEN: TOKEN,
      PACKPROBE_CONFIG: undefined,
      PACKPROBE_DATA_DIR: undefined,
      NODE_OPTIONS: '--expose-gc',
      SOAK_HOST: host,
      SOAK_DIST: dist,
    },
  });
  const url = running.said(/answers on http/).then((line) => /http\S+/.exec(line)?.[0] ?? '');
  // Most lives are too short for it.
  url.catch(() => {});
  return {
    ...running,
    pid: running.child.pid ?? 0,
    tellsMemory: entry === IN_PROCESS,
    url,
    async post(path, body) {
      const response = await asked(`${await url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
      return response.json();
    },
  };
}

/** Everything that a service reads of its own: configuration, environment and a probe for each package. */
async function writeConfig(options: StageOptions, control: string): Promise<string> {
  const { dir, probes, poll } = options;
  const config = join(dir, 'config');
  for (const folder of ['environments', 'probes']) mkdirSync(join(config, folder), { recursive: true });
  const answer = await asked(`${control}/environment?format=json`);
  const environment = (await answer.json()) as { readonly systems: Readonly<Record<string, object>> };
  const systems = Object.fromEntries(
    Object.entries(environment.systems).map(([name, system]) => [
      name,
      'poll' in system ? { ...system, poll } : system,
    ]),
  );
  writeFileSync(
    join(config, 'environments', `${ENVIRONMENT}.yaml`),
    stringify({ ...environment, name: ENVIRONMENT, systems }),
  );
  const free = packagesOf(probes.reduce((sum, { packages }) => sum + packages, 0))[Symbol.iterator]();
  const names = probes.flatMap(({ file, packages, every = options.every }) =>
    Array.from({ length: packages }, (_, number) => {
      const name = `${basename(file, '.yaml')}-${number + 1}`;
      const schedule = { every, overlap: 'queue' };
      const probe = { ...probeOf(file, options), name, package: free.next().value, schedule };
      writeFileSync(join(config, 'probes', `${name}.yaml`), stringify(probe));
      return name;
    }),
  );
  const file = join(config, 'packprobe.yaml');
  writeFileSync(
    file,
    stringify({
      listen: { tokens: { soak: { env: 'SOAK_TOKEN' } } },
      schedule: { max_runs: 1000, min_interval: '1s' },
      incidents: { open: { when: 'in_a_row', count: 6 }, systems: confirmations(options) },
      environments: { [ENVIRONMENT]: { probes: Object.fromEntries(names.map((name) => [name, {}])) } },
    }),
  );
  return file;
}

function confirmations({ confirmed = [] }: StageOptions): object {
  return Object.fromEntries(confirmed.map((system) => [system, { open: { when: 'confirmed' } }]));
}

/** A failed run is confirmed by the probe itself, on its own package: one that others push to would tell nothing of it. */
function probeOf(file: string, { patient }: StageOptions): Record<string, unknown> {
  const { confirm_with: _, ...probe } = parse(readFileSync(file, 'utf8'));
  if (!patient) return probe;
  const steps = probe.steps.map((step: object) => ({ ...step, timeout: LONG }));
  return { ...probe, timeout: LONG, steps };
}
