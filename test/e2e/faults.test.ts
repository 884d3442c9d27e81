import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { breaking, hastyProbe, heldBy, type ListedFault } from '../support/faulty-run.ts';
import { freshDir, packprobe, start, startSandbox, type TestSandbox } from '../support/packprobe.ts';

/** One run: the faults that it meets, how it ends, and what stands in what `run` prints and in `runs show`. */
interface Row {
  readonly met: readonly string[];
  readonly outcome: 'passed' | 'failed' | 'errored';
  readonly charge: string | null;
  readonly proof: RegExp;
  /** Limits of steps that end by them. */
  readonly limits?: Readonly<Record<string, string>>;
}

const failed = (met: string | readonly string[], charge: string, proof: RegExp, limits = {}): Row => ({
  met: [met].flat(),
  outcome: 'failed',
  charge,
  proof,
  limits,
});
const errored = (met: string, proof: RegExp): Row => ({
  met: [met],
  outcome: 'errored',
  charge: 'own',
  proof,
});
const passed = (...met: readonly string[]): Row => ({
  met,
  outcome: 'passed',
  charge: null,
  proof: /passed/,
});

/** Each system and each kind of trouble at least once; the longest first: they wait while the others work. */
const ROWS: readonly Row[] = [
  failed('ci:silent', 'ci', /ci_queued never came|missing: ci_queued/),
  failed(['resultsdb:truncated', 'greenwave:http-500'], 'resultsdb', /did not answer in its own protocol/, {
    'resultsdb/wait-result': '40m',
  }),
  failed('greenwave:another-build', 'greenwave', /decided on zlib-ng/, { 'greenwave/wait-decision': '40m' }),
  passed('datagrepper:refused', 'bodhi:clock-off'),
  passed('waiverdb:rate-limited', 'resultsdb:old-answers'),
  failed('signing:never', 'signing', /signed never came|missing: signed/, { 'signing/wait-signed': '45m' }),
  passed('messaging:repeats'),
  failed('bodhi:hangs', 'bodhi', /bodhi had not answered/, { 'dist-git/clone': '90m' }),
  failed('fas:cut', 'fas', /identity provider does not do its part/),
  failed('koji:says-done-early', 'koji', /is not complete|was closed without a build/),
  failed('koji:builder-disk-full', 'koji', /koji task \d+[\s\S]*No space left on device/),
  errored('koji:package-fault', /koji task \d+[\s\S]*Bad exit status from .* \(%build\)/),
  failed('bodhi:update-refused', 'bodhi', /ReadOnlySqlTransaction/),
  failed('koji:session-expired', 'koji', /session "1" has expired/),
  failed('lookaside:http-503', 'lookaside', /Error occurs inside the server|Server returns status 503/),
  failed('dist-git:login-refused', 'dist-git', /wants a login over HTTP/),
  failed('dist-git:wrong-type', 'dist-git', /not git's protocol/),
  failed('koji:cut', 'koji', /koji: 127\.0\.0\.1:\d+ could not be reached/),
  failed('fas:kdc-down', 'fas', /Cannot contact any KDC for realm 'SANDBOX\.INVALID'/),
  errored('fas:login-refused', /the KDC refused the key of the keytab/),
];

const place = freshDir();
/** Many processes run the same sources: without it each would strip and compile them anew. */
const CACHE = { env: { NODE_COMPILE_CACHE: join(place.dir, 'cache') } };

const sandboxes: TestSandbox[] = [];
/** Those in which no run is. */
const free: TestSandbox[] = [];
afterAll(async () => {
  await Promise.all(sandboxes.map((sandbox) => sandbox[Symbol.asyncDispose]()));
  place[Symbol.dispose]();
});

/** A sandbox of this run alone, broken so; a new one is started where none is free. */
async function brokenSandbox(
  ...faults: readonly string[]
): Promise<AsyncDisposable & { readonly sandbox: TestSandbox }> {
  const sandbox = free.pop() ?? (await anotherSandbox());
  const broken = await breaking(sandbox, faults);
  return {
    sandbox,
    async [Symbol.asyncDispose]() {
      await broken[Symbol.asyncDispose]();
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

const listed = JSON.parse(
  (await packprobe(['sandbox', '--list-faults', '--json'])).stdout,
) as readonly ListedFault[];

const EXIT = { passed: 0, failed: 1, errored: 3 } as const;

/** The benchmark `faults` walks all of them. */
describe('a run meets faults of each system and kind, tells who broke it with what proof, and leaves nothing', () => {
  test('one fault alone ends as it declares', () => {
    const alone = ROWS.filter(({ met }) => met.length === 1);
    const rows = alone.map(({ met: [name = ''], outcome, charge }) => ({ name, outcome, charge }));
    expect(rows.map(({ name }) => listed.find((fault) => fault.name === name))).toMatchObject(rows);
  });

  const named = ROWS.map((row) => ({ ...row, name: row.met.join(' with ') }));
  test.concurrent.for(named)('$name: $outcome, $charge', async (row, { expect }) => {
    const { met, outcome, charge, proof, limits } = row;
    using own = freshDir();
    const data = join(own.dir, 'data');
    await using broken = await brokenSandbox(...met);
    const { sandbox } = broken;
    const probe = hastyProbe(own.dir, limits);
    const ended = await packprobe(['run', probe, '--url', sandbox.control, '--data', data], CACHE);
    const id = /^run +(\S+)/m.exec(ended.stderr)?.[1] ?? '';
    const shown = await packprobe(['runs', 'show', id, '--data', data], CACHE);
    expect({ code: ended.code, holdings: await heldBy(sandbox, id) }, ended.stdout).toEqual({
      code: EXIT[outcome],
      holdings: [],
    });
    for (const text of [ended.stdout, shown.stdout]) {
      expect(text).toMatch(new RegExp(`^[✔✘!] ${outcome} in `, 'm'));
      expect(text).toMatch(proof);
      if (outcome === 'failed') expect(text).toContain(`charged to ${charge} (`);
      if (outcome === 'errored') expect(text).toMatch(/charged to packprobe, its host/);
    }
  });

  test.concurrent('a wait survives sources that are all away for a while', async ({ expect }) => {
    using own = freshDir();
    const data = join(own.dir, 'data');
    const sandbox = await anotherSandbox();
    const probe = hastyProbe(own.dir);
    const running = start(['run', probe, '--url', sandbox.control, '--data', data], CACHE);
    await running.said(/^started +wait-complete/);
    {
      await using _away = await breaking(sandbox, ['resultsdb:http-503', 'datagrepper:refused', 'koji:cut']);
      await logged(data, /resultsdb.*a look failed[\s\S]*resultsdb.*a look failed/);
    }
    expect((await running.ended).code).toBe(0);
  });
});

/** Resolves when the log of a run says so. */
async function logged(data: string, pattern: RegExp): Promise<void> {
  while (!pattern.test(readFileSync(join(data, 'packprobe.log'), 'utf8'))) await setTimeout(50);
}

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
