/** Runs of `single-build` that are killed, what becomes of them, and what the outside world says of it. Shared by tests and benchmarks. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { decodeAnswer, encodeCall, named } from '../../src/clients/xmlrpc.ts';
import { startOf } from '../../src/platform/processes.ts';
import type { Ended, Running, TestSandbox } from './packprobe.ts';
import { ROOT } from './sources.ts';

const PRELOAD = fileURLToPath(new URL('kill-at-write.ts', import.meta.url));
const PACKAGE = 'dummy-test-package-gloster';
const BRANCH = 'f44';
const LONG = '7d';

/** A sandbox in which nothing was made yet, a data folder for it, and how the program is started. */
export interface Stage {
  /** Is made; holds the data folder and the list of writes. */
  readonly dir: string;
  readonly sandbox: TestSandbox;
  start(args: readonly string[], options?: { readonly env?: Readonly<Record<string, string>> }): Running;
}

/** A write of the journal by what it does, `intend koji-task`, `follow build #2`; see `kill-at-write.ts`. */
export interface KillPoint {
  readonly at: string;
  readonly when: 'before' | 'after';
}

export const dataOf = ({ dir }: Stage): string => join(dir, 'data');

const databaseOf = (stage: Stage): string => join(dataOf(stage), 'packprobe.db');

const writesFileOf = ({ dir }: Stage): string => join(dir, 'writes');

const aliveFileOf = ({ dir }: Stage): string => join(dir, 'alive');

