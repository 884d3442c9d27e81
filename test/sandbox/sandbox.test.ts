import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { environmentSchema } from '../../src/core/environment.ts';
import { openSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';

const PKG = 'dummy-test-package-gloster';

async function opened(options: Partial<SandboxOptions> = {}) {
  const parent = await mkdtemp(join(tmpdir(), 'packprobe-sandbox-'));
  const dir = join(parent, 'sandbox');
  const troubles: string[] = [];
  try {
    const sandbox = await openSandbox({
      dir,
      trouble: (where, error) =>
        void troubles.push(`${where}: ${error instanceof Error ? error.stack : String(error)}`),
      ...options,
    });
    return {
      ...sandbox,
      dir,
      parent,
      troubles,
      async [Symbol.asyncDispose]() {
        await sandbox[Symbol.asyncDispose]();
        await rm(parent, { recursive: true });
      },
    };
  } catch (error) {
    await rm(parent, { recursive: true });
    throw error;
  }
}

/** One call of Koji's XML-RPC: texts, and `{}` for no options. */
async function koji(
  sandbox: Sandbox,
  method: string,
  params: readonly string[],
  session = '',
): Promise<string> {
  const value = (param: string) =>
    param === '{}'
      ? '<struct></struct>'
      : /^\d+$/.test(param)
        ? `<int>${param}</int>`
        : `<string>${param}</string>`;
  const body = `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params.map((param) => `<param><value>${value(param)}</value></param>`).join('')}</params></methodCall>`;
  const answer = await fetch(`${sandbox.urls.koji}/kojihub${session}`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body,
  });
  return answer.text();
}

test('a sandbox opens in less than three seconds and tells an environment that packprobe takes', async () => {
  const begun = performance.now();
  await using sandbox = await opened();
  expect(performance.now() - begun).toBeLessThan(3000);
  const yaml = await (await fetch(`${sandbox.controlUrl}/environment`)).text();
  expect(await readFile(join(sandbox.dir, 'environment.yaml'), 'utf8')).toBe(yaml);
  const environment = environmentSchema.parse(parse(yaml));
  expect(environment).toMatchObject({
    name: 'sandbox',
    clock: { epoch: Date.UTC(2026, 10, 17, 8), speed: 60 },
    identity: { user: 'packprobe', principal: 'packprobe@SANDBOX.INVALID' },
    packages: {
      single: PKG,
      multi: ['dummy-test-package-crested', 'dummy-test-package-rubino'],
      waive: 'dummy-test-package-waive',
    },
  });
  const { keytab } = environment.identity;
  expect('file' in keytab && existsSync(keytab.file)).toBe(true);
});

test('every system answers at its address', async () => {
  await using sandbox = await opened();
  const { urls } = sandbox;
  const looks: [string, number][] = [
    [`${urls['dist-git']}/rpms/${PKG}.git/info/refs?service=git-upload-pack`, 200],
    [`${urls.lookaside}/repo/pkgs/rpms/${PKG}/x/sha512/${'0'.repeat(128)}/x`, 404],
    [`${urls.resultsdb}/api/v2.0/results`, 200],
    [`${urls.waiverdb}/api/v1.0/waivers/`, 200],
    [`${urls.greenwave}/api/v1.0/policies`, 200],
    [`${urls.bodhi}/releases/F44`, 200],
    [`${urls.datagrepper}/v2/search`, 200],
  ];
  for (const [address, status] of looks) {
    const answer = await fetch(address, { headers: { accept: 'application/json' } });
    expect.soft({ address, status: answer.status }).toEqual({ address, status });
  }
  expect(await koji(sandbox, 'getAPIVersion', [])).toContain('<int>1</int>');
});

