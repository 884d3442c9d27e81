import { join } from 'node:path';
import { type FaultyRun, type ListedFault, runInto } from '../support/faulty-run.ts';
import type { Bench, Group } from './harness.ts';

/** The fastest that real processes can follow. */
const SPEED = 300;

/** Two runs at a time: most of a run is waiting. */
const WORKERS = 2;

/** Names of faults, or beginnings of them such as `koji:`, apart by blanks: only those are walked. For work on one of them. */
const ONLY = 'BENCH_FAULTS';

const MINUTES = 60_000;

/** Every fault of the sandbox, met by a run: whether it ends as the fault declares, and leaves nothing. */
export const faults: Group = {
  summary: 'a run meets every fault of the sandbox: declared outcome and charge, nothing left (half an hour)',
  async *measure(bench) {
    const started = performance.now();
    const listed = await chosen(bench);
    bench.say(`${listed.length} faults, ${WORKERS} at a time`);
    const met = await workedOff(listed, bench);
    const wrong = met.filter(({ complaints }) => complaints.length > 0);
    for (const { fault, complaints } of wrong) {
      for (const complaint of complaints) bench.say(`${fault.name}: ${complaint}`);
    }
    yield {
      name: 'faults',
      value: met.length,
      unit: 'faults',
      aim: { atLeast: process.env[ONLY] === undefined ? 60 : 1 },
      measured: `of ${new Set(met.map(({ fault }) => fault.system)).size} systems`,
    };
    yield {
      name: 'as-declared',
      value: (100 * (met.length - wrong.length)) / met.length,
      unit: '%',
      aim: { atLeast: 100 },
      measured:
        wrong.length === 0
          ? 'outcome, charge and exit code as declared, nothing left'
          : `wrong: ${wrong.map(({ fault }) => fault.name).join(', ')}`,
    };
    yield {
      name: 'wall-time',
      value: (performance.now() - started) / MINUTES,
      unit: 'min',
      aim: { atMost: 60 },
      measured: `${((performance.now() - started) / 1000 / met.length).toFixed(1)} s a fault`,
    };
  },
};

interface Met {
  readonly fault: ListedFault;
  readonly complaints: readonly string[];
}

async function chosen(bench: Bench): Promise<readonly ListedFault[]> {
  const all = JSON.parse(await bench.run(['sandbox', '--list-faults', '--json'])) as readonly ListedFault[];
  const asked = process.env[ONLY]?.split(/\s+/).filter((word) => word !== '');
  return asked === undefined ? all : all.filter(({ name }) => asked.some((word) => name.includes(word)));
}

async function workedOff(listed: readonly ListedFault[], bench: Bench): Promise<readonly Met[]> {
  const met: Met[] = [];
  const queue = listed.entries();
  const workers = Array.from({ length: WORKERS }, async () => {
    for (const [index, fault] of queue) {
      bench.signal.throwIfAborted();
      const begun = performance.now();
      const one = await meet(fault, join(bench.dir, `run-${index}`), bench);
      met.push(one);
      const took = ((performance.now() - begun) / 1000).toFixed(0);
      const mark = one.complaints.length === 0 ? 'as declared' : 'WRONG';
      bench.say(`${met.length}/${listed.length} ${mark}: ${fault.name} (${took} s)`);
      for (const complaint of one.complaints) bench.say(`    ${complaint}`);
    }
  });
  await Promise.all(workers);
  return met;
}

/** In a sandbox of its own, whose day begins in the morning: at night Bodhi pushes, and locks what it pushes. */
async function meet(fault: ListedFault, dir: string, bench: Bench): Promise<Met> {
  try {
    await using sandbox = await bench.sandbox({ speed: SPEED });
    const run = await runInto([fault.name], { dir, sandbox, start: bench.start });
    const complaints = complaintsOf(fault, run);
    return { fault, complaints: complaints.length === 0 ? [] : [...complaints, told(run)] };
  } catch (error) {
    bench.signal.throwIfAborted();
    return { fault, complaints: [String(error)] };
  }
}

const EXIT = { passed: 0, failed: 1, errored: 3 } as const;

function complaintsOf({ outcome, charge }: ListedFault, run: FaultyRun): readonly string[] {
  const complaints: string[] = [];
  if (run.outcome !== outcome || run.charge !== charge) {
    complaints.push(`${run.outcome}, ${run.charge} instead of ${outcome}, ${charge}`);
  }
  if (run.outcome === outcome && run.code !== EXIT[outcome]) complaints.push(`exit code ${run.code}`);
  if (run.left.length > 0) complaints.push(`left ${run.left.join(' ')}`);
  return complaints;
}

function told({ fault, stderr }: FaultyRun): string {
  const { kind, code, message, evidence } = fault;
  return code === undefined
    ? `said ${stderr.trim().split('\n').at(-1)}`
    : `${kind} ${code}: ${message} ${JSON.stringify(evidence).slice(0, 400)}`;
}
