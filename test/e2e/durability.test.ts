import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunRecord } from '../../src/core/run.ts';
import {
  freshDir,
  packprobe,
  processesWith,
  start,
  startSandbox,
  type TestSandbox,
} from '../support/packprobe.ts';
import { ROOT } from '../support/sources.ts';
import { withTool } from '../support/tools.ts';

const GLOSTER = 'dummy-test-package-gloster';
const CRESTED = 'dummy-test-package-crested';
const RUBINO = 'dummy-test-package-rubino';

const place = freshDir();
const data = join(place.dir, 'data');
let sandbox: TestSandbox;
let earlier: RunRecord;
beforeAll(async () => {
  sandbox = await startSandbox(place.dir, 300);
  earlier = await passedRun(GLOSTER, data);
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

function runArgs(pkg: string, folder: string, probe = 'single-build'): readonly string[] {
  return ['run', probe, '--url', sandbox.control, '--package', pkg, '--data', folder];
}

async function passedRun(pkg: string, folder: string, probe?: string): Promise<RunRecord> {
  const { code, stdout, stderr } = await packprobe([...runArgs(pkg, folder, probe), '--json']);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as RunRecord;
}

/** What `runs list` knows, the newest first. */
async function listed(folder: string): Promise<readonly { run_id: string; outcome: string | null }[]> {
  const { code, stdout, stderr } = await packprobe(['runs', 'list', '--json', '--data', folder]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** All that `runs show --json` says, as it stands there. */
async function shown(run: string, folder: string): Promise<string> {
  const { code, stdout, stderr } = await packprobe(['runs', 'show', run, '--json', '--data', folder]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** A probe of commands alone, which speaks for Koji. */
function commandsProbe(name: string, commands: readonly (readonly string[])[]): string {
  const file = join(place.dir, `${name}.yaml`);
  const steps = commands.map(
    (command, index) =>
      `  - { id: step-${index + 1}, uses: command/run, system: koji, with: { command: ${JSON.stringify(command)} } }\n`,
  );
  writeFileSync(file, `name: ${name}\nsteps:\n${steps.join('')}`);
  return file;
}

function quickProbe(): string {
  return commandsProbe('quick', [['true'], ['true']]);
}

describe('two processes on the same data', () => {
  test('two runs at once are both stored as they were shown, and can be looked at all the while', async () => {
    const folder = join(place.dir, 'shared');
    const runs = [CRESTED, RUBINO].map((pkg) => start([...runArgs(pkg, folder), '--json']));
    let under_way = true;
    const ended = Promise.all(runs.map((run) => run.ended)).finally(() => {
      under_way = false;
    });
    await Promise.all(runs.map((run) => run.said(/^run /)));
    let looks = 0;
    while (under_way) {
      for (const { run_id } of await listed(folder)) {
        expect(JSON.parse(await shown(run_id, folder))).toMatchObject({ run_id });
      }
      looks += 1;
    }
    expect(looks).toBeGreaterThan(1);
    for (const { code, stdout } of await ended) {
      expect(code).toBe(0);
      const record = JSON.parse(stdout) as RunRecord;
      expect(JSON.parse(await shown(record.run_id, folder))).toMatchObject({ ...record });
    }
  });

  test('one that holds the database too long makes a run errored, and nobody who only looks waits for it', async () => {
    const before = await shown(earlier.run_id, data);
    const holder = new DatabaseSync(join(data, 'packprobe.db'));
    try {
      holder.exec('begin immediate');
      const run = start(runArgs(GLOSTER, data));
      expect(await shown(earlier.run_id, data)).toBe(before);
      const { code, stdout, stderr } = await run.ended;
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(/^error: .*\(STORE_BUSY\)$/m);
      expect(stderr).toMatch(/^What to do: Another process holds the database: wait for it/m);
    } finally {
      holder.close();
    }
  });
});

describe('what was shown is still there after a kill', () => {
  test('the end of a run', async () => {
    const folder = join(place.dir, 'killed-at-the-end');
    for (let round = 0; round < 3; round += 1) {
      const run = start(runArgs(GLOSTER, folder, quickProbe()));
      const id = /run +(\S+)/.exec(await run.said(/^run /))?.[1] ?? '';
      await run.said(/passed in /);
      run.child.kill('SIGKILL');
      await run.ended;
      expect(JSON.parse(await shown(id, folder))).toMatchObject({ outcome: 'passed', run_id: id });
    }
  });

  test('the end of a step', async () => {
    const folder = join(place.dir, 'killed-in-the-middle');
    const probe = commandsProbe('slow', [['true'], ['sleep', '2.25']]);
    const run = start(runArgs(CRESTED, folder, probe));
    const id = /run +(\S+)/.exec(await run.said(/^run /))?.[1] ?? '';
    await run.said(/^passed +step-1/);
    run.child.kill('SIGKILL');
    await run.ended;
    const { outcome, steps } = JSON.parse(await shown(id, folder)) as RunRecord & {
      readonly steps: readonly { readonly step?: string; readonly outcome: string }[];
    };
    expect(outcome).toBeNull();
    expect(steps[0]).toMatchObject({ step: 'step-1', outcome: 'passed' });
    // Children of a killed run live on; this one ends by itself.
    await vi.waitFor(() => expect(processesWith('sleep 2.25')).toEqual([]), { timeout: 10_000 });
  });
});

describe('a disk that does not do its part', () => {
  function onDisk(body: (disk: string) => Promise<void>): () => Promise<void> {
    return async () => {
      const disk = join(place.dir, 'disk');
      mkdirSync(disk, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
      try {
        await body(disk);
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    };
  }

  withTool(
    'mount',
    'full in the middle of a run: earlier runs are listed and shown as before, also while it is full, and with room the next one passes',
    onDisk(async (disk) => {
      const { run_id } = earlier;
      copyFileSync(join(data, 'packprobe.db'), join(disk, 'packprobe.db'));
      const before = await shown(run_id, disk);
      // A full disk may be mended while a run waits: it goes on to its limit, which is short here.
      const probe = join(place.dir, 'single-build.yaml');
      const shipped = readFileSync(join(ROOT, 'probes/single-build.yaml'), 'utf8');
      writeFileSync(probe, shipped.replace('- uses: signing/wait-signed', '$&\n    timeout: 20m'));
      const run = start(runArgs(CRESTED, disk, probe));
      await run.said(/^passed +build/);
      execFileSync('sh', ['-c', `cat /dev/zero > ${disk}/ballast 2>/dev/null; true`]);
      expect(await shown(run_id, disk)).toBe(before);
      const { code, stdout, stderr } = await run.ended;
      expect(code).toBe(3);
      expect(stdout + stderr).toMatch(/DISK_FULL/);

      execFileSync('sh', ['-c', `cat /dev/zero >> ${disk}/ballast 2>/dev/null; true`]);
      expect(await shown(run_id, disk)).toBe(before);
      expect((await listed(disk)).find((known) => known.run_id === run_id)?.outcome).toBe('passed');
      const refused = await packprobe(runArgs(RUBINO, disk));
      expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 3, stdout: '' });
      expect(refused.stderr).toMatch(/^What to do: The disk is full/m);

      rmSync(join(disk, 'ballast'));
      expect(await shown(run_id, disk)).toBe(before);
      const next = await passedRun(RUBINO, disk, quickProbe());
      expect((await listed(disk))[0]).toMatchObject({ run_id: next.run_id, outcome: 'passed' });
    }),
  );

  withTool(
    'mount',
    'read-only: runs are shown and backed up, a run is refused, and nothing of it is lost',
    onDisk(async (disk) => {
      const { run_id } = earlier;
      copyFileSync(join(data, 'packprobe.db'), join(disk, 'packprobe.db'));
      const before = await shown(run_id, disk);
      execFileSync('mount', ['-o', 'remount,ro', disk]);
      expect(await shown(run_id, disk)).toBe(before);
      const { code, stdout, stderr } = await packprobe(runArgs(CRESTED, disk));
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(/^error: .*read-only|^error: .*readonly/im);
      expect(stderr).toMatch(/^What to do: .*--data/m);
      const backup = await packprobe(['backup', join(place.dir, 'of-read-only.db'), '--data', disk]);
      expect(backup.code).toBe(0);
      execFileSync('mount', ['-o', 'remount,rw', disk]);
      expect(await shown(run_id, disk)).toBe(before);
      await passedRun(CRESTED, disk, quickProbe());
    }),
  );
});

describe('a database that cannot be used', () => {
  test.each<readonly [what: string, code: string, hint: RegExp, make: (file: string) => void]>([
    [
      'of a newer packprobe',
      'STORE_TOO_NEW',
      /^What to do: Update packprobe/m,
      (file) => {
        copyFileSync(join(data, 'packprobe.db'), file);
        const newer = new DatabaseSync(file);
        newer.exec('pragma user_version = 99');
        newer.close();
      },
    ],
    [
      'that is a text file',
      'STORE_CORRUPT',
      /^What to do: .*restore a backup/m,
      (file) => writeFileSync(file, 'no database\n'.repeat(1000)),
    ],
    ['that is a folder', 'STORE_CORRUPT', /^What to do: .*restore a backup/m, (file) => mkdirSync(file)],
  ])('%s: every command says so, and what to do', async (what, code, hint, make) => {
    const folder = join(place.dir, what.replaceAll(' ', '-'));
    mkdirSync(folder);
    make(join(folder, 'packprobe.db'));
    for (const args of [
      ['runs', 'list'],
      ['runs', 'show', earlier.run_id],
      ['backup', join(place.dir, 'never.db')],
      runArgs(GLOSTER, folder),
    ]) {
      const said = await packprobe([...args, '--data', folder]);
      expect({ code: said.code, stdout: said.stdout }).toEqual({ code: 3, stdout: '' });
      expect(said.stderr).toMatch(new RegExp(`^error: .*\\(${code}\\)$`, 'm'));
      expect(said.stderr).toMatch(hint);
    }
    expect(readdirSync(place.dir)).not.toContain('never.db');
  });
});

describe('a backup', () => {
  test('made in the middle of a run is sound; restored, it shows every earlier run as before and takes a new one', async () => {
    const before = await shown(earlier.run_id, data);
    const file = join(place.dir, 'backup.db');
    const running = start(runArgs(GLOSTER, data));
    const id = /run +(\S+)/.exec(await running.said(/^run /))?.[1] ?? '';
    await running.said(/^passed +build/);
    const { code, stdout, stderr } = await packprobe(['backup', file, '--data', data]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${file}\n` });
    expect(stderr).toMatch(/^2 runs of \S+packprobe\.db, [\d.]+ KiB$/m);
    expect(stderr).toMatch(/^1 run not finished in it: .*tidy/m);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await running.ended).code).toBe(0);

    const copy = new DatabaseSync(file, { readOnly: true });
    expect(copy.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    copy.close();

    const restored = join(place.dir, 'restored');
    mkdirSync(restored);
    copyFileSync(file, join(restored, 'packprobe.db'));
    expect(await listed(restored)).toMatchObject([
      { run_id: id, outcome: null },
      { run_id: earlier.run_id, outcome: 'passed' },
    ]);
    expect(await shown(earlier.run_id, restored)).toBe(before);
    const resumed = await packprobe(['runs', 'resume', id, '--data', restored]);
    expect(resumed.code).toBe(2);
    expect(resumed.stderr).toMatch(/was under way when the backup was made[\s\S]*packprobe tidy/);
    // Its package is held until what it left is looked after.
    const tidied = await packprobe(['tidy', '--data', restored]);
    expect({ code: tidied.code, stderr: tidied.stderr }).toEqual({ code: 0, stderr: '' });
    expect((await listed(restored))[0]).toMatchObject({ run_id: id, outcome: 'errored' });
    const next = await passedRun(GLOSTER, restored, quickProbe());
    expect(await shown(earlier.run_id, restored)).toBe(before);
    expect((await listed(restored))[0]).toMatchObject({ run_id: next.run_id, outcome: 'passed' });
  });

  test.each<readonly [what: string, args: () => readonly string[], says: RegExp]>([
    ['without a file', () => ['--data', data], /missing required argument 'file'/],
    ['over a file', () => [existing(), '--data', data], /mine\.db exists already[\s\S]*overwrites nothing/],
    ['over a folder', () => [place.dir, '--data', data], /is a folder[\s\S]*Name a file in it/],
    [
      'into a folder that is not there',
      () => [join(place.dir, 'no/where.db'), '--data', data],
      /the folder \S+\/no does not exist/,
    ],
    [
      'of a data folder without a database',
      () => [join(place.dir, 'new.db'), '--data', join(place.dir, 'nothing')],
      /there is nothing to back up[\s\S]*--data/,
    ],
  ])('%s is wrong usage, and says what is right', async (_, args, says) => {
    const { code, stdout, stderr } = await packprobe(['backup', ...args()]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
    expect(readdirSync(place.dir)).not.toContain('nothing');
  });

  /** A file that must be left as it is. */
  function existing(): string {
    const file = join(place.dir, 'mine.db');
    writeFileSync(file, 'mine');
    return file;
  }
});
