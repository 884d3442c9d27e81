import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { countRelease, expandAutorelease, usesAutorelease } from '../../kit/autorelease.ts';
import { HubError, openHub } from '../koji/hub.ts';
import { readProfile } from '../koji/profile.ts';
import { askGit, type Clone, detachedText } from './git.ts';
import { type Context, Refused } from './settings.ts';
import { type Nvre, readSpec, SpecError } from './spec.ts';

/** What a branch means for a build. */
export interface Release {
  /** `f44`, `rawhide`. */
  readonly branch: string;
  readonly target: string;
  /** `fc44`. */
  readonly disttag: string;
  /** `fedora` or `rhel`. */
  readonly distvar: string;
  /** `44`. */
  readonly distval: string;
}

const RAWHIDE = ['rawhide', 'main'];

/** The branch that decides: `--release`, else what the current branch tracks, else its own name. */
export function branchOf({ globals }: Context, clone: Clone): string {
  if (globals.release !== undefined) return globals.release;
  if (clone.branch === undefined) throw new Refused(`Repo in inconsistent state: ${detachedText(clone)}`);
  return clone.merge ?? clone.branch;
}

export function targetOf(branch: string): string {
  return RAWHIDE.includes(branch) ? 'rawhide' : `${branch}-candidate`;
}

/** On rawhide the hub is asked for the number, anonymously. */
export async function releaseOf(context: Context, clone: Clone): Promise<Release> {
  const branch = branchOf(context, clone);
  const target = targetOf(branch);
  const fedora =
    /^f(\d+)$/.exec(branch)?.[1] ??
    (RAWHIDE.includes(branch) ? await rawhideNumber(context, clone) : undefined);
  if (fedora !== undefined)
    return { branch, target, disttag: `fc${fedora}`, distvar: 'fedora', distval: fedora };
  const rhel = /^(?:el|epel)(\d+)(?:\.(\d+))?$/.exec(branch);
  if (rhel?.[1] === undefined) {
    throw new Refused(`Could not find release from branch name '${branch}'. Please specify with --release.`);
  }
  const minor = rhel[2] === undefined ? '' : `_${rhel[2]}`;
  return { branch, target, disttag: `el${rhel[1]}${minor}`, distvar: 'rhel', distval: rhel[1] };
}

/** From the target's destination tag; with Koji out of reach the highest branch that is known here, and one more. */
async function rawhideNumber(context: Context, clone: Clone): Promise<string> {
  const { run, settings } = context;
  const hub = openHub(run, readProfile(run, settings.kojiProfile));
  try {
    const target = (await hub.call('getBuildTarget', 'rawhide')) as { readonly dest_tag_name: string } | null;
    const number = /^f(\d+)/.exec(target?.dest_tag_name ?? '')?.[1];
    if (number !== undefined) return number;
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
  } finally {
    hub.close();
  }
  const refs = await askGit(run, clone.path, [
    'for-each-ref',
    '--format=%(refname)',
    'refs/heads',
    'refs/remotes',
  ]);
  const known = [...refs.stdout.matchAll(/\/f(\d+)$/gm)].map(([, digits]) => Number(digits));
  if (known.length === 0) throw new Refused('Unable to determine rawhide version');
  return String(Math.max(...known) + 1);
}

/** The spec file of a folder: the one of the folder's name, else the first, which is said. */
export function specFile({ run }: Pick<Context, 'run'>, path: string): string {
  const usual = `${basename(path)}.spec`;
  if (existsSync(join(path, usual))) return join(path, usual);
  const found = readdirSync(path)
    .filter((name) => name.endsWith('.spec') && !name.startsWith('.'))
    .sort()[0];
  if (found === undefined) throw new Refused('No spec file found.');
  run.warn(`Using ${found}`);
  return join(path, found);
}

/** Name of the repository and version of the spec, as the branch makes them. */
export async function readNvre(
  context: Context,
  clone: Clone,
): Promise<Nvre & { readonly nvr: string; readonly builtFor: Release }> {
  const builtFor = await releaseOf(context, clone);
  const { distval, distvar, disttag } = builtFor;
  const spec = specFile(context, clone.path);
  const macros = new Map([
    ['dist', `.${disttag}`],
    [distvar, distval],
    [disttag, '1'],
  ]);
  try {
    const nvre = readSpec(await withRelease(context, clone, spec, macros), macros);
    const name = context.globals.name ?? (clone.name === '' ? nvre.name : clone.name);
    return { ...nvre, name, nvr: `${name}-${nvre.version}-${nvre.release}`, builtFor };
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    context.run.warn(`${error.message}\nerror: query of specfile ${spec} failed, can't parse\n`);
    throw new Refused(`Could not get n-v-r-e from ${spec}`, { cause: error });
  }
}

/** The spec as rpm reads it with rpmautospec installed: the counted release in place of its macro. */
async function withRelease(
  { run }: Context,
  clone: Clone,
  spec: string,
  macros: ReadonlyMap<string, string>,
): Promise<string> {
  const text = readFileSync(spec, 'utf8');
  if (!usesAutorelease(text)) return text;
  const number = await countRelease({
    async git(args) {
      const { exit, stdout } = await askGit(run, clone.path, args);
      return exit === 0 ? stdout : undefined;
    },
    head: clone.head,
    file: basename(spec),
    versionOf(past) {
      try {
        const { epoch, version } = readSpec(expandAutorelease(past, 1), macros);
        return `${epoch}:${version}`;
      } catch (error) {
        if (error instanceof SpecError) return undefined;
        throw error;
      }
    },
    changed: clone.dirty ? text : undefined,
  });
  return expandAutorelease(text, number);
}

/** `rpms/foo` where the system has namespaces, else `foo`. */
export function repoName({ settings, globals }: Context, clone: Clone): string {
  const name = globals.name ?? clone.name;
  return settings.namespaced ? `${globals.namespace ?? clone.namespace}/${name}` : name;
}

/** What Koji is told to build: HEAD, by the anonymous URL. */
export function buildUrl(context: Context, clone: Clone): string {
  const url = context.settings.anonGitUrl.replaceAll('%(repo)s', repoName(context, clone));
  return `git+${url}#${clone.head}`;
}
