import { Fault } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Command, CommandResult } from '../core/ports.ts';

const TAIL_LINES = 15;
const TAIL_CHARACTERS = 2000;
const SHOWN_CHARACTERS = 300;

/** The argument list as `plan` prints it. */
export function wordsOf(command: Command): readonly string[] {
  return [command.file, ...command.args];
}

/** The end of an output, where commands say why they gave up; bounded, and without passwords in addresses. */
export function lastLines(text: string): string {
  const lines = text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  return lines.slice(-TAIL_CHARACTERS).replaceAll(/(\/\/)[^/\s:@]+:[^/\s@]+@/g, '$1***@');
}

/** What proves how a command ended: its exit code and the last lines of what it said. */
export function evidenceOf(result: CommandResult): JsonObject {
  const words = wordsOf(result.command).join(' ');
  return {
    command: words.length > SHOWN_CHARACTERS ? `${words.slice(0, SHOWN_CHARACTERS)}…` : words,
    ...(result.exit === undefined ? { signal: result.signal ?? 'unknown' } : { exit: result.exit }),
    stderr: lastLines(result.stderr),
    // Some tools (argparse, rpmdev-bumpspec) complain on stdout.
    ...(result.stderr.trim() === '' && result.stdout.trim() !== ''
      ? { stdout: lastLines(result.stdout) }
      : {}),
  };
}

/** A command that somebody else killed says nothing about the system that it spoke to. */
export function killedFault(result: CommandResult): Fault | undefined {
  if (result.exit !== undefined) return undefined;
  return new Fault(`${result.command.file} was killed by ${result.signal ?? 'a signal'}`, {
    code: 'COMMAND_KILLED',
    kind: 'prober',
    evidence: evidenceOf(result),
    hint: 'Look who ended it on this host: the log of the kernel (out of memory), limits of the container.',
  });
}
