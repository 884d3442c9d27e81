import { spawn } from 'node:child_process';
import { Interrupted, type Run } from '../common/stand-in.ts';
import { Refused } from './settings.ts';

export interface GitResult {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real git quietly, for what a command wants to know. */
export function askGit(run: Run, cwd: string, args: readonly string[]): Promise<GitResult> {
  return spawnGit(run, cwd, args, () => undefined);
}

/** Runs the real git as part of a command: its output is the command's own. A failure refuses. */
export async function runGit(run: Run, cwd: string, args: readonly string[]): Promise<void> {
  const { exit } = await spawnGit(run, cwd, args, run.write);
  if (exit !== 0) throw new Refused('Failed to execute command.');
}

function spawnGit(run: Run, cwd: string, args: readonly string[], pass: Run['write']): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      cwd,
      env: run.env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    for (const to of ['stdout', 'stderr'] as const) {
      child[to].setEncoding('utf8');
      child[to].on('data', (text: string) => {
        said[to] += text;
        pass(to, text);
      });
    }
    const interrupt = () => child.kill('SIGINT');
    run.signal.addEventListener('abort', interrupt, { once: true });
    child.on('error', reject);
    child.on('close', (code) => {
      run.signal.removeEventListener('abort', interrupt);
      if (run.signal.aborted) reject(new Interrupted());
      else resolve({ exit: code ?? 1, ...said });
    });
  });
}

/** A clone as the commands see it. */
export interface Clone {
  readonly path: string;
  /** Full hash of HEAD. */
  readonly head: string;
  /** Current branch; undefined when HEAD is detached. */
  readonly branch: string | undefined;
  /** Branch at the remote that the current one tracks. */
  readonly merge: string | undefined;
  /** Commits here and commits there that the other has not, by what was last fetched; undefined without an upstream. */
  readonly apart: { readonly ahead: number; readonly behind: number } | undefined;
  /** Changes of tracked files. */
  readonly dirty: boolean;
  /** Namespace and name from the last two components of the push URL. */
  readonly namespace: string;
  readonly name: string;
}

/** Reads the clone at `path` by two calls of git. */
export async function readClone(run: Run, path: string): Promise<Clone> {
  const [status, config] = await Promise.all([
    askGit(run, path, ['status', '--porcelain=v2', '--branch', '--untracked-files=no']),
    askGit(run, path, ['config', '--get-regexp', '^(remote|branch)\\.']),
  ]);
  if (status.exit !== 0) throw new Refused('Unable to find Git repo. Use --release');
  const lines = status.stdout.split('\n');
  const header = (key: string) =>
    lines.find((line) => line.startsWith(`# branch.${key} `))?.slice(key.length + 10);
  const entries = new Map(
    config.stdout.split('\n').map((line): readonly [string, string] => {
      const blank = line.indexOf(' ');
      return [line.slice(0, blank), line.slice(blank + 1)];
    }),
  );
  const head = header('head');
  const branch = head === '(detached)' ? undefined : head;
  const apart = /^\+(\d+) -(\d+)$/.exec(header('ab') ?? '');
  const url = entries.get('remote.origin.pushurl') ?? entries.get('remote.origin.url') ?? '';
  const [, namespace = '', name = ''] = /([^/:]+)\/([^/]+?)(?:\.git)?\/?$/.exec(url) ?? [];
  return {
    path,
    head: header('oid') ?? '',
    branch,
    merge: entries.get(`branch.${branch}.merge`)?.replace(/^refs\/heads\//, ''),
    apart: apart === null ? undefined : { ahead: Number(apart[1]), behind: Number(apart[2]) },
    dirty: lines.some((line) => line !== '' && !line.startsWith('#')),
    namespace,
    name,
  };
}

/** What a command says of a HEAD that is on no branch. */
export function detachedText(clone: Clone): string {
  return `HEAD is a detached symbolic reference as it points to '${clone.head}'. Use .commit or .object to access the target directly.`;
}
