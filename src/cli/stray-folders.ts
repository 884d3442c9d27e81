import type { Store } from '../core/store.ts';
import type { Host } from './host.ts';
import { dataDir, join, type PlaceOptions } from './places.ts';

/** What stands behind the id of a run in the names of its folders. */
const OWNED = /(?:-undo)?-\d+$/;

/**
 * Removes work folders of runs that have ended and hold nothing: an owner that woke up behind the take-over of its run, and was killed before it could
 * remove what it had made since, has left them. A run that is not known, or still under way, keeps its own. Gives their names.
 */
export async function removeStrays(
  store: Store,
  options: PlaceOptions,
  host: Host,
): Promise<readonly string[]> {
  const data = dataDir(options, host);
  const names = await host.listFiles(join(data, 'work')).catch(() => []);
  const strays: string[] = [];
  for (const name of names) {
    const id = name.replace(OWNED, '');
    const { run } = await store.find(id);
    if (run?.header.run_id === id && run.state === 'finished') strays.push(name);
  }
  if (strays.length === 0) return strays;
  const { remove } = await host.workplaces(data);
  for (const name of strays) await remove(name);
  return strays;
}
