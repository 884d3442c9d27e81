import { watch } from 'node:fs';

/**
 * Calls back soon after anything was written to the database, by whatever process: each write goes to the log beside it, which stays for as long as
 * somebody has it open. Undefined where the system has nothing left to watch with; one that breaks later falls silent.
 */
export function watchWrites(file: string, act: () => void): Disposable | undefined {
  try {
    const watcher = watch(`${file}-wal`, { persistent: false }, () => act());
    watcher.on('error', () => watcher.close());
    return { [Symbol.dispose]: () => watcher.close() };
  } catch {
    return undefined;
  }
}
