import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GIT_ENV } from './git-env.ts';
import type { Place } from './replay.ts';

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

/** Where a world is made; a replay has more of it. */
export type WorldPlace = Pick<Place, 'dir' | 'server' | 'down'>;

/** Configuration as a sandbox writes it; without `git`, a base URL, the git server is a folder. */
export function config({ dir, server }: WorldPlace, more = '', git = dir): string {
  return `[fedpkg]
lookaside = http://${server}/repo/pkgs
lookaside_cgi = http://${server}/repo/pkgs/upload.cgi
lookasidehash = sha512
gitbaseurl = ${git}/%(repo)s.git
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
  /** Base URL of the git server that the clone was made from; without it a folder. */
  readonly git?: string;
}

/** A repository `rpms/foo.git` with branches rawhide, f44, f43 and private-x, and a clone of it on f44 in `work/foo`. */
export async function makeWorld(
  place: WorldPlace,
  { release = 1, files = {}, git: base = place.dir }: World = {},
): Promise<string> {
  const { dir, server, down } = place;
  await cp(await template(release, files), dir, { recursive: true });
  const clone = join(dir, 'work', 'foo');
  const settings = join(clone, '.git', 'config');
  const text = await readFile(settings, 'utf8');
  await writeFile(settings, text.replace(/^(\s*url = ).*$/m, `$1${base}/rpms/foo.git`));

  const plain = config(place, '', base);
  const greenwave = (url: string) => `${plain}\n[fedpkg.greenwave]\nurl = ${url}\n`;
  const configs = {
    'fedpkg.conf': plain.replace('skip_hooks = True\n', ''),
    'fedpkg-nohook.conf': plain,
    'fedpkg-21060.conf': plain,
    'gitdown.conf': config(place, '', `http://${down}`),
    'gw.conf': greenwave(`http://${server}`),
    'gwd.conf': greenwave(`http://${down}/`),
    'lookdown2.conf': config(place, 'lookaside_attempts = 3\nlookaside_delay = 1\n', base).replaceAll(
      `http://${server}/repo`,
      `http://${down}/repo`,
    ),
    'nokp.conf': plain.replace('kojiprofile = koji\n', ''),
  };
  for (const [name, content] of Object.entries(configs)) await writeFile(join(dir, name), content);
  return clone;
}

const templates = new Map<string, Promise<string>>();

/** Each world is made once by git and then copied: dozens of tests begin in the same one. */
function template(release: number, files: Readonly<Record<string, string>>): Promise<string> {
  const key = JSON.stringify([release, files]);
  const known = templates.get(key) ?? makeTemplate({ 'foo.spec': spec(release), ...files });
  templates.set(key, known);
  return known;
}

async function makeTemplate(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'fedpkg-world-'));
  const bare = join(dir, 'rpms', 'foo.git');
  const seed = join(dir, 'seed');
  await mkdir(bare, { recursive: true });
  await git(bare, 'init', '--quiet', '--bare', '--template=', '--initial-branch=rawhide');
  await mkdir(seed);
  await git(seed, 'init', '--quiet', '--template=', '--initial-branch=rawhide');
  for (const [name, content] of Object.entries(files)) await writeFile(join(seed, name), content);
  await git(seed, 'add', '.');
  await git(seed, 'commit', '--quiet', '-m', 'first');
  for (const branch of ['f44', 'f43', 'private-x']) await git(seed, 'branch', branch);
  await git(seed, 'push', '--quiet', bare, '--all');
  await rm(seed, { recursive: true });
  await mkdir(join(dir, 'work'));
  await git(join(dir, 'work'), 'clone', '--quiet', '--template=', '-b', 'f44', bare, 'foo');
  // As `fedpkg clone` sets it: git then names the whole address when it asks for a password.
  await git(join(dir, 'work', 'foo'), 'config', 'credential.useHttpPath', 'true');
  return dir;
}

/** To be called behind the last world of a test file. */
export async function removeTemplates(): Promise<void> {
  for (const dir of templates.values()) await rm(await dir, { recursive: true });
  templates.clear();
}

/** A commit in the clone that its remote does not have. */
export async function commitLocally(clone: string, content = 'ours'): Promise<void> {
  await writeFile(join(clone, 'note'), content);
  await git(clone, 'add', 'note');
  await git(clone, 'commit', '--quiet', '-m', 'local');
}

/** A commit by somebody else on f44 of the remote. */
export async function commitElsewhere({ dir }: WorldPlace): Promise<void> {
  const other = join(dir, 'other');
  await git(dir, 'clone', '--quiet', '-b', 'f44', join(dir, 'rpms', 'foo.git'), other);
  await commitLocally(other, 'theirs');
  await git(other, 'push', '--quiet');
}

/** Fetches from the folder of the remote, without asking its server. */
export async function fetchQuietly(clone: string, { dir }: WorldPlace): Promise<void> {
  await git(clone, 'fetch', '--quiet', join(dir, 'rpms', 'foo.git'), '+refs/heads/*:refs/remotes/origin/*');
}
