import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NOT_REPLAYED } from '../../contract/not-replayed.ts';
import { ROOT } from '../../support/sources.ts';
import type { Bench } from '../harness.ts';

const RECORDED = join(ROOT, 'test/fixtures/recorded');

export interface Recorded {
  readonly files: number;
  /** Requests with their answers; a transcript of a client counts as one. */
  readonly exchanges: number;
  /** Of those, the ones that stand on the list of what is not played. */
  readonly listed: number;
}

/** Counts what was recorded of those systems that a test plays. */
export function countRecorded(systems: readonly string[]): Recorded {
  let [files, exchanges, listed] = [0, 0, 0];
  for (const system of systems) {
    for (const name of readdirSync(join(RECORDED, system))) {
      const lines = requestLines(join(RECORDED, system, name));
      if (lines.length === 0) continue;
      const entries = NOT_REPLAYED.filter(({ file }) => file === `${system}/${name}`);
      files += 1;
      exchanges += lines.length;
      listed += lines.filter((line) =>
        entries.some((entry) => entry.lines === undefined || entry.lines.includes(line)),
      ).length;
    }
  }
  return { files, exchanges, listed };
}

/** The lines of a file that hold a request, from 1. */
function requestLines(file: string): readonly number[] {
  if (file.endsWith('.json')) return [1];
  if (!file.endsWith('.jsonl')) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.flatMap((line, index) => ('request' in JSON.parse(line) ? [index + 1] : []));
}

export interface Played {
  readonly tests: number;
  readonly failed: number;
}

/** Runs the tests that play the recordings against the sandbox and its stand-ins. */
export async function playRecorded({ dir, signal }: Pick<Bench, 'dir' | 'signal'>): Promise<Played> {
  const output = join(dir, 'recorded.json');
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      ...['run', '--project', 'unit', 'test/contract', 'test/sandbox/stand-ins'],
      ...['--reporter', 'json', '--outputFile', output],
    ],
    { cwd: ROOT, signal, stdio: 'ignore' },
  );
  await once(child, 'close');
  const { numTotalTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(output, 'utf8'));
  if (numTotalTests === 0) throw new Error('no test played a recording');
  return { tests: numTotalTests, failed: Math.max(numFailedTests, numFailedTestSuites) };
}
