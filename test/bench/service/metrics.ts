import { DatabaseSync } from 'node:sqlite';
import { HOP_DEFINITIONS } from '../../../src/core/chain.ts';
import { totalsOfRun } from '../../../src/core/run-totals.ts';
import { NOTHING_HEARD, telemetryWorld, testProbe, testRun } from '../../telemetry/world.ts';

const PROBES = [
  'single-build',
  'rawhide',
  'pull-request',
  'multi-build',
  'waive',
  'scratch-build',
  'centos-stream',
] as const;
const OUTCOMES = ['passed', 'passed', 'passed', 'failed', 'errored', 'cancelled'] as const;
const HISTORY = 100_000;
const SCRAPES = 100;

/** What a scrape costs. */
export interface Scrape {
  /** Milliseconds, each scrape after something has happened. */
  readonly median: number;
  readonly p99: number;
  /** Milliseconds, of the median one where nothing has. */
  readonly quiet: number;
  /** Series of one environment with seven probes of twelve steps. */
  readonly series: number;
  readonly bytes: number;
}

/** 100,000 finished runs in the store, every series in use. Some 15 s. */
export async function measureScrape(): Promise<Scrape> {
  await using world = telemetryWorld({ probes: PROBES.map((name) => testProbe(name)) });
  const hops = HOP_DEFINITIONS.map(({ hop, system }) => ({
    hop,
    system,
    shortest_ms: 1000,
    longest_ms: 2000,
    source: 'api' as const,
  }));
  const something = (index: number) =>
    world.store.totals.add(
      totalsOfRun(
        testRun(OUTCOMES[index % OUTCOMES.length] ?? 'passed', {
          probe: PROBES[index % PROBES.length] ?? '',
        }),
        { ...NOTHING_HEARD, chains: [{ hops, lost_messages: [] }] },
      ),
    );
  for (let index = 0; index < PROBES.length * OUTCOMES.length; index += 1) await something(index);
  fillHistory(world.file);

  const timed = async () => {
    const began = performance.now();
    const text = await world.scrape();
    return { ms: performance.now() - began, text };
  };
  // The first ones compile it.
  for (let index = 0; index < 10; index += 1) await timed();
  const busy: number[] = [];
  const quiet: number[] = [];
  let text = '';
  for (let index = 0; index < SCRAPES; index += 1) {
    await something(index);
    busy.push((await timed()).ms);
    const again = await timed();
    quiet.push(again.ms);
    text = again.text;
  }
  return {
    median: at(busy, 0.5),
    p99: at(busy, 0.99),
    quiet: at(quiet, 0.5),
    series: text.split('\n').filter((line) => line.includes('environment="')).length,
    bytes: text.length,
  };
}

function at(times: readonly number[], share: number): number {
  return times.toSorted((one, other) => one - other)[Math.ceil(share * times.length) - 1] ?? Number.NaN;
}

/** Rows as runs leave them; written past the store, which would take minutes. */
function fillHistory(file: string): void {
  const db = new DatabaseSync(file);
  const run =
    db.prepare(`insert into runs (run_id, environment, scope, probe, package, branch, state, outcome, started_at,
    ended_at, header, owner, fence, versions, record, digested)
    values (?, 'test', 'test', 'single-build', 'p', 'f44', 'finished', 'passed', ?, ?, '{}', '{}', 1, '{}', ?, 1)`);
  const evidence =
    db.prepare(`insert into evidence (scope, system, at, run_id, environment, probe, good, counted)
    values ('test', ?, ?, ?, 'test', 'single-build', 1, 1)`);
  const due = db.prepare(`insert into dues (scope, environment, probe, due_at, cause, state, run_id)
    values ('test', 'test', 'single-build', ?, 'schedule', 'started', ?)`);
  const effect =
    db.prepare(`insert into effects (run_id, environment, package, step, kind, key, system, state, undoable,
    intended_at) values (?, 'test', 'p', 'build', 'koji-task', 'k', 'koji', 'undone', 1, ?)`);
  const record = JSON.stringify({ steps: 'x'.repeat(4000) });
  db.exec('begin');
  for (let index = 0; index < HISTORY; index += 1) {
    const id = `018a9000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;
    run.run(id, index * 1000, index * 1000 + 500, record);
    for (const system of ['fas', 'koji', 'bodhi', 'ci']) evidence.run(system, index * 1000 + 500, id);
    due.run(index * 1000, id);
    effect.run(id, index * 1000);
  }
  db.exec('commit');
  db.close();
}
