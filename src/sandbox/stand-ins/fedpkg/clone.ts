import { appendFileSync, chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCommand } from './arguments.ts';
import { runGit } from './git.ts';
import { type Context, Refused, userName } from './settings.ts';

/** `fedpkg clone [-a] [-b BRANCH] [-B] [NS/]PKG [TARGETDIR]`: git's own clone, then what fedpkg wants in it. */
export async function clone(context: Context, argv: readonly string[]): Promise<number> {
  const { run, settings, globals, path } = context;
  const { options, args } = parseCommand(context, 'clone', argv, {
    anonymous: { names: ['-a', '--anonymous'] },
    branch: { names: ['-b', '--branch'], takes: 'value' },
    branches: { names: ['-B', '--branches'] },
    depth: { names: ['--depth'], takes: 'value' },
  });
  const [wanted, target, ...extra] = args;
  if (wanted === undefined) throw new Refused('the following arguments are required: repo');
  if (options.branch !== undefined && options.branches === true) {
    throw new Refused('Cannot use -b/--branch with -B/--branches');
  }
  const namespace = wanted.includes('/') ? (wanted.split('/')[0] ?? '') : (settings.namespaces[0] ?? '');
  const repo = settings.namespaced && !wanted.includes('/') ? `${namespace}/${wanted}` : wanted;
  const pattern = options.anonymous === true ? settings.anonGitUrl : settings.gitBaseUrl;
  const url = pattern.replaceAll('%(repo)s', repo).replaceAll('%(user)s', () => userName(context));
  const folder = join(path, target ?? repo.split('/').at(-1) ?? repo);

  await runGit(run, path, [
    'clone',
    ...(globals.quiet ? ['-q'] : []),
    ...(options.depth === undefined ? [] : ['--depth', options.depth]),
    ...(options.branch === undefined ? [] : ['-b', options.branch]),
    // fedpkg calls `git config` for each of them behind the clone.
    ...configOf(context, repo, namespace).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    url,
    '--origin',
    'origin',
    ...extra,
    ...(target === undefined ? [] : [target]),
  ]);
  if (settings.excludes.length > 0) {
    appendFileSync(join(folder, '.git', 'info', 'exclude'), `${settings.excludes.join('\n')}\n`);
  }
  if (!settings.skipHooks) writeHook(context, folder);
  if (options.branches === true) await addBranches(context, folder);
  return 0;
}

/** What stands in the configuration of the clone. */
function configOf(
  context: Context,
  repo: string,
  namespace: string,
): readonly (readonly [key: string, value: string])[] {
  const lines = context.settings.cloneConfig(namespace).map((line): readonly [string, string] => {
    const [key = '', ...value] = line.replaceAll('%(repo)s', repo).split(/\s+/);
    return [key, value.join(' ')];
  });
  return [
    ['credential.helper', `${fedpkgCommand(context)} gitcred`],
    ['credential.useHttpPath', 'true'],
    ...lines,
  ];
}

function fedpkgCommand({ globals }: Context): string {
  return globals.config === undefined ? 'fedpkg' : `fedpkg -C ${globals.config}`;
}

/** Lets git ask `fedpkg pre-push-check` for each commit that is pushed. An existing hook is left alone. */
function writeHook(context: Context, folder: string): void {
  const hook = join(folder, '.git', 'hooks', 'pre-push');
  if (existsSync(hook)) return;
  const command = fedpkgCommand(context);
  writeFileSync(
    hook,
    `#!/bin/bash

_remote="$1"
_url="$2"

exit_code=0
while read -r _local_ref local_sha _remote_ref _remote_sha
do
    command -v fedpkg >/dev/null 2>&1 || {
        echo >&2 "Warning: 'fedpkg' is missing, pre-push check is omitted. See .git/hooks/pre-push"
        exit 0
    }
    ${command} pre-push-check "$local_sha"
    ret_code=$?
    if [ $ret_code -ne 0 ] && [ $exit_code -eq 0 ]; then
        exit_code=$ret_code
    fi
done

exit $exit_code
`,
  );
  chmodSync(hook, 0o755);
}

/** `-B`: a work tree for each branch of the remote beside the first. */
async function addBranches(context: Context, folder: string): Promise<void> {
  const { run } = context;
  const { askGit } = await import('./git.ts');
  const refs = await askGit(run, folder, [
    'for-each-ref',
    '--format=%(refname:lstrip=3)',
    'refs/remotes/origin',
  ]);
  const current = (await askGit(run, folder, ['symbolic-ref', '--short', 'HEAD'])).stdout.trim();
  for (const branch of refs.stdout.split('\n')) {
    if (branch === '' || branch === 'HEAD' || branch === current) continue;
    await runGit(run, folder, ['worktree', 'add', '--quiet', branch, branch]);
  }
}
