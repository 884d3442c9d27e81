/** Holds what a store says of its runs against what the systems of the sandbox say was made. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { decodeAnswer, encodeCall } from '../../../src/clients/xmlrpc.ts';
import { asked } from './asked.ts';
import type { Stage } from './stage.ts';

/** What is wrong, a line each; empty where nothing is. */
export type Complaints = readonly string[];

/** Real milliseconds. */
const ANSWERED_MS = 5000;

type Row = Readonly<Record<string, unknown>>;

/** Everything, once nothing goes on any more but `serve` itself. */
export async function audit(stage: Stage, url: string): Promise<Complaints> {
  const runs = stage.query('select run_id, probe, package, state, outcome, digested from runs');
  return [
    ...stored(stage),
    ...(await unanswered(stage)),
    ...(await outside(stage)),
    ...(await heldStill(stage, runs)),
    ...onDisk(stage),
    ...survivors(runs),
    ...(await counted(stage, url)),
  ];
}

/** The rows of a query, each a complaint. */
function none({ query }: Stage, what: string, sql: string): Complaints {
  return query(sql).map((row) => `${what}: ${JSON.stringify(row)}`);
}

/** No run lost, none open, none twice; the schedule, the evidence and the ledger agree with the runs. */
function stored(stage: Stage): Complaints {
  const complain = (what: string, sql: string) => none(stage, what, sql);
  return [
    ...complain(
      'a run that did not end',
      "select run_id, state from runs where state != 'finished' or outcome is null",
    ),
    ...complain('a run that was not digested', 'select run_id from runs where digested = 0'),
    ...complain(
      'a due time twice',
      'select scope, probe, due_at, count(*) as n from dues group by scope, probe, due_at having n > 1',
    ),
    ...complain(
      'a due time whose run is lost',
      "select due_id, run_id from dues where state = 'started' and (run_id is null or run_id not in (select run_id from runs))",
    ),
    ...complain(
      'a run without a due time, or with several',
      'select run_id, (select count(*) from dues where dues.run_id = runs.run_id) as n from runs where n != 1',
    ),
    ...complain(
      'something that was made and is still held',
      "select run_id, kind, identity from effects where undoable = 1 and state in ('intended', 'made')",
    ),
    ...complain(
      'a passed run with a step that did not end',
      `select run_id, step from steps where outcome is null and run_id in (select run_id from runs where outcome = 'passed')`,
    ),
    ...complain(
      'a passed run that does not know what it made',
      `select run_id, kind from effects where identity is null and run_id in (select run_id from runs where outcome = 'passed')`,
    ),
    ...complain(
      'a run that counts and is no evidence',
      `select run_id, probe, outcome from runs where outcome in ('passed', 'failed')
        and not exists (select 1 from evidence where evidence.run_id = runs.run_id)`,
    ),
    ...complain(
      'evidence of one run twice',
      'select run_id, system, count(*) as n from evidence group by run_id, system having n > 1',
    ),
    ...complain(
      'two incidents at once',
      "select scope, system, count(*) as n from incidents where state in ('suspected', 'open') group by scope, system having n > 1",
    ),
    ...complain('a late watch that was left', 'select run_id, step from late_watches'),
  ];
}

/** Due times go on while nothing is started: only one that stays without an answer is wrong. */
async function unanswered({ query }: Stage): Promise<Complaints> {
  const waiting = () =>
    query("select due_id, probe from dues where state = 'waiting'").map((row) => JSON.stringify(row));
  const before = waiting();
  if (before.length === 0) return [];
  await pause(ANSWERED_MS);
  const now = waiting();
  return before.filter((row) => now.includes(row)).map((row) => `a due time without an answer: ${row}`);
}

/** Things in other systems that no row of the ledger knows, or that two know: what was made twice. */
async function outside(stage: Stage): Promise<Complaints> {
  const [tasks, updates, commits] = await Promise.all([
    buildTasks(stage),
    updateAliases(stage),
    commitsOf(stage),
  ]);
  return [
    ...compared(stage, 'koji-task', tasks.map(String)),
    ...compared(stage, 'update', updates),
    ...compared(stage, 'commit', [...commits.keys()]),
    ...twice('commits of a run', [...commits.values()]),
    ...tarballs(stage, commits.size),
  ];
}

function compared({ query }: Stage, kind: string, there: readonly string[]): Complaints {
  const known = query(
    `select run_id, identity from effects where kind = '${kind}' and identity is not null and identity != 'null'`,
  ).map(({ identity, run_id }) => ({ id: String(JSON.parse(String(identity))), run: String(run_id) }));
  const ids = new Set(known.map(({ id }) => id));
  const seen = new Set([...there, ...(kind === 'update' ? lostUpdates(query) : [])]);
  return [
    ...there.filter((id) => !ids.has(id)).map((id) => `${kind} ${id} is there and no run knows it`),
    ...known
      .filter(({ id }) => !seen.has(id))
      .map(({ id, run }) => `${kind} ${id} of run ${run} is not there`),
    ...twice(
      `${kind} of two runs`,
      known.map(({ id }) => id),
    ),
    ...twice(
      `${kind} of one run`,
      known.map(({ run }) => run),
    ),
  ];
}

