import { dirname, join } from 'node:path';
import { audit } from '../support/soak/audit.ts';
import { backAtWork, drain, type Life, liveAndDie, seeded } from '../support/soak/drive.ts';
import { faultsOf, type Holds, type SoakReport, soak as soaked } from '../support/soak/soak.ts';
import { openStage, type StageOptions, shippedProbes } from '../support/soak/stage.ts';
import type { Bench, Figure, Group } from './harness.ts';
import { PROGRAM } from './harness.ts';

/** How many runs the long soak has; all other numbers follow from it. */
const RUNS = Number(process.env['BENCH_SOAK_RUNS'] ?? 10_000);
const ALL_RUNS = 10_000;
const share = (whole: number) => Math.max(5, Math.round((whole * RUNS) / ALL_RUNS));

const KILLS = share(1000);
const KILLS_OF_PROCESSES = share(50);
const RUNS_OF_PROCESSES = share(200);

/** The parts, in the order in which they are measured. */
const PARTS: Readonly<Record<string, (bench: Bench) => AsyncIterable<Figure>>> = {
  kills: (bench) => kills(bench, 'in-process', KILLS),
  'kills-of-processes': (bench) => kills(bench, 'processes', KILLS_OF_PROCESSES),
  'runs-of-processes': (bench) => runs(bench, 'processes', RUNS_OF_PROCESSES),
  runs: (bench) => runs(bench, 'in-process', RUNS),
};

/** Names of the parts that are measured. */
const CHOSEN = process.env['BENCH_SOAK_PARTS']?.split(',') ?? Object.keys(PARTS);

/** Packages side by side where runs are killed, as many as runs shall be in flight. */
const IN_FLIGHT = 5;

/** Longest life of a `serve` that is killed once it is back at work: a tenth of a run, up to half of one. Milliseconds. */
const LIFE_MS = 1500;

const DRAINED_MS = 300_000;
const MINUTE = 60_000;

const usual = {
  every: '3m',
  poll: '60s',
  speed: 300,
  seed: '1',
  dist: dirname(PROGRAM),
} satisfies Partial<StageOptions>;

/** Whether a service survives: what becomes of very many runs while it is killed and systems break. */
export const soak: Group = {
  summary: 'serve killed at 1,000 instants, 10,000 runs with faults and kills (an hour; BENCH_SOAK_RUNS=N)',
  async *measure(bench) {
    const startedAt = performance.now();
    const unknown = CHOSEN.find((part) => !Object.hasOwn(PARTS, part));
    if (unknown !== undefined)
      throw new Error(`there is no part ${unknown}; there are ${Object.keys(PARTS).join(', ')}`);
    for (const [part, figures] of Object.entries(PARTS)) if (CHOSEN.includes(part)) yield* figures(bench);
    const minutes = (performance.now() - startedAt) / MINUTE;
    yield {
      name: 'wall-time',
      value: minutes,
      unit: 'min',
      aim: { atMost: 60 },
      measured: `${CHOSEN.join(', ')}, with BENCH_SOAK_RUNS=${RUNS}`,
    };
  },
};

type Commands = StageOptions['commands'];

const nameOf = (what: string, commands: Commands) =>
  commands === 'processes' ? `${what}-of-processes` : what;

interface Killed {
  readonly lives: readonly Life[];
  readonly complaints: readonly string[];
  readonly outcomes: readonly string[];
  readonly runs: number;
}

