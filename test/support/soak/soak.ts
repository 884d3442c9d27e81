/** Very many runs while systems break and mend and the process is killed: what becomes of them, and of the process. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { asked } from './asked.ts';
import { audit, type Complaints } from './audit.ts';
import { backAtWork, drain, firstAnswer, quiet } from './drive.ts';
import { type FollowUps, followUps } from './follow-ups.ts';
import type { Served, Stage } from './stage.ts';

export interface SoakOptions {
  /** How many runs are begun at least. */
  readonly runs: number;
  /**
   * Spread over the first half of the runs; in the second one life shows what months would do to its memory. Every second falls between a run that did
   * not pass and the start of the one that is to follow it, where there is such a run within a few seconds.
   */
  readonly kills: number;
  /** Names of the faults that are drawn from. */
  readonly faults: readonly string[];
  /** How long all is well between two faults: real time, at most. Milliseconds. @defaultValue 4000 */
  readonly wellMs?: number;
  readonly random: () => number;
  /** How long the last runs may take to end, once all is mended. Milliseconds. */
  readonly drainedMs: number;
  readonly signal?: AbortSignal;
  readonly say?: (text: string) => void;
}

/** What the process holds. Bytes and counts. */
export interface Holds {
  readonly rss: number;
  /** Behind a garbage collection; undefined of a program that does not tell. */
  readonly heap: number | undefined;
  readonly descriptors: number;
  readonly children: number;
}

export interface SoakReport {
  readonly runs: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly faults: number;
  /** From each start behind a kill until it was back at work. Milliseconds. */
  readonly backMs: readonly number[];
  /** Of each the part from its first answer; see `Life`. Milliseconds. */
  readonly takenMs: readonly number[];
  /** At the end of each tenth. */
  readonly tenths: readonly Holds[];
  /** Of the last life before its first run, and once its last had ended. */
  readonly idle: { readonly before: Holds; readonly after: Holds };
  /** Kills between a run that did not pass and the one that was to follow it. */
  readonly aimed: number;
  readonly followUps: FollowUps;
  readonly complaints: Complaints;
  readonly seconds: number;
}

/** How long a fault lasts: real time, at most. Milliseconds. */
const BROKEN_MS = 3000;
const WELL_MS = 4000;

const LOOK_MS = 100;

/** Who has only just started holds less than one at work. Milliseconds. */
const AT_WORK_MS = 3000;

/** How long a kill waits for a run that another is to follow, and how often it is looked for. Milliseconds. */
const AIM_MS = 2000;
const AIM_LOOK_MS = 5;

/** How long connections may stay open: what ran out of time is watched on for twelve hours of the sandbox. Milliseconds. */
const KEPT_MS = 170_000;

export async function soak(stage: Stage, options: SoakOptions): Promise<SoakReport> {
  const { runs, random, signal, say } = options;
  const startedAt = performance.now();
  const backMs: number[] = [];
  const takenMs: number[] = [];
  const tenths: Holds[] = [];
  let served = stage.serve();
  if ((await backAtWork(stage, served, startedAt)) === undefined) throw await endedByItself(served);
  await isReady(served);
  const before = await holds(served);
  const weather = breaking(stage, options);
  const killAt = Array.from({ length: options.kills }, () => (random() * runs) / 2).sort((a, b) => a - b);
  let aimed = 0;
  let backAt = performance.now();
  for (let begun = 0; begun < runs; begun = countRuns(stage)) {
    signal?.throwIfAborted();
    if (begun >= (killAt[0] ?? runs)) {
      killAt.shift();
      const isAimed = killAt.length % 2 === 0 && (await isToBeFollowed(stage));
      if (isAimed) aimed += 1;
      // At any instant of a run, not at those at which we look.
      await pause(random() * (isAimed ? AIM_LOOK_MS : LOOK_MS));
      served.child.kill('SIGKILL');
      await served.ended;
      const from = performance.now();
      served = stage.serve();
      const answered = firstAnswer(served);
      const took = await backAtWork(stage, served, from);
      if (took === undefined) throw await endedByItself(served);
      backAt = performance.now();
      backMs.push(took);
      takenMs.push(Math.max(0, from + took - answered()));
    }
    while (begun >= ((tenths.length + 1) * runs) / 10 && performance.now() - backAt > AT_WORK_MS) {
      const held = await holds(served);
      tenths.push(held);
      say?.(`${begun} runs after ${seconds(startedAt)} s: ${JSON.stringify(held)}`);
    }
    if (served.child.exitCode !== null) throw await endedByItself(served);
    await pause(LOOK_MS);
  }
  tenths.push(await holds(served));
  const faults = await weather.end();
  say?.(
    `${countRuns(stage)} runs after ${seconds(startedAt)} s, ${faults} faults: waiting for the last to end`,
  );
  await quiet(stage, served, options);
  const after = await settled(served, before);
  const left = await leave(served);
  // What could not be taken away while systems were broken is tried again at once by the next start, and else within a minute.
  const last = stage.serve();
  await backAtWork(stage, last, performance.now());
  await drain(stage, last, { limitMs: options.drainedMs, ...(signal && { signal }), ...(say && { say }) });
  const followed = followUps(stage);
  const complaints = [...(await audit(stage, await last.url)), ...followed.complaints, ...left];
  complaints.push(...(await leave(last)));
  return {
    runs: countRuns(stage),
    outcomes: Object.fromEntries(
      stage
        .query('select outcome, count(*) as n from runs group by outcome')
        .map(({ outcome, n }) => [String(outcome), Number(n)]),
    ),
    faults,
    backMs,
    takenMs,
    tenths,
    idle: { before, after },
    aimed,
    followUps: followed,
    complaints,
    seconds: seconds(startedAt),
  };
}

