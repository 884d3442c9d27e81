import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDir, processesWith, startSandbox, type TestSandbox } from '../support/packprobe.ts';
import { type HttpReceiver, httpReceiver, selfSigned } from '../support/receivers.ts';
import {
  configure,
  eventually,
  type ListedRun,
  type Serving,
  startServe,
  TOKEN,
  TOKEN_NAME,
  writeProbe,
} from '../support/serve.ts';
import { withTool } from '../support/tools.ts';

const SLEEPER = { uses: 'command/run', id: 'sleep', system: 'dist-git' };
/** So far apart that none is due by itself while the tests run. */
const SELDOM = { every: '365d', jitter: '0s' };
/** Reminders that are rarer than runs; others are refused. */
const RULES = { remind_every: '366d' };

const place = freshDir();
let deadMan: HttpReceiver;
let sandbox: TestSandbox;
let serving: Serving;

/** What `packprobe.yaml` says beside what is tried out just now. */
const settings = () => ({
  incidents: RULES,
  dead_man: { url: `${deadMan.url}/still-here`, every: '1s' },
  environments: {
    sandbox: {
      probes: {
        'scratch-build': { schedule: SELDOM },
        'single-build': { schedule: SELDOM },
        sleeper: {},
      },
    },
  },
});

beforeAll(async () => {
  deadMan = await httpReceiver(() => ({ status: 200 }));
  sandbox = await startSandbox(place.dir, 300);
  configure(place.dir, settings());
  writeProbe(place.dir, 'sleeper', {
    package: 'sleepy',
    steps: [{ ...SLEEPER, with: { command: ['sleep', '120'] } }],
  });
  serving = await startServe({ dir: place.dir, control: sandbox.control });
  await eventually(async () => ((await serving.get('/healthz/ready')).status === 200 ? true : undefined));
});

