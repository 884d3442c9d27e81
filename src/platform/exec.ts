import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Fault } from '../core/fault.ts';
import { firstOf } from '../core/first-of.ts';
import type { Command, Exec } from '../core/ports.ts';
import type { CommandRecord } from '../core/run.ts';
import { bootId, startOf } from './processes.ts';

/** Longest captured output of one stream; what comes behind it is read and dropped. Characters. */
const CAPTURE_LIMIT = 1024 * 1024;

/** How long a command may take to obey SIGTERM. Real milliseconds. */
const GRACE_MS = 5000;

/** How long a command may take to be gone behind SIGKILL. Real milliseconds. */
const UNKILLABLE_MS = 2000;

/** How long the output of a command may stay open behind its end. Real milliseconds. */
const STRAGGLER_MS = 1000;

const DEFAULT_LIMIT_MS = 120_000;

export interface ExecOptions {
  /** The whole environment of every command; nothing of packprobe's own is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Told of each command that lives, so that a resume can end survivors. */
  readonly started?: (command: CommandRecord) => Promise<void>;
}

/** Commands as real processes. */
export function processExec(options: ExecOptions): Exec {
  const boot = bootId();
  return async (command, signal) => {
    signal.throwIfAborted();
    // Not before it is needed: a service that waits for its next due time does without.
    const { execa } = await import('execa');
    signal.throwIfAborted();
    const cwd = command.cwd ?? options.cwd;
    const unwritten = new AbortController();
    using stop = firstOf(signal, unwritten.signal);
    const child = execa(command.file, command.args, {
      cwd,
      env: { ...options.environment, ...command.env },
      extendEnv: false,
      ...(command.input === undefined ? { stdin: 'ignore' } : { input: command.input }),
      buffer: false,
      reject: false,
      cancelSignal: stop.signal,
      timeout: command.limitMs ?? DEFAULT_LIMIT_MS,
      killDescendants: true,
      forceKillAfterDelay: GRACE_MS,
    });
    letGoOfStragglers(child.nodeChildProcess);
    const stdout = capture(child.stdout);
    const stderr = capture(child.stderr);
    const start = child.pid === undefined ? undefined : startOf(child.pid);
    const record: CommandRecord | undefined =
      child.pid === undefined || start === undefined
        ? undefined
        : { boot_id: boot, pid: child.pid, start, command: command.file };
    // A command that could not be written down must not live: a resume would not know of it.
    if (record !== undefined)
      await options.started?.(record).catch((error: unknown) => unwritten.abort(error));
    const result = await endOf(child, stop.signal);

    if (signal.aborted) throw signal.reason;
    if (unwritten.signal.aborted) throw unwritten.signal.reason;
    if (result.timedOut) throw timedOut(command);
    if (result.exitCode === undefined && result.signal === undefined) throw neverRan(command, cwd, result);
    return {
      command,
      exit: result.exitCode,
      signal: result.signal,
      stdout: stdout.text,
      stderr: stderr.text,
      truncated: stdout.truncated || stderr.truncated,
    };
  };
}

/**
 * The end of a command; behind an abort at most so long: one that not even SIGKILL ends (it hangs in a dead network file system) must not
 * keep its run past every limit. It stays written down as one that lives.
 */
async function endOf<Result>(child: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    let late: NodeJS.Timeout | undefined;
    const giveUp = () => {
      late = setTimeout(() => reject(signal.reason), GRACE_MS + UNKILLABLE_MS);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    const done = () => {
      clearTimeout(late);
      signal.removeEventListener('abort', giveUp);
    };
    child.then(resolve, reject).finally(done);
  });
}

/** What a command left in the background would hold its output open, past every limit: the command itself has ended. */
function letGoOfStragglers(child: ChildProcess): void {
  child.once('exit', () => {
    const late = setTimeout(() => {
      endGroup(child.pid);
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, STRAGGLER_MS);
    child.once('close', () => clearTimeout(late));
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of its group is left: what holds the output has left it, too.
  }
}

interface Captured {
  text: string;
  truncated: boolean;
}

function capture(stream: NodeJS.ReadableStream): Captured {
  const captured: Captured = { text: '', truncated: false };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const room = CAPTURE_LIMIT - captured.text.length;
    if (chunk.length > room) captured.truncated = true;
    captured.text += chunk.slice(0, Math.max(0, room));
  });
  return captured;
}

function timedOut(command: Command): Fault {
  const seconds = Math.round((command.limitMs ?? DEFAULT_LIMIT_MS) / 1000);
  return new Fault(`${command.file} did not end within ${seconds} s and was stopped`, {
    code: 'COMMAND_TIMED_OUT',
    kind: 'unavailable',
    evidence: { command: command.file, limit_s: seconds },
  });
}

/** No execa error leaves this file: its message, stack and fields all hold the output. */
function neverRan(command: Command, cwd: string, result: unknown): Fault {
  const code = result instanceof Error && 'code' in result ? result.code : 'unknown';
  if (!existsSync(cwd)) {
    return new Fault(`${command.file} could not be started: its folder ${cwd} is gone`, {
      code: 'WORK_FOLDER_MISSING',
      kind: 'prober',
      evidence: { command: command.file, cwd },
      hint: 'Something on this host removes the work folders of packprobe while it runs.',
    });
  }
  if (code === 'ENOENT' || code === 'EACCES') {
    return new Fault(
      `${command.file} could not be started: ${code === 'ENOENT' ? 'not found' : 'not executable'}`,
      {
        code: 'COMMAND_MISSING',
        kind: 'prober',
        evidence: { command: command.file, cwd },
        hint: `Install the command \`${command.file}\`, or add its folder to commands.path of the environment file.`,
      },
    );
  }
  return new Fault(`${command.file} could not be started: ${code}`, {
    code: 'COMMAND_NOT_STARTED',
    kind: 'prober',
    evidence: { command: command.file, error: String(code) },
    hint: 'Look at the limits of this host: processes, memory, open files.',
  });
}
