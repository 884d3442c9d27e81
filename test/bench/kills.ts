import { join } from 'node:path';
import {
  type KillPoint,
  killInMake,
  MADE_KINDS,
  type MadeKind,
  type Proof,
  proveKill,
  proveResume,
  type Stage,
  startWatched,
  writesOf,
} from '../support/kills.ts';
import type { Bench, Group } from './harness.ts';

/** The fastest that real processes can follow: a run takes some eight seconds. */
const SPEED = 300;

/** Two kills at a time: a run is one process that waits for another. */
const WORKERS = 2;

/** How often each effect is met in its making. */
const IN_MAKE = 4;

/** A command may end too fast to be written down, or to be met alive: how often the same is tried until the kill hits. */
const TRIES = 4;

const MINUTES = 60_000;

/** Whether a killed run goes on as if nothing had been: killed around every write of its journal, and in the making of each thing. */
export const kills: Group = {
  summary:
    'a run killed around every write of its journal, resumed: one of each, nothing left (a quarter of an hour)',
  async *measure(bench) {
    const started = performance.now();
    const jobs = await allJobs(bench);
    bench.say(`${jobs.length} kills, ${WORKERS} at a time`);
    const proofs = await workedOff(jobs, bench);
    const counted = proofs.filter(({ verdict }) => verdict !== 'not_killed');
    const good = counted.filter(({ verdict }) => verdict !== 'broken');
    const minutes = (performance.now() - started) / MINUTES;
    const count = (asked: Proof['verdict']) => proofs.filter(({ verdict }) => verdict === asked).length;
    yield {
      name: 'kills',
      value: counted.length,
      unit: 'kills',
      aim: { atLeast: 100 },
      measured: `before and after every write of the journal, ${IN_MAKE} times in the making of each effect; ${count('not_killed')} more came too late and do not count`,
    };
    yield {
      name: 'resumed',
      value: (100 * good.length) / counted.length,
      unit: '%',
      aim: { atLeast: 100 },
      measured: `${count('resumed')} passed with one of each and nothing left, ${count('never_begun')} had made nothing yet, ${count('nothing_left')} had ended; ${count('broken')} broken`,
    };
    yield {
      name: 'wall-time',
      value: minutes,
      unit: 'min',
      aim: { atMost: 30 },
      measured: `${((minutes * 60 * WORKERS) / proofs.length).toFixed(1)} s a kill: sandbox, run, resume, looking from outside`,
    };
  },
};

interface Job {
  readonly name: string;
  prove(stage: Stage): Promise<Proof>;
}

/** One run that nobody kills counts the writes. */
async function allJobs(bench: Bench): Promise<readonly Job[]> {
  bench.say('one run that is left alone counts the writes');
  const writes = await onStage(bench, 'counted', async (stage) => {
    const { code, stderr } = await startWatched(stage).ended;
    if (code !== 0) throw new Error(`a run that nobody kills ended with ${code}:\n${stderr}`);
    return writesOf(stage);
  });
  const points = writes.flatMap((at) =>
    (['before', 'after'] as const).map((when): Job => {
      const point: KillPoint = { at, when };
      return { name: `${when} ${at}`, prove: (stage) => proveKill(stage, point) };
    }),
  );
  const inMake = MADE_KINDS.flatMap((kind) =>
    Array.from(
      { length: IN_MAKE },
      (_, index): Job => ({
        name: `in the making of ${kind}, time ${index + 1}`,
        prove: (stage) => proveInMake(stage, kind),
      }),
    ),
  );
  return [...points, ...inMake];
}

async function proveInMake(stage: Stage, kind: MadeKind): Promise<Proof> {
  const point = `in the making of ${kind}`;
  const { survivors } = await killInMake(stage, kind);
  const proof = await proveResume(stage, point);
  if (survivors.length > 0 || proof.verdict === 'broken') return proof;
  return { point, verdict: 'not_killed', complaints: ['the command had ended just before'] };
}

/** All jobs, so many at a time; what breaks one keeps no other. */
async function workedOff(jobs: readonly Job[], bench: Bench): Promise<readonly Proof[]> {
  const proofs: Proof[] = [];
  const queue = jobs.entries();
  const workers = Array.from({ length: WORKERS }, async () => {
    for (const [index, job] of queue) {
      bench.signal.throwIfAborted();
      const proof = await proved(job, index, bench);
      proofs.push(proof);
      bench.say(`${proofs.length}/${jobs.length} ${proof.verdict}: ${job.name}`);
      for (const complaint of proof.complaints) bench.say(`    ${complaint}`);
    }
  });
  await Promise.all(workers);
  return proofs;
}

async function proved({ name, prove }: Job, index: number, bench: Bench): Promise<Proof> {
  let proof: Proof = { point: name, verdict: 'not_killed', complaints: [] };
  try {
    for (let tried = 1; tried <= TRIES && proof.verdict === 'not_killed'; tried += 1) {
      proof = await onStage(bench, `kill-${index}-${tried}`, prove);
    }
    return proof;
  } catch (error) {
    bench.signal.throwIfAborted();
    return { point: name, verdict: 'broken', complaints: [String(error)] };
  }
}

/** A fresh sandbox and a fresh data folder: what is counted there belongs to this kill alone. */
async function onStage<Result>(
  bench: Bench,
  name: string,
  act: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  await using sandbox = await bench.sandbox({ speed: SPEED });
  const stage: Stage = { dir: join(bench.dir, name), sandbox, start: bench.start };
  // Awaited here: the sandbox would else end first.
  return await act(stage);
}
