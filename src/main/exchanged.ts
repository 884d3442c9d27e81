import { stat } from 'node:fs/promises';

/** Asks whether another file, or none, has the name that this one has now. Where that cannot be seen, it is taken for the same. */
export async function exchanged(file: string): Promise<() => Promise<boolean>> {
  const first = await identityOf(file);
  return async () => (await identityOf(file).catch(() => first)) !== first;
}

async function identityOf(file: string): Promise<string> {
  try {
    const { dev, ino } = await stat(file, { bigint: true });
    return `${dev} ${ino}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'none';
    throw error;
  }
}
