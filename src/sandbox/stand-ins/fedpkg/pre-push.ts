import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseCommand } from './arguments.ts';
import { askGit, readClone } from './git.ts';
import { openLookaside } from './lookaside.ts';
import { releaseOf, specFile } from './package.ts';
import { type Context, Refused } from './settings.ts';
import { lookasideName, parseSources } from './sources.ts';

const HINT =
  "Hint: this check (.git/hooks/pre-push script) can be bypassed by adding the argument '--no-verify' to the push command.";

/** `fedpkg pre-push-check SHA`, called by the hook. Each refusal has a code of its own. */
export async function prePushCheck(context: Context, argv: readonly string[]): Promise<number> {
  const { run, path } = context;
  const { args } = parseCommand(context, 'pre-push-check', argv, {});
  const [sha = ''] = args;
  const clone = await readClone(run, path);
  const release = await releaseOf(context, clone).catch((error: unknown) => {
    if (error instanceof Refused) return undefined;
    throw error;
  });
  if (release === undefined) {
    run.warn("The pre-push script can't check private branches. Push operation continues.");
    return 0;
  }
  if ((await askGit(run, path, ['cat-file', '-e', `${sha}^{commit}`])).exit !== 0) {
    run.warn(`Wrong reference to a commit: '${sha}'`);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'pre_push_check_'));
  try {
    const copied = await askGit(run, path, ['clone', '--quiet', '--no-checkout', path, folder]);
    const there = copied.exit === 0 ? await askGit(run, folder, ['checkout', '--quiet', sha]) : copied;
    if (there.exit !== 0) {
      run.warn(`Command 'git checkout ${sha}' failed. Push operation was cancelled.`);
      return 2;
    }
    const wanted = listSources(context, specFile(context, folder), folder, release.disttag);
    if (typeof wanted === 'number') return wanted;
    return await checkSources(context, folder, wanted, lookasideName(context, clone));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files that the spec names, by the host's `spectool`; a number is the code of its failure. */
function listSources(
  { run }: Context,
  spec: string,
  folder: string,
  disttag: string,
): readonly string[] | number {
  const args = ['--define', `dist .${disttag}`, '-l', spec];
  const { error, status, stdout } = spawnSync('spectool', args, {
    cwd: folder,
    env: run.env as NodeJS.ProcessEnv,
    encoding: 'utf8',
  });
  if (error !== undefined) throw new Refused("[Errno 2] No such file or directory: 'spectool'");
  if (status !== 0) {
    run.warn(`Command 'spectool ${args.join(' ')}' failed. Push operation was cancelled.`);
    return 3;
  }
  return stdout
    .split('\n')
    .map((line) => /^(?:Source|Patch)\d*: *(\S+)/.exec(line)?.[1])
    .filter((file) => file !== undefined)
    .map((file) => basename(file));
}

async function checkSources(
  context: Context,
  folder: string,
  wanted: readonly string[],
  repo: string,
): Promise<number> {
  const { run } = context;
  const list = join(folder, 'sources');
  if (!existsSync(list)) return 0;
  const listed = parseSources(readFileSync(list, 'utf8'));
  const tracked = (await askGit(run, folder, ['ls-files'])).stdout.split('\n');
  for (const file of wanted) {
    if (listed.some((source) => source.file === file) || tracked.includes(file)) continue;
    run.warn(
      `Source file '${file}' was neither listed in the 'sources' file nor tracked in git nor listed in additional sources. Push operation was cancelled\n${HINT}`,
    );
    return 4;
  }
  const lookaside = openLookaside(context);
  try {
    for (const source of listed) {
      if (await lookaside.has(repo, source)) continue;
      run.warn(
        `Source file (or tarball) '${source.file}' wasn't uploaded to the lookaside cache. Push operation was cancelled.\n${HINT}`,
      );
      return 5;
    }
  } finally {
    lookaside.close();
  }
  return 0;
}
