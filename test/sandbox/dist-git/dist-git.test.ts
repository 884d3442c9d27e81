import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { openDistGit } from '../../../src/sandbox/dist-git/dist-git.ts';
import { type TestKit, testKit } from '../kit/test-kit.ts';

const PKG = 'dummy-test-package-gloster';

const env = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Tester',
  GIT_AUTHOR_EMAIL: 'tester@sandbox.invalid',
  GIT_COMMITTER_NAME: 'Tester',
  GIT_COMMITTER_EMAIL: 'tester@sandbox.invalid',
};

async function opened(kit: TestKit) {
  const distGit = await openDistGit(kit);
  const work = await mkdtemp(join(tmpdir(), 'packprobe-clone-'));
  const git = (...args: string[]) => execa('git', ['-C', work, ...args], { env, reject: false, all: true });
  return {
    ...distGit,
    work,
    git,
    clone: (branch: string, suffix = '.git') =>
      git('clone', '-q', '-b', branch, `${distGit.url}/rpms/${PKG}${suffix}`, '.'),
    async [Symbol.asyncDispose]() {
      await distGit.close();
      await rm(work, { recursive: true, force: true });
    },
  };
}

async function refsOfFreshSandbox(): Promise<string> {
  await using kit = await testKit();
  await using distGit = await opened(kit);
  return (await distGit.git('ls-remote', `${distGit.url}/rpms/${PKG}`)).stdout;
}

test('two sandboxes start with the same commits, one for all branches', async () => {
  const refs = (await refsOfFreshSandbox()).split('\n').map((line) => line.split('\t'));
  expect(refs.map(([, name]) => name)).toEqual([
    'HEAD',
    'refs/heads/f43',
    'refs/heads/f44',
    'refs/heads/main',
    'refs/heads/rawhide',
  ]);
  expect(new Set(refs.map(([sha]) => sha)).size).toBe(1);
  expect(refs.map((ref) => ref.join('\t')).join('\n')).toBe(await refsOfFreshSandbox());
});

test.each(['', '.git'])('a clone of NAME%s carries spec, sources and gating.yaml', async (suffix) => {
  await using kit = await testKit();
  await using distGit = await opened(kit);
  await distGit.clone('f44', suffix);
  const { stdout } = await distGit.git('ls-files');
  expect(stdout.split('\n')).toEqual(['.gitignore', `${PKG}.spec`, 'gating.yaml', 'sources']);
});

test('a push is told on the bus, commit by commit and then as a whole', async () => {
  await using kit = await testKit();
  await using distGit = await opened(kit);
  await distGit.clone('rawhide');
  for (const note of ['first', 'second']) {
    await writeFile(join(distGit.work, 'note'), `${note}\n`);
    await distGit.git('add', 'note');
    await distGit.git('commit', '-q', '-m', `Add the ${note} note`);
  }
  const push = await distGit.git('push');
  expect(push).toMatchObject({ exitCode: 0 });
  const head = (await distGit.git('rev-parse', 'HEAD')).stdout;
  await expect.poll(() => kit.archive.length).toBe(3);
  expect(kit.archive.map(({ topic }) => topic)).toEqual([
    'org.fedoraproject.sandbox.git.receive',
    'org.fedoraproject.sandbox.git.receive',
    'org.fedoraproject.sandbox.pagure.git.receive',
  ]);
  expect(kit.archive[1]).toMatchObject({
    headers: { fedora_messaging_schema: 'git.receive', [`fedora_messaging_rpm_${PKG}`]: true },
    body: {
      agent: 'packprobe',
      commit: {
        rev: head,
        branch: 'rawhide',
        repo: PKG,
        namespace: 'rpms',
        summary: 'Add the second note',
        message: 'Add the second note\n',
        seen: false,
        date: expect.stringMatching(/^2026-11-17T08:\d\d:\d\d\+00:00$/),
        stats: {
          files: { note: { additions: 1, deletions: 1, lines: 2 } },
          total: { additions: 1, deletions: 1, lines: 2, files: 1 },
        },
      },
    },
  });
  expect(kit.archive[2]?.body).toMatchObject({
    total_commits: 2,
    end_commit: head,
    branch: 'rawhide',
    changed_files: { note: 'A' },
    pull_request_id: null,
  });
  expect(await distGit.port.isOnBranch(PKG, head)).toBe(true);
  expect(await distGit.port.readFile(PKG, head, 'note')).toBe('second\n');
  expect((await distGit.messageOf(PKG, head))?.trim()).toBe('Add the second note');
  expect(await distGit.resolve(PKG, 'main')).toBe(head);
  expect(await distGit.resolve(PKG, head.slice(0, 10))).toBe(head);
  expect(await distGit.resolve(PKG, 'f99')).toBeUndefined();
  expect(kit.troubles).toEqual([]);
});

