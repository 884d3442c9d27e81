/** Starts, kills and stops `serve` on a stage, and measures how soon each life is back at work. */
import { setTimeout as pause } from 'node:timers/promises';
import { ENVIRONMENT, type Served, type Stage } from './stage.ts';

/** How long a life may take to be back at work before that is given up. Milliseconds. */
const NEVER_BACK_MS = 60_000;

const LOOK_MS = 25;

/** Share of kills that come before a life is back at work, and how long that may take. */
const ON_THE_WAY = 0.2;
const ON_THE_WAY_MS = 2000;

/** One life of `serve`. */
export interface Life {
  /** From its start until it held the lease and every unfinished run; undefined where it did not live so long. Milliseconds. */
  readonly backMs: number | undefined;
  /** Of this the part from when it first answered: what comes before is the start of Node, and as slow as the machine is busy. Milliseconds. */
  readonly takenMs: number | undefined;
  /** Runs that were walked when it ended. */
  readonly inFlight: number;
  readonly end: 'killed' | 'suspended';
  /** What SIGTERM came to; undefined of one that was killed. */
  readonly left?: {
    readonly code: number | null;
    readonly tookMs: number;
    /** Things taken away of runs that had not ended, and runs that were cancelled: none of it may be. */
    readonly undone: number;
  };
}

/** Draws from a seed: the same numbers each time. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Whether this process serves, and no run that has not ended is anybody else's. */
function isBack({ query }: Stage, pid: number): boolean {
  const [lease] = query(
    "select owner ->> 'pid' as pid, ended_at from services order by service_id desc limit 1",
  );
  if (lease?.['pid'] !== pid || lease['ended_at'] !== null) return false;
  const [others] = query(
    `select count(*) as n from runs where state != 'finished' and owner ->> 'pid' != ${pid}`,
  );
  return others?.['n'] === 0;
}

/** Waits until it is back at work; undefined where it has ended before. */
export async function backAtWork(
  stage: Stage,
  served: Served,
  startedAt: number,
  limitMs = NEVER_BACK_MS,
): Promise<number | undefined> {
  while (served.child.exitCode === null && served.child.signalCode === null) {
    if (isBack(stage, served.pid)) return performance.now() - startedAt;
    if (performance.now() - startedAt > limitMs) {
      served.child.kill('SIGKILL');
      const { stderr } = await served.ended;
      throw new Error(`not back at work after ${limitMs} ms:\n${stderr}`);
    }
    await pause(LOOK_MS);
  }
  return undefined;
}

/** When it first said where it answers; NaN before. */
export function firstAnswer(served: Served): () => number {
  let at = Number.NaN;
  void served.url.then(
    () => {
      at = performance.now();
    },
    () => {},
  );
  return () => at;
}

export interface LivesOptions {
  readonly lives: number;
  /** How long a life lasts at most once it is back at work: a random part of it. Every fifth ends on its way there. Milliseconds. */
  readonly longestMs: number;
  readonly random: () => number;
  /** How each ends. */
  readonly end: (life: number) => Life['end'];
  readonly signal?: AbortSignal;
  readonly say?: (text: string) => void;
}

/** One life after the other, the next begun at once. */
export async function liveAndDie(stage: Stage, options: LivesOptions): Promise<readonly Life[]> {
  const lives: Life[] = [];
  for (let number = 0; number < options.lives; number += 1) {
    options.signal?.throwIfAborted();
    lives.push(await oneLife(stage, number, options));
    if (number % 20 === 19) options.say?.(`${number + 1} of ${options.lives} lives`);
  }
  return lives;
}

async function oneLife(
  stage: Stage,
  number: number,
  { longestMs, random, end }: LivesOptions,
): Promise<Life> {
  const startedAt = performance.now();
  const served = stage.serve();
  const answered = firstAnswer(served);
  const back = backAtWork(stage, served, startedAt);
  back.catch(() => {});
  const how = end(number);
  // Whoever is told to leave before it listens to that dies of the signal, as any program does.
  if (how === 'killed' && random() < ON_THE_WAY) {
    await Promise.race([back, pause(random() * ON_THE_WAY_MS)]);
  } else {
    await back;
    await pause(random() * longestMs);
  }
  const inFlight = stage.query("select count(*) as n from runs where state = 'executing'")[0]?.['n'];
  const askedAt = performance.now();
  served.child.kill(how === 'killed' ? 'SIGKILL' : 'SIGTERM');
  const { code, stderr } = await served.ended;
  const tookMs = performance.now() - askedAt;
  if (how === 'killed' && code !== null) throw new Error(`serve ended by itself with ${code}:\n${stderr}`);
  const backMs = await back;
  return {
    backMs,
    takenMs: backMs === undefined ? undefined : Math.max(0, startedAt + backMs - answered()),
    inFlight: Number(inFlight ?? 0),
    end: how,
    ...(how === 'killed' ? {} : { left: { code, tookMs, undone: undoneOf(stage) } }),
  };
}

function undoneOf(stage: Stage): number {
  return ask(
    stage,
    `select (select count(*) from runs where outcome = 'cancelled') + (
      select count(*) from effects join runs using (run_id)
      where runs.state = 'executing' and (undo_attempts > 0 or effects.state in ('undone', 'struck'))
    ) as n`,
  );
}

export interface DrainOptions {
  /** How long that may take. Milliseconds. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
  readonly say?: (text: string) => void;
}

/** Lets no further run begin, and waits until no step is walked any more. */
export function quiet(stage: Stage, served: Served, { drainedMs, signal }: QuietOptions): Promise<void> {
  const isQuiet = () =>
    ask(stage, "select count(*) as n from runs where state != 'finished' and resting = 0") === 0;
  return pausedUntil(isQuiet, stage, served, { limitMs: drainedMs, ...(signal && { signal }) });
}

interface QuietOptions {
  readonly drainedMs: number;
  readonly signal?: AbortSignal;
}

/** Lets no further run begin, and waits until the last has ended and left nothing. */
export function drain(stage: Stage, served: Served, options: DrainOptions): Promise<void> {
  return pausedUntil(() => isDrained(stage), stage, served, options);
}

async function pausedUntil(
  isSo: () => boolean,
  stage: Stage,
  served: Served,
  { limitMs, signal, say }: DrainOptions,
): Promise<void> {
  await served.post('/api/v1/schedule/pause', { environment: ENVIRONMENT, reason: 'the soak ends' });
  const startedAt = performance.now();
  for (let looks = 1; !isSo(); looks += 1) {
    signal?.throwIfAborted();
    if (looks % 100 === 0) say?.(`still open: ${open(stage)}`);
    if (performance.now() - startedAt > limitMs)
      throw new Error(`not drained after ${limitMs} ms: ${open(stage)}`);
    await pause(100);
  }
}

function isDrained(stage: Stage): boolean {
  const sql = `select (select count(*) from runs where state != 'finished' or digested = 0)
    + (select count(*) from dues where state = 'waiting') as n`;
  return ask(stage, sql) === 0;
}

/** The `n` of the one row that a query gives. */
function ask({ query }: Stage, sql: string): number {
  return Number(query(sql)[0]?.['n'] ?? 0);
}

/** What is still open, for people. */
export function open({ query }: Stage): string {
  return JSON.stringify([
    ...query(
      `select run_id, probe, state, outcome, resting, digested, owner ->> 'pid' as pid,
        (select json_group_array(kind || ' ' || e.state) from effects e where e.run_id = runs.run_id) as effects
      from runs where state != 'finished' or digested = 0 limit 10`,
    ),
    ...query("select due_id, probe, cause from dues where state = 'waiting' limit 10"),
  ]);
}