/** Waits until a run that did not pass is still to be looked at, or the one that follows it is still to begin; false where there comes none. */
async function isToBeFollowed({ query }: Stage): Promise<boolean> {
  const from = performance.now();
  while (performance.now() - from < AIM_MS) {
    const [row] = query(
      `select (select count(*) from runs where digested = 0 and record is not null and outcome in ('failed', 'errored'))
        + (select count(*) from dues where state = 'waiting' and cause in ('confirm', 'retry')) as n`,
    );
    if (Number(row?.['n']) > 0) return true;
    await pause(AIM_LOOK_MS);
  }
  return false;
}

/** Asks until it is: what it keeps open all its life it has opened then. */
async function isReady({ url }: Served): Promise<void> {
  for (;;) {
    // A connection that stayed would be one of its descriptors.
    const { ok } = await asked(`${await url}/healthz/ready`);
    if (ok) return;
    await pause(LOOK_MS);
  }
}

async function endedByItself(served: Served): Promise<Error> {
  const { code, stderr } = await served.ended;
  return new Error(`serve ended by itself with ${code}:\n${stderr}`);
}

async function leave(served: Served): Promise<Complaints> {
  served.child.kill('SIGTERM');
  const { code, stderr } = await served.ended;
  return code === 0 ? [] : [`serve left with ${code}: ${stderr}`];
}

/** What it holds once connections that were kept for the next request have been closed, and nothing is watched on. */
async function settled(served: Served, before: Holds): Promise<Holds> {
  const from = performance.now();
  for (;;) {
    const held = await holds(served);
    if (held.descriptors <= before.descriptors || performance.now() - from > KEPT_MS) return held;
    await pause(500);
  }
}

function seconds(from: number): number {
  return Math.round((performance.now() - from) / 1000);
}

function countRuns({ query }: Stage): number {
  return Number(query('select count(*) as n from runs')[0]?.['n'] ?? 0);
}

/** Breaks one thing after the other until it is told to end; gives how many there were. */
function breaking(
  { control }: Stage,
  { faults, random, wellMs = WELL_MS }: SoakOptions,
): { end(): Promise<number> } {
  const stop = new AbortController();
  const turn = (name: string, method: 'PUT' | 'DELETE') =>
    asked(`${control}/faults/${encodeURIComponent(name)}`, { method }).then((answer) => answer.text());
  const rest = (ms: number) => pause(random() * ms, undefined, { signal: stop.signal }).catch(() => {});
  async function go(): Promise<number> {
    let count = 0;
    while (!stop.signal.aborted && faults.length > 0) {
      await rest(wellMs);
      const name = faults[Math.floor(random() * faults.length)] ?? '';
      await turn(name, 'PUT');
      await rest(BROKEN_MS);
      await turn(name, 'DELETE');
      count += 1;
    }
    return count;
  }
  const gone = go();
  return {
    end() {
      stop.abort();
      return gone;
    },
  };
}

/** Looks at the process from outside; its heap it tells itself. */
export async function holds({ pid, child, tellsMemory }: Served): Promise<Holds> {
  const told = tellsMemory ? await heapOf(child) : undefined;
  const rss = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter((word) => word !== ''),
  );
  return {
    rss: Number(rss) * 1024,
    heap: told,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    children: children.length,
  };
}

function heapOf(child: Served['child']): Promise<number> {
  return new Promise((resolve) => {
    const hear = (text: string) => {
      const heap = /"heapUsed":(\d+)/.exec(text)?.[1];
      if (heap === undefined) return;
      child.stdout?.off('data', hear);
      resolve(Number(heap));
    };
    child.stdout?.on('data', hear);
    child.kill('SIGUSR2');
  });
}

/** Names of all faults that the sandbox has. */
export async function faultsOf({ control }: Stage): Promise<readonly string[]> {
  const answer = await asked(`${control}/faults`);
  const { faults } = (await answer.json()) as { readonly faults: readonly { readonly name: string }[] };
  return faults.map(({ name }) => name);
}
