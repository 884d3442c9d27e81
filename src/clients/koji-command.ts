import { Fault, type FaultKind } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Command, CommandResult, Exec } from '../core/ports.ts';
import type { Charge } from '../core/system.ts';
import { killedFault } from './command.ts';
import { excerpt } from './http-answer.ts';

/** `koji cancel`: exit 0 and silent, also for a task that has ended by itself. */
export function cancelTaskCommand({
  profile,
  taskId,
}: {
  readonly profile: string;
  readonly taskId: number;
}): Command {
  return { file: 'koji', args: [`--profile=${profile}`, 'cancel', String(taskId)] };
}

/**
 * Submits a build and returns at once: nothing is watched through the command, whose watch looks once a minute and dies of one broken
 * connection. The validation of gating.yaml would make a build depend on Greenwave.
 */
export function fedpkgBuildCommand({
  client,
  user,
  dir,
  target,
}: {
  readonly client: string;
  /** Account name: without it the command guesses from the ticket or the login of the host. */
  readonly user: string;
  readonly dir: string;
  readonly target?: string | undefined;
}): Command {
  const options = target === undefined ? [] : [`--target=${target}`];
  return {
    file: client,
    args: ['--user', user, 'build', '--nowait', '--skip-remote-rules-validation', ...options],
    cwd: dir,
    env: { PYTHONUNBUFFERED: '1' },
  };
}

/** What a scratch build is known by afterwards: it stands in the options of its task. */
export interface BuildMark {
  readonly packprobe_run: string;
  /** Of this one build: a run may make several of one commit. */
  readonly packprobe_build: string;
}

/**
 * Submits a scratch build and returns at once. The command does not have to read the spec file: nothing is compared with what was built before, and
 * the builder counts a release of rpmautospec by itself.
 */
export function scratchBuildCommand({
  client,
  user,
  dir,
  target,
  mark,
}: {
  readonly client: string;
  readonly user: string;
  readonly dir: string;
  readonly target?: string | undefined;
  readonly mark: BuildMark;
}): Command {
  const options = target === undefined ? [] : [`--target=${target}`];
  const metadata = `--custom-user-metadata=${JSON.stringify(mark)}`;
  return {
    file: client,
    args: ['--user', user, 'scratch-build', '--nowait', '--skip-nvr-check', ...options, metadata],
    cwd: dir,
    env: { PYTHONUNBUFFERED: '1' },
  };
}

export function headCommitCommand(dir: string): Command {
  return { file: 'git', args: ['rev-parse', 'HEAD'], cwd: dir };
}

/** The commit that the work tree stands on. */
export async function headCommit(exec: Exec, dir: string, signal: AbortSignal): Promise<string> {
  const result = await exec(headCommitCommand(dir), signal);
  const commit = result.stdout.trim();
  if (result.exit === 0 && /^[0-9a-f]{40,64}$/.test(commit)) return commit;
  throw new Fault(`no commit could be read in ${dir}`, {
    code: 'WORK_TREE_UNREADABLE',
    kind: 'prober',
    evidence: { exit: result.exit ?? null, stderr: tail(result.stderr) },
    hint: 'The step needs a work tree made by dist-git/clone.',
  });
}

/** What a submission says: the task, a fault, or that a task may exist whose number the command never heard. */
export type Submission =
  | { readonly task_id: number }
  | { readonly fault: Fault; readonly maybe_submitted: boolean };

export function readFedpkgBuild(result: CommandResult): Submission {
  const created = /^Created task: (\d+)/m.exec(result.stdout);
  // The task counts, not the exit: what went wrong after the submission does not undo it.
  if (created !== null) return { task_id: Number(created[1]) };
  const killed = killedFault(result);
  if (killed !== undefined) return { maybe_submitted: true, fault: killed };
  const text = /Could not execute (?:scratch_)?build: (?<text>[\s\S]*)/.exec(result.stderr)?.groups?.['text'];
  const said = text ?? lastLine(result.stderr);
  const evidence = { exit: result.exit ?? null, stderr: tail(result.stderr) };
  const rule = BUILD_RULES.find(({ pattern }) => pattern.test(result.stderr));
  if (rule === undefined) {
    return {
      maybe_submitted: result.exit === 0,
      fault: new Fault(`the build command failed: ${firstLine(said) || `exit ${result.exit}`}`, {
        code: 'FEDPKG_UNKNOWN_ANSWER',
        kind: 'unexpected',
        evidence,
        hint: 'A text of the build command that packprobe does not know: report it.',
      }),
    };
  }
  // The line is printed right before the call that submits: without it nothing was asked for yet.
  const asked = /^Building /m.test(result.stdout) || rule.code === 'KOJI_ANSWER_LOST';
  return {
    maybe_submitted: rule.maybe_submitted === true && asked,
    fault: faultBy(rule, firstLine(said), evidence),
  };
}

interface Rule {
  readonly pattern: RegExp;
  readonly code: string;
  readonly kind: FaultKind;
  readonly system?: Charge;
  readonly hint?: string;
  readonly maybe_submitted?: boolean;
}

