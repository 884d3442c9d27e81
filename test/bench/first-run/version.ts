import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { alternate, type Bench, type Figure, median, PROGRAM } from '../harness.ts';

const TIMES = 21;

/** `packprobe --version` against the smallest thing that Node can do. */
export async function measureVersion(bench: Bench): Promise<Figure> {
  bench.say(`packprobe --version and node -e 0, ${TIMES} times each`);
  const version = () => secondsOf([PROGRAM, '--version'], bench.dir);
  const nothing = () => secondsOf(['-e', '0'], bench.dir);
  const { measured, reference } = await alternate(TIMES, version, nothing);
  const [ours, theirs] = [median(measured), median(reference)];
  return {
    name: 'version',
    value: ours / theirs,
    unit: 'times',
    aim: { atMost: 2 },
    measured: `packprobe --version ${ours.toFixed(3)} s against node -e 0 ${theirs.toFixed(3)} s, medians of ${TIMES}`,
  };
}

/** From before the process is made until it has ended. */
async function secondsOf(args: readonly string[], cwd: string): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`);
  return (performance.now() - began) / 1000;
}
