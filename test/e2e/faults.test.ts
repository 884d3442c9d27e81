import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { freshDir, packprobe, startSandbox, type TestSandbox } from '../support/packprobe.ts';
import { ROOT } from '../support/sources.ts';

/** What is read of each fault beside its declaration. */
interface Expected {
  /** Stands in what `run` prints and in `runs show`. */
  readonly proof: RegExp;
  /** Timeouts of waits that end by them: shorter than usual, so that nobody sits them out. */
  readonly limits?: Readonly<Record<string, string>>;
}

/** The longest first: they wait while the others work. */
const EXPECTED: Readonly<Record<string, Expected>> = {
  'ci:silent': {
    proof: /ci_queued never came|missing: ci_queued/,
    limits: { 'ci/wait-complete': '1h' },
  },
  'bodhi:never-announces': {
    proof: /announced never came|missing: announced/,
    limits: { 'ci/wait-complete': '1h' },
  },
  'greenwave:http-500': {
    proof: /greenwave answered HTTP 500/,
    limits: { 'greenwave/wait-decision': '40m' },
  },
  'resultsdb:http-500': {
    proof: /resultsdb answered HTTP 500/,
    limits: { 'resultsdb/wait-result': '40m' },
  },
  'koji:build-never-ends': { proof: /task_id: \d+/, limits: { 'koji/build': '1h' } },
  'signing:never': {
    proof: /signed never came|missing: signed/,
    limits: { 'signing/wait-signed': '45m' },
  },
  'ci:test-fails': { proof: /fedora-ci\.koji-build\.tier0\.functional/ },
  'datagrepper:http-500': { proof: /datagrepper answered HTTP 500/ },
  'waiverdb:http-500': { proof: /passed/ },
  'bodhi:update-refused': { proof: /ReadOnlySqlTransaction/ },
  'fas:kdc-down': { proof: /Cannot contact any KDC for realm 'SANDBOX\.INVALID'/ },
  'fas:kdc-silent': { proof: /login did not end/, limits: { 'fas/login': '15m' } },
  'dist-git:http-500': { proof: /The requested URL returned error: 500/ },
  'lookaside:http-500': { proof: /Error occurs inside the server/ },
  'koji:http-500': { proof: /koji answered HTTP 500/ },
  'koji:cut': { proof: /koji: 127\.0\.0\.1:\d+ could not be reached/ },
  'koji:offline': { proof: /server is offline/ },
  'koji:builder-fault': { proof: /koji task \d+[\s\S]*Curl error \(28\): Timeout was reached/ },
  'koji:builder-disk-full': { proof: /koji task \d+[\s\S]*No space left on device/ },
  'koji:package-fault': { proof: /koji task \d+[\s\S]*Bad exit status from .* \(%build\)/ },
  'bodhi:http-500': { proof: /bodhi answered HTTP 500/ },
};

const place = freshDir();
/** Many processes run the same sources: without it each would strip and compile them anew. */
const CACHE = { env: { NODE_COMPILE_CACHE: join(place.dir, 'cache') } };

/** At speed 300 a command of a second is five minutes long: what only runs commands gets time on a busy machine. */
const COMMANDS = '4h';

const sandboxes: TestSandbox[] = [];
/** Those in which no run is. */
const free: TestSandbox[] = [];
afterAll(async () => {
  await Promise.all(sandboxes.map((sandbox) => sandbox[Symbol.asyncDispose]()));
  place[Symbol.dispose]();
});

/** A sandbox of this run alone, with the fault switched on; a new one is started where none is free. */
async function brokenSandbox(fault: string): Promise<AsyncDisposable & { readonly sandbox: TestSandbox }> {
  const sandbox = free.pop() ?? (await anotherSandbox());
  const turn = (method: 'PUT' | 'DELETE') => fetch(`${sandbox.control}/faults/${fault}`, { method });
  await turn('PUT');
  return {
    sandbox,
    async [Symbol.asyncDispose]() {
      await turn('DELETE');
      free.push(sandbox);
    },
  };
}

let started = 0;
async function anotherSandbox(): Promise<TestSandbox> {
  started += 1;
  const sandbox = await startSandbox(join(place.dir, `place-${started}`), 300, CACHE);
  sandboxes.push(sandbox);
  return sandbox;
}

interface Listed {
  readonly name: string;
  readonly system: string;
  readonly says: string;
  readonly outcome: 'passed' | 'failed' | 'errored';
  readonly charge: string | null;
}

const listed = JSON.parse((await packprobe(['sandbox', '--list-faults', '--json'])).stdout) as Listed[];
const order = Object.keys(EXPECTED);
const rows = listed.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));

