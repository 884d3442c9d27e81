import type { Files } from '../core/step.ts';

/** Where git locks what it is about to write, below `.git`; a branch has its lock beside it. */
const PLACES = ['.git', '.git/refs/heads', '.git/refs/remotes/origin'];

/**
 * Removes the locks that commands have left in a work tree: a git that is ended in the moment in which it takes one does not remove it, and every
 * later one would refuse to work there. Only where nobody else is at work.
 *
 * @param dir the work tree, as `files` knows it
 */
export async function removeGitLocks(
  dir: string,
  files: Pick<Files, 'exists' | 'list' | 'remove'>,
): Promise<void> {
  for (const place of PLACES) {
    const path = `${dir}/${place}`;
    if (!(await files.exists(path))) continue;
    for (const name of await files.list(path)) {
      if (name.endsWith('.lock')) await files.remove(`${path}/${name}`);
    }
  }
}
