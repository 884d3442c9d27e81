import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { commandEnvironment, homeFiles } from '../../src/clients/home.ts';
import type { Environment } from '../../src/core/environment.ts';
import type { Command, CommandResult, Exec } from '../../src/core/ports.ts';
import { processExec } from '../../src/platform/exec.ts';
import { type ContextOptions, filesBelow, RELEASE, stepContext, testEnvironment } from './step-context.ts';

export const PACKAGE = 'dummy-test-package-gloster';

export const SPEC = `Name:           ${PACKAGE}
Version:        1.0
Release:        3%{?dist}
Summary:        Package without content
License:        MIT
Source0:        https://example.org/%{name}-%{version}.tar.gz

%description
A package without content.

%prep
%autosetup

%changelog
* Mon Oct 05 2026 Somebody <somebody@example.org> - 1.0-3
- Before
`;

export interface GitWorld extends AsyncDisposable {
  /** Work folder of the run. */
  readonly dir: string;
  /** The bare repository. */
  readonly remote: string;
  readonly env: Environment;
  /** Real git, a small `fedpkg` over it, no `rpmdev-bumpspec`; `ran` has what was asked for. */
  readonly exec: Exec & { readonly ran: Command[] };
  context(options?: Partial<ContextOptions>): ReturnType<typeof stepContext>;
  git(cwd: string, ...args: string[]): Promise<string>;
  /** Somebody else commits to a branch and pushes. */
  pushByOther(branch: string, file: string, text: string): Promise<string>;
}

/** A bare repository with branches `rawhide` and `f44`, and a run's work folder beside it. */
export async function gitWorld(spec = SPEC, more: Readonly<Record<string, Exec>> = {}): Promise<GitWorld> {
  const root = await mkdtemp(join(tmpdir(), 'packprobe-git-'));
  const dir = join(root, 'run');
  const remote = join(root, `rpms/${PACKAGE}.git`);
  const env = testEnvironment();
  const home = join(dir, 'home');
  const files = filesBelow(home);
  for (const { path, content, mode } of homeFiles(env)) {
    await files.write(path, content, mode === undefined ? {} : { mode });
  }
  const real = processExec({
    environment: commandEnvironment(env, home, process.env['PATH'] ?? ''),
    cwd: dir,
  });
  const never = new AbortController().signal;
  const ran: Command[] = [];
  const exec = Object.assign(
    async (command: Command, signal: AbortSignal): Promise<CommandResult> => {
      ran.push(command);
      const other = more[command.file];
      if (other !== undefined) return other(command, signal);
      if (command.file !== 'fedpkg') return real(command, signal);
      return real({ ...command, file: 'git', args: asGit(command.args, remote) }, signal);
    },
    { ran },
  );
  const git = async (cwd: string, ...args: string[]) => {
    const result = await real({ file: 'git', args, cwd }, never);
    if (result.exit !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
    return result.stdout.trim();
  };

  const seed = join(root, 'seed');
  await git(root, 'init', '--quiet', '--bare', '--initial-branch=rawhide', remote);
  await git(root, 'clone', '--quiet', remote, seed);
  await git(seed, 'checkout', '--quiet', '-B', 'rawhide');
  await writeFile(join(seed, `${PACKAGE}.spec`), spec);
  await writeFile(join(seed, '.gitignore'), '');
  await git(seed, 'add', '.');
  await git(seed, 'commit', '--quiet', '-m', 'Initial import');
  await git(seed, 'branch', 'f44');
  await git(seed, 'push', '--quiet', 'origin', 'rawhide', 'f44');

  return {
    dir,
    remote,
    env,
    exec,
    git,
    context: (options = {}) => stepContext({ dir, env, exec, release: RELEASE, ...options }),
    async pushByOther(branch, file, text) {
      await git(seed, 'fetch', '--quiet');
      await git(seed, 'checkout', '--quiet', '-B', branch, `origin/${branch}`);
      await writeFile(join(seed, file), text);
      await git(seed, 'add', '.');
      await git(seed, 'commit', '--quiet', '-m', `Change ${file}`);
      await git(seed, 'push', '--quiet', 'origin', branch);
      return git(seed, 'rev-parse', 'HEAD');
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** The git command behind `fedpkg clone` and `fedpkg switch-branch`. */
function asGit(args: readonly string[], remote: string): readonly string[] {
  const [, , command, ...rest] = args;
  if (command === 'clone') {
    const [, branch = '', name = '', into = ''] = rest;
    return [
      'clone',
      '--quiet',
      '-b',
      branch,
      resolve(remote, '..', `${name}.git`),
      '--origin',
      'origin',
      into,
    ];
  }
  if (command === 'switch-branch') return ['checkout', rest[0] ?? ''];
  throw new Error(`no fedpkg for: ${args.join(' ')}`);
}
