import { existsSync, rmSync } from 'node:fs';
import { parseOptions, UsageError } from '../common/options.ts';
import { standIn } from '../common/stand-in.ts';
import { cachePath } from './cache.ts';

const OPTIONS = {
  all: { names: ['-A'] },
  quiet: { names: ['-q'] },
  cache: { names: ['-c'], takes: 'value' },
} as const;

/** `kdestroy` of MIT Kerberos. Nothing to destroy is a warning, exit 0. */
export const kdestroy = standIn(async (run) => {
  try {
    const { options } = parseOptions(run.argv, OPTIONS, { abbreviations: false });
    const file = cachePath(run, options.cache);
    if (existsSync(file)) rmSync(file);
    else if (options.quiet !== true) run.warn('kdestroy: No credentials cache found while destroying cache');
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    run.warn(`kdestroy: invalid option -- '${error.option.replace(/^-+/, '')}'`);
    run.warn('Usage: kdestroy [-A] [-q] [-c cache_name] [-p princ_name]');
    return 1;
  }
});
