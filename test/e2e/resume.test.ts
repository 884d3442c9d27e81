import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect as plainExpect, test } from 'vitest';
import type { RunRecord } from '../../src/core/run.ts';
import {
  aliveAtKill,
  complaintsAbout,
  countMade,
  dataOf,
  type KillPoint,
  ONE_OF_EACH,
  proveKill,
  proveResume,
  resume,
  rowsOf,
  type Stage,
  startWatched,
  storedRun,
  updatesOf,
  writesOf,
} from '../support/kills.ts';
import { freshDir, packprobe, processesWith, start, startSandbox } from '../support/packprobe.ts';

/** Each of them is two processes and their commands. */
const AT_ONCE = 3;
const NVR = 'dummy-test-package-gloster-1.0-2.fc44';

const waiting: (() => void)[] = [];
let free = AT_ONCE;

/** Fresh for each test: what is counted there belongs to this test alone. */
async function onStage(act: (stage: Stage) => Promise<void>): Promise<void> {
  if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  else free -= 1;
  try {
    using place = freshDir();
    await using sandbox = await startSandbox(place.dir, 300);
    await act({ dir: place.dir, sandbox, start });
  } finally {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(20);
}

/** A run that was killed at this point; its id. */
async function killedAt(stage: Stage, point: KillPoint): Promise<string> {
  plainExpect((await startWatched(stage, point).ended).code).toBeNull();
  return storedRun(stage)?.run_id ?? '';
}

async function shown(stage: Stage, id: string): Promise<RunRecord & { readonly state: string }> {
  const { stdout } = await packprobe(['runs', 'show', id, '--json', '--data', dataOf(stage)]);
  return JSON.parse(stdout);
}

describe.concurrent('a run that is killed with SIGKILL goes on, passes, and has made one of each', () => {
  test.for([
    ['behind its first write', { at: 'begin', when: 'after' }],
    ['as a step starts', { at: 'step bump', when: 'after' }],
    ['before the build that it submitted is written down', { at: 'made koji-task', when: 'before' }],
    ['before the update that it created is written down', { at: 'made update', when: 'before' }],
    ['in a wait', { at: 'step wait-complete', when: 'after' }],
    ['before its result is stored', { at: 'finish', when: 'before' }],
    ['in the middle of its undo', { at: 'settle update', when: 'after' }],
    ['before it lets go', { at: 'let go', when: 'before' }],
  ] as const)('%s', ([, point], { expect }) =>
    onStage(async (stage) => {
      expect(await proveKill(stage, point)).toMatchObject({ verdict: 'resumed', complaints: [] });
      expect(writesOf(stage).at(-1)).toBe(point.at);
    }),
  );

  test.for(['git push', 'fedpkg build', 'bodhi updates new'])(
    'while %s makes something for it and lives on',
    (command, { expect }) =>
      onStage(async (stage) => {
        await killedAt(stage, { at: `command ${command}`, when: 'after' });
        expect(aliveAtKill(stage)).toBe(command);
        expect(await proveResume(stage, command)).toMatchObject({ verdict: 'resumed', complaints: [] });
      }),
  );
});

describe.concurrent('resume', () => {
  test('before the first write has nothing to go on with, for nothing was made', ({ expect }) =>
    onStage(async (stage) => {
      const proof = await proveKill(stage, { at: 'begin', when: 'before' });
      expect(proof).toMatchObject({ verdict: 'never_begun', complaints: [] });
    }));

  test('refuses a run whose process lives, and names the process', ({ expect }) =>
    onStage(async (stage) => {
      const running = startWatched(stage);
      await running.said(/^started +clone/);
      const id = storedRun(stage)?.run_id ?? '';
      const { code, stderr } = await resume(stage, id);
      expect(code).toBe(3);
      expect(stderr).toContain(`run ${id} is at work: process ${running.child.pid} on `);
      running.child.kill('SIGINT');
      expect((await running.ended).code).toBe(130);
    }));

  test('twice at once, behind the intent of a build: one goes on, the other says who has the run, and one of each is made', ({
    expect,
  }) =>
    onStage(async (stage) => {
      const id = await killedAt(stage, { at: 'intend koji-task', when: 'after' });
      const both = [0, 1].map(() => stage.start(['runs', 'resume', id, '--data', dataOf(stage)]));
      const ended = await Promise.all(both.map((running) => running.ended));
      expect(ended.map(({ code }) => code).toSorted()).toEqual([0, 3]);
      const winner = both[ended.findIndex(({ code }) => code === 0)];
      const loser = ended.find(({ code }) => code === 3);
      expect(loser?.stderr).toContain(`process ${winner?.child.pid} on `);
      expect(await complaintsAbout(stage, id)).toEqual([]);
    }));

  test('of a process that was only stopped: when it wakes it ends by itself and changes nothing', ({
    expect,
  }) =>
    onStage(async (stage) => {
      const running = startWatched(stage);
      await until(() => writesOf(stage).includes('made koji-task'));
      await stoppedOutsideOfWrites(stage, running.child.pid ?? 0);
      const id = storedRun(stage)?.run_id ?? '';
      expect((await resume(stage, id)).code).toBe(0);
      const before = rowsOf(stage);

      running.child.kill('SIGCONT');
      const { code, stderr } = await running.ended;
      expect(code).toBe(3);
      expect(stderr).toContain(`run ${id} was taken over by another process`);
      expect(rowsOf(stage)).toBe(before);
      expect(await complaintsAbout(stage, id)).toEqual([]);
    }));

  test('hears of a build that ended while nobody looked', ({ expect }) =>
    onStage(async (stage) => {
      const id = await killedAt(stage, { at: 'made koji-task', when: 'after' });
      await until(async () => 'candidate_tag' in (await stage.sandbox.truth(NVR)));
      expect((await resume(stage, id)).code).toBe(0);
      expect(await complaintsAbout(stage, id)).toEqual([]);
      const { steps } = await shown(stage, id);
      expect(steps.filter(({ resumed_at }) => resumed_at !== undefined).map((step) => step.id)).toEqual([
        'build',
      ]);
    }));

  test('of a run whose update somebody has made obsolete meanwhile fails and names Bodhi', ({ expect }) =>
    onStage(async (stage) => {
      const id = await killedAt(stage, { at: 'made update', when: 'after' });
      const [update] = await updatesOf(stage);
      bySomebodyElse(stage, `bodhi updates request ${update?.alias} obsolete`);
      const { code, stderr, stdout } = await resume(stage, id);
      expect(stderr + stdout).toContain(`update ${update?.alias} is obsolete`);
      expect(code).toBe(1);
      expect(await shown(stage, id)).toMatchObject({
        state: 'finished',
        outcome: 'failed',
        fault: { system: 'bodhi' },
      });
      expect(await stage.sandbox.holdings(id)).toEqual([]);
      expect(await countMade(stage)).toEqual(ONE_OF_EACH);
    }));
});

test('a run whose sandbox has died with it is closed as errored, with nothing left to take away', async () => {
  using place = freshDir();
  const data = join(place.dir, 'data');
  const running = start([
    'run',
    'single-build',
    '--env',
    'sandbox',
    '--clients',
    'stand-ins',
    '--speed',
    '300',
    '--data',
    data,
  ]);
  const id = /run +(\S+)/.exec(await running.said(/^run /))?.[1] ?? '';
  await running.said(/^started +update/);
  running.child.kill('SIGKILL');
  await running.ended;
  await plainExpect.poll(() => processesWith(`${data}/sandbox-`), { timeout: 20_000 }).toEqual([]);
  const { code, stderr } = await packprobe(['runs', 'resume', id, '--data', data]);
  plainExpect(stderr).toContain('koji-task 1 needs no undo: it is gone with its environment');
  plainExpect(code).toBe(3);
  plainExpect(stderr).toContain('its sandbox is gone');
  const seen = JSON.parse((await packprobe(['runs', 'show', id, '--json', '--data', data])).stdout);
  plainExpect(seen).toMatchObject({ state: 'finished', outcome: 'errored', fault: { code: 'SANDBOX_GONE' } });
  plainExpect(seen.ledger.map(({ state }: { state: string }) => state)).not.toContain('made');
  plainExpect(readdirSync(join(data, 'work'))).toEqual([]);
});

/** Stops a process while it holds no lock of the database, and makes it look dead to the others. */
async function stoppedOutsideOfWrites(stage: Stage, pid: number): Promise<void> {
  for (;;) {
    process.kill(pid, 'SIGSTOP');
    try {
      using database = new DatabaseSync(join(dataOf(stage), 'packprobe.db'), { timeout: 200 });
      database.exec(`update runs set owner = json_set(owner, '$.start', 1)`);
      return;
    } catch {
      process.kill(pid, 'SIGCONT');
      await pause(20);
    }
  }
}

/** A packager at a shell of the sandbox. */
function bySomebodyElse({ dir }: Stage, command: string): string {
  const sandbox = join(dir, 'sandbox');
  const login = `kinit -k -t ${sandbox}/packager.keytab packprobe@SANDBOX.INVALID`;
  return execFileSync('sh', ['-ec', `. ${sandbox}/env.sh; ${login} >&2; ${command}`], { encoding: 'utf8' });
}