test('a push of more than git sends in one piece arrives whole', async () => {
  await using kit = await testKit();
  await using distGit = await opened(kit);
  await distGit.clone('f44');
  await writeFile(join(distGit.work, 'noise'), randomBytes(3 << 20));
  await distGit.git('add', 'noise');
  await distGit.git('commit', '-q', '-m', 'Add noise');
  await distGit.git('config', 'http.postBuffer', '65536');
  await distGit.git('config', 'core.compression', '0');
  const push = await distGit.git('push');
  expect(push).toMatchObject({ exitCode: 0 });
  const head = (await distGit.git('rev-parse', 'HEAD')).stdout;
  const answer = await fetch(`${distGit.url}/rpms/${PKG}/c/${head}`);
  expect(await answer.text()).toContain('Add noise');
});

test('a forced push and the deletion of a branch are refused', async () => {
  await using kit = await testKit();
  await using distGit = await opened(kit);
  await distGit.clone('f44');
  await distGit.git('commit', '-q', '--amend', '-m', 'Rewritten');
  expect((await distGit.git('push', '--force')).all).toContain(
    '[remote rejected] f44 -> f44 (non-fast-forward)',
  );
  expect((await distGit.git('push', 'origin', ':f43')).all).toContain('deletion prohibited');
  expect(kit.archive).toEqual([]);
});

test('a repository that does not exist is one for git too', async () => {
  await using kit = await testKit();
  await using distGit = await opened(kit);
  const clone = await distGit.git('clone', `${distGit.url}/rpms/nothing.git`, '.');
  expect(clone.exitCode).toBe(128);
  expect(clone.all).toContain(`fatal: repository '${distGit.url}/rpms/nothing.git/' not found`);
});

test('a raw file is served by branch and by commit, and what is missing is a 404', async () => {
  await using kit = await testKit();
  await using distGit = await opened(kit);
  const raw = (ref: string, path: string) => fetch(`${distGit.url}/rpms/${PKG}/raw/${ref}/f/${path}`);
  expect(await (await raw('main', 'gating.yaml')).text()).toContain('!PassingTestCaseRule');
  expect((await raw('f44', 'plans/none.fmf')).status).toBe(404);
  expect((await raw('0'.repeat(40), 'sources')).status).toBe(404);
  expect((await fetch(`${distGit.url}/rpms/${PKG}/c/${'0'.repeat(40)}`)).status).toBe(404);
});

test('a spec that cannot be built says so in %build', async () => {
  await using kit = await testKit();
  await using distGit = await opened(kit);
  const spec = await distGit.port.readFile(
    'dummy-test-package-broken',
    'rawhide',
    'dummy-test-package-broken.spec',
  );
  expect(spec).toMatch(/^%build\nexit 1$/m);
});

test('what git can do is told as git itself tells it, by whichever request', async () => {
  await using kit = await testKit();
  await using distGit = await opened(kit);
  const ask = (headers: Record<string, string>) =>
    fetch(`${distGit.url}/rpms/${PKG}/info/refs?service=git-upload-pack`, { headers });
  const kept = await ask({ 'git-protocol': 'version=2' });
  // Spelled otherwise it goes to git.
  const gits = await ask({ 'git-protocol': 'version=2:' });
  expect(await kept.text()).toBe(await gits.text());
  for (const name of ['content-type', 'cache-control', 'expires', 'pragma']) {
    expect(kept.headers.get(name)?.toLowerCase()).toBe(gits.headers.get(name)?.toLowerCase());
  }
  expect((await fetch(`${distGit.url}/rpms/nowhere/info/refs?service=git-upload-pack`)).status).toBe(404);
});

test('a commit that is pushed later is found then, and so are its files', async () => {
  await using kit = await testKit();
  await using distGit = await opened(kit);
  await distGit.clone('rawhide');
  await writeFile(join(distGit.work, 'note'), 'new\n');
  await distGit.git('add', 'note');
  await distGit.git('commit', '-q', '-m', 'Add a note');
  const head = (await distGit.git('rev-parse', 'HEAD')).stdout;
  const { port } = distGit;
  expect([await port.isOnBranch(PKG, head), await port.readFile(PKG, head, 'note')]).toEqual([
    false,
    undefined,
  ]);
  await distGit.git('push');
  for (let time = 0; time < 2; time += 1) {
    expect([await port.isOnBranch(PKG, head), await port.readFile(PKG, head, 'note')]).toEqual([
      true,
      'new\n',
    ]);
  }
});
