import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freshDir } from '../support/packprobe.ts';
import { audit } from '../support/soak/audit.ts';
import { backAtWork, drain, liveAndDie, seeded } from '../support/soak/drive.ts';
import { openStage, type Stage, type StageOptions, shippedProbes } from '../support/soak/stage.ts';

/** How long a life may take to own every run again once it answers, and to leave. Milliseconds. */
const BACK_MS = 5000;
const LEAVE_MS = 10_000;

/** How long the last runs may take to end. Milliseconds. */
const DRAINED_MS = 90_000;

const files = shippedProbes();

const usual = {
  probes: files.map((file) => ({ file, packages: Math.ceil(5 / files.length) })),
  every: '3m',
  patient: true,
  poll: '60s',
  speed: 300,
  seed: '1',
  commands: 'in-process',
} satisfies Omit<StageOptions, 'dir'>;

async function onStage(options: Partial<StageOptions>, act: (stage: Stage) => Promise<void>): Promise<void> {
  using place = freshDir();
  await using stage = await openStage({ ...usual, ...options, dir: join(place.dir, 'stage') });
  await act(stage);
}

/** Outcomes that the runs of a stage have come to, and why, where they did not pass. */
function outcomes({ query }: Stage): readonly unknown[] {
  return query('select distinct outcome, fault from runs');
}

/** Lets all runs end and looks at what they have left. */
async function endOf(stage: Stage): Promise<void> {
  const served = stage.serve();
  await backAtWork(stage, served, performance.now());
  await drain(stage, served, { limitMs: DRAINED_MS });
  expect(await audit(stage, await served.url)).toEqual([]);
  served.child.kill('SIGTERM');
  expect((await served.ended).code).toBe(0);
}

test('runs of every probe, killed at random instants, go on by themselves: one of each, nothing left, none lost', () =>
  onStage({}, async (stage) => {
    const lives = await liveAndDie(stage, {
      lives: 15,
      longestMs: 1200,
      random: seeded(1),
      end: (life) => (life % 5 === 4 ? 'suspended' : 'killed'),
    });
    const taken = lives.flatMap(({ takenMs }) => (takenMs === undefined ? [] : [takenMs]));
    const left = lives.flatMap((life) => (life.left === undefined ? [] : [life.left]));
    expect(Math.max(...taken)).toBeLessThan(BACK_MS);
    expect(left.map(({ code, undone }) => ({ code, undone }))).toEqual(Array(3).fill({ code: 0, undone: 0 }));
    expect(Math.max(...left.map(({ tookMs }) => tookMs))).toBeLessThan(LEAVE_MS);
    expect(Math.max(...lives.map(({ inFlight }) => inFlight))).toBeGreaterThanOrEqual(5);
    await endOf(stage);
    expect(outcomes(stage)).toEqual([{ outcome: 'passed', fault: null }]);
    expect(stage.query("select 1 from totals where metric = 'packprobe_recoveries_total'")).not.toEqual([]);
  }));

test('of two that serve one database the second waits, and takes over when the first is killed', () =>
  onStage({ probes: usual.probes.slice(0, 1) }, async (stage) => {
    const first = stage.serve();
    await backAtWork(stage, first, performance.now());
    const second = stage.serve();
    await second.said(/this one waits, and takes over when it is gone/);
    await until(() => walked(stage) > 0);
    const killedAt = performance.now();
    first.child.kill('SIGKILL');
    const took = await backAtWork(stage, second, killedAt);
    expect(took).toBeLessThan(BACK_MS);
    await drain(stage, second, { limitMs: DRAINED_MS });
    expect(await audit(stage, await second.url)).toEqual([]);
    expect(outcomes(stage)).toEqual([{ outcome: 'passed', fault: null }]);
  }));

test.each([
  ['while its runs wait', (stage: Stage) => walked(stage) >= 3 && walked(stage) === built(stage)],
  ['at any moment', (stage: Stage) => walked(stage) >= 5],
] as const)(
  'one that slept for too long, from %s, is fenced out when it wakes: it writes nothing and makes nothing twice',
  (_, isTime) =>
    onStage({}, async (stage) => {
      const first = stage.serve('first.invalid');
      await backAtWork(stage, first, performance.now());
      const second = stage.serve('second.invalid');
      await second.said(/this one waits, and takes over when it is gone/);
      await until(() => isTime(stage));
      first.child.kill('SIGSTOP');
      await backAtWork(stage, second, performance.now());
      first.child.kill('SIGCONT');
      const { code, stderr } = await first.ended;
      expect(code).toBe(3);
      expect(stderr).toContain('another packprobe serves this database now');
      await drain(stage, second, { limitMs: DRAINED_MS });
      expect(await audit(stage, await second.url)).toEqual([]);
      expect(outcomes(stage)).toEqual([{ outcome: 'passed', fault: null }]);
    }),
);

function walked({ query }: Stage): number {
  return Number(query("select count(*) as n from runs where state = 'executing'")[0]?.['n'] ?? 0);
}

/** Of those the ones that only wait for others: their work folders are needed no more. */
function built({ query }: Stage): number {
  const [row] = query(`
    select count(*) as n from runs where state = 'executing'
      and exists (select 1 from effects where effects.run_id = runs.run_id and kind = 'koji-task' and state = 'made')`);
  return Number(row?.['n'] ?? 0);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(20);
}
