import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Host, Output } from '../../src/cli/host.ts';
import { main } from '../../src/cli/program.ts';
import { readEnvironment } from '../../src/core/config.ts';
import { scopeOf } from '../../src/core/environment.ts';
import type { SystemEvidence } from '../../src/core/incident.ts';
import type { Store } from '../../src/core/store.ts';
import type { Charge } from '../../src/core/system.ts';
import { openStore } from '../../src/store/store.ts';
import { shippedActions } from '../support/actions.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ROOT } from '../support/sources.ts';
import { digestOf, ended, headerOf, incidentOf, noticeOf, OWNER } from '../support/store-world.ts';

const HOUR_MS = 3_600_000;
const ENVIRONMENT = 'fedora-staging';
const file = `${ROOT}/config/environments/${ENVIRONMENT}.yaml`;
const SCOPE = scopeOf(readEnvironment(file, readFileSync(file, 'utf8')));
const RUN = '019a9000-0000-7000-8000-000000000001';
const INCIDENT = '019a9000-0000-7000-8000-0000000000aa';
const actions = await shippedActions();

let dir: string;
let clock: FakeClock;
let store: Store;
let out: { stdout: string; stderr: string };
let serverLives: boolean;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'packprobe-cli-'));
  clock = new FakeClock();
  store = openStore(join(dir, 'packprobe.db'));
  out = { stdout: '', stderr: '' };
  serverLives = true;
  writeFileSync(
    join(dir, 'packprobe.yaml'),
    `environments: { ${ENVIRONMENT}: { probes: { scratch-build: { schedule: { every: 1h } } } } }\n`,
  );
  await store.list({ limit: 1 });
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

async function run(...argv: readonly string[]): Promise<number> {
  out = { stdout: '', stderr: '' };
  return await main([...argv, '--data', dir], host());
}

function host(): Host {
  const output = (name: 'stdout' | 'stderr'): Output => ({
    write: (text) => {
      out[name] += text;
    },
    isTerminal: false,
    colours: false,
    columns: 80,
    stream: process.stdout,
  });
  const parts: Partial<Host> = {
    version: '0.1.0',
    env: { USER: 'ops', PACKPROBE_CONFIG: join(dir, 'packprobe.yaml') },
    cwd: dir,
    stdout: output('stdout'),
    stderr: output('stderr'),
    packageDir: ROOT,
    program: 'packprobe',
    readText: async (path) => readFileSync(path, 'utf8'),
    exists: async (path) => existsSync(path),
    listFiles: async (path) => readdirSync(path),
    actions: async () => actions,
    openStore: async (path) => openStore(path),
    openClock: async () => clock,
    owner: async () => ({ ...OWNER, host: 'desk' }),
    isAlive: async () => () => serverLives,
    isSandboxGone: async () => true,
  };
  return parts as Host;
}

async function serving(probes?: readonly string[]): Promise<void> {
  await store.leases.take(OWNER, undefined, clock.now());
  if (probes === undefined) return;
  const environments = [{ name: ENVIRONMENT, scope: SCOPE, probes, control: null }];
  await store.leases.tellServed(1, { configuration: '/srv/packprobe.yaml', environments });
}

/** A run that says of each system whether it was good. */
async function evidence(said: Partial<Record<Charge, boolean>>, ageMs: number): Promise<void> {
  const at = clock.now() - ageMs;
  const about = { scope: SCOPE, environment: ENVIRONMENT, probe: 'scratch-build' };
  await ended(
    store,
    RUN,
    { ...about, started_at: at - 60_000, ended_at: at },
    { ...about, started_at: at - 60_000 },
  );
  const rows = Object.entries(said).map(
    ([system, good]): SystemEvidence => ({
      ...about,
      system: system as Charge,
      run_id: RUN,
      at,
      good,
      counted: true,
    }),
  );
  await store.digests.digest(digestOf(RUN, { evidence: rows }));
}

const GOOD = { fas: true, 'dist-git': true, koji: true, own: true } as const;

