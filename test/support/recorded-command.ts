import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CommandResult } from '../../src/core/ports.ts';
import type { CannedCommand } from './step-context.ts';

const ROOT = fileURLToPath(new URL('../fixtures/recorded/clients/', import.meta.url));

interface Recording {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A recorded run of a real client as the exec port would have told it: `recordedCommand('kinit/1.20.1/keytab-good')`. */
export function recordedCommand(path: string): CommandResult {
  const recording = readRecording(path);
  const [file = '', ...args] = recording.command;
  return {
    command: { file, args },
    exit: typeof recording.exit === 'number' && recording.exit >= 0 ? recording.exit : undefined,
    signal: typeof recording.exit === 'number' && recording.exit >= 0 ? undefined : 'SIGTERM',
    stdout: recording.stdout,
    stderr: recording.stderr,
    truncated: false,
  };
}

/** The environment of a recorded command, as far as it matters. */
export function recordedEnv(path: string): Readonly<Record<string, string>> {
  return readRecording(path).env;
}

function readRecording(path: string): Recording {
  return JSON.parse(readFileSync(`${ROOT}${path.replaceAll('/', '-')}.json`, 'utf8')) as Recording;
}

/** Names of all cases of a client, `recordedCases('kinit/1.20.1')`; without one those of all, with the client in front. */
export function recordedCases(folder: string): readonly string[] {
  const start = folder === '' ? '' : `${folder.replaceAll('/', '-')}-`;
  return readdirSync(ROOT)
    .filter((name) => name.startsWith(start))
    .map((name) => name.slice(start.length, -'.json'.length))
    .sort();
}

/** A result of a command that nobody recorded. */
export function commandResult(given: Partial<CommandResult>): CommandResult {
  return {
    command: { file: 'git', args: ['push'] },
    exit: 1,
    signal: undefined,
    stdout: '',
    stderr: '',
    truncated: false,
    ...given,
  };
}

/** A canned answer to the command that has all these words. */
export function whenRun(words: readonly string[], answer: CannedCommand['then']): CannedCommand {
  // The linter takes a written-out `then` for a promise in the making.
  const key = 'then' as const;
  return { when: words, [key]: answer };
}
