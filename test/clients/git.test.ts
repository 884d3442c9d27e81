import { expect, test } from 'vitest';
import { gitFault, gitIn } from '../../src/clients/git.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { gitWorld, PACKAGE } from '../support/git-world.ts';
import { commandResult, recordedCommand } from '../support/recorded-command.ts';

const never = new AbortController().signal;

test.each([
  ['push-401', 'GIT_UNAUTHORIZED', 'rejected'],
  ['push-403', 'GIT_FORBIDDEN', 'rejected'],
  ['push-connection-dropped', 'GIT_UNREACHABLE', 'unavailable'],
  ['push-fetch-first', 'PUSH_OVERTAKEN', 'prober'],
  ['clone-git-503', 'GIT_SERVER_BROKEN', 'unavailable'],
  ['clone-git-down', 'GIT_UNREACHABLE', 'unavailable'],
  ['clone-unknown-package', 'REPOSITORY_UNKNOWN', 'rejected'],
  ['switch-branch-unknown', 'BRANCH_UNKNOWN', 'rejected'],
])('recorded %s is %s', (name, code, kind) => {
  expect(gitFault(recordedCommand(`fedpkg/1.70/${name}`), 'git')).toMatchObject({
    code,
    kind,
    system: kind === 'prober' ? 'own' : 'dist-git',
    hint: expect.any(String),
  });
});

test.each([
  [
    'an ssh key that is refused',
    'packprobe@pkgs: Permission denied (publickey).\nfatal: Could not read from remote repository.',
    'GIT_KEY_REFUSED',
    'rejected',
  ],
  [
    'an ssh key that cannot be read',
    'Load key "/k": invalid format\nx@pkgs: Permission denied (publickey).',
    'GIT_SSH_KEY_UNREADABLE',
    'prober',
  ],
  [
    'an unknown host key',
    'Host key verification failed.\nfatal: Could not read from remote repository.',
    'GIT_HOST_KEY_UNKNOWN',
    'prober',
  ],
  [
    'an ssh port that is closed',
    'ssh: connect to host pkgs port 22: Connection refused\nfatal: Could not read from remote repository.',
    'GIT_UNREACHABLE',
    'unavailable',
  ],
  [
    'a name that does not resolve',
    "fatal: unable to access 'https://x/': Could not resolve host: x",
    'GIT_UNREACHABLE',
    'unavailable',
  ],
  [
    'a certificate that has run out',
    "fatal: unable to access 'https://x/': SSL certificate problem: certificate has expired",
    'GIT_UNREACHABLE',
    'unavailable',
  ],
  [
    'a branch that is not there',
    'fatal: Remote branch f99 not found in upstream origin',
    'BRANCH_UNKNOWN',
    'rejected',
  ],
  [
    'a hook that declines',
    ' ! [remote rejected] HEAD -> f44 (pre-receive hook declined)',
    'PUSH_DECLINED',
    'rejected',
  ],
  [
    'a hook that finds no commit right',
    "remote: Has commit access: False\nremote: Denied push for ref 'refs/heads/f44' for user 'u'\n ! [remote rejected] HEAD -> f44 (pre-receive hook declined)",
    'GIT_FORBIDDEN',
    'rejected',
  ],
  [
    'a server without disk',
    'remote: fatal: write error: No space left on device\n ! [remote rejected] HEAD -> f44 (unpacker error)',
    'GIT_SERVER_BROKEN',
    'unavailable',
  ],
  [
    'our disk being full',
    'error: unable to create file x.spec: No space left on device\nfatal: cannot create directory',
    'GIT_LOCAL_FAILED',
    'prober',
  ],
  [
    'our disk being full, in the words of a pack',
    "fatal: sha1 file 'objects/pack/tmp_pack_NUO0D4' write error. Out of diskspace",
    'GIT_LOCAL_FAILED',
    'prober',
  ],
  [
    'a 500 at the post',
    'error: RPC failed; HTTP 500 curl 22 The requested URL returned error: 500\nEverything up-to-date',
    'GIT_SERVER_BROKEN',
    'unavailable',
  ],
  [
    'another status',
    "fatal: unable to access 'http://x/': The requested URL returned error: 418",
    'GIT_REFUSED',
    'rejected',
  ],
  [
    'a page instead of git',
    'fatal: http://x/info/refs not valid: is this a git repository?',
    'GIT_PROTOCOL',
    'malformed',
  ],
  [
    'half an answer',
    "Cloning into 'p'...\nfatal: expected flush after capabilities",
    'GIT_PROTOCOL',
    'malformed',
  ],
  [
    'a KDC that is away',
    'gss_init_sec_context() failed: Cannot contact any KDC for realm X',
    'KDC_UNREACHABLE',
    'unavailable',
  ],
  ['a ticket that is over', 'No Kerberos credentials available', 'KERBEROS_TICKET_EXPIRED', 'prober'],
  ['a text that nobody knows', 'fatal: the moon is in the seventh house', 'GIT_UNKNOWN', 'unexpected'],
])('git telling of %s is judged by its text', (_name, stderr, code, kind) => {
  expect(gitFault(commandResult({ exit: 128, stderr }), 'git push')).toMatchObject({ code, kind });
});

test('a Kerberos trouble during a push is charged to fas', () => {
  const stderr = 'fatal: Cannot contact any KDC for realm X';
  expect(gitFault(commandResult({ stderr }), 'git push').system).toBe('fas');
});

test('the evidence of a push keeps what the hook said', () => {
  const stderr =
    'remote: Denied push for ref\n ! [remote rejected] HEAD -> f44 (pre-receive hook declined)\n';
  expect(gitFault(commandResult({ stderr }), 'git push').evidence['stderr']).toContain('remote: Denied push');
});

test('real git over a repository that is not there is a repository that is unknown', async () => {
  await using world = await gitWorld();
  const result = await world.exec(
    { file: 'git', args: ['clone', `${world.remote}-absent`, 'x'], cwd: world.dir },
    never,
  );
  expect(gitFault(result, 'clone')).toMatchObject({ code: 'REPOSITORY_UNKNOWN' });
});

test('the same work makes the same commit, whenever it is made', async () => {
  await using world = await gitWorld();
  const clock = new FakeClock();
  const commits: string[] = [];
  for (const name of ['one', 'two']) {
    await world.git(world.dir, 'clone', '--quiet', '-b', 'f44', world.remote, name);
    const dir = `${world.dir}/${name}`;
    await world.context().files.write(`${dir}/${PACKAGE}.spec`, 'changed\n');
    const git = gitIn(world.exec, dir);
    await git.stage([], never);
    commits.push(await git.commit('message', { name: 'a', email: 'b@c', at: clock.now() }, never));
  }
  expect(commits[0]).toBe(commits[1]);
  expect(await world.git(`${world.dir}/one`, 'log', '-1', '--format=%an <%ae> %at %ct')).toBe(
    `a <b@c> ${clock.now() / 1000} ${clock.now() / 1000}`,
  );
});

test('a git that fails in our own folder is our own trouble', async () => {
  await using world = await gitWorld();
  await expect(gitIn(world.exec, world.dir).head(never)).rejects.toMatchObject({
    code: 'GIT_LOCAL_FAILED',
    kind: 'prober',
  });
});
