import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GIT_ENV, type Place } from './replay.ts';

const run = promisify(execFile);

/** Runs the real git in a folder, looking at nothing of the host. */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: cwd, LC_ALL: 'C.UTF-8', ...GIT_ENV };
  return (await run('git', [...args], { cwd, env })).stdout;
}

export function spec(release: number): string {
  return `%global base 1
Name: foo
Version: %{base}.0
Release: ${release}%{?dist}
Summary: A package for tries
License: MIT
Source0: foo-1.0.tar.gz

%description
Nothing.
`;
}

/** Configuration as a sandbox writes it; the git server is a folder. */
export function config({ dir, server }: Place, more = ''): string {
  return `[fedpkg]
lookaside = http://${server}/repo/pkgs
lookaside_cgi = http://${server}/repo/pkgs/upload.cgi
lookasidehash = sha512
gitbaseurl = ${dir}/%(repo)s.git
anongiturl = http://${server}/%(repo)s.git
branchre = f\\d$|f\\d\\d$|rawhide$|main$
kojiprofile = koji
build_client = koji
distgit_namespaced = True
distgit_namespaces = rpms
lookaside_namespaced = True
kerberos_realms = SANDBOX.INVALID
git_excludes =
skip_hooks = True
lookaside_attempts = 1
${more}`;
}

export interface World {
  readonly release?: number;
  /** Further files of each branch. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A repository `rpms/foo.git` with branches rawhide, f44, f43 and private-x, and a clone of it on f44 in `work/foo`. */
export async function makeWorld(place: Place, { release = 1, files = {} }: World = {}): Promise<string> {
  const { dir, server, down } = place;
  const bare = join(dir, 'rpms', 'foo.git');
  const seed = join(dir, 'seed');
  await mkdir(bare, { recursive: true });
  await git(bare, 'init', '--quiet', '--bare', '--initial-branch=rawhide');
  await mkdir(seed);
  await git(seed, 'init', '--quiet', '--initial-branch=rawhide');
  for (const [name, content] of Object.entries({ 'foo.spec': spec(release), ...files })) {
    await writeFile(join(seed, name), content);
  }
  await git(seed, 'add', '.');
  await git(seed, 'commit', '--quiet', '-m', 'first');
  for (const branch of ['f44', 'f43', 'private-x']) await git(seed, 'branch', branch);
  await git(seed, 'push', '--quiet', bare, '--all');
  await mkdir(join(dir, 'work'));
  await git(join(dir, 'work'), 'clone', '--quiet', '-b', 'f44', bare, 'foo');

  const base = config(place);
  const greenwave = (url: string) => `${base}\n[fedpkg.greenwave]\nurl = ${url}\n`;
  const configs = {
    'fedpkg-nohook.conf': base,
    'fedpkg-21060.conf': base,
    'gw.conf': greenwave(`http://${server}`),
    'gwd.conf': greenwave(`http://${down}/`),
    'lookdown2.conf': config(place, 'lookaside_attempts = 3\nlookaside_delay = 1\n').replaceAll(
      `http://${server}/repo`,
      `http://${down}/repo`,
    ),
    'nokp.conf': base.replace('kojiprofile = koji\n', ''),
  };
  for (const [name, content] of Object.entries(configs)) await writeFile(join(dir, name), content);
  await kojiProfile(place);
  return join(dir, 'work', 'foo');
}

export async function kojiProfile(
  { dir, server }: Pick<Place, 'dir' | 'server'>,
  { authtype = 'password', scheme = 'http' } = {},
): Promise<void> {
  await mkdir(join(dir, 'home', '.koji'), { recursive: true });
  await writeFile(
    join(dir, 'home', '.koji', 'config'),
    `[koji]
server = ${scheme}://${server}/kojihub
weburl = http://${server}/koji
topurl = http://${server}/kojifiles
max_retries = 2
retry_interval = 1
authtype = ${authtype}
`,
  );
}

/** A commit in the clone that its remote does not have. */
export async function commitLocally(clone: string): Promise<void> {
  await writeFile(join(clone, 'note'), 'x');
  await git(clone, 'add', 'note');
  await git(clone, 'commit', '--quiet', '-m', 'local');
}

/** A commit by somebody else on f44 of the remote. */
export async function commitElsewhere({ dir }: Place): Promise<void> {
  const other = join(dir, 'other');
  await git(dir, 'clone', '--quiet', '-b', 'f44', join(dir, 'rpms', 'foo.git'), other);
  await commitLocally(other);
  await git(other, 'push', '--quiet');
}
