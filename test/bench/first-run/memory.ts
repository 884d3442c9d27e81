import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestSandbox } from '../../support/packprobe.ts';
import { alternate, type Bench, type Figure, median, PROGRAM, runNode } from '../harness.ts';
import { singleBuild } from './single-build.ts';

const TIMES = 3;
const script = (name: string) => join(import.meta.dirname, name);

/** The most memory of the process that runs `single-build`, against one that imports the same libraries and then does nothing. */
export async function measureMemory(bench: Bench, sandbox: TestSandbox): Promise<Figure> {
  bench.say(`memory of single-build and of an idle process with its libraries, ${TIMES} times each`);
  const list = join(bench.dir, 'libraries.json');
  const program = (data: string) => [PROGRAM, ...singleBuild(sandbox, join(bench.dir, data))];
  await runNode(bench, ['--import', script('list-libraries.js'), ...program('listed')], {
    LIBRARIES_FILE: list,
  });
  const libraries = JSON.parse(readFileSync(list, 'utf8')) as Readonly<Record<string, string>>;

  const peakOf = async (args: readonly string[]) => {
    const file = join(bench.dir, 'peak');
    await runNode(bench, ['--import', script('write-peak.js'), ...args], { PEAK_FILE: file });
    return Number(readFileSync(file, 'utf8')) / 1000;
  };
  const { measured, reference } = await alternate(
    TIMES,
    () => peakOf(program('memory')),
    () => peakOf([script('idle.js'), list]),
  );
  const [ours, theirs] = [median(measured), median(reference)];
  return {
    name: 'memory',
    value: ours / theirs,
    unit: 'times',
    aim: { atMost: 1.6 },
    measured: `peak ${ours.toFixed(0)} MB against ${theirs.toFixed(0)} MB of a process that imports ${names(libraries)} and idles, medians of ${TIMES}`,
  };
}

/** Libraries by name; what belongs to Node is counted. */
function names(libraries: Readonly<Record<string, string>>): string {
  const all = Object.keys(libraries).sort();
  const own = all.filter((name) => name.startsWith('node:'));
  return `${all.filter((name) => !own.includes(name)).join(', ')} and ${own.length} modules of Node`;
}