const LOGIN_REFUSED: Rule = {
  pattern: /gssapi auth failed|GSSAPIAuthError|AuthError: |invalid username or password/,
  code: 'KOJI_LOGIN_REFUSED',
  kind: 'rejected',
  system: 'koji',
};

/** Koji's network troubles, as both commands print them. */
const OUTAGES: readonly Rule[] = [
  {
    // The commands log in again by themselves, once.
    pattern: /session "?\d+"? has expired|AuthExpired/,
    code: 'KOJI_SESSION_EXPIRED',
    kind: 'unavailable',
    system: 'koji',
  },
  {
    pattern: /unable to retry call|RetryError/,
    code: 'KOJI_ANSWER_LOST',
    kind: 'unavailable',
    system: 'koji',
    maybe_submitted: true,
  },
  {
    pattern: /server is offline|ServerOffline|database outage|disabled for maintenance/,
    code: 'KOJI_OFFLINE',
    kind: 'unavailable',
    system: 'koji',
  },
  {
    pattern: /5\d\d Server Error|429 Client Error/,
    code: 'KOJI_UNREACHABLE',
    kind: 'unavailable',
    system: 'koji',
    maybe_submitted: true,
  },
  {
    pattern:
      /Connection refused|Connection aborted|Connection reset|Max retries exceeded|Read timed out|Unable to connect to server|RemoteDisconnected/,
    code: 'KOJI_UNREACHABLE',
    kind: 'unavailable',
    system: 'koji',
    maybe_submitted: true,
  },
  {
    pattern: /ResponseError\(\)/,
    code: 'KOJI_ANSWER_MALFORMED',
    kind: 'malformed',
    system: 'koji',
    maybe_submitted: true,
  },
];

const BUILD_RULES: readonly Rule[] = [
  {
    pattern: /you do not have a valid credential|Ticket expired|No Kerberos credentials available/,
    code: 'KERBEROS_TICKET_MISSING',
    kind: 'prober',
    hint: 'Put fas/login before this step, or log in again: the ticket is gone or has expired.',
  },
  ...OUTAGES,
  LOGIN_REFUSED,
  {
    pattern: /uncommitted changes|unpushed changes|does not track remote|detached symbolic reference/,
    code: 'WORK_TREE_NOT_PUSHED',
    kind: 'prober',
    hint: 'Commit and push before the build: put dist-git/push before this step.',
  },
  {
    pattern: /has already been built/,
    code: 'BUILD_ALREADY_EXISTS',
    kind: 'prober',
    hint: 'Raise the release before the build: put dist-git/bump before this step. For a release that is %autorelease, install rpmautospec here.',
  },
  {
    pattern: /properly constructed NVR|Could not get n-v-r-e|Could not parse the spec/i,
    code: 'SPEC_UNREADABLE',
    kind: 'prober',
    hint: 'The spec file of the test package could not be read by rpm on this host. For a release that is %autorelease, install rpmautospec here.',
  },
  {
    pattern: /Unknown build target|is locked/,
    code: 'BUILD_TARGET_UNKNOWN',
    kind: 'rejected',
    system: 'koji',
  },
  { pattern: /policy violation/, code: 'BUILD_REFUSED', kind: 'rejected', system: 'koji' },
  {
    pattern: /^usage: |error: unrecognized arguments|Could not find release from branch name/m,
    code: 'FEDPKG_USAGE',
    kind: 'prober',
    hint: 'The packager command on this host does not take these arguments: look at its version.',
  },
];

/** Undefined where the command did its work, or where the task is gone. */
export function readCancel(result: CommandResult): Fault | undefined {
  if (result.exit === 0 || /No such task/.test(result.stderr)) return undefined;
  const killed = killedFault(result);
  if (killed !== undefined) return killed;
  const evidence = { exit: result.exit ?? null, stderr: tail(result.stderr) };
  const rule = [
    ...OUTAGES,
    LOGIN_REFUSED,
    {
      pattern: /not owner/,
      code: 'KOJI_NOT_OWNER',
      kind: 'prober' as const,
      hint: 'Only the owner of a task may cancel it: is identity.user the account that started it?',
    },
    {
      pattern: /no configuration for profile|can't be opened/,
      code: 'KOJI_PROFILE_MISSING',
      kind: 'prober' as const,
      hint: 'The Koji configuration of this host lacks the profile of systems.koji.profile.',
    },
  ].find(({ pattern }) => pattern.test(result.stderr));
  if (rule !== undefined) return faultBy(rule, lastLine(result.stderr), evidence);
  return new Fault(`koji cancel failed: ${lastLine(result.stderr) || `exit ${result.exit}`}`, {
    code: 'KOJI_UNKNOWN_ANSWER',
    kind: 'unexpected',
    evidence,
    hint: 'A text of the koji command that packprobe does not know: report it.',
  });
}

function faultBy(rule: Rule, said: string, evidence: JsonObject): Fault {
  return new Fault(`koji: ${excerpt(said, 200)}`, {
    code: rule.code,
    kind: rule.kind,
    ...(rule.system === undefined ? {} : { system: rule.system }),
    ...(rule.hint === undefined ? {} : { hint: rule.hint }),
    evidence,
  });
}

export function tail(text: string, length = 1500): string {
  return text.length <= length ? text : `…${text.slice(-length)}`;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