/** One stage for each probe that ships; two of them side by side, as there are two cores. */
async function* kills(bench: Bench, commands: Commands, count: number): AsyncIterable<Figure> {
  const probes = shippedProbes();
  const each = Math.ceil(count / probes.length);
  const killed: Killed[] = [];
  const waiting = probes.entries();
  const worker = async () => {
    for (const [index, file] of waiting) killed.push(await killsOf(bench, { file, index, commands, each }));
  };
  await Promise.all([worker(), worker()]);
  const lives = killed.flatMap((one) => one.lives);
  const back = lives.flatMap(({ backMs }) => (backMs === undefined ? [] : [backMs / 1000]));
  const left = lives.flatMap((life) => (life.left === undefined ? [] : [life.left]));
  const complaints = killed.flatMap((one) => one.complaints);
  const total = killed.reduce((sum, one) => sum + one.runs, 0);
  const flights = lives.map(({ inFlight }) => inFlight).sort((a, b) => a - b);
  for (const complaint of complaints) bench.say(complaint);
  yield {
    name: nameOf('kills', commands),
    value: lives.filter(({ end }) => end === 'killed').length,
    unit: 'kills',
    aim: { atLeast: count },
    measured: `at random instants, ${flights[flights.length >> 1]} runs in flight in the median; ${total} runs of ${probes.length} probes, ${killed.flatMap((one) => one.outcomes).join(', ')}`,
  };
  yield {
    name: nameOf('kills-wrong', commands),
    value: complaints.length,
    unit: 'findings',
    aim: { atMost: 0 },
    measured: 'runs lost, open, or not passed; things made twice or left; rows that disagree',
  };
  yield* backFigures(nameOf('kills', commands), back);
  yield {
    name: nameOf('leaves', commands),
    value: Math.max(...left.map(({ tookMs }) => tookMs / 1000)),
    unit: 's',
    aim: { atMost: 10 },
    measured: `the longest of ${left.length} SIGTERMs; ${left.filter(({ code }) => code !== 0).length} did not exit with 0`,
  };
}

function* backFigures(name: string, back: readonly number[]): Iterable<Figure> {
  // Every life was killed on its way.
  if (back.length === 0) return;
  const sorted = [...back].sort((a, b) => a - b);
  yield {
    name: `${name}-back-at-work`,
    value: sorted.at(-1) ?? Number.NaN,
    unit: 's',
    aim: { atMost: 5 },
    measured: `the longest of ${sorted.length} starts, ${sorted[sorted.length >> 1]?.toFixed(2)} s in the median: lease and every run that had not ended`,
  };
}

interface KillsOptions {
  readonly file: string;
  readonly index: number;
  readonly commands: Commands;
  readonly each: number;
}

async function killsOf(bench: Bench, { file, index, commands, each }: KillsOptions): Promise<Killed> {
  const { signal, say } = bench;
  await using stage = await openStage({
    ...usual,
    dir: join(bench.dir, `kills-${commands}-${index}`),
    probes: [{ file, packages: IN_FLIGHT }],
    patient: true,
    commands,
  });
  const lives = Math.ceil((each * 20) / 19);
  const lived = await liveAndDie(stage, {
    lives,
    longestMs: LIFE_MS,
    random: seeded(index + 1),
    // Every twentieth is told to leave instead, and the last, however few they are.
    end: (life) => (life % 20 === 19 || life === lives - 1 ? 'suspended' : 'killed'),
    signal,
    say,
  });
  const served = stage.serve();
  await backAtWork(stage, served, performance.now());
  await drain(stage, served, { limitMs: DRAINED_MS, signal });
  const complaints = await audit(stage, await served.url);
  const notPassed = stage
    .query("select run_id, outcome, fault from runs where outcome != 'passed'")
    .map((row) => `a run that nothing broke did not pass: ${JSON.stringify(row)}`);
  const badly = lived.filter(({ left }) => left !== undefined && (left.code !== 0 || left.undone > 0));
  const outcomes = stage.query('select outcome, count(*) as n from runs group by outcome');
  served.child.kill('SIGTERM');
  await served.ended;
  return {
    lives: lived,
    complaints: [
      ...complaints,
      ...notPassed,
      ...badly.map(({ left }) => `SIGTERM came to ${JSON.stringify(left)}`),
    ],
    outcomes: outcomes.map(({ outcome, n }) => `${n} ${outcome}`),
    runs: outcomes.reduce((sum, { n }) => sum + Number(n), 0),
  };
}

