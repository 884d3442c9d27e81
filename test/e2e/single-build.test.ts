import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../src/core/run.ts';
import type { Chain } from '../../src/evidence/hops.ts';
import {
  type Ended,
  freshDir,
  packprobe,
  processesWith,
  startSandbox,
  type TestSandbox,
} from '../support/packprobe.ts';

type RunData = RunRecord & { readonly chains: readonly Chain[] };

const HOPS = [
  'tag',
  'update',
  'sign_request',
  'sign',
  'announce',
  'ci_queue',
  'ci_start',
  'ci_run',
  'result',
  'decide',
  'gate',
];

describe('one command', () => {
  test('walks a package from login to the decision, shows it, and leaves nothing behind', async () => {
    using place = freshDir();
    const data = join(place.dir, 'data');
    const { code, stdout, stderr } = await packprobe(
      ['run', 'single-build', '--env', 'sandbox', '--clients', 'stand-ins', '--speed', '300', '--data', data],
      { cwd: place.dir, env: { HOME: place.dir, TMPDIR: place.dir } },
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/✔ passed in \d+m/);
    expect(stdout).toMatch(/wait-status +bodhi +█/);
    expect(stdout).toMatch(/runs show [0-9a-f-]{36} --data/);
    expect(stderr).toMatch(/^passed {4}build \(koji\)/m);
    expect(stdout + stderr).not.toContain('\u001b[');
    expect(processesWith(place.dir)).toEqual([]);
    expect(readdirSync(place.dir)).toEqual(['data']);
    expect(readdirSync(data).sort()).toEqual(['packprobe.db', 'packprobe.log', 'work']);
    expect(readdirSync(join(data, 'work'))).toEqual([]);
  });
});

describe('a run in a sandbox that stays', () => {
  const place = freshDir();
  const data = join(place.dir, 'data');
  let sandbox: TestSandbox;
  let ended: Ended;
  let run: RunData;
  let shown: RunData & { readonly ledger: readonly { readonly state: string; readonly kind: string }[] };

  beforeAll(async () => {
    sandbox = await startSandbox(place.dir, 300);
    ended = await packprobe(['run', 'single-build', '--url', sandbox.control, '--json', '--data', data]);
    run = JSON.parse(ended.stdout);
    shown = JSON.parse((await packprobe(['runs', 'show', run.run_id, '--json', '--data', data])).stdout);
  });
  afterAll(async () => {
    await sandbox[Symbol.asyncDispose]();
    place[Symbol.dispose]();
  });

  test('passes, and says so as data', () => {
    expect(ended.code).toBe(0);
    expect(run.outcome).toBe('passed');
    expect(run.steps.map(({ outcome }) => outcome)).toEqual(Array(12).fill('passed'));
    expect(run.versions).toMatchObject({
      git: expect.any(String),
      koji: '1.36.1',
      bodhi: '26.4.0',
      fedpkg: '1.70',
    });
    expect(run.release).toMatchObject({ branch: 'f44', candidate_tag: 'f44-updates-candidate' });
  });

  test('is shown with every step, its system, its phases and its attempts', () => {
    expect(shown.steps.map(({ id, system }) => `${id} ${system}`)).toEqual([
      'login fas',
      'clone dist-git',
      'bump dist-git',
      'new-sources lookaside',
      'push dist-git',
      'build koji',
      'update bodhi',
      'wait-signed signing',
      'wait-complete ci',
      'wait-result resultsdb',
      'wait-decision greenwave',
      'wait-status bodhi',
    ]);
    expect(shown.steps.every(({ attempts }) => attempts.length === 1)).toBe(true);
    const build = shown.steps.find(({ id }) => id === 'build');
    expect(build?.phases).toContainEqual(expect.objectContaining({ phase: 'queued', arch: 'noarch' }));
    expect(build?.phases).toContainEqual(expect.objectContaining({ phase: 'running', arch: 'noarch' }));
  });

  test('tells every hop, the true time inside its interval', async () => {
    const [chain] = shown.chains;
    expect(chain?.hops.map(({ hop }) => hop)).toEqual(HOPS);
    const truth = await sandbox.truth(chain?.nvr ?? '');
    for (const { hop, from, to, shortest_ms, longest_ms } of chain?.hops ?? []) {
      const took = (truth[to] ?? Number.NaN) - (truth[from] ?? Number.NaN);
      expect({
        hop,
        inside: shortest_ms <= took && took <= longest_ms,
        shortest_ms,
        took,
        longest_ms,
      }).toMatchObject({
        hop,
        inside: true,
      });
    }
  });

  test('carries its id in the commit, the notes and every line of its log', async () => {
    const { systems } = (await sandbox.environment()) as {
      readonly systems: Readonly<Record<string, { readonly url: string }>>;
    };
    const commit = run.steps.find(({ id }) => id === 'push')?.outputs['commit'];
    const clone = join(place.dir, 'clone');
    execFileSync('git', [
      'clone',
      '-q',
      '-b',
      'f44',
      `${systems['dist-git']?.url}/rpms/${run.package}.git`,
      clone,
    ]);
    expect(
      execFileSync('git', ['-C', clone, 'log', '-1', '--format=%B', String(commit)], { encoding: 'utf8' }),
    ).toContain(run.run_id);
    const update = run.steps.find(({ id }) => id === 'update')?.outputs['update'];
    const answer = await fetch(`${systems['bodhi']?.url}/updates/${update}`, {
      headers: { accept: 'application/json' },
    });
    const { update: made } = (await answer.json()) as {
      readonly update: { readonly notes: string; readonly status: string };
    };
    expect(made.notes).toContain(run.run_id);
    expect(made.notes).toMatch(/karma is not needed/i);
    expect(made.status).toBe('obsolete');
    const lines = readFileSync(join(data, 'packprobe.log'), 'utf8').trim().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.filter((line) => JSON.parse(line).run_id !== run.run_id)).toEqual([]);
  });

  test('leaves nothing in the sandbox, and its ledger says so', async () => {
    expect(await sandbox.holdings(run.run_id)).toEqual([]);
    expect(shown.ledger.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'commit kept',
      'koji-task struck',
      'update undone',
    ]);
  });

  test('is listed', async () => {
    const { code, stdout } = await packprobe(['runs', 'list', '--data', data]);
    expect(code).toBe(0);
    expect(stdout).toContain(run.run_id);
    expect(stdout).toContain('passed');
  });

  test('is found by the beginning of its id, and shown to people', async () => {
    const { stdout } = await packprobe(['runs', 'show', run.run_id.slice(0, 13), '--data', data]);
    expect(stdout).toMatch(/✔ build {2}koji\/build {2}koji {2}passed/);
    expect(stdout).toMatch(/^ {2}gate +bodhi/m);
    expect(stdout).toContain('What it made');
  });

  test('keeps the keytab’s bytes out of everything that it wrote', async () => {
    const { identity } = (await sandbox.environment()) as {
      readonly identity: { readonly keytab: { readonly file: string } };
    };
    expect(existsSync(identity.keytab.file)).toBe(true);
    const key = readFileSync(identity.keytab.file).subarray(-32);
    const written = ['packprobe.db', 'packprobe.log'].map((name) => readFileSync(join(data, name)));
    for (const bytes of [...written, Buffer.from(ended.stdout), Buffer.from(ended.stderr)]) {
      for (const text of [key, Buffer.from(key.toString('hex')), Buffer.from(key.toString('base64'))]) {
        expect(bytes.includes(text)).toBe(false);
      }
    }
  });
});
