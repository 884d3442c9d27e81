import { UsageError } from './usage-error.ts';

/** `--set NAME=VALUE`, given any number of times. */
export function parseSet(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`--set takes NAME=VALUE, got "${text}"`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