/** Aliases of updates that Bodhi said it had made and did not have: their runs failed and charged it, and whoever was to withdraw them was told that there are none. */
function lostUpdates(query: Stage['query']): readonly string[] {
  return query(
    `select identity from effects join runs using (run_id)
      where effects.kind = 'update' and effects.state = 'undone' and undo_evidence ->> 'update_status' = 'unknown'
        and outcome = 'failed' and fault ->> 'system' = 'bodhi'`,
  ).map(({ identity }) => String(JSON.parse(String(identity))));
}

function twice(what: string, values: readonly string[]): Complaints {
  const seen = new Set<string>();
  return values.flatMap((value) => {
    if (seen.has(value)) return [`${what}: ${value} twice`];
    seen.add(value);
    return [];
  });
}

async function call(koji: string | undefined, method: string, params: Parameters<typeof encodeCall>[1]) {
  const response = await asked(`${koji}/kojihub`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body: encodeCall(method, params),
  });
  const answer = decodeAnswer(await response.text());
  if ('fault' in answer) throw new Error(`${method}: ${answer.fault.text}`);
  return answer.value as readonly Row[];
}

async function buildTasks({ urls }: Stage): Promise<readonly number[]> {
  const tasks = await call(urls['koji'], 'listTasks', [{ method: 'build' }]);
  return tasks.map(({ id }) => Number(id));
}

async function updateAliases({ urls }: Stage): Promise<readonly string[]> {
  const aliases: string[] = [];
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const response = await asked(`${urls['bodhi']}/updates/?rows_per_page=100&page=${page}`, {
      headers: { accept: 'application/json' },
    });
    const body = (await response.json()) as { readonly pages: number; readonly updates: readonly Row[] };
    pages = body.pages;
    aliases.push(...body.updates.map(({ alias }) => String(alias)));
  }
  return aliases;
}

const run = promisify(execFile);

/** Commits of runs by their hash, each with the id of its run. */
async function commitsOf(stage: Stage): Promise<ReadonlyMap<string, string>> {
  const commits = new Map<string, string>();
  for (const pkg of stage.packages) {
    const { stdout } = await run('git', [
      '-C',
      join(stage.dir, 'sandbox/git/rpms', `${pkg}.git`),
      'log',
      '--all',
      '--format=%H %s%x00%b%x01',
      '--grep=packprobe run ',
    ]);
    for (const entry of stdout.split('\x01')) {
      const [, hash, id] = /([0-9a-f]{40})[\s\S]*packprobe run (\S+)/.exec(entry) ?? [];
      if (hash !== undefined && id !== undefined) commits.set(hash, id);
    }
  }
  return commits;
}

/** A tarball for each commit at most, beside the one that each package came with; one whose run ended before the push stays alone. */
function tarballs(stage: Stage, commits: number): Complaints {
  const folder = join(stage.dir, 'sandbox/lookaside/rpms');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const [uploads] = stage.query(
    "select count(*) as n from steps where uses = 'lookaside/new-sources' and started_at is not null",
  );
  const made = files.length - stage.packages.length;
  const most = Number(uploads?.['n']);
  return made >= commits && made <= most
    ? []
    : [`${made} tarballs for ${most} uploads and ${commits} commits`];
}

/** What the sandbox says that runs still hold; asked of those that may. */
async function heldStill({ control }: Stage, runs: readonly Row[]): Promise<Complaints> {
  const complaints: string[] = [];
  for (const { run_id, probe, outcome } of runs) {
    const response = await asked(`${control}/holdings?run=${run_id}`);
    const { holdings } = (await response.json()) as { readonly holdings: readonly unknown[] };
    if (holdings.length > 0)
      complaints.push(`run ${run_id} of ${probe}, ${outcome}, left ${JSON.stringify(holdings)}`);
  }
  return complaints;
}

function onDisk({ data }: Stage): Complaints {
  const work = join(data, 'work');
  if (!existsSync(work)) return [];
  return readdirSync(work).map((folder) => `work folder ${folder} was left`);
}

/** Processes that carry the mark of a run. */
function survivors(runs: readonly Row[]): Complaints {
  const ids = new Set(runs.map(({ run_id }) => String(run_id)));
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const mark = /(?:^|\0)PACKPROBE_RUN=([^\0]+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
      if (mark === undefined || !ids.has(mark)) return [];
      return [
        `process ${pid} of run ${mark} lives: ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`,
      ];
    } catch {
      return [];
    }
  });
}

/** `/metrics` counts every run once. */
async function counted({ query }: Stage, url: string): Promise<Complaints> {
  const text = await (await asked(`${url}/metrics`)).text();
  const shown = new Map(
    [...text.matchAll(/^packprobe_runs_total\{(.*?)\} (\d+)/gm)].map(([, labels = '', value]) => {
      const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1];
      return [`${label('probe')} ${label('outcome')}`, Number(value)] as const;
    }),
  );
  const complaints: string[] = [];
  for (const { probe, outcome, n } of query(
    'select probe, outcome, count(*) as n from runs group by probe, outcome',
  )) {
    const value = shown.get(`${probe} ${outcome}`);
    if (value !== n)
      complaints.push(`packprobe_runs_total of ${probe} ${outcome} is ${value}, and there are ${n}`);
  }
  return complaints;
}