/** The command that lived in the very moment in which the run was killed at a write; none where it had ended. */
export function aliveAtKill(stage: Stage): string | undefined {
  const file = aliveFileOf(stage);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** What the journal has written so far, a name each. */
export function writesOf(stage: Stage): readonly string[] {
  const file = writesFileOf(stage);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

/**
 * `single-build` with limits that no busy machine meets: at speed 300 an hour is twelve seconds, and limits go on while nobody is at work. In
 * a file of its own.
 */
function patientProbe({ dir }: Stage): string {
  mkdirSync(dir, { recursive: true });
  const probe = parse(readFileSync(join(ROOT, 'probes/single-build.yaml'), 'utf8'));
  const steps = probe.steps.map((step: object) => ({ ...step, timeout: LONG }));
  const file = join(dir, 'single-build.yaml');
  writeFileSync(file, stringify({ ...probe, timeout: LONG, steps }));
  return file;
}

/** Starts a run of `single-build` that is watched, and killed at this point. */
export function startWatched(stage: Stage, point?: KillPoint): Running {
  const probe = patientProbe(stage);
  return stage.start(
    ['run', probe, '--url', stage.sandbox.control, '--package', PACKAGE, '--data', dataOf(stage)],
    {
      env: {
        NODE_OPTIONS: `--import ${PRELOAD}`,
        WRITES_TO: writesFileOf(stage),
        ALIVE_TO: aliveFileOf(stage),
        ...(point === undefined ? {} : { KILL_AT: point.at, KILL_WHEN: point.when }),
      },
    },
  );
}

export interface StoredRow {
  readonly run_id: string;
  readonly state: string;
  readonly outcome: string | null;
}

/** Asks the database of a stage, past the program. */
export function query(stage: Stage, sql: string): readonly Record<string, unknown>[] {
  using database = new DatabaseSync(databaseOf(stage), { readOnly: true, timeout: 5000 });
  return database.prepare(sql).all();
}

/** The one run of a stage; undefined before its first write. */
export function storedRun(stage: Stage): StoredRow | undefined {
  if (!existsSync(databaseOf(stage))) return undefined;
  return query(stage, 'select run_id, state, outcome from runs')[0] as unknown as StoredRow | undefined;
}

/** All rows of the run of a stage but what was heard, as text: to tell whether anything of it was changed. */
export function rowsOf(stage: Stage): string {
  const tables = ['runs', 'steps', 'effects', 'subjects', 'commands'];
  return JSON.stringify(tables.map((table) => query(stage, `select * from ${table}`)));
}

/** Commands that the killed process had under way and that live on. */
function survivors(stage: Stage): readonly string[] {
  return query(stage, 'select pid, start, command from commands').flatMap(({ pid, start, command }) =>
    startOf(Number(pid)) === start ? [String(command)] : [],
  );
}

export function resume(stage: Stage, run: string): Promise<Ended> {
  return stage.start(['runs', 'resume', run, '--data', dataOf(stage)]).ended;
}

/** What of anybody is there, asked of each system in its own words. A fresh sandbox has none of it. */
export interface Made {
  readonly commits: number;
  readonly tarballs: number;
  readonly build_tasks: number;
  readonly builds: number;
  readonly updates: number;
}

export const NOTHING: Made = { commits: 0, tarballs: 0, build_tasks: 0, builds: 0, updates: 0 };
export const ONE_OF_EACH: Made = { commits: 1, tarballs: 1, build_tasks: 1, builds: 1, updates: 1 };

type Urls = Readonly<Record<string, string>>;

async function urlsOf({ sandbox }: Stage): Promise<Urls> {
  return ((await (await fetch(`${sandbox.control}/`)).json()) as { readonly systems: Urls }).systems;
}

/** Counts everything that was made in a stage; of commits those that a run has made. */
export async function countMade(stage: Stage): Promise<Made> {
  const systems = await urlsOf(stage);
  const [commits, tarballs, tasks, builds, updates] = await Promise.all([
    countCommits(`${systems['dist-git']}/rpms/${PACKAGE}.git`, stage.dir),
    countTarballs(stage),
    kojiList(systems['koji'], 'listTasks', { method: 'build' }),
    kojiList(systems['koji'], 'listBuilds', { source: null }),
    updatesIn(systems['bodhi']),
  ]);
  return { commits, tarballs, build_tasks: tasks.length, builds: builds.length, updates: updates.length };
}

const run = promisify(execFile);

async function countCommits(url: string, dir: string): Promise<number> {
  const clone = join(dir, `clone-${process.hrtime.bigint()}.git`);
  await run('git', ['clone', '--quiet', '--bare', url, clone]);
  const { stdout } = await run('git', ['-C', clone, 'log', '--all', '--format=%H', '--grep=^packprobe run ']);
  return stdout.split('\n').filter((line) => line !== '').length;
}

/** Where the sandbox keeps its files. */
async function folderOf({ sandbox }: Stage): Promise<string> {
  const { identity } = (await sandbox.environment()) as { identity: { keytab: { file: string } } };
  return dirname(identity.keytab.file);
}

async function countTarballs(stage: Stage): Promise<number> {
  const folder = join(await folderOf(stage), 'lookaside/rpms', PACKAGE);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  // The package came with one.
  return files.filter((entry) => entry.isFile()).length - 1;
}

async function kojiList(
  koji: string | undefined,
  method: string,
  filter: Parameters<typeof named>[0],
): Promise<readonly unknown[]> {
  const params = method === 'listTasks' ? [filter] : [named({})];
  const response = await fetch(`${koji}/kojihub`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body: encodeCall(method, params),
  });
  const answer = decodeAnswer(await response.text());
  if ('fault' in answer) throw new Error(`${method}: ${answer.fault.text}`);
  return answer.value as readonly unknown[];
}

interface SeenUpdate {
  readonly alias: string;
  readonly status: string;
}

/** All updates of a stage. */
export async function updatesOf(stage: Stage): Promise<readonly SeenUpdate[]> {
  return updatesIn((await urlsOf(stage))['bodhi']);
}

async function updatesIn(bodhi: string | undefined): Promise<readonly SeenUpdate[]> {
  // Not by user: Bodhi knows none who has never logged in.
  const response = await fetch(`${bodhi}/updates/`, { headers: { accept: 'application/json' } });
  return ((await response.json()) as { readonly updates: readonly SeenUpdate[] }).updates;
}

/** Processes of a run, by the mark that all its commands carry, or by the data folder in their command line. */
export function processesOf(stage: Stage, id: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const marked = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`PACKPROBE_RUN=${id}`);
      return line !== '' && (marked || line.includes(`${dataOf(stage)}`)) ? [line] : [];
    } catch {
      return [];
    }
  });
}

/** What is wrong with a run that was resumed to its end, seen from outside and on our own disk; empty when it left one of each and nothing else. */
export async function complaintsAbout(stage: Stage, id: string): Promise<readonly string[]> {
  const complaints: string[] = [];
  const expectSame = (what: string, seen: unknown, expected: unknown) => {
    const [a, b] = [seen, expected].map((value) => JSON.stringify(value));
    if (a !== b) complaints.push(`${what}: ${a} instead of ${b}`);
  };
  expectSame('stored', storedRun(stage), { run_id: id, state: 'finished', outcome: 'passed' });
  expectSame('made', await countMade(stage), ONE_OF_EACH);
  expectSame('holdings', await stage.sandbox.holdings(id), []);
  expectSame('work folder', readdirSync(join(dataOf(stage), 'work')), []);
  expectSame('processes', processesOf(stage, id), []);
  return complaints;
}