async function incident(): Promise<void> {
  const since = clock.now() - HOUR_MS;
  const fault = {
    message: 'koji task 7 ended failed',
    code: 'KOJI_TASK_NOT_CLOSED',
    kind: 'rejected',
    system: 'koji',
    evidence: {},
  } as const;
  const one = {
    run_id: RUN,
    probe: 'scratch-build',
    ended_at: since,
    step: 'build',
    fault,
    builds: ['a-1-1'],
    updates: [],
    details: [],
  };
  await store.incidents.apply(
    [
      incidentOf(INCIDENT, {
        scope: SCOPE,
        environment: ENVIRONMENT,
        since,
        opened_at: since,
        updated_at: since,
        runs: [one],
      }),
    ],
    [],
  );
}

describe('status', () => {
  test('is good with young evidence for every system and a service that lives', async () => {
    await serving();
    await evidence(GOOD, 10 * 60_000);
    expect(await run('status')).toBe(0);
    expect(out.stdout).toContain('serve lives: process 7 on here');
    expect(out.stdout).toMatch(/^fedora-staging {2}works$/m);
    expect(out.stdout).toMatch(/^ {2}koji +✔ operational +10m 00s old$/m);
    expect(out.stdout).toMatch(/^ {2}scratch-build +✔ passed +10m 00s ago +next in \d+m/m);
    for (const line of out.stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
  });

  test('says which receivers are told nothing, and not of what is on its way', async () => {
    const notices = [
      noticeOf('i-1', 'opened', { receiver: 'hook', created_at: clock.now() - 90_000 }),
      noticeOf('i-2', 'opened', { receiver: 'hook', created_at: clock.now() - 10_000 }),
      noticeOf('i-1', 'opened', { receiver: 'mail', created_at: clock.now() - 10_000 }),
    ];
    await store.incidents.apply([], notices);
    await run('status');
    expect(out.stdout).toContain('receiver hook: 2 messages wait, the oldest for 1m 30s');
    expect(out.stdout).not.toContain('receiver mail');
    await run('status', '--json');
    expect(JSON.parse(out.stdout)).toMatchObject({
      untold: [{ receiver: 'hook', length: 2, age_ms: 90_000 }],
    });
  });

  test('calls a run interrupted whose process is dead', async () => {
    const about = { scope: SCOPE, environment: ENVIRONMENT, probe: 'scratch-build' };
    await store.begin(headerOf(RUN, { ...about, started_at: clock.now() - 60_000 }), OWNER, () => true);
    await run('status');
    expect(out.stdout).toContain('under way for 1m 00s');
    serverLives = false;
    await run('status');
    expect(out.stdout).toContain('interrupted, begun 1m 00s ago');
    await run('status', '--json');
    expect(JSON.parse(out.stdout)).toMatchObject({ probes: [{ under_way: [], interrupted: [RUN] }] });
  });

  test('cannot tell when the evidence is older than 2.5 intervals', async () => {
    await evidence(GOOD, 2.5 * HOUR_MS + 1);
    await serving();
    expect(await run('status')).toBe(3);
    expect(out.stdout).toMatch(/^ {2}koji +\? unknown +2h 30m 00s old$/m);
    expect(out.stdout).not.toContain('✔ operational');
  });

  test.each([
    [
      'whose process is gone',
      async () => {
        serverLives = false;
      },
      'serve is silent',
    ],
    ['that gave no sign of life for 21 s', () => clock.advance(21_000), 'serve is silent'],
    [
      'whose sign of life lies ahead',
      async () => {
        clock = new FakeClock(clock.now() - 60_000);
      },
      'serve is silent',
    ],
    ['that has left', () => store.leases.end(1, clock.now()), 'serve does not run'],
  ])('is never good with a service %s', async (_, happen, says) => {
    await serving();
    await evidence(GOOD, 10 * 60_000);
    await happen();
    expect(await run('status')).toBe(3);
    expect(out.stdout).toContain(says);
    expect(out.stdout).not.toContain('✔ operational');
    expect(await run('status', '--json')).toBe(3);
    expect(JSON.parse(out.stdout).systems.map(({ state }: { state: string }) => state)).not.toContain(
      'operational',
    );
  });

  test('is bad while a system fails, and shows its incident', async () => {
    await serving();
    await evidence({ ...GOOD, koji: false }, 10 * 60_000);
    await incident();
    expect(await run('status', '--env', ENVIRONMENT)).toBe(1);
    expect(out.stdout).toMatch(/^ {2}koji +✘ failing +10m 00s old +since 20/m);
    expect(out.stdout).toContain(`incident ${INCIDENT}`);
    expect(out.stdout).toContain('koji task 7 ended failed');
    expect(await run('status', '--json')).toBe(1);
    expect(JSON.parse(out.stdout)).toMatchObject({
      verdict: 'bad',
      service: { state: 'serving', pid: 7 },
      incidents: [{ incident_id: INCIDENT, system: 'koji' }],
      probes: [{ probe: 'scratch-build', last: { run_id: RUN, age_ms: 600_000 } }],
    });
  });

  test('says what it read and where to look while its configuration names no environment', async () => {
    writeFileSync(join(dir, 'packprobe.yaml'), 'environments: {}\n');
    await evidence(GOOD, 10 * 60_000);
    expect(await run('status')).toBe(3);
    expect(out.stdout).toContain(`Read: ${join(dir, 'packprobe.yaml')}, which names no other.`);
    expect(out.stdout).toContain('The database has runs of: fedora-staging.');
    expect(out.stdout).toContain('--config FILE or PACKPROBE_CONFIG');
    await serving(['scratch-build']);
    expect(await run('status')).toBe(3);
    expect(out.stdout).toContain('`serve` reads /srv/packprobe.yaml: say --config /srv/packprobe.yaml');
  });

  test('says so while the service reads another configuration', async () => {
    await serving(['scratch-build']);
    expect(await run('status')).toBe(3);
    const own = join(dir, 'packprobe.yaml');
    expect(out.stdout).toContain(`It reads /srv/packprobe.yaml, this ${own}`);
    await run('status', '--json');
    expect(JSON.parse(out.stdout)).toMatchObject({
      configuration: own,
      service: { configuration: '/srv/packprobe.yaml' },
    });
  });

  test('cannot tell where nothing has run, and makes no database to say so', async () => {
    const empty = join(dir, 'empty');
    expect(await main(['status', '--data', empty], host())).toBe(3);
    expect(existsSync(empty)).toBe(false);
  });
});

describe('schedule', () => {
  test('now asks for a run, is written down, and warns where nobody serves', async () => {
    expect(await run('schedule', 'now', 'scratch-build', '--env', ENVIRONMENT)).toBe(0);
    expect(out.stderr).toContain('no `serve` runs on this data');
    expect(await store.dues.waiting()).toMatchObject([
      { probe: 'scratch-build', environment: ENVIRONMENT, scope: SCOPE, cause: 'request', by: 'ops@desk' },
    ]);
    expect(await store.audit.list(9)).toMatchObject([
      { who: 'ops@desk', through: 'command', action: 'run.start', subject: `${ENVIRONMENT}/scratch-build` },
    ]);
    await serving();
    expect(await run('schedule', 'now', 'scratch-build', '--env', ENVIRONMENT)).toBe(0);
    expect(out.stderr).not.toContain('no `serve`');
  });

  test('now names the nearest probe', async () => {
    expect(await run('schedule', 'now', 'scratch-biuld', '--env', ENVIRONMENT)).toBe(2);
    expect(out.stderr).toContain('did you mean "scratch-build"?');
    expect(await store.audit.list(9)).toEqual([]);
  });

  test.each([
    ['an environment', 'scratch-build', 'fedora', '`serve` runs no environment "fedora"', 'fedora-staging.'],
    [
      'a probe',
      'single-build',
      ENVIRONMENT,
      '`serve` runs no probe "single-build" in fedora-staging',
      'rawhide, scratch-build.',
    ],
    [
      'a mistyped probe',
      'scratch-biuld',
      ENVIRONMENT,
      'did you mean "scratch-build"?',
      'rawhide, scratch-build.',
    ],
  ])(
    'now refuses %s that the service does not run, and says what it runs',
    async (_, probe, env, ...says) => {
      await serving(['rawhide', 'scratch-build']);
      expect(await run('schedule', 'now', probe, '--env', env)).toBe(2);
      expect(out.stderr).toContain(says[0]);
      expect(out.stderr).toContain(`Served, with /srv/packprobe.yaml: ${says[1]}`);
      expect(await store.dues.waiting()).toEqual([]);
      expect(await store.audit.list(9)).toEqual([]);
      expect(await run('schedule', 'now', 'scratch-build', '--env', ENVIRONMENT)).toBe(0);
    },
  );

  test('now asks for what a service that has left did not run: the next one may', async () => {
    await serving(['rawhide']);
    await store.leases.end(1, clock.now());
    expect(await run('schedule', 'now', 'scratch-build', '--env', ENVIRONMENT)).toBe(0);
  });

  test('a pause is listed until it is ended', async () => {
    const reason = ['--reason', 'Koji moves', '--until', '2h'];
    expect(await run('schedule', 'pause', '--env', ENVIRONMENT, ...reason)).toBe(0);
    expect(await store.dues.pauses()).toMatchObject([
      { probe: null, by: 'ops@desk', until: clock.now() + 2 * HOUR_MS },
    ]);
    expect(await run('schedule', 'list')).toBe(0);
    expect(out.stdout).toMatch(/every probe +by ops@desk, until .*: Koji moves/);
    expect(out.stdout).toMatch(/scratch-build +paused until/);
    expect(await run('schedule', 'unpause', 'scratch-build', '--env', ENVIRONMENT)).toBe(2);
    expect(await run('schedule', 'unpause', '--env', ENVIRONMENT)).toBe(0);
    expect(await store.dues.pauses()).toEqual([]);
    expect((await store.audit.list(9)).map(({ action }) => action)).toEqual([
      'schedule.unpause',
      'schedule.pause',
    ]);
  });

  test.each([
    ['a time that has passed', ['--reason', 'x', '--until', '2020-01-01'], 'has passed'],
    ['no time', ['--reason', 'x', '--until', 'soon'], 'is no time'],
    ['an empty reason', ['--reason', ' '], 'says nothing'],
    ['no reason', [], "required option '--reason <text>'"],
  ])('a pause with %s is refused', async (_, more, says) => {
    expect(await run('schedule', 'pause', '--env', ENVIRONMENT, ...more)).toBe(2);
    expect(out.stderr).toContain(says);
    expect(await store.dues.pauses()).toEqual([]);
  });

  test('list says what became of due times, as JSON, too', async () => {
    const due = {
      scope: SCOPE,
      environment: ENVIRONMENT,
      probe: 'scratch-build',
      due_at: clock.now() - 1,
      cause: 'schedule',
    } as const;
    await store.dues.addSkipped([due], 'outage', 'Koji moves', clock.now());
    expect(await run('schedule', 'list', '--env', ENVIRONMENT)).toBe(0);
    expect(out.stdout).toContain('skipped: outage, Koji moves');
    expect(await run('schedule', 'list', '--json')).toBe(0);
    expect(JSON.parse(out.stdout)).toMatchObject({
      next: [{ probe: 'scratch-build', interval_ms: HOUR_MS, paused: false }],
      past: [{ state: 'skipped', reason: 'outage', due_at: '2026-11-17T07:59:59.999Z' }],
      pauses: [],
    });
  });
});

describe('incidents', () => {
  test('that no run will end are said with the command that ends them, also where their environment is gone', async () => {
    const gone = incidentOf('019a9000-0000-7000-8000-0000000000bb', { environment: 'gone', system: 'bodhi' });
    await incident();
    await store.incidents.apply([gone], []);
    const command = `packprobe incidents close ${gone.incident_id} --because TEXT`;
    await run('status');
    expect(out.stdout).not.toContain('not watched any more');
    await store.incidents.setUnwatched(gone.incident_id, clock.now());
    await run('status');
    expect(out.stdout).toMatch(/^not watched any more: .*\n {2}incident \S+bb\n {4}bodhi on gone since/m);
    expect(out.stdout).toContain(command);
    expect(out.stdout).not.toContain(`incidents close ${INCIDENT}`);
    await run('status', '--env', ENVIRONMENT);
    expect(out.stdout).not.toContain(command);
    await run('status', '--json');
    expect(JSON.parse(out.stdout).incidents).toMatchObject([
      { incident_id: INCIDENT, unwatched_since: null },
      { incident_id: gone.incident_id, unwatched_since: '2026-11-17T08:00:00.000Z' },
    ]);
    expect(await run('incidents', 'list')).toBe(0);
    expect(out.stdout).toMatch(/bodhi +gone +open .*nobody watches it$/m);
    expect(out.stdout).toContain(
      `nobody watches bodhi on gone any more: serve runs nothing that would end it\n  ${command}`,
    );
    expect(await run('incidents', 'show', gone.incident_id)).toBe(0);
    expect(out.stdout).toContain(command);
  });

  test('are closed once, with who and why, and no other word changes that', async () => {
    await incident();
    await store.incidents.setUnwatched(INCIDENT, clock.now());
    await serving();
    const short = INCIDENT.slice(0, 8);
    const close = (id: string, because: string) => run('incidents', 'close', id, '--because', because);
    expect(await close(short, '  shut down ')).toBe(0);
    expect(out).toEqual({ stdout: `${INCIDENT}\n`, stderr: '' });
    expect(await store.incidents.find(INCIDENT)).toMatchObject({
      state: 'resolved',
      resolved_at: clock.now(),
      closed_by: 'ops@desk',
      closed_because: 'shut down',
    });
    expect(await store.audit.list(9)).toMatchObject([
      { who: 'ops@desk', through: 'command', action: 'incident.close', subject: INCIDENT },
    ]);
    expect(await close(short, 'again')).toBe(2);
    expect(out.stderr).toContain(`incident ${INCIDENT} is resolved: ops@desk closed it, shut down`);
    expect(await store.audit.list(9)).toHaveLength(1);
    expect(await run('incidents', 'show', short)).toBe(0);
    expect(out.stdout).toMatch(/closed +by ops@desk at .*: shut down/);
    expect(out.stdout).not.toContain('Nobody watches it');
    expect(await run('incidents', 'list')).toBe(0);
    expect(out.stdout).toContain('closed by ops@desk');
  });

  test('closed where nobody serves, receivers are told later, and that is said', async () => {
    await incident();
    expect(await run('incidents', 'close', INCIDENT, '--because', 'shut down')).toBe(0);
    expect(out.stderr).toBe(
      'no `serve` runs on this data: it is closed, and receivers are told when one does\n',
    );
  });

  test.each([
    ['an unknown one', ['019affff', '--because', 'x'], 'there is no incident "019affff"'],
    ['one of several', ['019a9000', '--because', 'x'], '"019a9000" begins several incidents'],
    ['no reason', [INCIDENT], "required option '--because <text>'"],
    ['an empty reason', [INCIDENT, '--because', ' '], '--because says nothing'],
    ['a novel', [INCIDENT, '--because', 'x'.repeat(501)], 'at most 500 characters'],
  ])('are not closed for %s', async (_, more, says) => {
    await incident();
    await store.incidents.apply(
      [incidentOf('019a9000-0000-7000-8000-0000000000bb', { system: 'bodhi' })],
      [],
    );
    expect(await run('incidents', 'close', ...more)).toBe(2);
    expect(out.stderr).toContain(says);
    expect(await store.incidents.live()).toHaveLength(2);
    expect(await store.audit.list(9)).toEqual([]);
  });

  test('are listed, shown, acknowledged and given a ticket', async () => {
    await incident();
    expect(await run('incidents', 'list', '--state', 'open')).toBe(0);
    expect(out.stdout).toContain('koji');
    const short = INCIDENT.slice(0, 8);
    expect(await run('incidents', 'ack', short)).toBe(0);
    expect(await run('incidents', 'ticket', short, 'https://forge.example.org/7')).toBe(0);
    expect(await run('incidents', 'show', short)).toBe(0);
    expect(out.stdout).toMatch(/^koji on fedora-staging: open$/m);
    expect(out.stdout).toContain('acknowledged  by ops@desk');
    expect(out.stdout).toContain('https://forge.example.org/7');
    expect(out.stdout).toContain('koji task 7 ended failed (KOJI_TASK_NOT_CLOSED)');
    expect((await store.audit.list(9)).map(({ action, who }) => `${who} ${action}`)).toEqual([
      'ops@desk incident.ticket',
      'ops@desk incident.acknowledge',
    ]);
    expect(await run('incidents', 'show', short, '--json')).toBe(0);
    expect(JSON.parse(out.stdout)).toMatchObject({
      since: '2026-11-17T07:00:00.000Z',
      acknowledged_at: '2026-11-17T08:00:00.000Z',
    });
    expect(await run('incidents', 'ticket', short)).toBe(0);
    expect((await store.incidents.find(INCIDENT))?.ticket).toBeNull();
  });

  test('are not said to be none of an environment that nobody knows', async () => {
    await incident();
    expect(await run('incidents', 'list', '--env', 'fedora-stagin')).toBe(2);
    expect(out.stderr).toContain('there is no environment "fedora-stagin"');
    expect(await run('incidents', 'list', '--env', 'sandbox')).toBe(0);
  });

  test('what cannot be is said: no such one, one that is over, no address', async () => {
    await incident();
    expect(await run('incidents', 'show', 'ffff')).toBe(2);
    expect(out.stderr).toContain(`See: packprobe incidents list`);
    expect(await run('incidents', 'ticket', INCIDENT, 'javascript:x')).toBe(2);
    expect(await run('incidents', 'list', '--state', 'bad')).toBe(2);
    expect(await run('incidents', 'list', '--system', 'kojii')).toBe(2);
    expect(await run('incidents', 'list', '--system', 'own')).toBe(0);
    await store.incidents.apply(
      [incidentOf(INCIDENT, { scope: SCOPE, state: 'resolved', resolved_at: 5 })],
      [],
    );
    expect(await run('incidents', 'ack', INCIDENT)).toBe(2);
    expect(await store.audit.list(9)).toEqual([]);
  });
});

describe('runs list', () => {
  test.each([
    ['--env', 'fedora-stagin', 'there is no environment "fedora-stagin"; did you mean "fedora-staging"?'],
    ['--env', 'nowhere', 'Known, by a file or by a stored run: '],
    ['--probe', 'scratch-biuld', 'there is no probe "scratch-biuld"; did you mean "scratch-build"?'],
    ['--probe', 'old-biuld', 'there is no probe "old-biuld"; did you mean "old-build"?'],
  ])('refuses a name that nobody knows: %s %s', async (option, name, says) => {
    await ended(store, RUN, {}, { environment: 'gone', scope: 'gone@17', probe: 'old-build' });
    expect(await run('runs', 'list', option, name)).toBe(2);
    expect(out.stderr).toContain(says);
  });

  test('lists nothing of what is known and has not run, and what only runs know', async () => {
    await ended(store, RUN, {}, { environment: 'gone', scope: 'gone@17', probe: 'old-build' });
    for (const filter of [
      ['--env', ENVIRONMENT],
      ['--probe', 'scratch-build'],
      ['--env', 'gone', '--outcome', 'failed'],
      ['--env', 'sandbox'],
    ]) {
      expect(await run('runs', 'list', ...filter)).toBe(0);
      expect(out.stderr).toContain('no such runs');
    }
    expect(await run('runs', 'list', '--env', 'gone')).toBe(0);
    expect(out.stdout).toContain('old-build');
  });
});

describe('a data folder', () => {
  test('whose name a shell would take apart is quoted in a hint, once', async () => {
    const odd = join(dir, "a b'c");
    await openStore(join(odd, 'packprobe.db'))[Symbol.asyncDispose]();
    expect(await main(['runs', 'show', 'zz', '--data', odd], host())).toBe(2);
    expect(out.stderr).toMatch(/packprobe runs list --data '[^\n]*\/a b'\\''c'\n$/);
    expect(out.stderr.match(/--data/g)).toHaveLength(1);
  });

  test('without a name is refused: a variable that is not set must not mean other data', async () => {
    expect(await main(['runs', 'list', '--data', ''], host())).toBe(2);
    expect(out.stderr).toContain('--data is empty');
  });
});

describe('runs cancel', () => {
  test('asks whoever is at work on it', async () => {
    await store.begin(headerOf(RUN), OWNER, () => true);
    expect(await run('runs', 'cancel', RUN.slice(0, 8))).toBe(0);
    expect(await store.toCancel()).toEqual([{ run_id: RUN, by: 'ops@desk' }]);
    expect(out.stderr).toContain('process 7 on here was asked to cancel it');
    serverLives = false;
    expect(await run('runs', 'cancel', RUN)).toBe(0);
    expect(out.stderr).toContain(`packprobe tidy ${RUN}`);
  });

  test('refuses one that has ended', async () => {
    await ended(store, RUN);
    expect(await run('runs', 'cancel', RUN)).toBe(2);
    expect(out.stderr).toContain('has ended: there is nothing to cancel');
    expect(out.stderr).toContain(`Look at it with: packprobe runs show ${RUN} --data ${dir}`);
    expect(await store.audit.list(9)).toEqual([]);
  });
});