test('a build in Rawhide goes through the whole chain by itself, and the truth of it is told', async () => {
  await using sandbox = await opened({ speed: 300 });
  const work = join(sandbox.parent, 'work');
  await mkdir(work);
  const git = (...args: string[]) =>
    execa('git', ['-C', work, '-c', 'user.name=Tester', '-c', 'user.email=tester@sandbox.invalid', ...args]);
  await git('clone', '-q', `${sandbox.urls['dist-git']}/rpms/${PKG}.git`, '.');
  const spec = join(work, `${PKG}.spec`);
  await writeFile(spec, (await readFile(spec, 'utf8')).replace(/^(Release:\s*)1%/m, '$12%'));
  await git('commit', '-q', '-a', '-m', 'Bump release');
  await git('push', '-q');
  const { stdout: commit } = await git('rev-parse', 'HEAD');

  const login = await koji(sandbox, 'login', ['packprobe', 'sandbox']);
  const id = /session-id<\/name>\s*<value><(?:int|i4|i8)>(\d+)</.exec(login)?.[1];
  const key = /session-key<\/name>\s*<value><string>([^<]+)</.exec(login)?.[1];
  const source = `git+${sandbox.urls['dist-git']}/rpms/${PKG}.git#${commit}`;
  const session = `?session-id=${id}&session-key=${key}&callnum=0`;
  const task = await koji(sandbox, 'build', [source, 'rawhide', '{}'], session);
  expect(task).toMatch(/<int>\d+<\/int>/);

  const nvr = `${PKG}-1.0-2.fc45`;
  const truth = async () => {
    const answer = await fetch(`${sandbox.controlUrl}/truth?nvr=${nvr}`);
    return ((await answer.json()) as { events: Record<string, number> }).events;
  };
  await expect
    .poll(truth, { timeout: 15_000, interval: 50 })
    .toMatchObject({ gate: expect.any(Number), final_tag: expect.any(Number) });
  const events = await truth();
  const order = [
    'build',
    'candidate_tag',
    'update',
    'announced',
    'ci_queued',
    'ci_running',
    'ci_complete',
    'result',
    'decision',
    'gate',
    'final_tag',
  ];
  const times = order.map((name) => events[name]!);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(events['signing_tag']).toBeLessThanOrEqual(events['signed']!);
  expect(events['signed']).toBeLessThanOrEqual(events['final_tag']!);
  // Nothing of Rawhide is composed by Bodhi: its testing tag is for nobody, the gate opens the stable one.
  const tagged = sandbox.kit.archive.filter(
    ({ topic, body }) => topic.endsWith('.buildsys.tag') && body['tag'] === 'f45' && body['name'] === PKG,
  );
  expect(tagged).toHaveLength(1);
  expect(sandbox.troubles).toEqual([]);
});

test('the commands of the environment log in and clone', async () => {
  await using sandbox = await opened();
  const environment = environmentSchema.parse(sandbox.environment);
  const { keytab, principal } = environment.identity;
  const [bin = ''] = environment.commands.path;
  const run = (name: string, args: readonly string[]) =>
    execa(join(bin, name), args, {
      cwd: sandbox.parent,
      env: {
        HOME: sandbox.parent,
        KRB5CCNAME: join(sandbox.parent, 'ccache'),
        GIT_CONFIG_GLOBAL: '/dev/null',
      },
    });
  await run('kinit', ['-k', '-t', 'file' in keytab ? keytab.file : '', principal]);
  expect((await run('klist', [])).stdout).toContain(`Default principal: ${principal}`);
  await run('fedpkg', ['clone', '-b', 'f44', PKG]);
  expect(existsSync(join(sandbox.parent, PKG, `${PKG}.spec`))).toBe(true);
});

test.each([0, -1, 301, Number.NaN])('a speed of %s is refused', async (speed) => {
  await expect(opened({ speed })).rejects.toThrow(
    `the sandbox's speed is above 0 and at most 300, not ${speed}`,
  );
});

test('a folder that holds something is refused and left as it is', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'packprobe-full-'));
  await writeFile(join(dir, 'thesis.txt'), 'years of work');
  await expect(opened({ dir })).rejects.toThrow(`the sandbox's folder ${dir} is not empty`);
  expect(await readFile(join(dir, 'thesis.txt'), 'utf8')).toBe('years of work');
  await rm(dir, { recursive: true });
});

test('a closed sandbox leaves no folder and no open port', async () => {
  const sandbox = await opened();
  const addresses = [sandbox.controlUrl, ...Object.values(sandbox.urls)];
  await sandbox[Symbol.asyncDispose]();
  expect(existsSync(sandbox.dir)).toBe(false);
  for (const address of addresses) await expect(fetch(address)).rejects.toThrow('fetch failed');
});

test('a stop through the control port is told to who opened the sandbox', async () => {
  await using sandbox = await opened();
  await fetch(`${sandbox.controlUrl}/stop`, { method: 'POST' });
  await expect(sandbox.stopped).resolves.toBeUndefined();
});
