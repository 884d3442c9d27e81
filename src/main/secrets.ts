import { readFile } from 'node:fs/promises';
import type { Config } from '../core/config.ts';
import type { Secret } from '../core/environment.ts';
import { asFault, Fault } from '../core/fault.ts';

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

/** What of a configuration names a secret that cannot be read now, each with its place: a typing error is found before the night in which it is needed. */
export async function missingSecrets(
  { listen, dead_man, receivers, metrics }: Config,
  secret: (secret: Secret) => Promise<string>,
): Promise<readonly string[]> {
  const named = secretsIn({ listen: { tokens: listen.tokens }, dead_man, receivers, metrics }, '');
  const missing = await Promise.all(
    named.map(([place, one]) =>
      secret(one).then(
        () => [],
        (error: unknown) => [`${place}: ${asFault(error).message}`],
      ),
    ),
  );
  return missing.flat();
}

function secretsIn(value: unknown, place: string): readonly (readonly [place: string, secret: Secret])[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  const [[key, where] = []] = entries;
  if (entries.length === 1 && (key === 'file' || key === 'env') && typeof where === 'string') {
    return [[place, value as Secret]];
  }
  return entries.flatMap(([name, inner]) => secretsIn(inner, place === '' ? name : `${place}.${name}`));
}

function missing(what: string): Fault {
  return new Fault(`a secret is missing: ${what}`, {
    code: 'SECRET_MISSING',
    kind: 'prober',
    hint: 'Put it where the configuration says, readable for the user that packprobe runs as.',
  });
}
