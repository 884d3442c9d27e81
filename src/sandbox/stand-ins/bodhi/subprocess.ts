import { spawn } from 'node:child_process';
import { Interrupted } from '../common/stand-in.ts';
import type { BodhiRun } from './version.ts';

/** Runs another command of the packager from the PATH; its output is ours. Its exit code. */
export function runCommand(
  { cwd, env, signal, write }: BodhiRun,
  [file = '', ...args]: readonly string[],
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const to of ['stdout', 'stderr'] as const) {
      child[to].setEncoding('utf8');
      child[to].on('data', (text: string) => write(to, text));
    }
    const interrupt = () => child.kill('SIGINT');
    signal.addEventListener('abort', interrupt, { once: true });
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', interrupt);
      if (signal.aborted) reject(new Interrupted());
      else resolve(code ?? 1);
    });
  });
}