/** The probe that ships, with the timeouts of this test. */
function probeWith(dir: string, limits: Expected['limits'] = {}): string {
  const probe = parse(readFileSync(join(ROOT, 'probes/single-build.yaml'), 'utf8'));
  probe.timeout = '40h';
  for (const step of probe.steps) step.timeout = limits[step.uses] ?? COMMANDS;
  const file = join(dir, 'single-build.yaml');
  writeFileSync(file, stringify(probe));
  return file;
}

test('every fault of the list is walked here', () => {
  expect(listed.map(({ name }) => name)).toEqual(order.toSorted());
});

const EXIT = { passed: 0, failed: 1, errored: 3 } as const;

describe('a run meets a fault, ends as that declares, tells who broke it with what proof, and leaves nothing', () => {
  test.concurrent.for(rows)('$name: $outcome, $charge', async (fault, { expect }) => {
    const { proof, limits } = EXPECTED[fault.name] ?? { proof: /never/ };
    using own = freshDir();
    const data = join(own.dir, 'data');
    await using broken = await brokenSandbox(fault.name);
    const { sandbox } = broken;
    const probe = probeWith(own.dir, limits);
    const ended = await packprobe(['run', probe, '--url', sandbox.control, '--data', data], CACHE);
    const id = /^run +(\S+)/m.exec(ended.stderr)?.[1] ?? '';
    const shown = await packprobe(['runs', 'show', id, '--data', data], CACHE);
    expect({ code: ended.code, holdings: await sandbox.holdings(id) }, ended.stdout).toEqual({
      code: EXIT[fault.outcome],
      holdings: [],
    });
    for (const text of [ended.stdout, shown.stdout]) {
      expect(text).toMatch(new RegExp(`^[✔✘!] ${fault.outcome} in `, 'm'));
      expect(text).toMatch(proof);
      if (fault.outcome === 'failed') expect(text).toContain(`charged to ${fault.charge} (`);
      if (fault.outcome === 'errored') expect(text).toMatch(/charged to packprobe, its host/);
    }
  });
});

test('a run that meets a fault tells the same as data', async () => {
  using own = freshDir();
  await using broken = await brokenSandbox('koji:http-500');
  const { code, stdout } = await packprobe([
    'run',
    'single-build',
    '--json',
    '--url',
    broken.sandbox.control,
    '--data',
    own.dir,
  ]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    outcome: 'failed',
    fault: {
      system: 'koji',
      kind: 'unavailable',
      evidence: { status: 500, url: expect.stringContaining('/kojihub') },
    },
  });
});

test('`run` starts a broken sandbox of its own, and says so', async () => {
  using own = freshDir();
  const { code, stdout, stderr } = await packprobe([
    'run',
    'single-build',
    '--env',
    'sandbox',
    '--fault',
    'bodhi:http-500',
    '--fault',
    'koji:http-500',
    '--data',
    join(own.dir, 'data'),
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^starting a sandbox with bodhi:http-500, koji:http-500 …$/m);
  expect(stdout).toContain('charged to bodhi (unavailable, API_UNAVAILABLE)');
});

describe('the list of faults', () => {
  test('is data with exactly these keys, from both commands', async () => {
    for (const fault of listed) {
      expect(Object.keys(fault)).toEqual(['name', 'system', 'says', 'outcome', 'charge']);
    }
    const { code, stdout } = await packprobe(['run', '--list-faults', '--json']);
    expect({ code, faults: JSON.parse(stdout) }).toEqual({ code: 0, faults: listed });
  });

  test('is a table for people', async () => {
    const { code, stdout } = await packprobe(['sandbox', '--list-faults']);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^name +system +outcome +charge +says$/);
    expect(lines).toHaveLength(listed.length + 1);
    expect(stdout).toMatch(/^koji:package-fault +koji +errored +own +The build fails in rpmbuild/m);
  });
});

describe('a wrong --fault is a usage error that says what to do', () => {
  const data = join(place.dir, 'data');
  test.each([
    [
      'a name that is none, with the nearest one',
      ['run', 'single-build', '--env', 'sandbox', '--fault', 'koji:http-50'],
      /no fault "koji:http-50"; did you mean koji:http-500\?\nWhat to do: .*sandbox --list-faults/,
    ],
    [
      'the same for a sandbox',
      ['sandbox', '--fault', 'ci:silence'],
      /no fault "ci:silence"; did you mean ci:silent\?/,
    ],
    [
      'an environment that is no sandbox',
      ['run', 'single-build', '--env', 'fedora', '--fault', 'ci:silent'],
      /--fault breaks only a sandbox, not the environment fedora/,
    ],
    [
      'a sandbox that is joined',
      ['run', 'single-build', '--url', 'http://127.0.0.1:1/', '--fault', 'ci:silent'],
      /curl -X PUT http:\/\/127\.0\.0\.1:1\/faults\/ci:silent$/m,
    ],
  ])('%s', async (_, args, says) => {
    const { code, stdout, stderr } = await packprobe([...args, '--data', data]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
  });
});
