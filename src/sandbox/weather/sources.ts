import { createHash } from 'node:crypto';
import type { DistGitPort } from '../kit/kit.ts';
import { GATING, type World } from '../kit/world.ts';

/** One commit of somebody else's package. */
export interface Commit {
  readonly sha: string;
  readonly pkg: string;
  readonly author: string;
  readonly version: string;
  readonly release: number;
  /** Sandbox time, epoch ms. */
  readonly at: number;
  /** Whether its spec fails in rpmbuild. */
  readonly isBroken: boolean;
}

/** What others have committed: read by builders, Bodhi and Greenwave like any package, but nobody can clone it. */
export interface OthersSources extends DistGitPort {
  commit(made: Omit<Commit, 'sha'>): Commit;
  /** Forgets commits that are older. */
  forget(before: number): void;
}

/** Puts the commits of others beside a real dist-git. */
export function othersSources(world: World, own: DistGitPort): OthersSources {
  const commits = new Map<string, Commit>();
  const theirs = (pkg: string) => world.others?.packages.get(pkg);
  return {
    commit(made) {
      const sha = createHash('sha1')
        .update(`${made.pkg} ${made.version} ${made.release} ${made.at}`)
        .digest('hex');
      const commit = { ...made, sha };
      commits.set(sha, commit);
      return commit;
    },
    forget(before) {
      for (const [sha, { at }] of commits) if (at < before) commits.delete(sha);
    },
    has: (pkg) => theirs(pkg) !== undefined || own.has(pkg),
    isOnBranch: async (pkg, sha) => (theirs(pkg) === undefined ? own.isOnBranch(pkg, sha) : commits.has(sha)),
    async readFile(pkg, sha, path) {
      const package_ = theirs(pkg);
      if (package_ === undefined) return own.readFile(pkg, sha, path);
      const commit = commits.get(sha);
      if (commit === undefined) return undefined;
      if (path === `${pkg}.spec`) return specOf(commit);
      return path === 'gating.yaml' && package_.isGated ? GATING : undefined;
    },
  };
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function specOf({ pkg, author, version, release, at, isBroken }: Commit): string {
  const day = new Date(at);
  const date = `${DAYS[day.getUTCDay()]} ${MONTHS[day.getUTCMonth()]} ${String(day.getUTCDate()).padStart(2, '0')} ${day.getUTCFullYear()}`;
  const said = release === 1 ? `Update to ${version}` : 'Rebuild with a small fix';
  return `Name:           ${pkg}
Version:        ${version}
Release:        ${release}%{?dist}
Summary:        The ${pkg} package
License:        MIT
${/^(python|perl|php|R|rubygem)-/.test(pkg) ? 'BuildArch:      noarch\n' : ''}
%description
The ${pkg} package.

%prep
true

%build
${isBroken ? 'exit 1' : 'true'}

%install
true

%files

%changelog
* ${date} ${author} <${author}@sandbox.invalid> - ${version}-${release}
- ${said}
`;
}
