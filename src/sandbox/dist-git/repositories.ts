import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kit } from '../kit/kit.ts';
import type { WorldPackage } from '../kit/world.ts';
import { git } from './git.ts';
import { packageFiles } from './package-files.ts';

const AUTHOR = 'Sandbox Packager <packager@sandbox.invalid>';
/** A Monday before the default epoch: fixed, so that the first commits have the same hashes everywhere. */
const FIRST_COMMIT_S = Date.UTC(2026, 9, 5, 9) / 1000;

/** Makes one bare repository for each package of the world; gives their folder. */
export async function makeRepositories(kit: Kit): Promise<string> {
  const root = join(kit.dir, 'git');
  const template = join(root, 'template.git');
  await mkdir(join(root, 'rpms'), { recursive: true });
  await git(root, ['init', '--quiet', '--bare', '--template=', '--initial-branch=rawhide', template]);
  for (const [key, value] of Object.entries({
    'http.receivepack': 'true',
    'receive.denyNonFastForwards': 'true',
    'receive.denyDeletes': 'true',
    'receive.autogc': 'false',
    'gc.auto': '0',
    'core.logAllRefUpdates': 'false',
  })) {
    await git(template, ['config', key, value]);
  }
  await git(template, ['symbolic-ref', 'refs/heads/main', 'refs/heads/rawhide']);
  await Promise.all(
    kit.world.packages.map(async (pkg) => {
      const repository = join(root, 'rpms', `${pkg.name}.git`);
      await cp(template, repository, { recursive: true });
      const branches = ['rawhide', ...kit.world.releases.map((release) => release.branch)];
      await git(repository, ['fast-import', '--quiet'], history(pkg, new Set(branches)));
    }),
  );
  return root;
}

/** Two commits that all branches share, in the language of `git fast-import`. */
function history(pkg: WorldPackage, branches: ReadonlySet<string>): string {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const commit = (mark: number, message: string, files: Iterable<readonly [string, string]>) =>
    [
      `commit refs/heads/rawhide\nmark :${mark}\n`,
      `committer ${AUTHOR} ${FIRST_COMMIT_S + 60 * mark} +0000\n`,
      data(`${message}\n`),
      mark > 1 ? `from :${mark - 1}\n` : '',
      ...[...files].map(([path, content]) => `M 100644 inline ${path}\n${data(content)}`),
    ].join('');
  const others = [...branches].filter((branch) => branch !== 'rawhide');
  return [
    commit(1, 'Initial setup of the repo', [['.gitignore', '']]),
    commit(2, 'Initial import', packageFiles(pkg)),
    ...others.map((branch) => `reset refs/heads/${branch}\nfrom :2\n`),
  ].join('');
}
