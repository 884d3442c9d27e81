import { Fault, type FaultKind } from '../core/fault.ts';
import type { Command, CommandResult, Exec } from '../core/ports.ts';
import type { Charge } from '../core/system.ts';
import { evidenceOf, killedFault, wordsOf } from './command.ts';
import { kerberosFaultIn } from './kerberos.ts';

/** Reads the remote's branches; `--prune`: a branch that was renamed must not look alive. */
export function fetchArgs(): readonly string[] {
  return ['fetch', '--quiet', '--prune', 'origin'];
}

/** Brings the branch to where the server has it; refuses where ours went another way. */
export function mergeArgs(branch: string): readonly string[] {
  return ['merge', '--quiet', '--ff-only', `origin/${branch}`];
}

/** Commits all that is tracked or added, or nothing but the message: who asks has looked. No hook of ours, of the host or of fedpkg runs. */
export function commitArgs(message: string): readonly string[] {
  return ['commit', '--quiet', '--all', '--no-verify', '--allow-empty', '--message', message];
}

/**
 * `--no-verify`: the hook that `fedpkg clone` writes runs `spectool` and asks the lookaside, and refuses a push without the server having said no.
 */
export function pushArgs(branch: string): readonly string[] {
  return ['push', '--no-verify', 'origin', `HEAD:refs/heads/${branch}`];
}

/** What a branch points at on the server itself. */
export function lsRemoteArgs(branch: string): readonly string[] {
  return ['ls-remote', 'origin', `refs/heads/${branch}`];
}

/** Puts a file back as HEAD has it, in index and work tree. */
export function restoreArgs(path: string): readonly string[] {
  return ['checkout', '--quiet', 'HEAD', '--', path];
}

/** Who a commit is by, and when: with all of it fixed a commit has the same id whenever it is made. */
export interface Authorship {
  readonly name: string;
  readonly email: string;
  /** Epoch ms. */
  readonly at: number;
}

export function authorshipEnv({ name, email, at }: Authorship): Record<string, string> {
  const date = `@${Math.floor(at / 1000)} +0000`;
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  };
}

/** The line by which a commit of a run is known again. */
export function runTrailer(runId: string): string {
  return `packprobe run ${runId}`;
}

/** By what a commit that was pushed is known again. */
export interface Ours {
  readonly branch: string;
  /** The commit on which it was to be made. */
  readonly since: string;
  readonly runId: string;
  readonly tree: string;
}

/** One work tree. Each method throws what a failing git says: of the server where it was asked, else of our own disk. */
export function gitIn(exec: Exec, dir: string) {
  const command = (args: readonly string[], env?: Readonly<Record<string, string>>): Command => ({
    file: 'git',
    args,
    cwd: dir,
    ...(env === undefined ? {} : { env }),
  });
  const local = async (
    args: readonly string[],
    signal: AbortSignal,
    env?: Readonly<Record<string, string>>,
  ) => {
    const result = await exec(command(args, env), signal);
    if (result.exit !== 0) throw localFault(result);
    if (result.truncated) throw tooLong(result);
    return result.stdout.trim();
  };
  const remote = async (args: readonly string[], doing: string, signal: AbortSignal) => {
    const result = await exec(command(args), signal);
    if (result.exit !== 0) throw gitFault(result, doing);
    return result.stdout.trim();
  };
  return {
    /** Any command that asks no server; trimmed stdout, all of it. */
    local,
    /** What `git grep` prints, nothing where no line matches; undefined where that is more than is captured. */
    async grep(args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
      const result = await exec(command(['grep', ...args]), signal);
      if (result.exit !== 0 && result.exit !== 1) throw localFault(result);
      return result.truncated ? undefined : result.stdout;
    },
    head: (signal: AbortSignal) => local(['rev-parse', 'HEAD'], signal),
    /** The branch that is checked out. */
    branch: (signal: AbortSignal) => local(['symbolic-ref', '--short', 'HEAD'], signal),
    restore: (path: string, signal: AbortSignal) => local(restoreArgs(path), signal),
    /** The id of the tree that a commit would now have; adds all changes of tracked files, and of `paths`, to the index. */
    async stage(paths: readonly string[], signal: AbortSignal): Promise<string> {
      await local(['add', '--update'], signal);
      if (paths.length > 0) await local(['add', '--', ...paths], signal);
      return local(['write-tree'], signal);
    },
    async commit(message: string, authorship: Authorship, signal: AbortSignal): Promise<string> {
      await local(commitArgs(message), signal, authorshipEnv(authorship));
      return local(['rev-parse', 'HEAD'], signal);
    },
    fetch: (signal: AbortSignal) => remote(fetchArgs(), 'git fetch', signal),
    push: (branch: string, signal: AbortSignal) => remote(pushArgs(branch), 'git push', signal),
    /** The commit that the server says the branch is at. */
    async remoteHead(branch: string, signal: AbortSignal): Promise<string | undefined> {
      const listed = await remote(lsRemoteArgs(branch), 'git ls-remote', signal);
      return /^[0-9a-f]{40,64}(?=\s)/.exec(listed)?.[0];
    },
    /** The newest commit of the fetched branch that is not in `since`, carries the run id and has just this tree. */
    async findOurs({ branch, since, runId, tree }: Ours, signal: AbortSignal): Promise<string | undefined> {
      const listed = await local(
        [
          'log',
          '--fixed-strings',
          `--grep=${runTrailer(runId)}`,
          '--format=%H %T',
          `${since}..refs/remotes/origin/${branch}`,
          '--',
        ],
        signal,
      );
      return listed
        .split('\n')
        .map((line) => line.split(' '))
        .find((words) => words[1] === tree)?.[0];
    },
    async isAncestor(commit: string, of: string, signal: AbortSignal): Promise<boolean> {
      const result = await exec(command(['merge-base', '--is-ancestor', commit, of]), signal);
      if (result.exit === 0 || result.exit === 1) return result.exit === 0;
      throw localFault(result);
    },
  };
}

