import { join } from 'node:path';
import type { Chain } from '../../../src/evidence/hops.ts';
import type { TestSandbox } from '../../support/packprobe.ts';
import type { Bench } from '../harness.ts';

/** How fast the sandbox's time runs: the fastest that its real processes can follow. */
export const SPEED = 300;

/** What a finished `single-build` printed, as far as it is looked at here. */
export interface PrintedRun {
  readonly run_id: string;
  readonly outcome: string;
  readonly chains: readonly Chain[];
}

/** Arguments of one run in a sandbox that runs already. */
export function singleBuild(sandbox: TestSandbox, data: string): readonly string[] {
  return ['run', 'single-build', '--url', sandbox.control, '--json', '--data', data];
}

/** One run; throws where it did not pass, for then there is nothing to compare. */
export async function runSingleBuild(bench: Bench, sandbox: TestSandbox, data: string): Promise<PrintedRun> {
  return JSON.parse(await bench.run(singleBuild(sandbox, join(bench.dir, data)))) as PrintedRun;
}
