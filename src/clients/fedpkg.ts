import type { Environment } from '../core/environment.ts';
import { systemOf } from '../core/environment.ts';
import { Fault } from '../core/fault.ts';
import type { Command, CommandResult } from '../core/ports.ts';
import { evidenceOf, killedFault } from './command.ts';
import { gitFault } from './git.ts';

/**
 * The packager command of the environment with its global options. `--user` always: without it the name is guessed from ticket or login, and a service account
 * clones as root.
 */
function packagerCommand(environment: Environment, args: readonly string[]): Command {
  const { client } = systemOf(environment, 'dist-git');
  return { file: client, args: ['--user', environment.identity.user, ...args] };
}

export interface CloneOptions {
  readonly package: string;
  readonly branch: string;
  /** Target folder, relative to where the command runs. */
  readonly into: string;
}

export function cloneCommand(environment: Environment, options: CloneOptions): Command {
  const { namespace } = systemOf(environment, 'dist-git');
  const name = namespace === 'rpms' ? options.package : `${namespace}/${options.package}`;
  return packagerCommand(environment, ['clone', '-b', options.branch, name, options.into]);
}

/** Switches only: it neither fetches nor pulls. */
export function switchBranchCommand(environment: Environment, branch: string): Command {
  return packagerCommand(environment, ['switch-branch', branch]);
}

/** Uploads and makes the file the only one in `sources`; stages, does not commit. */
export function newSourcesCommand(environment: Environment, file: string): Command {
  return packagerCommand(environment, ['new-sources', file]);
}

/** What a failing `clone` or `switch-branch` says: of the command's own configuration, of our work tree, else of the git server. */
export function fedpkgFault(result: CommandResult, doing: string): Fault {
  return ownFault(result, doing) ?? gitFault(result, doing);
}

/** Troubles of the packager command that have nothing to do with a server. */
function ownFault(result: CommandResult, doing: string): Fault | undefined {
  const killed = killedFault(result);
  if (killed !== undefined) return killed;
  const evidence = evidenceOf(result);
  // A missing key of the configuration is told as the bare key: `Could not execute clone: 'lookaside_cgi'`.
  if (
    result.exit === 2 ||
    /^usage: /m.test(result.stdout) ||
    /Invalid config file|Missing kojiprofile|^Could not execute \w+: '\w+'$/m.test(result.stderr)
  ) {
    return new Fault(`${doing}: the packager command is not configured as it should be`, {
      code: 'FEDPKG_CONFIG',
      kind: 'prober',
      evidence,
      hint: 'Look at /etc/rpkg/ and at systems.dist-git.client: the command reads the section that is called as it is.',
    });
  }
  if (/has uncommitted changes/.test(result.stderr)) {
    return new Fault(`${doing}: the work tree has uncommitted changes`, {
      code: 'WORK_TREE_DIRTY',
      kind: 'prober',
      evidence,
      hint: 'Let `dist-git/push` commit what `dist-git/bump` changed before the branch is switched.',
    });
  }
  if (/is retired\. The action has stopped/.test(result.stderr)) return retiredFault(doing);
  return undefined;
}

/** A `dead.package` in the tree: the package was retired. */
export function retiredFault(doing: string): Fault {
  return new Fault(`${doing}: the package is retired on this branch`, {
    code: 'PACKAGE_RETIRED',
    kind: 'prober',
    hint: 'Ask release engineering to unretire the test package, or name another one in the environment file.',
  });
}

/**
 * What a failing `new-sources` says of the lookaside. `LOOKASIDE_UNAUTHORIZED` is for the caller to look into: expired ticket, dead KDC and a lookaside that
 * refuses a good ticket are the same 401.
 */
