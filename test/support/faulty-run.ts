import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { type Ended, processesWith, type Running, type TestSandbox } from './packprobe.ts';
import { ROOT } from './sources.ts';

/** A fault as `sandbox --list-faults --json` declares it. */
export interface ListedFault {
  readonly name: string;
  readonly system: string;
  readonly says: string;
  readonly outcome: 'passed' | 'failed' | 'errored';
  readonly charge: string | null;
}

/** Where a run meets faults. */
export interface FaultyStage {
  /** Of this run alone; made where it is not there. */
  readonly dir: string;
  /** In which nobody else runs anything. */
  readonly sandbox: TestSandbox;
  start(args: readonly string[]): Running;
}

/** What became of a run of `single-build`, as its user and the sandbox see it. */
export interface FaultyRun extends Ended {
  readonly id: string;
  readonly outcome: string;
  /** Who is charged; null where the run passed. */
  readonly charge: string | null;
  /** Of the run as data; empty where it passed. */
  readonly fault: Readonly<Record<string, unknown>>;
  /** What is still there of it, in the sandbox or on this machine; nothing where all is well. */
  readonly left: readonly string[];
}

/**
 * At speed 300 a command of a second is five minutes long: what only runs commands gets time on a busy machine, twelve real seconds of
 * nothing end a wait.
 */
const LIMITS = { commands: '4h', waits: '1h' } as const;

const WAITS = /\/wait-|^koji\/(?:scratch-)?build$/;

/** A probe that ships, with limits that nobody has to sit out for hours; `limits` by action go before these. */
export function hastyProbe(
  dir: string,
  limits: Readonly<Record<string, string>> = {},
  name = 'single-build',
): string {
  const probe = parse(readFileSync(join(ROOT, `probes/${name}.yaml`), 'utf8'));
  probe.timeout = '40h';
  for (const step of probe.steps) {
    step.timeout = limits[step.uses] ?? (WAITS.test(step.uses) ? LIMITS.waits : LIMITS.commands);
  }
  const file = join(dir, `${name}.yaml`);
  writeFileSync(file, stringify(probe));
  return file;
}

/** Switches faults of a sandbox on until it is disposed of. */
export async function breaking(
  { control }: Pick<TestSandbox, 'control'>,
  faults: readonly string[],
): Promise<AsyncDisposable> {
  const turn = async (method: 'PUT' | 'DELETE', fault: string) => {
    const { status } = await fetch(`${control}/faults/${fault}`, { method });
    if (status !== 200) throw new Error(`${method} of the fault ${fault} was answered with ${status}`);
  };
  for (const fault of faults) await turn('PUT', fault);
  return {
    async [Symbol.asyncDispose]() {
      for (const fault of faults) await turn('DELETE', fault);
    },
  };
}

/**
 * Runs `single-build` to its end in a sandbox that is broken so. What it left is asked when the sandbox is whole again.
 * @param from id of the step at whose beginning the faults begin; from the start where left out
 */
export async function runInto(
  faults: readonly string[],
  { dir, sandbox, start }: FaultyStage,
  from?: string,
): Promise<FaultyRun> {
  mkdirSync(dir, { recursive: true });
  const data = join(dir, 'data');
  const probe = hastyProbe(dir);
  const begin = () => start(['run', probe, '--json', '--url', sandbox.control, '--data', data]);
  let ended: Ended;
  if (from === undefined) {
    await using _broken = await breaking(sandbox, faults);
    ended = await begin().ended;
  } else {
    const running = begin();
    await running.said(new RegExp(`^started +${from} `));
    await using _broken = await breaking(sandbox, faults);
    ended = await running.ended;
  }
  const run = read(ended.stdout);
  const id = String(run['run_id'] ?? '');
  const fault = (run['fault'] ?? {}) as Readonly<Record<string, unknown>>;
  const left = [
    ...(await heldBy(sandbox, id)).map((holding) => JSON.stringify(holding)),
    ...processesWith(data),
    ...foldersOf(id, join(data, 'work')),
  ];
  return {
    ...ended,
    id,
    outcome: String(run['outcome'] ?? `no run, exit ${ended.code}`),
    charge: typeof fault['system'] === 'string' ? fault['system'] : null,
    fault,
    left,
  };
}

/** Folders that the owners of a run have left. */
function foldersOf(id: string, work: string): readonly string[] {
  if (!existsSync(work)) return [];
  const names = readdirSync(work).filter((name) => name.startsWith(id));
  return names.map((name) => `work/${name}`);
}

/** How long a task that Koji would not own to may take to end by itself. Real milliseconds. */
const ENDING_MS = 10_000;

/** What of a run is still there, and stays. */
export async function heldBy(sandbox: TestSandbox, id: string): Promise<readonly unknown[]> {
  const until = performance.now() + ENDING_MS;
  for (;;) {
    const held = await sandbox.holdings(id);
    if (held.length === 0 || performance.now() > until) return held;
    await setTimeout(200);
  }
}

function read(stdout: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
