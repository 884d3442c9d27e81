import { pythonJson } from '../common/python.ts';
import { HubError } from '../koji/hub.ts';
import { parseCommand } from './arguments.ts';
import { askGit, readClone, runGit } from './git.ts';
import { kojiProfile, openKojiSession } from './koji-session.ts';
import { buildUrl, readNvre } from './package.ts';
import { type Context, Refused, userName } from './settings.ts';

/** `fedpkg switch-branch [BRANCH]`: without one, the branches. */
export async function switchBranch(context: Context, argv: readonly string[]): Promise<number> {
  const { run, path } = context;
  const { options, args } = parseCommand(context, 'switch-branch', argv, {
    list: { names: ['-l', '--list'] },
    fetch: { names: ['--fetch'] },
  });
  const [branch] = args;
  if (options.fetch === true) await runGit(run, path, ['fetch', 'origin']);
  const clone = await readClone(run, path);
  const refs = await askGit(run, path, ['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/remotes']);
  const names = (prefix: string) =>
    refs.stdout
      .split('\n')
      .filter((ref) => ref.startsWith(prefix) && !ref.endsWith('/HEAD'))
      .map((ref) => ref.slice(prefix.length));
  const locals = names('refs/heads/');
  const remotes = names('refs/remotes/');
  if (branch === undefined || options.list === true) {
    context.say('Locals:');
    for (const name of locals) context.say(`${name === clone.branch ? '*' : ' '} ${name}`);
    context.say('Remotes:');
    for (const name of remotes) context.say(`  ${name}`);
    return 0;
  }
  if (clone.dirty) throw new Refused(`${path} has uncommitted changes.  Use git status to see details`);
  if (locals.includes(branch)) {
    await quietly(context, ['checkout', branch]);
    context.say(`Switched to branch '${branch}'`);
  } else {
    if (!remotes.includes(`origin/${branch}`)) throw new Refused(`Unknown remote branch origin/${branch}`);
    await quietly(context, ['checkout', '-b', branch, '--track', `origin/${branch}`]);
    context.say(`branch '${branch}' set up to track 'origin/${branch}'.`);
  }
  return 0;
}

async function quietly({ run, path }: Context, args: readonly string[]): Promise<void> {
  const { exit, stderr } = await askGit(run, path, args);
  if (exit !== 0) throw new Refused(stderr.trim());
}

/** `fedpkg push`: git's own, with its output. */
export async function push(context: Context, argv: readonly string[]): Promise<number> {
  const { options } = parseCommand(context, 'push', argv, {
    force: { names: ['-f', '--force'] },
    no_verify: { names: ['--no-verify'] },
    set_upstream: { names: ['--set-upstream', '-u'] },
  });
  const more: string[] = [];
  if (options.no_verify === true) more.push('--no-verify');
  if (options.force === true) more.push('--force');
  if (options.set_upstream === true) {
    const { branch } = await readClone(context.run, context.path);
    more.push('--set-upstream', 'origin', branch ?? 'HEAD');
  }
  await runGit(context.run, context.path, ['push', ...more]);
  return 0;
}

/** `fedpkg pull`. */
export async function pull(context: Context, argv: readonly string[]): Promise<number> {
  const { options } = parseCommand(context, 'pull', argv, {
    rebase: { names: ['--rebase'] },
    no_rebase: { names: ['--no-rebase'] },
  });
  const more = options.rebase === true ? ['--rebase'] : options.no_rebase === true ? ['--no-rebase'] : [];
  await runGit(context.run, context.path, ['pull', ...more]);
  return 0;
}

/** `fedpkg commit`: all tracked changes, or the named files. */
export async function commit(context: Context, argv: readonly string[]): Promise<number> {
  const { run, path } = context;
  const { options, args } = parseCommand(context, 'commit', argv, {
    message: { names: ['-m', '--message'], takes: 'value' },
    file: { names: ['-F', '--file'], takes: 'value' },
    push: { names: ['-p', '--push'] },
    signoff: { names: ['-s', '--signoff'] },
  });
  const message =
    options.message !== undefined
      ? ['-m', options.message]
      : options.file !== undefined
        ? ['-F', options.file]
        : undefined;
  if (message === undefined) throw new Refused('Must have a commit message or be on a real tty.');
  await runGit(run, path, [
    'commit',
    ...(options.signoff === true ? ['-s'] : []),
    ...message,
    ...(args.length > 0 ? args : ['-a']),
  ]);
  return options.push === true ? push(context, []) : 0;
}

/** `fedpkg giturl`. */
export async function gitUrl(context: Context, argv: readonly string[]): Promise<number> {
  parseCommand(context, 'giturl', argv, {});
  context.say(buildUrl(context, await readClone(context.run, context.path)));
  return 0;
}

const ARCHES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', ppc64: 'ppc64le' };

/** `fedpkg verrel`: name, version and release of the spec in the tree. */
export async function verrel(context: Context, argv: readonly string[]): Promise<number> {
  const { run, path } = context;
  const { options } = parseCommand(context, 'verrel', argv, { json: { names: ['--json'] } });
  const clone = await readClone(run, path);
  const { name, version, release, epoch, nvr, builtFor } = await readNvre(context, clone);
  if (options.json !== true) {
    run.print(nvr);
    return 0;
  }
  const { disttag, distvar, distval, target } = builtFor;
  const { weburl, topurl } = kojiProfile(context);
  const facts: Record<string, unknown> = {
    repo_name: name,
    ver: version,
    rel: release,
    epoch,
    nvr,
    ns: context.globals.namespace ?? clone.namespace,
    branch_merge: clone.merge,
    commithash: clone.head,
    distval,
    disttag,
    distvar,
    localarch: ARCHES[process.arch] ?? process.arch,
    target,
    user: userName(context),
  };
  // The login is only there to learn the URL of the pages; without one the line lacks it.
  try {
    const { hub } = await openKojiSession(context);
    hub.close();
    facts['kojiweburl'] = weburl;
  } catch (error) {
    if (!(error instanceof HubError) && !(error instanceof Refused)) throw error;
  }
  run.print(pythonJson({ ...facts, topurl, verrel: nvr }));
  return 0;
}
