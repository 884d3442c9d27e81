import { statSync } from 'node:fs';

/**
 * Asks whether another file, or none, has the name that this one has now. Where that cannot be seen, it is taken for the same. Asked in place: each
 * way through the pool of threads costs an idle service ten times as much as the answer.
 */
export function exchanged(file: string): () => boolean {
  const first = identityOf(file);
  return () => {
    const now = identityOf(file);
    return first !== undefined && now !== undefined && now !== first;
  };
}

/** Undefined where it cannot be seen. */
function identityOf(file: string): string | undefined {
  try {
    const known = statSync(file, { bigint: true, throwIfNoEntry: false });
    return known === undefined ? 'none' : `${known.dev} ${known.ino}`;
  } catch {
    return undefined;
  }
}
