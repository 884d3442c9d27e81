import { ConfigError } from '../core/config-error.ts';
import { Fault, outcomeOf } from '../core/fault.ts';
import { EXIT, type Host } from './host.ts';
import { painter } from './style.ts';
import { UsageError } from './usage-error.ts';

/** Commands in a hint, as this program is called here, with the data that this command was told of. */
function asTyped(hint: string, { program }: Pick<Host, 'program'>, data: string): string {
  return hint.replace(
    /(?:\bnpx )?\bpackprobe ((?:runs \w+|schedule \w+|incidents \w+|tidy)(?: [0-9a-f]{8}[0-9a-f-]*)?)(?: --data (?:'(?:[^']|'\\'')*'|\S+))?/g,
    (_, command: string) => `${program} ${command}${data}`,
  );
}

/**
 * Says what happened, where, and what to do; gives the exit code.
 * @param data `--data DIR` with a blank before it where the command was told one
 */
export function tellError(
  error: unknown,
  { stderr, program }: Pick<Host, 'stderr' | 'program'>,
  data = '',
): number {
  const paint = painter(stderr);
  const say = (message: string, hint?: string) => {
    stderr.write(`${paint('red', 'error:')} ${message}\n`);
    if (hint !== undefined)
      stderr.write(`${paint('bold', 'What to do:')} ${asTyped(hint, { program }, data)}\n`);
  };
  if (error instanceof ConfigError) {
    stderr.write(`${error.message}\n`);
    return EXIT.usage;
  }
  if (error instanceof UsageError) {
    say(error.message, error.hint);
    return EXIT.usage;
  }
  if (error instanceof Fault) {
    say(`${error.message} (${error.code})`, error.hint);
    return EXIT[outcomeOf(error.kind)];
  }
  if (isSystemError(error)) {
    say(error.message, HINTS[error.code] ?? 'Does it exist, and can this user read and write there?');
    return error.code === 'EISDIR' || error.code === 'ENOTDIR' ? EXIT.usage : EXIT.errored;
  }
  say(
    error instanceof Error ? (error.stack ?? error.message) : String(error),
    'This is a defect of packprobe: please report it.',
  );
  return EXIT.errored;
}

const HINTS: Readonly<Record<string, string>> = {
  EISDIR: 'This is a folder: name a file in it.',
  ENOSPC: 'The disk is full: free some space, or choose another folder with --data.',
  EROFS: 'The file system is read-only: choose another folder with --data.',
};

/** What the host said no to: a file, a folder, a disk. */
function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}
