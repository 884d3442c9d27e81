import type { Bodhi } from './context.ts';
import { duplicateKey } from './database.ts';
import { BrokenThread } from './http.ts';
import type { Fields } from './schema.ts';

/** Threads of the server that answer requests. */
const THREADS = 4;
/** How long a thread stays broken until somebody restarts the server. Sandbox ms. */
const THREAD_BROKEN_MS = 3_600_000;

/**
 * Two requests for one build at the same time, such as a retry while the first call still waits for Greenwave. The second cannot see the rows of the
 * first: where both write a new package, the database refuses the second when the first is through; of a new build that breaks the thread as well, for
 * all who come after. A build that was known before makes two updates, and the later one has it.
 */
export async function amongRivals<Result>(
  bodhi: Bodhi,
  values: Fields,
  act: () => Promise<Result>,
): Promise<Result> {
  const { store } = bodhi;
  const facts = named(bodhi, values);
  const packages = facts.map(({ name }) => name);
  const builds = facts.map(({ nvr }) => nvr);
  for (;;) {
    const rival = [...store.unwritten].find(
      (one) => packages.some((name) => one.packages.has(name)) || builds.some((nvr) => one.builds.has(nvr)),
    );
    if (rival === undefined) break;
    if (!(await rival.done)) continue;
    const name = packages.find((one) => rival.packages.has(one));
    if (name !== undefined) {
      throw duplicateKey({
        table: 'packages',
        constraint: 'packages_name_and_type_key',
        key: ['name', 'type'],
        columns: { name, type: 'rpm' },
      });
    }
    store.brokenThreads.push(bodhi.kit.clock.now() + THREAD_BROKEN_MS);
    throw new BrokenThread();
  }
  const { promise: done, resolve: end } = Promise.withResolvers<boolean>();
  const unwritten = {
    packages: new Set(packages.filter((name) => !store.packages.has(name))),
    builds: new Set(builds.filter((nvr) => !store.builds.has(nvr))),
    done,
  };
  store.unwritten.add(unwritten);
  let committed = false;
  try {
    const result = await act();
    committed = true;
    return result;
  } finally {
    store.unwritten.delete(unwritten);
    end(committed);
  }
}

/** Whether the next request meets a thread that is broken. */
export function meetsBrokenThread({ store, kit }: Bodhi): boolean {
  const now = kit.clock.now();
  const broken = store.brokenThreads.filter((until) => until > now).length;
  if (broken === 0) return false;
  store.requests += 1;
  return kit.draw('bodhi.thread', String(store.requests)) < Math.min(broken, THREADS) / THREADS;
}

/** Builds of a new update, as far as Koji knows them. */
function named({ ports }: Bodhi, values: Fields): readonly { readonly nvr: string; readonly name: string }[] {
  const nvrs = (values['builds'] as readonly string[] | null) ?? [];
  if (values['edited'] !== '') return [];
  try {
    return nvrs.map((nvr) => ports.koji.build(nvr)).filter((facts) => facts !== undefined);
  } catch {
    // The request itself will say that Koji is out of order.
    return [];
  }
}
