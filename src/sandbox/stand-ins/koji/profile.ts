import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ini, interpolate, isTrue, mergeIni, parseIni } from '../common/ini.ts';
import { home, type Run } from '../common/stand-in.ts';

/** What a profile of the Koji client says; seconds are real. */
export interface Profile {
  readonly name: string;
  readonly server: string;
  readonly weburl: string;
  readonly topurl: string | undefined;
  readonly topdir: string;
  readonly authtype: string | undefined;
  readonly serverca: string | undefined;
  readonly principal: string | undefined;
  readonly keytab: string | undefined;
  readonly maxRetries: number;
  readonly retryIntervalS: number;
  readonly anonRetry: boolean;
  readonly pollIntervalS: number;
}

/** What is wrong with the configuration, as the option parser says it. */
export class ProfileError extends Error {}

/**
 * Reads a profile as `koji.read_config` does, but for the system's own files: a sandbox must not be led by what its host is set up for.
 * With `file` only that file counts.
 */
export function readProfile(run: Pick<Run, 'env'>, name: string, file?: string): Profile {
  const entries = mergeIni(file === undefined ? personal(home(run)) : [given(file)]).get(name);
  if (entries === undefined) throw new ProfileError(`no configuration for profile name: ${name}`);
  const text = (key: string) => interpolate(entries, key);
  const number = (key: string, usual: number) => {
    const value = text(key);
    if (value !== undefined && !/^\s*-?\d+\s*$/.test(value)) {
      throw new ProfileError(`value for ${key} config option must be a valid integer`);
    }
    return value === undefined ? usual : Number(value);
  };
  const ownCa = join(home(run), '.koji', 'serverca.crt');
  return {
    name,
    server: text('server') ?? 'http://localhost/kojihub',
    weburl: text('weburl') ?? 'http://localhost/koji',
    topurl: text('topurl'),
    topdir: text('topdir') ?? '/mnt/koji',
    authtype: text('authtype'),
    serverca: text('serverca') ?? (existsSync(ownCa) ? ownCa : undefined),
    principal: text('principal'),
    keytab: text('keytab')?.replace(/^FILE:/, ''),
    maxRetries: number('max_retries', 30),
    retryIntervalS: number('retry_interval', 20),
    anonRetry: text('anon_retry') === undefined || isTrue(text('anon_retry')),
    pollIntervalS: number('poll_interval', 6),
  };
}

function given(file: string): Ini {
  try {
    return parseIni(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ProfileError(`Config file ${file} can't be opened.`, { cause: error });
  }
}

function personal(homeDir: string): readonly Ini[] {
  const folder = join(homeDir, '.koji', 'config.d');
  const parts = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.conf'))
        .sort()
        .map((name) => join(folder, name))
    : [];
  return [...parts, join(homeDir, '.koji', 'config')].filter(existsSync).map(given);
}
