import type { Kit } from '../kit/kit.ts';
import type { Commit } from './sources.ts';

interface Place {
  /** Address of dist-git. */
  readonly url: string;
  readonly branches: readonly string[];
}

/** Tells the bus of a commit as dist-git does of a push: a message for each branch, and one for its commit. */
export function publishCommit(kit: Kit, commit: Commit, { url, branches }: Place): void {
  const { pkg, sha, author, version, release, at } = commit;
  const summary = release === 1 ? `Update to ${version}` : 'Rebuild with a small fix';
  const counts = { additions: 4, deletions: 2, lines: 6 };
  for (const [index, branch] of branches.entries()) {
    kit.publish('git.receive', {
      agent: author,
      commit: {
        name: author,
        email: `${author}@sandbox.invalid`,
        summary,
        message: `${summary}\n`,
        date: new Date(at).toISOString().replace(/\.\d+Z$/, '+00:00'),
        stats: { files: { [`${pkg}.spec`]: counts }, total: { ...counts, files: 1 } },
        patch: '',
        username: author,
        rev: sha,
        path: `/srv/git/repositories/rpms/${pkg}.git`,
        repo: pkg,
        namespace: 'rpms',
        branch,
        url: `${url}/rpms/${pkg}/c/${sha}?branch=${branch}`,
        seen: index > 0,
      },
    });
    kit.publish('pagure.git.receive', {
      total_commits: 1,
      start_commit: sha,
      end_commit: sha,
      old_commit: sha.split('').toReversed().join(''),
      branch,
      forced: false,
      authors: [{ name: author, fullname: author, url_path: `user/${author}` }],
      changed_files: { [`${pkg}.spec`]: 'M' },
      agent: author,
      repo: { name: pkg, namespace: 'rpms', fullname: `rpms/${pkg}`, full_url: `${url}/rpms/${pkg}` },
      pull_request_id: null,
    });
  }
}
