import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import type { Finished } from '../../src/sandbox/stand-ins/common/stand-in.ts';
import { type StandInName, standIns } from '../../src/sandbox/stand-ins/stand-ins.ts';
import { GIT_ENV } from '../sandbox/stand-ins/git-env.ts';

const PKG = 'dummy-test-package-gloster';
const BUILD = ['build', '--nowait', '--skip-remote-rules-validation'];

let dir: string;
let sandbox: Sandbox;
let env: Record<string, string | undefined>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'contract-stand-ins-'));
  sandbox = await openSandbox({ dir: join(dir, 'sandbox'), speed: 300 });
  const { urls } = sandbox;
  await mkdir(join(dir, 'home', '.koji'), { recursive: true });
  await writeFile(
    join(dir, 'home', '.koji', 'config'),
    `[koji]
server = ${urls.koji}/kojihub
weburl = ${urls.koji}/koji
topurl = ${urls.koji}/kojifiles
authtype = password
poll_interval = 1
max_retries = 1
retry_interval = 1
`,
  );
  env = {
    PATH: process.env['PATH'],
    HOME: join(dir, 'home'),
    LC_ALL: 'C.UTF-8',
    KRB5CCNAME: `FILE:${join(dir, 'cc')}`,
    SANDBOX_REALM: join(dir, 'sandbox', 'realm.json'),
    BODHI_URL: urls.bodhi,
    BODHI_OPENID_PROVIDER: urls.id_provider,
    ...GIT_ENV,
  };
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

/** A command as a sandbox's own would run it, with what is added for the sandbox. */
function command(name: StandInName, argv: readonly string[], cwd = dir): Promise<Finished> {
  const login = ['--user', 'packprobe', '--password', 'sandbox'];
  const added = { koji: login, fedpkg: ['-C', join(dir, 'sandbox', 'fedpkg.conf'), ...login] };
  return standIns[name]([...(name === 'koji' || name === 'fedpkg' ? added[name] : []), ...argv], cwd, env);
}

/** The output of a command that must succeed. */
async function done(name: StandInName, argv: readonly string[], cwd?: string): Promise<string> {
  const finished = await command(name, argv, cwd);
  expect(finished, finished.stderr).toMatchObject({ exit: 0 });
  return finished.stdout;
}

test('a packager walks from a ticket to an update, and takes it back', async () => {
  const { identity } = sandbox.environment as { identity: { principal: string; keytab: { file: string } } };
  await done('kinit', ['-k', '-t', identity.keytab.file, identity.principal]);
  await done('klist', ['-s']);
  expect(await done('koji', ['hello'])).toContain(', packprobe!\n');

  await done('fedpkg', ['clone', '-b', 'f44', PKG]);
  const clone = join(dir, PKG);
  const before = (await done('fedpkg', ['verrel'], clone)).trim();
  const spec = join(clone, `${PKG}.spec`);
  const text = await readFile(spec, 'utf8');
  const source = /^Source0?: *(\S+)/m.exec(text)?.[1] ?? '';
  const bumped = text.replace(
    /^(Release: *)(\d+)/m,
    (_, head: string, number: string) => `${head}${Number(number) + 41}`,
  );
  expect(bumped).not.toBe(text);
  await writeFile(spec, bumped);
  expect(source).not.toBe('');
  const nvr = (await done('fedpkg', ['verrel'], clone)).trim();
  expect(nvr).not.toBe(before);

  expect(await command('fedpkg', BUILD, clone)).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining('has uncommitted changes.  Use git status to see details'),
  });
  await done('fedpkg', ['commit', '-m', 'Bump'], clone);
  expect((await command('fedpkg', BUILD, clone)).stderr).toContain('There are unpushed changes in your repo');
  await done('fedpkg', ['push', '--no-verify'], clone);

  const built = await done('fedpkg', BUILD, clone);
  expect(built).toContain(`Building ${nvr} for f44-candidate\n`);
  const task = /^Created task: (\d+)$/m.exec(built)?.[1] ?? '';
  const watched = await done('koji', ['watch-task', task]);
  expect(watched).toMatch(/ completed successfully\n$/);
  expect(await done('koji', ['list-tags', '--build', nvr])).toContain('f44-updates-candidate\n');
  expect(await done('koji', ['buildinfo', nvr])).toContain('State: COMPLETE\n');
  expect(await done('koji', ['taskinfo', '-r', '-v', task])).toContain(`Build: ${nvr} (`);
  expect(JSON.parse(await done('koji', ['call', '--json-output', 'getBuild', nvr]))).toMatchObject({ nvr });
  expect((await command('fedpkg', BUILD, clone)).stderr).toContain(`Package ${nvr} has already been built`);

  const made = await done('bodhi', ['updates', 'new', '--type', 'bugfix', '--notes', 'a contract', nvr]);
  expect(made).toMatch(/^Login successful!\n/);
  const alias = /^ {3}Update ID: (\S+)$/m.exec(made)?.[1] ?? '';
  expect(alias).toMatch(/^FEDORA-/);
  expect(await done('bodhi', ['updates', 'query', '--builds', nvr])).toContain('1 updates found (1 shown)\n');
  const again = await command('bodhi', ['updates', 'new', '--type', 'bugfix', '--notes', 'a contract', nvr]);
  expect(again).toMatchObject({ exit: 0, stdout: '', stderr: expect.stringContaining('already exists') });
  const edited = await done('bodhi', ['updates', 'edit', alias, '--notes', 'other notes']);
  expect(edited).toContain('Notes: other notes\n');
  expect(await done('bodhi', ['updates', 'request', alias, 'revoke'])).toContain('      Status: unpushed\n');
  await done('kdestroy', []);
}, 60_000);

