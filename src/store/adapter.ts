import type { DatabaseSync } from 'node:sqlite';
import type { SqliteDatabase } from 'kysely';
import type { Fault } from '../core/fault.ts';
import type { WriteMeter } from './writes.ts';

/** Statements that stay prepared: a service uses some eighty over and over, and preparing one costs as much as running it. */
const KEPT_STATEMENTS = 128;

export interface AdapterOptions {
  readonly database: DatabaseSync;
  /** Why nothing can be written, where that is so: every write throws it. */
  readonly refusal: Fault | undefined;
  readonly meter: WriteMeter | undefined;
}

/** Node's own SQLite in the shape of better-sqlite3 that Kysely asks for. */
export function adapt({ database, refusal, meter }: AdapterOptions): SqliteDatabase {
  const kept = new Map<string, Prepared>();
  const timed = meter === undefined ? undefined : timing(database, meter);
  const prepare = (text: string) => {
    const prepared = plain(database, text);
    return timed?.(prepared, text) ?? prepared;
  };
  return {
    close: () => database.close(),
    prepare(sql) {
      if (refusal !== undefined && WRITES.test(sql)) throw refusal;
      const text = inOurWay(sql, database.isTransaction);
      const prepared = kept.get(text) ?? prepare(text);
      // SQLite does what most pragmas say when it prepares them; that it may do so anew when they are run again is luck.
      if (!text.startsWith('pragma')) keep(kept, text, prepared);
      return prepared;
    },
  };
}

const WRITES = /^\s*(?:begin|insert|update|delete)\b/;

/**
 * A transaction begins as a writer: one that reads first and then writes is refused at once when another process wrote in between, however long
 * it would wait. And a full disk ends one by itself: the roll-back that follows must not hide what happened.
 */
function inOurWay(sql: string, isOpen: boolean): string {
  if (sql === 'begin') return 'begin immediate';
  return sql === 'rollback' && !isOpen ? 'select 1' : sql;
}

type Prepared = ReturnType<SqliteDatabase['prepare']>;
type Value = null | number | bigint | string | Uint8Array;

function plain(database: DatabaseSync, text: string): Prepared {
  const statement = database.prepare(text);
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as Value[])),
    run: (parameters) => statement.run(...(parameters as Value[])),
    // A statement of its own: whoever walks slowly through its rows must not meet another who asks the same.
    iterate: (parameters) => database.prepare(text).iterate(...(parameters as Value[])),
  };
}

/** Has the writes among the statements measured: each by itself, or the transaction that they are in as a whole. */
function timing(database: DatabaseSync, meter: WriteMeter): (prepared: Prepared, text: string) => Prepared {
  let committed: (() => void) | undefined;
  const alone = <Result>(write: () => Result) => (database.isTransaction ? write() : meter.measure(write));
  return (prepared, text) => {
    const { all, run } = prepared;
    if (text === 'begin immediate') {
      return {
        ...prepared,
        run(parameters) {
          const done = meter.begin();
          const result = run(parameters);
          committed = done;
          return result;
        },
      };
    }
    if (text === 'commit') {
      return {
        ...prepared,
        run(parameters) {
          const result = run(parameters);
          committed?.();
          return result;
        },
      };
    }
    if (!WRITES.test(text)) return prepared;
    return {
      ...prepared,
      all: (parameters) => alone(() => all(parameters)),
      run: (parameters) => alone(() => run(parameters)),
    };
  };
}

/** The one used last stands last; the first gives way. */
function keep(kept: Map<string, Prepared>, text: string, prepared: Prepared): void {
  kept.delete(text);
  kept.set(text, prepared);
  if (kept.size <= KEPT_STATEMENTS) return;
  for (const first of kept.keys()) {
    kept.delete(first);
    return;
  }
}
