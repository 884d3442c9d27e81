/**
 * Preloaded into `packprobe run` (`node --import`): follows the writes of a run's journal and ends the process with SIGKILL at one of them, as the
 * kernel would that runs out of memory. Only SQLite is watched: the program itself knows nothing of it, nor do its commands or the sandbox.
 *
 * - `WRITES_TO=FILE` gets a line for each write, just before it is made: `begin`, `step build`, `intend koji-task`, `command git push`.
 * - `KILL_AT` is a write by its line, `follow build`, and which of them where it is not the first, `follow build #2`. By line and not by number: a
 *   command that ends at once is not written down, so that numbers differ from run to run.
 * - `KILL_WHEN=before|after` it.
 * - `ALIVE_TO=FILE` gets the command that was written down last, where it lives in the moment of the kill.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { StatementSync } from 'node:sqlite';
import { startOf } from '../../src/platform/processes.ts';

const { ALIVE_TO, KILL_AT, KILL_WHEN, WRITES_TO } = process.env;

/** What every write of a journal looks at; reports, looks and migrations do not. */
const FENCED = /fence = \?/;

const written = new Map<string, number>();
/** What the transaction that is open does. */
let doing: string | undefined;

for (const method of ['run', 'all'] as const) {
  const real = StatementSync.prototype[method] as (...values: unknown[]) => unknown;
  const watched = function (this: StatementSync, ...values: unknown[]): unknown {
    const sql = this.sourceSQL.trim().replace(/\s+/g, ' ');
    const name = nameOf(sql, values);
    const isTheOne = name !== undefined && isNext(name);
    if (isTheOne && KILL_WHEN === 'before') die();
    const result = real.apply(this, values);
    if (sql.startsWith('insert into effects')) rememberEffects(result);
    if (isTheOne) die();
    return result;
  };
  Object.defineProperty(StatementSync.prototype, method, { value: watched });
}

/** Writes the write down, and says whether it is the one. */
function isNext(line: string): boolean {
  const count = (written.get(line) ?? 0) + 1;
  written.set(line, count);
  const name = count === 1 ? line : `${line} #${count}`;
  if (WRITES_TO !== undefined) appendFileSync(WRITES_TO, `${name}\n`);
  return KILL_AT === name;
}

function die(): never {
  if (ALIVE_TO !== undefined && startOf(command.pid) !== undefined) appendFileSync(ALIVE_TO, command.words);
  process.kill(process.pid, 'SIGKILL');
  throw new Error('the process has outlived SIGKILL');
}

const effects = new Map<unknown, string>();
let command = { pid: 0, words: '' };

function rememberEffects(rows: unknown): void {
  for (const { effect_id, kind } of rows as readonly { effect_id: number; kind: string }[]) {
    effects.set(effect_id, kind);
  }
}

/** What a write of the journal does; undefined for every other statement. What takes several statements is written when it is committed. */
function nameOf(sql: string, values: readonly unknown[]): string | undefined {
  if (sql === 'commit') {
    const name = doing;
    doing = undefined;
    return name;
  }
  if (sql.startsWith('rollback')) doing = undefined;
  if (sql.startsWith('insert into "runs"')) doing = 'begin';
  // It is counted in the same transaction, and the effect's id stands behind what is set, and before the run's.
  if (sql.includes('undo_evidence =')) {
    doing = `settle ${effects.get(values[5])}`;
    return undefined;
  }
  if (!FENCED.test(sql) || sql.startsWith('select')) return undefined;
  const [, verb, table] = /^(insert|update)[^(]*?(?:into |update )?(\w+)(?: \(| set)/.exec(sql) ?? [];
  switch (`${verb} ${table}`) {
    case 'insert steps':
      return `${sql.includes('outcome,') ? 'end of step' : 'step'} ${String(values[2])}`;
    case 'update steps':
      return sql.includes('resumed_at') ? 'step resumed' : 'attempts';
    case 'update runs':
      if (sql.includes('record =')) return 'finish';
      if (sql.includes('release =')) return 'release';
      if (sql.includes('resting = 0')) return 'wake';
      return sql.includes('versions =') ? 'versions' : 'let go';
    case 'insert effects':
      return `intend ${String(values[4])}`;
    case 'update effects':
      // Here, too.
      return `made ${effects.get(values[4])}`;
    case 'insert subjects':
      return `follow ${(JSON.parse(String(values[0])) as readonly { kind: string }[])[0]?.kind}`;
    case 'insert commands':
      command = { pid: Number(values[2]), words: commandWords(values[2], basename(String(values[4]))) };
      return `command ${command.words}`;
    default:
      return `${verb} ${table}`;
  }
}

/** Words that tell apart what the packager's commands are asked to do. */
const VERBS =
  /^(?:clone|checkout|add|commit|push|fetch|ls-remote|rev-parse|symbolic-ref|write-tree|log|new-sources|build|version|--version|cancel|updates|new|request)$/;

/** What a command line may take to be seen: while a shell becomes another program it has none. Milliseconds. */
const SEEN_WITHIN = 50;

/** `git push`, `fedpkg build`, `bodhi updates new`: a command that lives, without what differs from run to run. */
function commandWords(pid: unknown, name: string): string {
  for (let waited = 0; waited < SEEN_WITHIN; waited += 1) {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const at = args.findIndex((arg) => basename(arg) === name);
      if (at !== -1) return [name, ...args.slice(at + 1).filter((arg) => VERBS.test(arg))].join(' ');
    } catch {
      break;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  return name;
}
