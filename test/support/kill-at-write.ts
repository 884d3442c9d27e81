/**
 * Preloaded into `packprobe run` (`node --import`): follows the writes of a run's journal and ends the process with SIGKILL at one of them, as the
 * kernel would that runs out of memory. Only SQLite is watched: the program itself knows nothing of it, nor do its commands or the sandbox.
 *
 * - `WRITES_TO=FILE` gets a line for each write, just before it is committed: `begin`, `step build`, `intend koji-task`, `command git push`.
 * - `KILL_AT` is a write by its line, `follow build`, and which of them where it is not the first, `follow build #2`. By line and not by number: a
 *   command that ends at once is not written down, so that numbers differ from run to run.
 * - `KILL_WHEN=before|after` its commit.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { StatementSync } from 'node:sqlite';

const { KILL_AT, KILL_WHEN, WRITES_TO } = process.env;

/** What every write of a journal begins with: the row of the run, later the fence. Reports, looks and migrations have neither. */
const OF_JOURNAL = /^(?:insert into "runs"|update "runs" set "fence")/;

interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

let transaction: Statement[] = [];
const written = new Map<string, number>();
let isTheOne = false;

for (const method of ['run', 'all'] as const) {
  const real = StatementSync.prototype[method] as (...values: unknown[]) => unknown;
  const watched = function (this: StatementSync, ...values: unknown[]): unknown {
    const sql = this.sourceSQL;
    if (sql === 'commit') beforeCommit();
    const result = real.apply(this, values);
    if (sql === 'commit') afterCommit();
    if (/^(?:begin|commit|rollback)/.test(sql)) transaction = [];
    else transaction.push({ sql, values });
    if (sql.startsWith('insert into "effects"')) rememberEffects(result);
    return result;
  };
  Object.defineProperty(StatementSync.prototype, method, { value: watched });
}

function beforeCommit(): void {
  isTheOne = false;
  if (!transaction.some(({ sql }) => OF_JOURNAL.test(sql))) return;
  const line = nameOf(transaction);
  const count = (written.get(line) ?? 0) + 1;
  written.set(line, count);
  const name = count === 1 ? line : `${line} #${count}`;
  if (WRITES_TO !== undefined) appendFileSync(WRITES_TO, `${name}\n`);
  isTheOne = KILL_AT === name;
  if (isTheOne && KILL_WHEN === 'before') die();
}

function afterCommit(): void {
  if (isTheOne) die();
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('the process has outlived SIGKILL');
}

const effects = new Map<unknown, string>();
const commands = new Map<unknown, string>();

function rememberEffects(rows: unknown): void {
  for (const { effect_id, kind } of rows as readonly { effect_id: number; kind: string }[]) {
    effects.set(effect_id, kind);
  }
}

/** What a write does, told from its most telling statement. */
function nameOf(statements: readonly Statement[]): string {
  const changes = statements.map(wordsOf).filter((name) => name !== undefined);
  return changes.find((name) => name.startsWith('end of step')) ?? changes[0] ?? 'nothing but the fence';
}

function wordsOf({ sql, values }: Statement): string | undefined {
  const [, verb, table] = /^(insert|update|delete)[^"]*"(\w+)"/.exec(sql) ?? [];
  const of = valuesOf(sql, values);
  switch (`${verb} ${table}`) {
    case 'insert runs':
      return 'begin';
    case 'update runs':
      if (of.has('fence')) return of.has('owner') ? 'take over' : undefined;
      if (of.has('record')) return 'finish';
      if (of.has('release')) return 'release';
      return of.has('versions') ? 'versions' : 'let go';
    case 'insert steps':
      return `${of.has('outcome') ? 'end of step' : 'step'} ${of.get('step')}`;
    case 'update steps':
      return 'step resumed';
    case 'insert attempts':
      return 'attempt';
    case 'update attempts':
      return 'end of attempt';
    case 'insert effects':
      return `intend ${of.get('kind')}`;
    case 'update effects':
      return `${of.has('undo_evidence') ? 'settle' : 'made'} ${effects.get(of.get('effect_id'))}`;
    case 'insert subjects':
      return `follow ${of.get('kind')}`;
    case 'insert commands': {
      const words = commandWords(of.get('pid'), basename(String(of.get('command'))));
      commands.set(of.get('pid'), words);
      return `command ${words}`;
    }
    case 'delete commands':
      return `end of command ${commands.get(of.get('pid'))}`;
    default:
      return undefined;
  }
}

/** The bound values by the column that they are written to or compared with. */
function valuesOf(sql: string, values: readonly unknown[]): ReadonlyMap<string, unknown> {
  const inserted = /^insert into "\w+" \(([^)]*)\)/.exec(sql)?.[1]?.match(/\w+/g);
  // In `"undo_attempts" = "undo_attempts" + ?` the value belongs to the column in front, too.
  const columns =
    inserted ?? [...sql.matchAll(/"(\w+)"(?: \+)? (?:= )?\?|\?/g)].map(([, column]) => column ?? '');
  return new Map(columns.map((column, index) => [column, values[index]]));
}

/** Words that tell apart what the packager's commands are asked to do. */
const VERBS =
  /^(?:clone|checkout|add|commit|push|fetch|ls-remote|rev-parse|symbolic-ref|write-tree|log|new-sources|build|version|--version|cancel|updates|new|request)$/;

/** `git push`, `fedpkg build`, `bodhi updates new`: a command that lives, without what differs from run to run. */
function commandWords(pid: unknown, name: string): string {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const at = args.findIndex((arg) => basename(arg) === name);
    return [name, ...args.slice(at + 1).filter((arg) => VERBS.test(arg))].join(' ');
  } catch {
    return name;
  }
}
