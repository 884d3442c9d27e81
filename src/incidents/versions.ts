import { type Event, eventsOf, type Report, type Subject } from '../core/event.ts';
import type { Store } from '../core/store.ts';
import { SYSTEMS, type System } from '../core/system.ts';

type Memory = Pick<Store, 'addReports' | 'reportsOf' | 'noteLooks' | 'looksOf'>;

const SOURCE = 'versions';

function subjectOf(system: System): Subject {
  return { kind: 'system', key: system };
}

interface Seen {
  readonly scope: string;
  readonly versions: Readonly<Partial<Record<System, string>>>;
  /** Epoch ms of the environment's clock. */
  readonly at: number;
}

/** Writes down versions that systems have told, each only when it is another than the last one. */
export async function noteVersions(store: Memory, { scope, versions, at }: Seen): Promise<void> {
  const told = SYSTEMS.filter((system) => versions[system] !== undefined);
  if (told.length === 0) return;
  const subjects = told.map(subjectOf);
  const known = eventsOf(await store.reportsOf(scope, subjects));
  const looks = await store.looksOf(scope, subjects);
  const reports = told.flatMap((system): readonly Report[] => {
    const version = versions[system] ?? '';
    const last = known.findLast(({ subject }) => subject.key === system);
    if (last !== undefined && versionOf(last) === version) return [];
    const before = looks.find(({ source, key }) => source === SOURCE && key === system)?.last_good;
    return [
      {
        subject: subjectOf(system),
        // A version can come back: each change is a fact of its own.
        fact: `version:${version}#${Math.round(at)}`,
        earliest: before ?? undefined,
        latest: at,
        source: 'api',
        system,
        seen_at: at,
        data: { version, before: last === undefined ? null : versionOf(last) },
      },
    ];
  });
  await store.addReports(scope, reports);
  await store.noteLooks(scope, SOURCE, subjects, at);
}

/** A system that tells another version than before. */
export interface VersionChange {
  readonly system: System;
  readonly from: string;
  readonly to: string;
  /** Between the last look that saw the old one and the first that saw the new one. Epoch ms of the environment's clock. */
  readonly earliest: number | undefined;
  readonly latest: number;
}

/** Changes of versions that were seen since then. */
export async function versionChanges(
  store: Memory,
  scope: string,
  since: number,
): Promise<readonly VersionChange[]> {
  const events = eventsOf(await store.reportsOf(scope, SYSTEMS.map(subjectOf)));
  return events.flatMap((event): readonly VersionChange[] => {
    const { before } = event.data;
    // The first that was ever told is no change.
    if (event.latest < since || typeof before !== 'string' || event.system === undefined) return [];
    const { system, earliest, latest } = event;
    return [{ system, from: before, to: versionOf(event), earliest, latest }];
  });
}

function versionOf({ data }: Event): string {
  return typeof data['version'] === 'string' ? data['version'] : '';
}
