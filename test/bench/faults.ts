import { join } from 'node:path';
import { type FaultyRun, type ListedFault, runInto } from '../support/faulty-run.ts';
import { AND, PAIRS } from './fault-pairs.ts';
import type { Bench, Group } from './harness.ts';

/** The fastest that real processes can follow. */
const SPEED = 300;

/** Two runs at a time: most of a run is waiting. */
const WORKERS = 2;

/**
 * What a system does on the wire is met first where a run first asks it. Some of its faults are met once more where a command of the packager
 * meets them: from the beginning of this step on.
 */
const LATER: Readonly<Record<string, string>> = { 'dist-git': 'push', koji: 'build', bodhi: 'update' };

/** Names of faults, or beginnings of them such as `koji:`, apart by blanks: only those are walked. For work on one of them. */
const ONLY = 'BENCH_FAULTS';

const MINUTES = 60_000;

/** Every fault of the sandbox, met by a run: whether it ends as the fault declares, and leaves nothing. */
export const faults: Group = {
  summary: 'a run meets every fault of the sandbox: declared outcome and charge, nothing left (half an hour)',
  async *measure(bench) {
    const started = performance.now();
    const jobs = await chosen(bench);
    bench.say(`${jobs.length} runs, ${WORKERS} at a time`);
    const met = await workedOff(jobs, bench);
    const wrong = met.filter(({ complaints }) => complaints.length > 0);
    for (const { job, complaints } of wrong) {
      for (const complaint of complaints) bench.say(`${nameOf(job)}: ${complaint}`);
    }
    const alone = new Set(jobs.map(({ fault }) => fault).filter((fault) => !PAIRS.includes(fault)));
    yield {
      name: 'faults',
      value: alone.size,
      unit: 'faults',
      aim: { atLeast: process.env[ONLY] === undefined ? 60 : 0 },
      measured: `of ${new Set([...alone].map(({ system }) => system)).size} systems, in ${met.length} runs`,
    };
    yield {
      name: 'as-declared',
      value: (100 * (met.length - wrong.length)) / met.length,
      unit: '%',
      aim: { atLeast: 100 },
      measured:
        wrong.length === 0
          ? 'outcome, charge and exit code as declared, nothing left'
          : `wrong: ${wrong.map(({ job }) => nameOf(job)).join(', ')}`,
    };
    yield {
      name: 'wall-time',
      value: (performance.now() - started) / MINUTES,
      unit: 'min',
      aim: { atMost: 60 },
      measured: `${((performance.now() - started) / 1000 / met.length).toFixed(1)} s a run`,
    };
  },
};

interface Job {
  readonly fault: ListedFault;
  /** The step at which it begins; undefined for the start of the run. */
  readonly from?: string;
}

function nameOf({ fault, from }: Job): string {
  return from === undefined ? fault.name : `${fault.name} from ${from} on`;
}

interface Met {
  readonly job: Job;
  readonly complaints: readonly string[];
}

async function chosen(bench: Bench): Promise<readonly Job[]> {
  const all = JSON.parse(await bench.run(['sandbox', '--list-faults', '--json'])) as readonly ListedFault[];
  const asked = process.env[ONLY]?.split(/\s+/).filter((word) => word !== '');
  const onTheWire = kindsOfAll(all);
  const jobs = all.flatMap((fault): Job[] => {
    const from = LATER[fault.system];
    const isLate = from !== undefined && fault.outcome !== 'passed' && onTheWire.has(kindOf(fault));
    return isLate ? [{ fault }, { fault, from }] : [{ fault }];
  });
  jobs.push(...PAIRS.map((fault) => ({ fault })));
  return asked === undefined ? jobs : jobs.filter((job) => asked.some((word) => nameOf(job).includes(word)));
}

function kindOf({ name, system }: ListedFault): string {
  return name.slice(system.length + 1);
}

/** Troubles that every system of `LATER` can have. */
function kindsOfAll(all: readonly ListedFault[]): ReadonlySet<string> {
  const names = new Set(all.map(({ name }) => name));
  const systems = Object.keys(LATER);
  return new Set(all.map(kindOf).filter((kind) => systems.every((system) => names.has(`${system}:${kind}`))));
}

async function workedOff(jobs: readonly Job[], bench: Bench): Promise<readonly Met[]> {
  const met: Met[] = [];
  const queue = jobs.entries();
  const workers = Array.from({ length: WORKERS }, async () => {
    for (const [index, job] of queue) {
      bench.signal.throwIfAborted();
      const begun = performance.now();
      const complaints = await meet(job, join(bench.dir, `run-${index}`), bench);
      met.push({ job, complaints });
      const took = ((performance.now() - begun) / 1000).toFixed(0);
      const mark = complaints.length === 0 ? 'as declared' : 'WRONG';
      bench.say(`${met.length}/${jobs.length} ${mark}: ${nameOf(job)} (${took} s)`);
      for (const complaint of complaints) bench.say(`    ${complaint}`);
    }
  });
  await Promise.all(workers);
  return met;
}

/** In a sandbox of its own, whose day begins in the morning: at night Bodhi pushes, and locks what it pushes. */
async function meet({ fault, from }: Job, dir: string, bench: Bench): Promise<readonly string[]> {
  try {
    await using sandbox = await bench.sandbox({ speed: SPEED });
    const run = await runInto(fault.name.split(AND), { dir, sandbox, start: bench.start }, from);
    const complaints = complaintsOf(fault, run);
    return complaints.length === 0 ? [] : [...complaints, told(run)];
  } catch (error) {
    bench.signal.throwIfAborted();
    return [String(error).slice(0, 300)];
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
