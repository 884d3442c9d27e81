import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
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

const place = freshDir();
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startSandbox(place.dir, 300);
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

interface ChangeableEnvironment {
  name: string;
  identity: { keytab: { file: string } };
  commands: { path: string[] };
}

/** An environment file that differs from the sandbox's own. */
async function environmentWith(
  name: string,
  change: (environment: ChangeableEnvironment) => void,
): Promise<string> {
  const environment = (await sandbox.environment()) as unknown as ChangeableEnvironment;
  environment.name = name;
  change(environment);
  const file = join(place.dir, `${name}.yaml`);
  writeFileSync(file, stringify(environment));
  return file;
}

/** Runs in an environment; the run as data and what a person reads. */
async function runIn(args: readonly string[], data = join(place.dir, 'data')) {
  const { code, stdout } = await packprobe(['run', 'single-build', '--json', '--data', data, ...args]);
  const run = JSON.parse(stdout) as RunRecord;
  const shown = await packprobe(['runs', 'show', run.run_id, '--data', data]);
  return { code, run, shown: shown.stdout };
}

/** A folder with all commands of the sandbox but one. */
function commandsWithout(missing: string, from: string): string {
  const folder = join(place.dir, `without-${missing}`);
  mkdirSync(folder);
  for (const name of ['kinit', 'klist', 'fedpkg', 'koji', 'bodhi']) {
    if (name !== missing) symlinkSync(join(from, name), join(folder, name));
  }
  return folder;
}

