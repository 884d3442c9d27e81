import { type Environment, scopeOf } from '../core/environment.ts';
import { type Event, eventsOf, type Report, type Subject } from '../core/event.ts';
import { KIND } from '../core/facts.ts';
import type { LookRecord, Store, StoredRun } from '../core/store.ts';
import { type Chain, chainOf } from '../evidence/hops.ts';

export interface Evidence {
  readonly chains: readonly Chain[];
  readonly events: readonly Event[];
  readonly reports: readonly Report[];
  readonly looks: readonly LookRecord[];
}

/** What was heard of everything that a run followed, and the way of each of its builds. */
export async function evidenceOf(store: Store, run: StoredRun | string): Promise<Evidence> {
  const stored = typeof run === 'string' ? (await store.find(run)).run : run;
  if (stored === undefined) return { chains: [], events: [], reports: [], looks: [] };
  const environment = stored.header.environment_definition as unknown as Environment;
  const scope = scopeOf(environment);
  const { subjects } = stored;
  const reports = await store.reportsOf(scope, subjects);
  const update = keysOf(subjects, KIND.update)[0];
  const chains = keysOf(subjects, KIND.build).map((nvr) =>
    chainOf(reports, { nvr, update, release: stored.release, tests: environment.systems.ci?.tests ?? [] }),
  );
  return { chains, events: eventsOf(reports), reports, looks: await store.looksOf(scope, subjects) };
}

function keysOf(subjects: readonly Subject[], kind: string): readonly string[] {
  return subjects.filter((subject) => subject.kind === kind).map(({ key }) => key);
}
