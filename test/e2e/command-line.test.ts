import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { freshDir, packprobe } from '../support/packprobe.ts';
import { ROOT } from '../support/sources.ts';
import { withTool } from '../support/tools.ts';

const place = freshDir();
afterAll(() => place[Symbol.dispose]());

const MISTAKES = join(place.dir, 'mistakes.yaml');
writeFileSync(
  MISTAKES,
  // Nineteen of them are mistakes also with the actions that ship.
  `${readFileSync(join(ROOT, 'test/fixtures/probes/twenty-mistakes.yaml'), 'utf8')}
  - uses: command/run
    retry: { attempts: 2 }
    with: { command: [make] }
`,
);

describe('validate', () => {
  test('tells twenty mistakes in one pass, each with its place', async () => {
    const { code, stdout, stderr } = await packprobe(['validate', 'mistakes.yaml'], { cwd: place.dir });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const lines = stderr.trim().split('\n');
    expect(lines).toHaveLength(20);
    for (const line of lines) expect(line).toMatch(/^mistakes\.yaml:\d+:\d+: \S/);
  });

  test('tells them as data', async () => {
    const { code, stdout } = await packprobe(['validate', MISTAKES, '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout).faults).toHaveLength(20);
  });

  test('finds what ships good, without being told where it is', async () => {
    const { code, stdout, stderr } = await packprobe(['validate']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/probes\/single-build\.yaml: good/);
    expect(stdout).toMatch(/environments\/fedora-staging\.yaml: good/);
    expect(stdout).toMatch(/config\/packprobe\.yaml: good/);
  });

  test('looks for the probe that confirms among the files beside, and among those that ship', async () => {
    using own = freshDir();
    const write = (name: string, confirm_with: string) =>
      writeFileSync(
        join(own.dir, `${name}.yaml`),
        `name: ${name}\nconfirm_with: ${confirm_with}\nsteps:\n  - uses: fas/login\n`,
      );
    write('one', 'two');
    write('two', 'one');
    write('three', 'scratch-build');
    write('four', 'scratch-biuld');
    const check = (name: string) => packprobe(['validate', `${name}.yaml`], { cwd: own.dir });
    expect((await check('one')).stderr).toBe(
      'one.yaml:2:15: confirm_with: a circle of confirmations: one -> two -> one\n',
    );
    expect(await check('three')).toMatchObject({ code: 0, stdout: 'three.yaml: good\n' });
    expect((await check('four')).stderr).toBe(
      'four.yaml:2:15: confirm_with: no probe "scratch-biuld"; did you mean "scratch-build"?\n',
    );
  });

  test('tells every environment and probe that a configuration names and that is none, each at its place', async () => {
    using own = freshDir();
    writeFileSync(
      join(own.dir, 'packprobe.yaml'),
      `receivers:
  oncall: { kind: alertmanager, url: "http://localhost:9093", environments: [fedorra, fedora-staging, sandbox] }
calendar:
  entries:
    - { kind: outage, from: "2026-12-01T08:00Z", to: "2026-12-01T12:00Z", environments: [centos] }
  feeds:
    status: { kind: status_page, url: "https://status.example.org", environments: [fedoro] }
environments:
  fedora: { probes: { single-bild: {}, scratch-build: {} } }
  feodra-staging: {}
  sandbox: { probes: { scratch-build: {} } }
`,
    );
    const { code, stderr } = await packprobe(['validate', 'packprobe.yaml'], { cwd: own.dir });
    expect({ code, told: stderr.trim().split('\n') }).toEqual({
      code: 2,
      told: [
        'packprobe.yaml:2:78: receivers.oncall.environments[0]: there is no environment "fedorra"; did you mean "fedora"?',
        'packprobe.yaml:5:90: calendar.entries[0].environments[0]: there is no environment "centos"; known are fedora, fedora-staging',
        'packprobe.yaml:7:84: calendar.feeds.status.environments[0]: there is no environment "fedoro"; did you mean "fedora"?',
        'packprobe.yaml:9:36: environments.fedora.probes.single-bild: there is no probe "single-bild"; did you mean "single-build"?',
        'packprobe.yaml:10:19: environments.feodra-staging: there is no environment "feodra-staging"; did you mean "fedora-staging"?',
      ],
    });
  });

  test('says what the rules of incidents come to, and refuses those that make no sense', async () => {
    using own = freshDir();
    const check = async (text: string) => {
      writeFileSync(join(own.dir, 'packprobe.yaml'), text);
      return packprobe(['validate', 'packprobe.yaml'], { cwd: own.dir });
    };
    expect((await check('incidents: { open: { when: in_a_row, count: 1 } }\n')).stderr).toMatch(
      /^packprobe\.yaml:1:20: incidents\.open: would cry wolf about \d+ times in 90 days on fedora/,
    );
    expect((await check('incidents: { resolve_after: 2 }\n')).stdout).toMatch(
      /^packprobe\.yaml: good\n {2}incidents on fedora, confirmed: would cry wolf about 0\.\d times in 90 days; tells an outage after at most 8h 30m\n$/,
    );
    const fast = 'environments: { fedora: { probes: { scratch-build: { schedule: { every: 10s } } } } }\n';
    expect((await check(fast)).stdout).toContain(
      '\n  fedora/scratch-build: `every: 10s` is slowed to 5m by `schedule.min_interval`\n',
    );
    expect(
      (await check('environments: { fedora: { probes: { watch-packprobe: { params: { ulr: x } } } } }'))
        .stderr,
    ).toBe(
      'environments.fedora.probes.watch-packprobe.params: ulr: unknown parameter; did you mean "url"?\n',
    );
    expect((await check('environments: { fedora: { probes: { singel-build: {} } } }\n')).stderr).toBe(
      'packprobe.yaml:1:51: environments.fedora.probes.singel-build: there is no probe "singel-build"; did you mean "single-build"?\n',
    );
  });

  test('a run of a file with mistakes starts nothing', async () => {
    const data = join(place.dir, 'data');
    const { code, stderr } = await packprobe(['run', MISTAKES, '--env', 'sandbox', '--data', data]);
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(20);
    expect(existsSync(data)).toBe(false);
  });
});

describe('plan', () => {
  test('shows the exact commands of an environment and touches nothing', async () => {
    const { code, stdout } = await packprobe(['plan', 'single-build', '--env', 'fedora-staging', '--json']);
    expect(code).toBe(0);
    const { steps } = JSON.parse(stdout) as {
      readonly steps: readonly { readonly id: string; readonly commands: readonly (readonly string[])[] }[];
    };
    const words = (id: string) =>
      steps.find((step) => step.id === id)?.commands.map((command) => command.join(' ')) ?? [];
    expect(words('build').join('\n')).toMatch(/build --nowait/);
    expect(words('update').join('\n')).toMatch(
      /^bodhi updates new .*--no-autotime --no-autokarma <steps\.build\.nvr>$/ms,
    );
    expect(words('push').join('\n')).toMatch(/--no-verify/);
  });

  test('says what each input is bound to', async () => {
    const { stdout } = await packprobe(['plan', 'single-build']);
    expect(stdout).toMatch(/6\. build {2}koji\/build .*\n {5}dir ← steps\.clone\.dir/);
    expect(stdout).toMatch(/update ← steps\.update\.update/);
  });
});

describe('the command line', () => {
  test.each([
    [['run', 'no-such-probe', '--env', 'sandbox'], 'there is no probe "no-such-probe"'],
    [['run', 'single-buidl', '--env', 'sandbox'], 'did you mean "single-build"?'],
    [['run', 'single-build'], 'which environment?'],
    [['run', 'single-build', '--env', 'fedora-stagin'], 'did you mean "fedora-staging"?'],
    [['run', 'single-build', '--env', 'sandbox', '--set', 'x=1'], 'unknown parameter'],
    [['runs', 'show', 'nothing', '--data', '/tmp/packprobe-nothing-here'], 'there is no run "nothing"'],
    [
      ['runs', 'list', '--outcome', 'good', '--data', '/tmp/packprobe-nothing-here'],
      'passed, failed, errored, cancelled',
    ],
    [['sandbox', '--speed', '301'], 'at most 300'],
    [['schema', 'probes'], 'probe, config, environment'],
    [['rnu'], 'Did you mean run?'],
    [['validate', 'package.json'], 'package.json:1:1: neither a probe'],
    [['validate', 'src', 'nope.yaml'], 'This is a folder'],
    [['run', 'src/', '--env', 'sandbox'], 'This is a folder'],
    [['run', 'single-build', '--env', 'sandbox', '--url', 'http://127.0.0.1:1'], 'contradict'],
    [['run', 'single-build', '--env', 'sandbox', '--speed', 'fast'], 'at most 300, got "fast"'],
    [['sandbox', '--dir', 'src'], 'is not empty'],
    [['run', '--no-such-option', 'x'], 'unknown option'],
    [
      ['run', 'single-build', '--env', '/no/such/file.yaml'],
      'there is no environment file /no/such/file.yaml',
    ],
  ])('%j is wrong usage and says what to do', async (args, expected) => {
    const { code, stdout, stderr } = await packprobe(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(expected);
    expect(stderr).not.toMatch(/ at .*\.ts:/);
  });

  test.each([
    [[]],
    [['run']],
    [['plan']],
    [['validate']],
    [['runs']],
    [['runs', 'show']],
    [['sandbox']],
    [['schema']],
  ])('%j --help teaches with an example', async (args) => {
    const { code, stdout } = await packprobe([...args, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Example|packprobe/);
  });

  test('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    expect(await packprobe(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  test('prints a schema that editors can read', async () => {
    const { code, stdout } = await packprobe(['schema', 'probe']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ $schema: expect.stringContaining('json-schema.org') });
    expect(JSON.parse(readFileSync(join(ROOT, 'config/probe.schema.json'), 'utf8'))).toEqual(
      JSON.parse(stdout),
    );
  });
});

describe('on a terminal', () => {
  withTool('tmux', 'the list is alive, coloured, and ends with the waterfall', async () => {
    using place = freshDir();
    const socket = join(place.dir, 'tmux');
    const tmux = (...args: string[]) => execFileSync('tmux', ['-S', socket, ...args], { encoding: 'utf8' });
    const script = join(place.dir, 'run.sh');
    writeFileSync(
      script,
      `exec ${process.execPath} ${ROOT}/bin/packprobe.js run single-build --env sandbox --clients stand-ins --speed 300 --data ${place.dir}/data\n`,
    );
    tmux('-f', '/dev/null', 'new-session', '-d', '-x', '110', '-y', '60', `sh ${script}; sleep 60`);
    try {
      const screen = () => tmux('capture-pane', '-p', '-e');
      await expect.poll(screen, { timeout: 30_000, interval: 200 }).toMatch(/✔.* clone +dist-git/);
      await expect.poll(screen, { timeout: 60_000, interval: 200 }).toMatch(/Look further/);
      const last = tmux('capture-pane', '-p');
      expect(last).toMatch(/✔ build +koji +\S/);
      expect(last).toMatch(/✔ passed in/);
      expect(last).toMatch(/█/);
    } finally {
      tmux('kill-server');
    }
  });
});
