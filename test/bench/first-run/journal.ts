import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestSandbox } from '../../support/packprobe.ts';
import type { Bench, Figure } from '../harness.ts';
import { runSingleBuild } from './single-build.ts';

/** What one run leaves on the disk: the database with nothing else in it, and what SQLite keeps beside it. */
export async function measureJournal(bench: Bench, sandbox: TestSandbox): Promise<Figure> {
  bench.say('the journal of one run of single-build');
  await runSingleBuild(bench, sandbox, 'journal');
  const data = join(bench.dir, 'journal');
  const files = readdirSync(data).filter((name) => name.startsWith('packprobe.db'));
  const bytes = files.reduce((sum, name) => sum + statSync(join(data, name)).size, 0);
  return {
    name: 'journal',
    value: bytes / 1000,
    unit: 'kB',
    aim: { atMost: 250 },
    measured: `${files.join(', ')} after one run of single-build with its evidence`,
  };
}