test('a fresh tarball goes through the lookaside and comes back', async () => {
  await done('fedpkg', ['clone', '-a', '-b', 'rawhide', PKG, 'rawhide']);
  const clone = join(dir, 'rawhide');
  await writeFile(join(clone, 'probe-1.tar.gz'), 'bytes');
  const sent = await done('fedpkg', ['new-sources', 'probe-1.tar.gz'], clone);
  expect(sent).toMatch(/Source upload succeeded\. Don't forget to commit the sources file\n$/);
  await rm(join(clone, 'probe-1.tar.gz'));
  expect(await done('fedpkg', ['sources'], clone)).toMatch(/^Downloading probe-1\.tar\.gz from /);
  expect(await readFile(join(clone, 'probe-1.tar.gz'), 'utf8')).toBe('bytes');
  expect(await done('fedpkg', ['new-sources', 'probe-1.tar.gz'], clone)).toMatch(
    /All sources were already uploaded\.\n$/,
  );
});

test('a scratch build carries what it is marked with, and needs no spec that can be read here', async () => {
  const { identity } = sandbox.environment as { identity: { principal: string; keytab: { file: string } } };
  await done('kinit', ['-k', '-t', identity.keytab.file, identity.principal]);
  await done('fedpkg', ['clone', '-b', 'f43', PKG, 'scratch']);
  const clone = join(dir, 'scratch');
  await writeFile(join(clone, `${PKG}.spec`), 'Name: x\nVersion: %{broken\n');
  await done('fedpkg', ['commit', '-m', 'Broken'], clone);
  await done('fedpkg', ['push', '--no-verify'], clone);
  const scratch = (...more: readonly string[]) =>
    command('fedpkg', ['scratch-build', '--nowait', ...more], clone);

  expect(await scratch()).toMatchObject({
    exit: 1,
    stdout:
      'Note: You can skip NVR construction & NVR check with --skip-nvr-check. See help for more info.\n',
    stderr: expect.stringMatching(
      /\nCould not execute scratch_build: Cannot continue without properly constructed NVR\.\n$/,
    ),
  });
  for (const [text, says] of [
    ['{x', 'is not valid JSON'],
    ['[1]', 'must be a JSON object'],
  ] as const) {
    const refused = await scratch('--skip-nvr-check', `--custom-user-metadata=${text}`);
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toContain(`fedpkg: error: --custom-user-metadata ${says}`);
  }
  const made = await scratch('--skip-nvr-check', '--custom-user-metadata={"by":"a contract"}');
  expect(made.stdout).toMatch(
    new RegExp(
      `^NVR checking will be skipped so .*\\nBuilding ${PKG} for f43-candidate\\nCreated task: \\d+\\n`,
    ),
  );
  const task = /^Created task: (\d+)$/m.exec(made.stdout)?.[1] ?? '';
  const asked = await done('koji', ['call', '--json-output', 'getTaskRequest', task]);
  expect(JSON.parse(asked)).toEqual([
    expect.stringMatching(/#[0-9a-f]{40}$/),
    'f43-candidate',
    { scratch: true, custom_user_metadata: { by: 'a contract' } },
  ]);
  await done('koji', ['cancel', task]);
}, 60_000);

test('a side tag is made, seen, waited for and removed', async () => {
  const tag = (await done('koji', ['add-sidetag', 'f44-build'])).trim();
  expect(tag).toMatch(/^f44-build-side-\d+$/);
  expect(await done('koji', ['list-sidetags', '--mine'])).toContain(`${tag}\n`);
  expect(await done('fedpkg', ['list-side-tags', '--mine'])).toContain(`${tag}\t(id `);
  expect(await done('koji', ['wait-repo', '--request', tag])).toMatch(/^Got repo \d+\n/);
  await done('koji', ['remove-sidetag', tag]);
  expect((await command('koji', ['remove-sidetag', tag])).exit).toBe(1);
}, 60_000);

test('reading needs no ticket', async () => {
  expect(await done('koji', ['list-targets', '--name', 'f44-candidate'])).toContain('f44-updates-candidate');
  expect(await done('bodhi', ['releases', 'list'])).toContain('  Name:                F44\n');
  expect(await done('bodhi', ['releases', 'info', 'F44'])).toContain(
    '  Candidate Tag:            f44-updates-candidate\n',
  );
  expect(await done('koji', ['version'])).toMatch(/^Client: 1\.36\.1\nHub: {4}\S+\n$/);
});
