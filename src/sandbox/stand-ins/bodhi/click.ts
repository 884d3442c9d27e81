import { parseOptions, type Specs, UsageError } from '../common/options.ts';
import { Exit } from '../common/stand-in.ts';
import type { BodhiRun } from './version.ts';

/** How a value of an option is checked, as click does. */
export interface Check {
  readonly choices?: readonly string[];
  readonly integer?: true;
  /** A whole number, at least 1 and at most this. */
  readonly upTo?: number;
}

/** A command of `bodhi`: words before its arguments, and what stands behind them in its usage line. */
export interface Signature<S extends Specs> {
  readonly path: string;
  readonly arguments: readonly { readonly name: string; readonly optional?: true }[];
  readonly options: S;
  readonly checks?: { readonly [K in keyof S]?: Check };
}

/** Checks of the options that every list takes. */
export const PAGING = {
  rows: { upTo: 100 },
  page: { upTo: Number.POSITIVE_INFINITY },
} as const;

/** Options that every command takes. */
export const COMMON = {
  client_id: { names: ['--client-id'], takes: 'value' },
  id_provider: { names: ['--id-provider'], takes: 'value' },
  staging: { names: ['--staging'] },
  url: { names: ['--url'], takes: 'value' },
  debug: { names: ['--debug'] },
  help: { names: ['--help'] },
} as const;

/** Ends the command as click does: usage line, hint, error on standard error, exit 2. */
export function usageError(run: BodhiRun, path: string, tail: string, text: string): Exit {
  const command = `bodhi${path === '' ? '' : ` ${path}`}`;
  run.warn(`Usage: ${command} ${tail}\nTry '${command} --help' for help.\n\nError: ${text}`);
  return new Exit(2);
}

function tailOf({ arguments: args }: Pick<Signature<Specs>, 'arguments'>): string {
  return ['[OPTIONS]', ...args.map(({ name, optional }) => (optional === true ? `[${name}]` : name))].join(
    ' ',
  );
}

/** The options that may have been meant. */
async function guesses(option: string, specs: Specs): Promise<string> {
  const { guessed } = await import('./close-matches.ts');
  return guessed(
    option,
    Object.values(specs).flatMap(({ names }) => names.filter((name) => name.startsWith('--'))),
  );
}

export async function parseClick<const S extends Specs>(
  run: BodhiRun,
  argv: readonly string[],
  signature: Signature<S>,
) {
  const { path, options: specs, checks = {} as NonNullable<Signature<S>['checks']> } = signature;
  const fail = (text: string) => usageError(run, path, tailOf(signature), text);
  if (argv.includes('--help')) {
    const { helpOf } = await import('./help-text.ts');
    run.write('stdout', helpOf(path, run.habits) ?? `Usage: bodhi ${path} ${tailOf(signature)}\n`);
    throw new Exit(0);
  }
  try {
    const parsed = parseOptions(argv, specs, { abbreviations: false });
    for (const [key, check] of Object.entries(checks) as readonly (readonly [keyof S & string, Check])[]) {
      const value = parsed.options[key];
      if (typeof value !== 'string') continue;
      const name = `'${specs[key]?.names[0]}'`;
      if (check.choices?.includes(value) === false) {
        const allowed = check.choices.map((choice) => `'${choice}'`).join(', ');
        throw fail(`Invalid value for ${name}: '${value}' is not one of ${allowed}.`);
      }
      if (check.upTo !== undefined) {
        const range = Number.isFinite(check.upTo) ? `1<=x<=${check.upTo}` : 'x>=1';
        if (!/^[+-]?\d+$/.test(value)) {
          throw fail(`Invalid value for ${name}: '${value}' is not a valid integer range.`);
        }
        if (Number(value) < 1 || Number(value) > check.upTo) {
          throw fail(`Invalid value for ${name}: ${Number(value)} is not in the range ${range}.`);
        }
      }
      if (check.integer === true && !/^[+-]?\d+$/.test(value)) {
        throw fail(`Invalid value for ${name}: '${value}' is not a valid integer.`);
      }
    }
    for (const [index, { name, optional }] of signature.arguments.entries()) {
      if (optional !== true && parsed.args[index] === undefined) throw fail(`Missing argument '${name}'.`);
    }
    const extra = parsed.args.slice(signature.arguments.length);
    if (extra.length > 0) {
      throw fail(`Got unexpected extra argument${extra.length > 1 ? 's' : ''} (${extra.join(' ')})`);
    }
    return { ...parsed, fail };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    switch (error.problem) {
      case 'value missing':
        throw fail(`Option '${error.option}' requires an argument.`);
      case 'value not taken':
        throw fail(`Option '${error.option}' does not take a value.`);
      default:
        throw fail(`No such option '${error.option}'.${await guesses(error.option, specs)}`);
    }
  }
}
