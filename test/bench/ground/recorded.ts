import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/sources.ts';
import type { Bench } from '../harness.ts';

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