interface Reading {
  readonly text: RegExp;
  readonly code: string;
  readonly kind: FaultKind;
  readonly system?: Charge;
  readonly says: string;
  readonly hint: string;
}

const LOOK_AT_SERVER = 'Look at the dist-git server and the load balancer before it.';

/**
 * Texts of git 2.x in the C locale, the more telling first. `Could not read from remote repository`, `the remote end hung up` and `Everything up-to-date`
 * stand behind many causes and prove none.
 */
const READINGS: readonly Reading[] = [
  {
    text: /^Load key ".*": |UNPROTECTED PRIVATE KEY FILE|Identity file .* not accessible|No user exists for uid/m,
    code: 'GIT_SSH_KEY_UNREADABLE',
    kind: 'prober',
    says: 'ssh cannot use its key',
    hint: 'Is identity.ssh_key an unencrypted private key with mode 0600, and has this user an entry in /etc/passwd?',
  },
  {
    text: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: 'GIT_HOST_KEY_UNKNOWN',
    kind: 'prober',
    says: "the server's ssh host key is not the known one",
    hint: 'Compare the host key with what the distribution publishes, then add it to known_hosts.',
  },
  {
    text: /\[rejected\].*\((?:fetch first|non-fast-forward|stale info)\)/,
    code: 'PUSH_OVERTAKEN',
    kind: 'prober',
    says: 'somebody else pushed to the branch meanwhile',
    hint: 'Let no two probes, and no person, work on the same package and branch at the same time.',
  },
  {
    text: /requested URL returned error: 403|RPC failed; HTTP 403|Has commit access: False|Denied push for ref/,
    code: 'GIT_FORBIDDEN',
    kind: 'rejected',
    says: 'the server forbids it to this account',
    hint: 'Is the account in the group packager, and a committer of this package?',
  },
  {
    text: /\[remote rejected\].*hook declined/,
    code: 'PUSH_DECLINED',
    kind: 'rejected',
    says: 'a hook of the server declined the push',
    hint: 'Read the `remote:` lines of the evidence; ask whether the account may commit to this package.',
  },
  {
    text: /\[remote rejected\]|remote unpack failed|remote: fatal: |unpacker error/,
    code: 'GIT_SERVER_BROKEN',
    kind: 'unavailable',
    says: 'the server could not store the push',
    hint: 'Look at the disk and the log of the dist-git server.',
  },
  {
    text: /No space left on device|Out of diskspace|Disk quota exceeded|Read-only file system|unable to (?:create|write) file/,
    code: 'GIT_LOCAL_FAILED',
    kind: 'prober',
    says: 'the work folder could not be written',
    hint: 'Look at the data folder of this host: is the disk full, is it writable?',
  },
  {
    text: /requested URL returned error: (?:5\d\d|429)|RPC failed; HTTP (?:5\d\d|429)/,
    code: 'GIT_SERVER_BROKEN',
    kind: 'unavailable',
    says: 'the server answered that it is broken',
    hint: LOOK_AT_SERVER,
  },
  {
    text: /could not read (?:Username|Password) for|Authentication failed for|requested URL returned error: 401|RPC failed; HTTP 401/,
    code: 'GIT_UNAUTHORIZED',
    kind: 'rejected',
    says: 'the server wants a login over HTTP',
    hint: 'Automatic pushes go over ssh: look at `gitbaseurl` of the packager command, and at the server.',
  },
  {
    text: /Permission denied \(/,
    code: 'GIT_KEY_REFUSED',
    kind: 'rejected',
    says: 'the server refuses the ssh key',
    hint: 'Is the public key still in the account, and the account in the group packager? Then look at the key sync of dist-git.',
  },
  {
    text: /Remote branch .* not found|couldn't find remote ref|unknown revision .*origin\/|Unknown remote branch/,
    code: 'BRANCH_UNKNOWN',
    kind: 'rejected',
    says: 'the branch does not exist',
    hint: 'Does the package have this branch? Ask for it with `fedpkg request-branch`, or set `branch`.',
  },
  {
    text: /repository '.*' (?:not found|does not exist)|[Rr]epository not found|does not appear to be a git repository|requested URL returned error: 404/,
    code: 'REPOSITORY_UNKNOWN',
    kind: 'rejected',
    says: 'the repository does not exist',
    hint: 'Is the name of the test package right, and has the package not been retired or renamed?',
  },
  {
    text: /not valid: (?:is this a git repository|could not determine hash algorithm)|invalid server response|protocol error|bad pack header|bad band|unexpected protocol|expected (?:flush|delimiter|service|version)\b|bad line length|remote-curl: .*unexpected|unexpected (?:acknowledgment|line)/,
    code: 'GIT_PROTOCOL',
    kind: 'malformed',
    says: "the server's answer is not git's protocol",
    hint: LOOK_AT_SERVER,
  },
  {
    text: /requested URL returned error: \d+|RPC failed; HTTP \d+/,
    code: 'GIT_REFUSED',
    kind: 'rejected',
    says: 'the server refused the request',
    hint: LOOK_AT_SERVER,
  },
  {
    text: /Could not resolve host|Failed to connect|Couldn't connect|Connection (?:refused|reset|timed out|closed)|Operation timed out|Network is unreachable|No route to host|\bSSL\b|certificate|gnutls|Empty reply|RPC failed; curl|Operation too slow|unexpected disconnect|early EOF|hung up unexpectedly|Could not read from remote repository|unable to access/i,
    code: 'GIT_UNREACHABLE',
    kind: 'unavailable',
    says: 'the server could not be reached, or cut the connection',
    hint: LOOK_AT_SERVER,
  },
];

/**
 * What a failing git says of the server that it spoke to. The exit code alone counts as failure: `Everything up-to-date` is also printed when a push broke.
 * @param doing stands at the head of the message: `git push`
 */
export function gitFault(result: CommandResult, doing: string): Fault {
  const killed = killedFault(result);
  if (killed !== undefined) return killed;
  const evidence = evidenceOf(result);
  const kerberos = kerberosFaultIn(result.stderr, doing, evidence);
  if (kerberos !== undefined) return kerberos;
  const reading = READINGS.find(({ text }) => text.test(result.stderr));
  if (reading === undefined) {
    return new Fault(`${doing} failed with a text that packprobe does not know`, {
      code: 'GIT_UNKNOWN',
      kind: 'unexpected',
      evidence,
      hint: 'Read the evidence, and report the text so that packprobe learns it.',
    });
  }
  const { code, kind, says, hint } = reading;
  return new Fault(`${doing}: ${says}`, { code, kind, system: 'dist-git', evidence, hint });
}

/** An output that was cut reads like a whole one: a history that ends early, a list that lacks its last. */
function tooLong({ command }: CommandResult): Fault {
  return new Fault(`git ${command.args[0] ?? ''} printed more than packprobe reads`, {
    code: 'GIT_LOCAL_FAILED',
    kind: 'prober',
    evidence: { command: wordsOf(command).join(' ') },
    hint: 'Use a test package with a shorter history.',
  });
}

function localFault(result: CommandResult): Fault {
  return (
    killedFault(result) ??
    new Fault(`git ${result.command.args[0] ?? ''} failed in our work folder`, {
      code: 'GIT_LOCAL_FAILED',
      kind: 'prober',
      evidence: evidenceOf(result),
      hint: 'Look at the data folder of this host: is the disk full, is it writable, did somebody change the work tree?',
    })
  );
}