export function newSourcesFault(result: CommandResult): Fault {
  const doing = 'fedpkg new-sources';
  const own = ownFault(result, doing);
  if (own !== undefined) return own;
  const evidence = evidenceOf(result);
  const text = result.stderr;
  const status = /Server returns status (\d{3})/.exec(text)?.[1];
  if (/git tracked file/.test(text)) {
    return new Fault(`${doing}: the source file is tracked in git`, {
      code: 'SOURCE_TRACKED',
      kind: 'prober',
      evidence,
      hint: 'Remove the tarball from the git repository of the test package: it belongs into the lookaside alone.',
    });
  }
  if (/is unauthorized/i.test(text)) {
    return new Fault(`${doing}: the lookaside refuses our login`, {
      code: 'LOOKASIDE_UNAUTHORIZED',
      kind: 'rejected',
      system: 'lookaside',
      evidence,
      hint: 'The ticket is valid and the KDC answers: look at the Kerberos set-up of the lookaside.',
    });
  }
  if (status === '403') {
    return new Fault(`${doing}: the account may not upload`, {
      code: 'LOOKASIDE_FORBIDDEN',
      kind: 'rejected',
      // The lookaside asks for one thing only: the group packager of the account system.
      system: 'fas',
      evidence,
      hint: 'Is the account in the group packager? Then look at how the lookaside learns of groups.',
    });
  }
  if (status === '404') {
    return new Fault(`${doing}: the lookaside does not know the package`, {
      code: 'LOOKASIDE_PACKAGE_UNKNOWN',
      kind: 'rejected',
      system: 'lookaside',
      evidence,
      hint: 'Does the git repository exist, and does the lookaside see it? Is the namespace right?',
    });
  }
  if (status !== undefined && !status.startsWith('5') && status !== '429') {
    return new Fault(`${doing}: the lookaside answered ${status}`, {
      code: 'LOOKASIDE_REFUSED',
      kind: 'rejected',
      system: 'lookaside',
      evidence,
      hint: 'Look at the log of upload.cgi for this time.',
    });
  }
  if (status !== undefined || /Error occurs inside the server/.test(text)) {
    return new Fault(`${doing}: the lookaside answered that it is broken`, {
      code: 'LOOKASIDE_BROKEN',
      kind: 'unavailable',
      system: 'lookaside',
      evidence,
      hint: 'Look at the lookaside: upload.cgi, its disk, the web server before it.',
    });
  }
  if (/Error checking for/.test(text)) {
    return new Fault(`${doing}: the lookaside's answer is not one of its own`, {
      code: 'LOOKASIDE_PROTOCOL',
      kind: 'malformed',
      system: 'lookaside',
      evidence,
      hint: 'Look at what stands before the lookaside: a login page or an error page comes instead of its answer.',
    });
  }
  if (/Network error: |\(\d+, '/.test(text)) {
    return new Fault(`${doing}: the lookaside could not be reached, or cut the connection`, {
      code: 'LOOKASIDE_UNREACHABLE',
      kind: 'unavailable',
      system: 'lookaside',
      evidence,
      hint: 'Look at the lookaside, the load balancer before it and the network between.',
    });
  }
  return new Fault(`${doing} failed with a text that packprobe does not know`, {
    code: 'FEDPKG_UNKNOWN',
    kind: 'unexpected',
    evidence,
    hint: 'Read the evidence, and report the text so that packprobe learns it.',
  });
}

/** One line of `sources`. */
export interface SourceEntry {
  readonly file: string;
  /** Lower case: `sha512`. */
  readonly algorithm: string;
  readonly hash: string;
}

/** Reads `sources`; a line in the old form means md5. Lines in neither form are left out. */
export function parseSources(text: string): readonly SourceEntry[] {
  return text.split('\n').flatMap((line): SourceEntry[] => {
    const bsd = /^(\w+) \(([^ )]+)\) = ([0-9a-f]+)$/.exec(line.trimEnd());
    if (bsd !== null) {
      return [{ algorithm: (bsd[1] ?? '').toLowerCase(), file: bsd[2] ?? '', hash: bsd[3] ?? '' }];
    }
    const old = /^([0-9a-f]{32}) {2}(\S+)$/.exec(line.trimEnd());
    return old === null ? [] : [{ algorithm: 'md5', file: old[2] ?? '', hash: old[1] ?? '' }];
  });
}
