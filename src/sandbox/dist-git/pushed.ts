import type { Kit } from '../kit/kit.ts';
import { git, tryGit } from './git.ts';

/** Branch name to commit; aliases such as `main` are left out. */
export type Branches = ReadonlyMap<string, string>;

export async function readBranches(repository: string): Promise<Branches> {
  const listed = await git(repository, [
    'for-each-ref',
    '--format=%(symref)|%(refname:lstrip=2)|%(objectname)',
    'refs/heads/',
  ]);
  const rows = listed.split('\n').map((line) => line.split('|'));
  return new Map(rows.flatMap(([symref, name, sha]) => (symref === '' && name && sha ? [[name, sha]] : [])));
}

interface Push {
  readonly kit: Kit;
  readonly repository: string;
  readonly pkg: string;
  readonly url: string;
  readonly agent: string;
  readonly before: Branches;
  readonly after: Branches;
}

/** Publishes what a push did: one message for each commit, oldest first, and one for each branch. */
export async function publishPush({ kit, repository, pkg, url, agent, before, after }: Push): Promise<void> {
  const seen = new Set<string>();
  for (const [branch, head] of after) {
    const old = before.get(branch);
    if (old === head) continue;
    const range = old === undefined ? [head] : [`${old}..${head}`];
    const commits = (await git(repository, ['rev-list', '--reverse', ...range])).split('\n').filter(Boolean);
    const path = `/srv/git/repositories/rpms/${pkg}.git`;
    for (const rev of commits) {
      const commit = await describe(kit, repository, rev);
      kit.publish('git.receive', {
        agent,
        commit: {
          ...commit,
          username: agent,
          rev,
          path,
          repo: pkg,
          namespace: 'rpms',
          branch,
          url: `${url}/rpms/${pkg}/c/${rev}?branch=${branch}`,
          seen: seen.has(rev),
        },
      });
      seen.add(rev);
    }
    const base = old ?? (await emptyTree(repository));
    const changed = await git(repository, ['diff', '--name-status', '-z', '--no-renames', base, head]);
    kit.publish('pagure.git.receive', {
      total_commits: commits.length,
      start_commit: commits[0] ?? head,
      end_commit: head,
      old_commit: old ?? `^${'0'.repeat(40)}`,
      branch,
      forced: false,
      authors: [{ name: agent, fullname: agent, url_path: `user/${agent}` }],
      changed_files: Object.fromEntries(pairs(changed).map(([status, file]) => [file, status])),
      agent,
      repo: { name: pkg, namespace: 'rpms', fullname: `rpms/${pkg}`, full_url: `${url}/rpms/${pkg}` },
      pull_request_id: null,
    });
  }
}

async function emptyTree(repository: string): Promise<string> {
  return (await git(repository, ['hash-object', '-t', 'tree', '-w', '--stdin'], '')).trim();
}

async function describe(kit: Kit, repository: string, rev: string): Promise<Record<string, unknown>> {
  const shown = await git(repository, ['show', '-s', '--format=%an%x00%ae%x00%ct%x00%s%x00%B', rev]);
  const [name = '', email = '', committed = '', summary = '', message = ''] = shown.split('\0');
  const numbers = await git(repository, ['show', '--format=', '--numstat', '--no-renames', rev]);
  const files: Record<string, { additions: number; deletions: number; lines: number }> = {};
  for (const line of numbers.split('\n').filter(Boolean)) {
    const [added, deleted, file = ''] = line.split('\t');
    const additions = Number(added) || 0;
    const deletions = Number(deleted) || 0;
    files[file] = { additions, deletions, lines: additions + deletions };
  }
  const all = Object.values(files);
  const sum = (key: 'additions' | 'deletions' | 'lines') => all.reduce((total, file) => total + file[key], 0);
  return {
    name,
    email,
    summary,
    message: `${message.trimEnd()}\n`,
    date: isoSeconds(sandboxTime(kit, Number(committed) * 1000)),
    stats: {
      files,
      total: {
        additions: sum('additions'),
        deletions: sum('deletions'),
        lines: sum('lines'),
        files: all.length,
      },
    },
    patch: (await tryGit(repository, ['show', '--format=', rev])) ?? '',
  };
}

function pairs(zeroSeparated: string): [string, string][] {
  const parts = zeroSeparated.split('\0').filter(Boolean);
  return parts.flatMap((part, index) =>
    index % 2 === 0 ? [[part, parts[index + 1] ?? ''] as const] : [],
  ) as [string, string][];
}

/** The packager's git stamps commits by the host's clock; those made since the start are told in the sandbox's. */
function sandboxTime({ clock }: Kit, realMs: number): number {
  const second = 1000;
  if (realMs < clock.start - second) return realMs;
  return Math.max(clock.epoch, clock.epoch + clock.speed * (realMs - clock.start));
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00');
}