/** What came of one kill. Only `resumed`, `never_begun` and `nothing_left` prove anything; all others but `not_killed` are defects. */
export interface Proof {
  readonly point: string;
  readonly verdict: 'resumed' | 'never_begun' | 'nothing_left' | 'not_killed' | 'broken';
  readonly complaints: readonly string[];
}

/** Kills a run at this point, resumes it where there is something to resume, and looks at what both have left. */
export async function proveKill(stage: Stage, point: KillPoint): Promise<Proof> {
  const { code, stderr } = await startWatched(stage, point).ended;
  const name = `${point.when} ${point.at}`;
  if (code === null) return proveResume(stage, name);
  return code === 0
    ? { point: name, verdict: 'not_killed', complaints: ['the run had no such write'] }
    : { point: name, verdict: 'broken', complaints: [`ended with ${code}: ${stderr}`] };
}

/** Resumes the killed run of a stage and says what came of it. */
export async function proveResume(stage: Stage, point: string): Promise<Proof> {
  const stored = storedRun(stage);
  if (stored === undefined) return proveNeverBegun(stage, point);
  const { code, stderr } = await resume(stage, stored.run_id);
  const complaints = [...(await complaintsAbout(stage, stored.run_id))];
  if (stored.state === 'finished') {
    if (code !== 2 || !stderr.includes('nothing to resume'))
      complaints.push(`resumed with ${code}: ${stderr}`);
    return { point, verdict: complaints.length > 0 ? 'broken' : 'nothing_left', complaints };
  }
  if (code !== 0) complaints.push(`resumed with ${code}: ${stderr}`);
  return { point, verdict: complaints.length > 0 ? 'broken' : 'resumed', complaints };
}

async function proveNeverBegun(stage: Stage, point: string): Promise<Proof> {
  const made = JSON.stringify(await countMade(stage));
  const work = join(dataOf(stage), 'work');
  const complaints = [
    ...(made === JSON.stringify(NOTHING) ? [] : [`made without a run: ${made}`]),
    ...(existsSync(work) && readdirSync(work).length > 0 ? ['a work folder without a run'] : []),
  ];
  return { point, verdict: complaints.length > 0 ? 'broken' : 'never_begun', complaints };
}

/** The effects of `single-build`: the command that makes each, and how the outside tells that it is there. */
const MAKES = {
  commit: { command: 'command git push', isThere: headMoves },
  'koji-task': {
    command: 'command fedpkg build',
    isThere: async (urls: Urls) => async () =>
      (await kojiList(urls['koji'], 'listTasks', { method: 'build' })).length > 0,
  },
  update: {
    command: 'command bodhi updates new',
    isThere: async (urls: Urls) => async () => (await updatesIn(urls['bodhi'])).length > 0,
  },
} as const;

export type MadeKind = keyof typeof MAKES;
export const MADE_KINDS = Object.keys(MAKES) as readonly MadeKind[];

async function headMoves(_: Urls, stage: Stage): Promise<() => Promise<boolean>> {
  const file = join(await folderOf(stage), 'git/rpms', `${PACKAGE}.git`, 'refs/heads', BRANCH);
  const read = () => readFileSync(file, 'utf8');
  const before = read();
  return async () => read() !== before;
}

/** A run that was killed when others could already see what it was making, and before its command had said so. */
export interface KilledInMake {
  /** The commands that lived on; where there is none the kill came too late, and proves nothing of this. */
  readonly survivors: readonly string[];
}

/** Looks from outside for what a run makes, and kills the run at the first sight of it. */
export async function killInMake(stage: Stage, kind: MadeKind): Promise<KilledInMake> {
  const { command, isThere } = MAKES[kind];
  const look = await isThere(await urlsOf(stage), stage);
  const running = startWatched(stage);
  let hasEnded = false;
  void running.ended.then(() => {
    hasEnded = true;
  });
  while (!writesOf(stage).includes(command) && !hasEnded) await pause(2);
  while (!(await look()) && !hasEnded) await pause(1);
  running.child.kill('SIGKILL');
  const alive = survivors(stage);
  const { code } = await running.ended;
  return { survivors: code === null ? alive : [] };
}
