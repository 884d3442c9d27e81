import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/core/event.ts';
import type { SystemEvidence } from '../../src/core/incident.ts';
import type { RunRecord } from '../../src/core/run.ts';
import type { Period } from '../../src/core/schedule.ts';
import type { LookRecord, Store } from '../../src/core/store.ts';
import { changesBefore } from '../../src/incidents/changes.ts';
import { noteVersions } from '../../src/incidents/versions.ts';
import { HOUR_MS, runRecord, START, siteProbe } from '../support/incident-world.ts';

const signal = new AbortController().signal;
const at = (hours: number) => START + hours * HOUR_MS;

/** What a store remembers of versions and runs. */
function memory(good?: RunRecord) {
  const reports: Report[] = [];
  const looks = new Map<string, number>();
  const row = { good: true, run_id: good?.run_id, at: good?.ended_at, system: 'koji' } as SystemEvidence;
  const store = {
    addReports: async (_, added) => void reports.push(...added),
    reportsOf: async () => reports,
    noteLooks: async (_, __, subjects, time) => {
      for (const { key } of subjects) looks.set(key, time);
    },
    looksOf: async () =>
      [...looks].map(([key, last_good]) => ({ source: 'versions', key, last_good }) as LookRecord),
    find: async () => ({ run: { record: good ?? null }, candidates: [] }) as never,
  } satisfies Pick<Store, 'addReports' | 'reportsOf' | 'noteLooks' | 'looksOf' | 'find'>;
  return { ...store, incidents: { evidence: async () => (good === undefined ? [] : [row]) }, reports };
}

const probe = siteProbe('scratch-build');
const failed = (versions: Record<string, string>): RunRecord => ({
  ...runRecord(probe, { probe: probe.name, run_id: 'bad', at: at(0), trouble: { step: 'build' } }),
  versions,
});
const passed = (versions: Record<string, string>): RunRecord => ({
  ...runRecord(probe, { probe: probe.name, run_id: 'good', at: at(-1) }),
  versions,
});

const period = (changes: Partial<Period>): Period => ({
  id: 'p',
  kind: 'mass_rebuild',
  from: at(-48),
  to: at(48),
  treatment: 'count',
  environments: [],
  systems: [],
  note: 'f45',
  link: null,
  source: 'config',
  ...changes,
});

async function textsOf(options: Partial<Parameters<typeof changesBefore>[0]>): Promise<readonly string[]> {
  const all = await changesBefore(
    {
      record: failed({}),
      scope: 'fedora',
      system: 'koji',
      store: memory(),
      playbooks: undefined,
      periods: [],
      ...options,
    },
    signal,
  );
  return all.map(({ kind, text }) => `${kind}: ${text}`);
}

describe('what changed before a failure', () => {
  test('a command that is another than in the last good run', async () => {
    const store = memory(passed({ koji: '1.35.2', git: '2.47' }));
    const record = failed({ koji: '1.35.3', git: '2.47', bodhi: '26.4' });
    expect(await textsOf({ store, record })).toEqual([
      'version: koji: version 1.35.2 became 1.35.3 since the last good run',
    ]);
  });

  test('a system that told another version, between the looks that saw the old and the new one', async () => {
    const store = memory();
    const look = (hours: number, koji: string) =>
      noteVersions(store, { scope: 'fedora', versions: { koji }, at: at(hours) });
    await look(-5, '1.35.2');
    await look(-4, '1.35.2');
    await look(-2, '1.35.3');
    await look(-1, '1.35.3');
    expect(store.reports).toHaveLength(2);
    expect(await textsOf({ store })).toEqual([
      'version: koji: version 1.35.2 became 1.35.3, between 2026-11-17T04:00Z and 2026-11-17T06:00Z',
    ]);
  });

  test('a version that came back is a change, too', async () => {
    const store = memory();
    for (const [index, bodhi] of ['26.4', '26.5', '26.4'].entries())
      await noteVersions(store, { scope: 'fedora', versions: { bodhi }, at: at(index - 5) });
    expect(await textsOf({ store })).toHaveLength(2);
  });

  test('nothing that is older than a day', async () => {
    const store = memory();
    for (const [index, koji] of ['1', '2'].entries())
      await noteVersions(store, { scope: 'fedora', versions: { koji }, at: at(index - 40) });
    expect(await textsOf({ store, periods: [period({ to: at(-30) })] })).toEqual([]);
  });

  test('periods that begin, end or go on, of this environment and system alone', async () => {
    const periods = [
      period({}),
      period({ kind: 'outage', note: '', from: at(-3), to: at(-2) }),
      period({ kind: 'freeze', note: 'beta', from: at(-3) }),
      period({ environments: ['other'] }),
      period({ systems: ['bodhi'] }),
    ];
    expect(await textsOf({ periods })).toEqual([
      'calendar: outage ended',
      'calendar: freeze "beta" began',
      'calendar: mass rebuild "f45" goes on, until 2026-11-19T08:00Z',
    ]);
  });

  test('the newest first, whatever it is', async () => {
    const playbooks = async () => [
      { at: at(-9), kind: 'playbook', text: 'old', link: null },
      { at: at(-1), kind: 'playbook', text: 'new', link: null },
    ];
    const periods = [period({ from: at(-4) })];
    expect(await textsOf({ playbooks, periods })).toEqual([
      'playbook: new',
      'calendar: mass rebuild "f45" began',
      'playbook: old',
    ]);
  });
});