afterAll(async () => {
  await serving?.[Symbol.asyncDispose]();
  await sandbox?.[Symbol.asyncDispose]();
  await deadMan?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

interface ListedDue {
  readonly due_id: number;
  readonly probe: string;
  readonly cause: string;
  readonly of: string | null;
  readonly by: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly note: string | null;
  readonly run_id: string | null;
}

interface Listed<Item> {
  readonly items: readonly Item[];
}

async function duesOf(probe: string): Promise<readonly ListedDue[]> {
  return (await serving.json<Listed<ListedDue>>(`/api/v1/schedule?probe=${probe}&limit=20`)).items;
}

async function runsOf(probe: string): Promise<readonly ListedRun[]> {
  return (await serving.json<Listed<ListedRun>>(`/api/v1/runs?probe=${probe}&limit=20`)).items;
}

/** The run that a request became, once it has begun. */
function begunBy(probe: string, due_id?: number): Promise<string> {
  return eventually(
    async () => {
      const due = (await duesOf(probe)).find((one) => due_id === undefined || one.due_id === due_id);
      return due?.run_id ?? undefined;
    },
    { what: `a run of ${probe}` },
  );
}

function ended(
  run_id: string,
): Promise<ListedRun & { readonly steps: readonly { readonly step: string }[] }> {
  return eventually(
    async () => {
      const run = await serving.json<Awaited<ReturnType<typeof ended>>>(`/api/v1/runs/${run_id}`);
      return run.outcome === null ? undefined : run;
    },
    { within: 60_000, what: `the end of ${run_id}` },
  );
}

/** Asks over HTTP for a run, and gives its id once it has begun. */
async function asked(probe: string): Promise<string> {
  const { status, text } = await serving.post(`/api/v1/probes/sandbox/${probe}/run`);
  expect(status, text).toBe(202);
  return begunBy(probe, (JSON.parse(text) as { due_id: number }).due_id);
}

async function fault(name: string, method: 'PUT' | 'DELETE'): Promise<void> {
  expect((await fetch(`${sandbox.control}/faults/${name}`, { method })).ok).toBe(true);
}

describe('who looks at it', () => {
  test('sees what it checks, each with its age, on loopback only where nothing else is said', async () => {
    expect(serving.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { ok, checks } = await serving.json<{
      ok: boolean;
      checks: readonly { name: string; ok: boolean }[];
    }>('/healthz/ready');
    expect(ok).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['leader', 'database', 'scheduler', 'clock', 'sandbox/koji']),
    );
    expect((await serving.get('/healthz/live')).status).toBe(200);
    // Who listens for it hears it while all this is so.
    await eventually(async () => (deadMan.received.length > 0 ? true : undefined));
    expect(deadMan.received[0]).toMatchObject({ method: 'GET', path: '/still-here' });
  });

  test('reads metrics in both formats, each series of a run at zero from the start', async () => {
    const plain = await serving.get('/metrics');
    expect(plain.type).toBe('text/plain; version=0.0.4; charset=utf-8');
    const open = await serving.get('/metrics', { accept: 'application/openmetrics-text; version=1.0.0' });
    expect(open.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(open.text.endsWith('# EOF\n')).toBe(true);
    expect(await serving.metric('packprobe_runs_total', { probe: 'single-build', outcome: 'errored' })).toBe(
      0,
    );
    expect(await serving.metric('packprobe_config_reload_success')).toBe(1);
  });

  withTool('promtool', 'promtool has nothing to say against its metrics', async () => {
    const { text } = await serving.get('/metrics');
    expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('');
  });

  test('finds probes, systems, the document of the API, and a 404 with the nearest name', async () => {
    const probes =
      await serving.json<Listed<{ probe: string; next_due_at: string | null }>>('/api/v1/probes');
    expect(probes.items.map(({ probe }) => probe)).toEqual(['scratch-build', 'single-build', 'sleeper']);
    const systems = await serving.json<Listed<{ system: string; state: string }>>('/api/v1/systems');
    expect(systems.items).toContainEqual(expect.objectContaining({ system: 'koji', state: 'unknown' }));
    expect(await serving.json<{ openapi: string }>('/api/v1/openapi.json')).toMatchObject({
      openapi: '3.1.0',
    });
    const missing = await serving.post('/api/v1/probes/sandbox/single-bild/run');
    expect({ ...JSON.parse(missing.text), status: missing.status }).toMatchObject({
      status: 404,
      message: expect.stringContaining('did you mean "single-build"?'),
    });
  });
});

describe('a run that somebody asks for', () => {
  test('over HTTP needs the token, begins, passes, and stands in the audit with who asked', async () => {
    expect((await serving.post('/api/v1/probes/sandbox/scratch-build/run', undefined, null)).status).toBe(
      401,
    );
    expect((await serving.post('/api/v1/probes/sandbox/scratch-build/run', undefined, 'guess')).status).toBe(
      401,
    );
    const run_id = await asked('scratch-build');
    expect(await ended(run_id)).toMatchObject({ outcome: 'passed' });
    const audit = await fetch(`${serving.url}/api/v1/audit`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(((await audit.json()) as Listed<unknown>).items).toEqual([
      expect.objectContaining({ who: TOKEN_NAME, action: 'run.start', subject: 'sandbox/scratch-build' }),
    ]);
    const isShown = async () =>
      /^probe_success(\{[^}]*\})? 1$/m.test((await serving.get('/probe?probe=scratch-build')).text);
    await eventually(async () => (await isShown()) || undefined);
    expect(await serving.metric('packprobe_runs_total', { probe: 'scratch-build', outcome: 'passed' })).toBe(
      1,
    );
    expect(readFileSync(join(place.dir, 'data/packprobe.log'), 'utf8')).not.toContain(TOKEN);
  });

  test('from another process begins, and is cancelled from another one', async () => {
    const now = await serving.command('schedule', 'now', 'sleeper', '--env', 'sandbox');
    expect(now).toMatchObject({ code: 0 });
    const never = await serving.command('schedule', 'now', 'multi-build', '--env', 'sandbox');
    expect(never).toMatchObject({ code: 2, stderr: expect.stringContaining('`serve` runs no probe') });
    const run_id = await begunBy('sleeper');
    expect(await serving.command('runs', 'cancel', run_id)).toMatchObject({ code: 0 });
    expect(await ended(run_id)).toMatchObject({ outcome: 'cancelled' });
    expect(processesWith('sleep 120')).toEqual([]);
    expect((await duesOf('sleeper'))[0]).toMatchObject({ cause: 'request', by: expect.stringMatching(/@/) });
  });
});

describe('the configuration', () => {
  const ticking = (schedule: object, more: object = {}) => {
    const { environments, ...others } = settings();
    const { probes } = environments.sandbox;
    configure(place.dir, {
      ...others,
      ...more,
      schedule: { min_interval: '1m' },
      environments: { sandbox: { probes: { ...probes, ticker: { schedule } } } },
    });
  };

  test('that is broken is refused at SIGHUP with its faults, and the old one stays', async () => {
    const file = configure(place.dir, { ...settings(), recievers: {}, schedule: { max_runs: 'many' } });
    expect(await serving.reload()).toBe(false);
    await serving.running.said(/The old configuration stays/);
    expect((await serving.running.said(/^[^{].*recievers/)).trim()).toContain('did you mean "receivers"?');
    expect(await serving.running.said(/^[^{].*max_runs/)).toContain(file);
    expect((await serving.get('/healthz/ready')).status).toBe(200);
    expect((await runsOf('sleeper')).length).toBe(1);
  });

  test('that has changed is taken into use by itself, and a new probe runs when it is due', async () => {
    writeProbe(place.dir, 'ticker', {
      package: 'tick',
      steps: [{ uses: 'command/run', id: 'tick', system: 'dist-git', with: { command: ['true'] } }],
    });
    ticking({ every: '15m', jitter: '0s' });
    await eventually(
      async () => (await serving.metric('packprobe_config_reload_success')) === 1 || undefined,
      { what: 'a reload' },
    );
    const due = await eventually(async () =>
      (await duesOf('ticker')).find(({ state }) => state === 'started'),
    );
    expect(due).toMatchObject({ cause: 'schedule' });
    expect(await ended(due.run_id ?? '')).toMatchObject({ outcome: 'passed' });
  });

  test('a pause from another process holds its due times back with who and why, until somebody ends it', async () => {
    const paused = await serving.command(
      ...['schedule', 'pause', 'ticker', '--env', 'sandbox', '--reason', 'the builders move'],
    );
    expect(paused).toMatchObject({ code: 0 });
    const held = await eventually(async () =>
      (await duesOf('ticker')).find(({ reason }) => reason === 'paused'),
    );
    expect(held).toMatchObject({ state: 'skipped', note: expect.stringContaining('the builders move') });
    expect(await serving.command('schedule', 'unpause', 'ticker', '--env', 'sandbox')).toMatchObject({
      code: 0,
    });
    const started = async () => (await duesOf('ticker')).filter(({ state }) => state === 'started').length;
    const before = await started();
    await eventually(async () => ((await started()) > before ? true : undefined));
  });

  test('a maintenance window holds due times back, each a row with its reason', async () => {
    ticking(
      { every: '15m', jitter: '0s' },
      {
        calendar: {
          entries: [
            { kind: 'maintenance', from: '2026-01-01T00:00Z', to: '2036-01-01T00:00Z', note: 'Koji moves' },
          ],
        },
      },
    );
    expect(await serving.reload()).toBe(true);
    const held = await eventually(async () =>
      (await duesOf('ticker')).find(({ reason }) => reason === 'maintenance'),
    );
    expect(held).toMatchObject({
      state: 'skipped',
      run_id: null,
      note: expect.stringContaining('Koji moves'),
    });
    configure(place.dir, settings());
    expect(await serving.reload()).toBe(true);
  });

  test('runs in flight keep the definition that they began with', async () => {
    writeProbe(place.dir, 'sleeper', {
      package: 'sleepy',
      steps: [
        { ...SLEEPER, with: { command: ['sleep', '4'] } },
        { uses: 'command/run', id: 'old', system: 'dist-git', with: { command: ['true'] } },
      ],
    });
    expect(await serving.reload()).toBe(true);
    const first = await asked('sleeper');
    writeProbe(place.dir, 'sleeper', {
      package: 'sleepy',
      steps: [{ uses: 'command/run', id: 'new', system: 'dist-git', with: { command: ['true'] } }],
    });
    expect(await serving.reload()).toBe(true);
    const second = await asked('sleeper');
    const stepsOf = async (id: string) => (await ended(id)).steps.map(({ step }) => step);
    expect(await stepsOf(first)).toEqual(['sleep', 'old']);
    expect(await stepsOf(second)).toEqual(['new']);
  });
});

describe('a run that did not pass', () => {
  test('for a fault of ours is tried once more, and blames nobody', async () => {
    const { identity } = (await sandbox.environment()) as { identity: { keytab: { file: string } } };
    const { file } = identity.keytab;
    renameSync(file, `${file}.away`);
    try {
      const first = await asked('scratch-build');
      expect(await ended(first)).toMatchObject({ outcome: 'errored', fault: { system: 'own' } });
      const again = await eventually(async () =>
        (await runsOf('scratch-build')).find(
          ({ retry_of, outcome }) => retry_of === first && outcome !== null,
        ),
      );
      expect(again).toMatchObject({ outcome: 'errored' });
      expect((await runsOf('scratch-build')).some(({ retry_of }) => retry_of === again.run_id)).toBe(false);
    } finally {
      renameSync(`${file}.away`, file);
    }
  });

  test('is confirmed by its cheap probe, opens an incident, and the next good run ends it', async () => {
    await fault('koji:offline', 'PUT');
    const failed = await asked('single-build');
    expect(await ended(failed)).toMatchObject({ outcome: 'failed', fault: { system: 'koji' } });
    const confirmed = await eventually(async () =>
      (await duesOf('scratch-build')).find(({ cause, of }) => cause === 'confirm' && of === failed),
    );
    expect(confirmed).toMatchObject({ state: expect.stringMatching(/waiting|started/) });
    const incident = await eventually(
      async () => {
        const { items } = await serving.json<Listed<{ incident_id: string; system: string }>>(
          '/api/v1/incidents?state=open&system=koji',
        );
        return items[0];
      },
      { within: 60_000, what: 'an incident of koji' },
    );
    expect(incident).toMatchObject({ rule: 'confirmed', failures: 2 });
    expect(await serving.metric('packprobe_incident_open', { system: 'koji' })).toBe(1);
    // Who has no receivers finds it where a container keeps what its service says.
    expect(JSON.parse(await serving.running.said(/"system":"koji".*an incident was opened/))).toMatchObject({
      level: 'warn',
      system: 'koji',
      code: 'KOJI_OFFLINE',
    });
    const told = await serving.command('status');
    expect(told.stdout).toContain('sandbox  does not work');
    expect(told.stdout).toMatch(/koji +✘ failing/);
    expect(told.code).toBe(1);
    expect(await serving.command('incidents', 'ack', incident.incident_id)).toMatchObject({ code: 0 });
    await eventually(async () => {
      const shown = await serving.json<{ acknowledged_by: string | null }>(
        `/api/v1/incidents/${incident.incident_id}`,
      );
      return shown.acknowledged_by ?? undefined;
    });

    await fault('koji:offline', 'DELETE');
    expect(await ended(await asked('scratch-build'))).toMatchObject({ outcome: 'passed' });
    await eventually(async () => {
      const { state } = await serving.json<{ state: string }>(`/api/v1/incidents/${incident.incident_id}`);
      return state === 'resolved' ? true : undefined;
    });
    expect(await serving.metric('packprobe_incident_open', { system: 'koji' })).toBe(0);
  });
});

test('over TLS it shows its certificate, and without a token nobody changes anything', async () => {
  using other = freshDir();
  const { key, cert } = selfSigned();
  const [certificate, keyFile] = [join(other.dir, 'cert.pem'), join(other.dir, 'key.pem')];
  writeFileSync(certificate, cert);
  writeFileSync(keyFile, key);
  configure(other.dir, { listen: { tokens: {}, tls: { certificate, key: keyFile } } });
  await using secure = await startServe({ dir: other.dir, control: sandbox.control });
  const ask = (method: string, path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(`${secure.url}${path}`, { method, ca: cert }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
  expect(secure.url).toMatch(/^https:/);
  expect(await ask('GET', '/healthz/live')).toBe(200);
  expect(await ask('POST', '/api/v1/probes/sandbox/scratch-build/run')).toBe(403);
});

test('stopped, it leaves with 0, leaves nothing running, and status says that nobody serves', async () => {
  const { stdout } = await serving.command('status', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ service: { state: 'serving' } });
  const begun = performance.now();
  expect(await serving.stop()).toMatchObject({ code: 0 });
  expect(performance.now() - begun).toBeLessThan(10_000);
  expect(processesWith(join(place.dir, 'data'))).toEqual([]);
  const told = await serving.command('status');
  expect(told.stdout).toMatch(/^serve does not run: it left .* ago/);
  expect(told.stdout).not.toContain('operational');
  expect(told.code).toBe(3);
});

test('a sandbox that ends under it is said, its runs blame no system; without its database it leaves', async () => {
  serving = await startServe({ dir: place.dir, control: sandbox.control });
  const cut = await asked('scratch-build');
  await fetch(`${sandbox.control}/stop`, { method: 'POST' });
  await serving.running.said(/the sandbox at \S+ has ended/);
  expect(await ended(cut)).toMatchObject({
    outcome: 'errored',
    fault: { system: 'own' },
  });
  const systems = await serving.json<Listed<{ system: string; state: string }>>(
    '/api/v1/systems?state=failing',
  );
  expect(systems.items.filter(({ system }) => system !== 'own')).toEqual([]);

  // Whoever clears away the data folder under it gets no green light for it.
  rmSync(join(place.dir, 'data'), { recursive: true });
  const left = await serving.running.ended;
  expect(left.code).toBe(3);
  expect(left.stderr).toContain('DATABASE_GONE');
});