/** Very many runs: mostly of the cheapest probe, some of each other. */
async function* runs(bench: Bench, commands: Commands, count: number): AsyncIterable<Figure> {
  const { signal, say } = bench;
  const many = commands === 'in-process' ? 25 : 5;
  await using stage = await openStage({
    ...usual,
    dir: join(bench.dir, `runs-${commands}`),
    probes: shippedProbes().map((file) => ({ file, packages: isCheap(file) ? many : 2 })),
    patient: false,
    every: '10m',
    // What all of the many meet cannot be: see `StageOptions.confirmed`.
    confirmed: ['lookaside', 'signing', 'bodhi', 'ci', 'resultsdb', 'greenwave'],
    commands,
  });
  const report = await soaked(stage, {
    runs: count,
    kills: Math.ceil(count / 50),
    faults: await faultsOf(stage),
    random: seeded(1),
    drainedMs: DRAINED_MS,
    signal,
    say,
  });
  yield* soakFigures(report, commands, bench);
}

function isCheap(file: string): boolean {
  return file.endsWith('scratch-build.yaml');
}

function* soakFigures(report: SoakReport, commands: Commands, bench: Bench): Iterable<Figure> {
  const outcomes = Object.entries(report.outcomes).map(([outcome, n]) => `${n} ${outcome}`);
  for (const complaint of report.complaints) bench.say(complaint);
  yield {
    name: nameOf('runs', commands),
    value: report.runs,
    unit: 'runs',
    aim: { atLeast: commands === 'processes' ? RUNS_OF_PROCESSES : RUNS },
    measured: `${outcomes.join(', ')}; ${report.faults} faults one after the other, ${report.backMs.length} kills, in ${report.seconds} s`,
  };
  const { doubted, confirmed, told, overtaken, errored, retried } = report.followUps;
  yield {
    name: nameOf('wrong', commands),
    value: report.complaints.length,
    unit: 'findings',
    aim: { atMost: 0 },
    measured: `runs lost or open, things made twice or left behind, rows that disagree; of failed runs ${doubted} to be confirmed (${confirmed} were), ${told} of an open incident, ${overtaken} overtaken; ${errored} errored ones to be tried again (${retried} were); ${report.aimed} kills between the two`,
  };
  yield* backFigures(
    nameOf('runs', commands),
    report.backMs.map((ms) => ms / 1000),
  );
  const memory =
    commands === 'processes' ? [] : [growth('heap', report.tenths, ({ heap }) => heap ?? Number.NaN)];
  yield* [...memory, growth('rss', report.tenths, ({ rss }) => rss)].map((figure) => ({
    ...figure,
    name: nameOf(figure.name, commands),
  }));
  const { before, after } = report.idle;
  yield {
    name: nameOf('descriptors-left', commands),
    value: after.descriptors - before.descriptors,
    unit: 'descriptors',
    aim: { atMost: 0 },
    measured: `${after.descriptors} once all had ended, ${before.descriptors} before the first run`,
  };
  yield {
    name: nameOf('children-left', commands),
    value: after.children - before.children,
    unit: 'processes',
    aim: { atMost: 0 },
    measured: `${after.children} once all had ended`,
  };
}

/** The last two tenths against the second and third: kills lie in the first five, the other five are one life. */
function growth(name: string, tenths: readonly Holds[], of: (held: Holds) => number): Figure {
  const mean = (from: number, to: number) =>
    tenths.slice(from, to).reduce((sum, held) => sum + of(held), 0) / (to - from);
  const [early, late] = [mean(1, 3), mean(8, 10)];
  return {
    name: `${name}-growth`,
    value: late / early,
    unit: 'times',
    aim: { atMost: 1.2 },
    measured: `MB at the end of each tenth: ${tenths.map((held) => Math.round(of(held) / 1e6)).join(' ')}`,
  };
}
