import { readFile } from 'node:fs/promises';
import type { Secret } from '../core/environment.ts';
import { Fault } from '../core/fault.ts';

/** Reads a secret where its reference says; anew whenever it is asked for, so that a changed one needs no restart. */
export function secretReader(
  env: Readonly<Record<string, string | undefined>>,
): (secret: Secret) => Promise<string> {
  return async (secret) => {
    if ('env' in secret) {
      const value = env[secret.env];
      if (value === undefined || value === '') throw missing(`the variable ${secret.env} is not set`);
      return value;
    }
    try {
      return (await readFile(secret.file, 'utf8')).trimEnd();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      throw missing(`${secret.file} cannot be read: ${code}`);
    }
  };
}

function missing(what: string): Fault {
  return new Fault(`a secret is missing: ${what}`, {
    code: 'SECRET_MISSING',
    kind: 'prober',
    hint: 'Put it where the configuration says, readable for the user that packprobe runs as.',
  });
}
