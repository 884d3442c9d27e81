import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '../../src/core/digest.ts';
import type { Incident } from '../../src/core/incident.ts';
import type { IncidentMessage, NewNotice } from '../../src/core/notice.ts';
import type { Owner, RunRecord } from '../../src/core/run.ts';
import type { NewDue } from '../../src/core/schedule.ts';
import type { RunHeader, RunJournal, Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/store.ts';

export const SCOPE = 'test@1';
export const OWNER: Owner = { host: 'here', boot_id: 'boot', pid: 7, start: 42 };

/** A store in a folder of its own; both go with it. */
export function storeWorld(
  now?: () => number,
): { readonly file: string; readonly store: Store } & AsyncDisposable {
  const dir = mkdtempSync(join(tmpdir(), 'packprobe-store-'));
  const file = join(dir, 'packprobe.db');
  const store = openStore(file, now === undefined ? {} : { now });
  return {
    file,
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function headerOf(run_id: string, change: Partial<RunHeader> = {}): RunHeader {
  return {
    run_id,
    probe: 'single-build',
    environment: 'test',
    scope: SCOPE,
    package: `package-of-${run_id}`,
    branch: 'stable',
    params: {},
    definition: { file: 'p.yaml', text: 'name: p' },
    environment_definition: {},
    started_at: 1000.5,
    deadline_at: 2000,
    packprobe: '0.1.0',
    ...change,
  };
}

export function recordOf(run_id: string, change: Partial<RunRecord> = {}): RunRecord {
  return {
    run_id,
    probe: 'single-build',
    environment: 'test',
    package: `package-of-${run_id}`,
    branch: 'stable',
    release: null,
    params: {},
    started_at: 1000.5,
    ended_at: 1500,
    duration_ms: 499.5,
    outcome: 'passed',
    steps: [],
    subjects: [],
    versions: {},
    packprobe: '0.1.0',
    ...change,
  };
}

/** A run that has ended and holds nothing. */
export async function ended(
  store: Store,
  run_id: string,
  record: Partial<RunRecord> = {},
  header: Partial<RunHeader> = {},
): Promise<RunJournal> {
  const journal = await store.begin(headerOf(run_id, header), OWNER, () => true);
  await journal.finish(recordOf(run_id, record));
  await journal.letGo();
  return journal;
}

export function dueOf(due_at: number, change: Partial<NewDue> = {}): NewDue {
  return { scope: SCOPE, environment: 'test', probe: 'single-build', due_at, cause: 'schedule', ...change };
}

export function incidentOf(incident_id: string, change: Partial<Incident> = {}): Incident {
  return {
    incident_id,
    scope: SCOPE,
    environment: 'test',
    system: 'koji',
    state: 'open',
    since: 100.5,
    opened_at: 200,
    resolved_at: null,
    updated_at: 200,
    rule: 'confirmed',
    runs: [],
    failures: 1,
    last_good: null,
    recent: { failed: 1, of: 6 },
    normal: { failed: 1, of: 25 },
    changes: [],
    flapping_since: null,
    reopened_at: [],
    reminders: 0,
    told_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    ticket: null,
    closed_at: null,
    closed_by: null,
    closed_because: null,
    unwatched_since: null,
    ...change,
  };
}

export function noticeOf(subject: string, state: string, change: Partial<NewNotice> = {}): NewNotice {
  const message: IncidentMessage = {
    type: 'incident',
    change: 'opened',
    incident: incidentOf(subject),
    title: 'koji fails on test',
    text: 'koji fails on test, „since“ now',
    links: [],
  };
  return { receiver: 'mail', subject, state, message, created_at: 1, due_at: 1, ...change };
}

export function digestOf(run_id: string, change: Partial<Digest> = {}): Digest {
  return {
    run_id,
    left_out: null,
    totals: [],
    evidence: [],
    incidents: [],
    notices: [],
    dues: [],
    ...change,
  };
}
