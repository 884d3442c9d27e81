import { execa } from 'execa';

/** `git` without the user's own configuration, and not inside a repository that called us (a hook of ours). */
export const GIT_ENV = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  LC_ALL: 'C',
  TZ: 'UTC',
} as const;

/** What git printed; undefined where it exited otherwise than with 0. */
export async function tryGit(
  repository: string,
  args: readonly string[],
  input?: string,
): Promise<string | undefined> {
  const { failed, stdout, exitCode, originalMessage } = await execa('git', ['-C', repository, ...args], {
    env: GIT_ENV,
    reject: false,
    stripFinalNewline: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
  if (exitCode === undefined) throw new Error(`git could not be run: ${originalMessage ?? 'unknown'}`);
  return failed ? undefined : stdout;
}

/** What git printed; anything but exit 0 is an error. */
export async function git(repository: string, args: readonly string[], input?: string): Promise<string> {
  const { stdout } = await execa('git', ['-C', repository, ...args], {
    env: GIT_ENV,
    stripFinalNewline: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
  return stdout;
}
