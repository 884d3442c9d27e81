import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { home, type Run } from '../common/stand-in.ts';
import { Crash } from './errors.ts';

/** What the identity provider gave. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_in?: number;
  readonly expires_at?: number;
}

/** Where the tokens of all providers are kept; only `HOME` moves it. */
export function tokenFile(run: Run): string {
  return join(home(run), '.config', 'bodhi', 'client.json');
}

/** An entry without a token is none: a refused refresh leaves one behind. */
export function readTokens(file: string, idProvider: string): Tokens | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { tokens = {} } = JSON.parse(readFileSync(file, 'utf8')) as {
      tokens?: Record<string, Partial<Tokens>>;
    };
    const found = tokens[idProvider];
    return found?.access_token === undefined ? undefined : (found as Tokens);
  } catch (error) {
    throw new Crash(
      'json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)',
      { cause: error, frame: 'token file' },
    );
  }
}

/** Rewritten in place, as the real one does: two commands in one home can break it. */
export function writeTokens(file: string, idProvider: string, fresh: Tokens | undefined): void {
  const all = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { tokens?: object }) : {};
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ ...all, tokens: { ...all.tokens, [idProvider]: fresh ?? {} } }));
}

/** Seconds of life become a time by the host's clock. */
export function withExpiry(tokens: Tokens): Tokens {
  const { expires_in: life } = tokens;
  return life === undefined ? tokens : { ...tokens, expires_at: Math.floor(Date.now() / 1000) + life };
}