describe('a run that we break ourselves is errored, exit code 3, with what to do in one line', () => {
  test('a missing command', async () => {
    const file = await environmentWith('missing', ({ commands }) => {
      commands.path = [commandsWithout('fedpkg', commands.path[0] ?? '')];
    });
    const { code, run, shown } = await runIn(['--env', file]);
    expect(code).toBe(3);
    expect(run.outcome).toBe('errored');
    expect(run.fault).toMatchObject({ code: 'COMMAND_MISSING', system: 'own' });
    expect(shown).toMatch(/^ {2}What to do: Install the command `fedpkg`/m);
  });

  test('a keytab without keys', async () => {
    const file = await environmentWith('keyless', ({ identity }) => {
      identity.keytab.file = join(place.dir, 'empty.keytab');
      // The two bytes that every keytab begins with, and no entry.
      writeFileSync(identity.keytab.file, Buffer.from([5, 2]));
    });
    const { code, run, shown } = await runIn(['--env', file]);
    expect(code).toBe(3);
    expect(run.outcome).toBe('errored');
    expect(run.fault).toMatchObject({
      kind: 'prober',
      system: 'own',
      code: expect.stringMatching(/^KERBEROS_KEYTAB/),
    });
    expect(shown).toMatch(/^ {2}What to do: .*keytab/im);
  });

  test('a spec that does not build', async () => {
    const { code, run, shown } = await runIn([
      '--url',
      sandbox.control,
      '--package',
      'dummy-test-package-broken',
    ]);
    expect(code).toBe(3);
    expect(run.outcome).toBe('errored');
    expect(run.fault).toMatchObject({ code: 'BUILD_BROKEN_BY_PACKAGE', system: 'own' });
    expect(run.steps.find(({ id }) => id === 'update')).toMatchObject({ outcome: 'skipped' });
    expect(shown).toMatch(/^ {2}What to do: .*build\.log/m);
    expect(await sandbox.holdings(run.run_id)).toEqual([]);
  });

  test('a data folder in which nothing can be written', async () => {
    const { code, stdout, stderr } = await packprobe([
      'run',
      'single-build',
      '--url',
      sandbox.control,
      '--data',
      '/proc/packprobe',
    ]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^error: cannot use \/proc\/packprobe\/packprobe\.db/m);
    expect(stderr).toMatch(/^What to do: .*--data/m);
  });

  withTool('mount', 'a read-only data folder', async () => {
    const folder = join(place.dir, 'read-only');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', folder]);
    try {
      const { code, stderr } = await packprobe([
        'run',
        'single-build',
        '--url',
        sandbox.control,
        '--data',
        folder,
      ]);
      expect(code).toBe(3);
      expect(stderr).toMatch(/^What to do: Give this user the right to write in the data folder/m);
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  withTool('mount', 'a disk that is full before the run', async () => {
    const folder = join(place.dir, 'full');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
    try {
      const { code, stdout, stderr } = await packprobe([
        'run',
        'single-build',
        '--url',
        sandbox.control,
        '--data',
        folder,
      ]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(/^error: .*DISK_FULL/m);
      expect(stderr).toMatch(/^What to do: The disk is full/m);
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  withTool('mount', 'a disk on which there is no room for a sandbox', async () => {
    const folder = join(place.dir, 'small');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', folder]);
    try {
      const { code, stderr } = await packprobe([
        'run',
        'single-build',
        '--env',
        'sandbox',
        '--clients',
        'stand-ins',
        '--data',
        folder,
      ]);
      expect(code).toBe(3);
      expect(stderr).toMatch(/DISK_FULL/);
      expect(stderr).toMatch(/^What to do: The disk is full/m);
    } finally {
      execFileSync('umount', ['-l', folder]);
    }
  });

  withTool('mount', 'a disk that fills while the run is under way, and nothing is left behind', async () => {
    const folder = join(place.dir, 'filling');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]);
    try {
      // A full disk may be mended while a run waits: it goes on to its limit, which is short here.
      const probe = join(place.dir, 'single-build.yaml');
      const shipped = readFileSync(join(ROOT, 'probes/single-build.yaml'), 'utf8');
      writeFileSync(probe, shipped.replace('- uses: signing/wait-signed', '$&\n    timeout: 30m'));
      const running = start(['run', probe, '--url', sandbox.control, '--data', folder]);
      const id = /run +(\S+)/.exec(await running.said(/^run /))?.[1] ?? '';
      await running.said(/^passed +update/);
      execFileSync('sh', ['-c', `cat /dev/zero > ${folder}/ballast 2>/dev/null; true`]);
      const { code, stdout, stderr } = await running.ended;
      expect(code).toBe(3);
      expect(stdout + stderr).toMatch(/DISK_FULL/);
      expect(stdout + stderr).toMatch(/What to do: The disk is full/);
      expect(await sandbox.holdings(id)).toEqual([]);
    } finally {
      execFileSync('umount', ['-l', folder]);
    }
  });
});

describe('a run of command/run', () => {
  const probe = (step: string) => {
    const file = join(place.dir, 'commands.yaml');
    writeFileSync(file, `name: commands\nsteps:\n${step}`);
    return file;
  };
  const run = async (step: string) => {
    const { code, stdout } = await packprobe([
      'run',
      probe(step),
      '--url',
      sandbox.control,
      '--json',
      '--data',
      join(place.dir, 'data'),
    ]);
    return { code, run: JSON.parse(stdout) as RunRecord };
  };

  test('that fails is ours where it speaks for nobody', async () => {
    const { code, run: record } = await run('  - { uses: command/run, with: { command: ["false"] } }\n');
    expect(code).toBe(3);
    expect(record.fault).toMatchObject({ code: 'COMMAND_FAILED', system: 'own' });
  });

  test('that fails is the system’s that it speaks for', async () => {
    const { code, run: record } = await run(
      '  - { uses: command/run, system: forge, with: { command: ["false"] } }\n'.replace('forge', 'koji'),
    );
    expect(code).toBe(1);
    expect(record.outcome).toBe('failed');
    expect(record.fault).toMatchObject({ code: 'COMMAND_FAILED', kind: 'rejected', system: 'koji' });
  });

  test('knows nothing of our own environment', async () => {
    const { run: record } = await run('  - { uses: command/run, with: { command: [env] } }\n');
    const seen = String(record.steps[0]?.outputs['stdout']);
    expect(seen).toContain('HOME=');
    expect(seen).not.toContain('VITEST');
  });

  test('goes on behind a failed one that lets it, and the run fails all the same', async () => {
    const { code, run: record } =
      await run(`  - { id: first, uses: command/run, system: koji, continue_on_failure: true, with: { command: ["false"] } }
  - { id: second, uses: command/run, with: { command: ["true"] } }
  - { id: third, uses: command/run, if: failure(), with: { command: ["true"] } }
  - { id: fourth, uses: command/run, system: koji, with: { command: ["false"] } }
  - { id: fifth, uses: command/run, with: { command: ["true"] } }
  - { id: sixth, uses: command/run, always: true, with: { command: ["true"] } }
`);
    expect(code).toBe(1);
    expect(record.steps.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
      'first failed',
      'second passed',
      'third skipped',
      'fourth failed',
      'fifth skipped',
      'sixth passed',
    ]);
  });

  test('that runs out of time is ended with all its children', async () => {
    const marker = join(place.dir, 'marker');
    const { code, run: record } = await run(
      `  - { uses: command/run, system: koji, timeout: 30m, with: { command: [sh, -c, "sleep 300; touch ${marker}"] } }\n`,
    );
    expect(code).toBe(1);
    expect(record.fault).toMatchObject({ code: 'STEP_TIMED_OUT', kind: 'timeout', system: 'koji' });
    expect(processesWith(marker)).toEqual([]);
  });
});

describe('JUnit XML', () => {
  const probe = join(place.dir, 'junit.yaml');
  writeFileSync(
    probe,
    'name: junit\nsteps:\n  - { uses: command/run, system: koji, with: { command: ["false"] } }\n',
  );
  const asked = (xml: string) =>
    packprobe(['run', probe, '--url', sandbox.control, '--junit', xml, '--data', join(place.dir, 'data')]);

  test('holds a case for each step', async () => {
    const xml = join(place.dir, 'junit.xml');
    await asked(xml);
    expect(readFileSync(xml, 'utf8')).toMatch(
      /<testsuite name="junit" tests="1" failures="1" errors="0"[^>]*>[\s\S]*<failure type="COMMAND_FAILED"/,
    );
  });

  test('that cannot be written is said, and the outcome stays what it is', async () => {
    const { code, stderr } = await asked(place.dir);
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot write ${place.dir} (FILE_NOT_WRITTEN)`);
  });

  test('for which there is no folder is refused before anything runs', async () => {
    const { code, stdout, stderr } = await asked(join(place.dir, 'nowhere/junit.xml'));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`there is no folder ${join(place.dir, 'nowhere')}`);
  });
});

test('metrics of a run are written, and a Pushgateway that is not there changes no exit code', async () => {
  const probe = join(place.dir, 'metrics.yaml');
  writeFileSync(
    probe,
    'name: metrics\nsteps:\n  - { uses: command/run, system: koji, with: { command: ["false"] } }\n',
  );
  const textfile = join(place.dir, 'packprobe.prom');
  const { code, stderr } = await packprobe([
    ...['run', probe, '--url', sandbox.control, '--data', join(place.dir, 'data')],
    ...['--textfile', textfile, '--pushgateway', 'http://127.0.0.1:9'],
  ]);
  expect(code).toBe(1);
  expect(stderr).toContain('HTTP_UNREACHABLE');
  const text = readFileSync(textfile, 'utf8');
  expect(text).toMatch(
    /^packprobe_run_last_end_timestamp_seconds\{environment="sandbox",probe="metrics",outcome="failed"\} 1\d{9}/m,
  );
  expect(text).toContain('system="koji",evidence="bad"}');
});
