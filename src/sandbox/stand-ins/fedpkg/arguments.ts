import { type Parsed, parseOptions, type Specs, UsageError } from '../common/options.ts';
import { Exit } from '../common/stand-in.ts';
import type { Context } from './settings.ts';

/** Parses what stands behind a command; a mistake ends it as argparse does, exit 2. */
export function parseCommand<const S extends Specs>(
  { run }: Pick<Context, 'run'>,
  command: string,
  argv: readonly string[],
  specs: S,
): Parsed<S> {
  if (argv.includes('--help') || argv.includes('-h')) {
    run.print(`usage: fedpkg ${command} [-h]`);
    throw new Exit(0);
  }
  try {
    return parseOptions(argv, specs);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw argumentError({ run }, error);
  }
}

export function argumentError({ run }: Pick<Context, 'run'>, error: UsageError): Exit {
  const text =
    error.problem === 'unknown'
      ? `unrecognized arguments: ${error.option}`
      : `argument ${error.option}: ${error.problem === 'value missing' ? 'expected one argument' : 'ignored explicit argument'}`;
  return usageExit({ run }, text);
}

export function usageExit({ run }: Pick<Context, 'run'>, text: string): Exit {
  run.warn(`${USAGE_HEAD}\nfedpkg: error: ${text}`);
  return new Exit(2);
}

const USAGE_HEAD = `usage: fedpkg [-h] [--config CONFIG] [--dry-run] [--release RELEASE]
              [--name NAME] [--namespace NAMESPACE] [--user USER]
              [--password PASSWORD] [--runas RUNAS] [--path PATH] [--verbose]
              [--debug] [-q]
              ...`;
