/**
 * What every group of benchmarks stands on.
 *
 * A group is a file `test/bench/NAME.ts` that exports a `Group`, and a line in `groups.ts`. It gets a `Bench` and yields `Figure`s,
 * each as soon as it is known:
 *
 *     export const kills: Group = {
 *       summary: 'what a killed run leaves, and whether it is resumed',
 *       async *measure(bench) {
 *         await using sandbox = await bench.sandbox({ speed: 300 });
 *         const run = bench.start(['run', 'single-build', '--url', sandbox.control, '--data', `${bench.dir}/data`]);
 *         …
 *         yield { name: 'resumed', value: 100, unit: '%', aim: { atLeast: 100 }, measured: '50 of 50 kills' };
 *       },
 *     };
 *
 * Progress goes to `bench.say`, never to standard output. A figure that is a ratio names both sides in `measured`
 * ("0.061 s against 0.043 s of `node -e 0`") and takes them in turns in the same run: `alternate` does.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Running,
  type RunOptions,
  start,
  startSandbox,
  type TestSandbox,
} from '../support/packprobe.ts';
import { ROOT } from '../support/sources.ts';

/** The entry of the built program; what `bin/packprobe.js` starts in an installed package. */
export const PROGRAM = join(ROOT, 'dist/main.js');

/** What a figure is held against; it holds where the value is equal, too. */
export type Aim = { readonly atMost: number } | { readonly atLeast: number };

/** One number with its aim: a row of the table, a line of `--json`. */
export interface Figure {
  /** Kebab-case, unique in its group. */
  readonly name: string;
  readonly value: number;
  /** `times` for a ratio, else `s`, `kB`, `%`, or what is counted: `runs`. */
  readonly unit: string;
  readonly aim: Aim;
  /** The absolute numbers, and what they were compared to. Plain text. */
  readonly measured: string;
}

export interface Group {
  /** Behind its name in `--help`. */
  readonly summary: string;
  /** Throws when nothing could be measured; a figure that misses its aim is yielded all the same. */
  measure(bench: Bench): AsyncIterable<Figure>;
}

/** What a group may use. All that it starts here ends with it. */
export interface Bench {
  /** A folder of this group alone, there and empty; removed behind it. */
  readonly dir: string;
  /** Aborts on Ctrl-C. What was started through `start`, `run` and `sandbox` is ended then without further ado. */
  readonly signal: AbortSignal;
  /** One line of progress on standard error. */
  say(text: string): void;
  /** Starts the built program with the running Node; nothing of packprobe's own variables is inherited. */
  start(args: readonly string[], options?: StartOptions): Running;
  /** Runs the built program to its end and gives what it printed; throws where the exit code is not the expected one. */
  run(args: readonly string[], options?: StartOptions & { readonly expect?: number }): Promise<string>;
  /** A sandbox of the built program in a process of its own, until it is disposed of. */
  sandbox(options: { readonly speed: number }): Promise<TestSandbox>;
}

export type StartOptions = Omit<RunOptions, 'program'>;

/** What a developer may have set for their own use. */
const NOT_INHERITED = {
  PACKPROBE_CONFIG: undefined,
  PACKPROBE_DATA_DIR: undefined,
  NODE_OPTIONS: undefined,
  NODE_COMPILE_CACHE: undefined,
};

export interface OpenBenchOptions {
  /** There, empty, and removed by the caller. */
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

export function openBench({ dir, signal, say }: OpenBenchOptions): Bench {
  let sandboxes = 0;
  const withDefaults = ({ env, ...options }: StartOptions = {}): RunOptions => ({
    cwd: dir,
    ...options,
    program: PROGRAM,
    env: { ...NOT_INHERITED, ...env },
  });
  const bench: Bench = {
    dir,
    signal,
    say,
    start(args, options) {
      signal.throwIfAborted();
      const running = start(args, withDefaults(options));
      const end = () => running.child.kill('SIGTERM');
      signal.addEventListener('abort', end);
      void running.ended.then(() => signal.removeEventListener('abort', end));
      return running;
    },
    async run(args, { expect = 0, ...options } = {}) {
      const { code, stdout, stderr } = await bench.start(args, options).ended;
      signal.throwIfAborted();
      if (code !== expect) {
        throw new Error(`packprobe ${args.join(' ')} ended with ${code} instead of ${expect}:\n${stderr}`);
      }
      return stdout;
    },
    async sandbox({ speed }) {
      signal.throwIfAborted();
      sandboxes += 1;
      const place = join(dir, `sandbox-${sandboxes}`);
      mkdirSync(place);
      const sandbox = await startSandbox(place, speed, withDefaults());
      const end = () => void sandbox[Symbol.asyncDispose]();
      signal.addEventListener('abort', end);
      return {
        ...sandbox,
        async [Symbol.asyncDispose]() {
          signal.removeEventListener('abort', end);
          await sandbox[Symbol.asyncDispose]();
        },
      };
    },
  };
  return bench;
}

/** Runs a file with the running Node and gives what it printed; throws where it does not end well. */
export async function runNode(
  { dir, signal }: Pick<Bench, 'dir' | 'signal'>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: dir,
    env: { ...inherited, ...env },
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      said[name] += chunk;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}:\n${said.stderr}`);
  return said.stdout;
}

/**
 * Takes two measurements in turns, so that a machine that is busy for a while is busy for both: A B A B …, one pair first that does not
 * count (caches of disk and processor).
 */
export async function alternate(
  times: number,
  measured: () => Promise<number>,
  reference: () => Promise<number>,
): Promise<{ readonly measured: readonly number[]; readonly reference: readonly number[] }> {
  await measured();
  await reference();
  const taken = { measured: [] as number[], reference: [] as number[] };
  for (let turn = 0; turn < times; turn += 1) {
    taken.measured.push(await measured());
    taken.reference.push(await reference());
  }
  return taken;
}

/** The middle one, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
