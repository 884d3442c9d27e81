import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Kysely, SqliteDialect } from 'kysely';
import { Fault } from '../core/fault.ts';
import { type AdapterOptions, adapt } from './adapter.ts';
import { MIGRATIONS } from './migrations.ts';
import type { Database } from './schema.ts';
import type { WriteMeter } from './writes.ts';

/** How long a write waits for another process that holds the database. Milliseconds. */
const BUSY_MS = 10_000;

export interface OpenDatabase {
  readonly db: Kysely<Database>;
  /** See `Store.version`: read at once, past the queue for the connection. */
  version(): string;
}

/**
 * Opens `packprobe.db`, making or migrating it first. Where the disk is full or nothing may be written, what is stored can still be read, and the
 * first write is refused with the reason. Throws a Fault of kind `prober` that says what to do: the disk, the rights, a database of a newer
 * packprobe, a file that is none.
 */
export function openDatabase(file: string, meter?: WriteMeter): OpenDatabase {
  try {
    return opened({ database: openForWriting(file), refusal: undefined, meter });
  } catch (error) {
    const refusal = asStoreFault(error, file);
    const database = NO_ROOM_TO_WRITE.has(refusal.code) ? openForReading(file) : undefined;
    if (database === undefined) throw refusal;
    return opened({ database, refusal, meter });
  }
}

const NO_ROOM_TO_WRITE: ReadonlySet<string> = new Set(['DISK_FULL', 'STORE_NOT_WRITABLE']);

function opened(options: AdapterOptions): OpenDatabase {
  // The first moves with the commits of others, the second with our own; a sign of life is one row each time, and no news.
  const version = options.database.prepare(`
    select data_version || '-' || (
      total_changes() - coalesce((select beats from services order by service_id desc limit 1), 0)) as version
    from pragma_data_version`);
  return {
    db: new Kysely<Database>({ dialect: new SqliteDialect({ database: adapt(options) }) }),
    version: () => String(version.get()?.['version']),
  };
}

function openForWriting(file: string): DatabaseSync {
  const known = statSync(file, { throwIfNoEntry: false });
  if (known !== undefined && !known.isFile()) throw noFile(file);
  makeFolder(dirname(file));
  const database = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
  try {
    // Evidence may hold what is nobody else's business.
    if (known === undefined) chmodSync(file, 0o600);
    if (isForeign(database)) throw foreign(file);
    useWal(database);
    database.exec('pragma synchronous = normal');
    migrate(database, file);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * SQLite makes two files beside a database that is only read, too; where there is no room for them it can be told not to. Without a log of
 * late writes nobody has it open, so it stands still; with one the log must be read, and no second reader may come.
 */
function openForReading(file: string): DatabaseSync | undefined {
  if (!existsSync(file)) return undefined;
  let database: DatabaseSync | undefined;
  try {
    const late = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (late === 0) {
      const url = pathToFileURL(file);
      url.searchParams.set('immutable', '1');
      database = new DatabaseSync(url, { readOnly: true });
    } else {
      database = new DatabaseSync(file, { timeout: BUSY_MS });
      database.exec('pragma locking_mode = exclusive');
    }
    if (versionOf(database) === MIGRATIONS.length) return database;
  } catch {
    // Why it could not be opened for writing says more.
  }
  database?.close();
  return undefined;
}

/** Node's own recursive mkdir never ends where a folder cannot hold any, as in /proc. */
function makeFolder(dir: string): void {
  if (existsSync(dir)) return;
  if (dirname(dir) !== dir) makeFolder(dirname(dir));
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(dir)) throw error;
  }
}

/** How often the switch to WAL is tried, and the pause between two tries: together as long as any other write waits. */
const WAL_TRIES = 500;
const WAL_PAUSE_MS = BUSY_MS / WAL_TRIES;

/** SQLite does not wait for this one lock by itself when several processes make the database at once. */
function useWal(database: DatabaseSync): void {
  for (let tried = 1; ; tried += 1) {
    try {
      database.exec('pragma journal_mode = wal');
      return;
    } catch (error) {
      if (codeOf(error) !== SQLITE_BUSY || tried === WAL_TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAL_PAUSE_MS);
    }
  }
}

function migrate(database: DatabaseSync, file: string): void {
  const version = versionOf(database);
  if (version > MIGRATIONS.length) throw newerSchema(file, version);
  if (version === MIGRATIONS.length) return;
  // Another process may have been faster: the version is read again under the lock.
  database.exec('begin immediate');
  try {
    const from = versionOf(database);
    if (from > MIGRATIONS.length) throw newerSchema(file, from);
    for (const statements of MIGRATIONS.slice(from)) {
      for (const statement of statements) database.exec(statement);
    }
    database.exec(`pragma user_version = ${MIGRATIONS.length}`);
    database.exec('commit');
  } catch (error) {
    // A full disk has rolled it back already.
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

/** Whether it has tables, and not ours. */
function isForeign(database: DatabaseSync): boolean {
  const tables = database.prepare(`select name from sqlite_schema where type = 'table'`).all();
  return tables.length > 0 && !tables.some(({ name }) => name === 'runs');
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('pragma user_version').get()?.['user_version'] ?? 0);
}

function foreign(file: string): Fault {
  return new Fault(`${file} is the database of another program`, {
    code: 'STORE_FOREIGN',
    kind: 'prober',
    hint: 'Choose another data folder with --data or PACKPROBE_DATA_DIR.',
  });
}

function newerSchema(file: string, version: number): Fault {
  return new Fault(
    `${file} was written by a newer packprobe: its schema is ${version}, this one knows ${MIGRATIONS.length}`,
    {
      code: 'STORE_TOO_NEW',
      kind: 'prober',
      evidence: { schema: version, known: MIGRATIONS.length },
      hint: 'Update packprobe, or choose another data folder with --data.',
    },
  );
}

function noFile(file: string): Fault {
  return new Fault(`cannot use ${file}: it is no file`, {
    code: 'STORE_CORRUPT',
    kind: 'prober',
    hint: CORRUPT_HINT,
  });
}

const CORRUPT_HINT =
  'This is no sound database: move it away and restore a backup, or choose another data folder with --data.';

const SQLITE_FULL = 13;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;
const SQLITE_READONLY = 8;
const SQLITE_CANTOPEN = 14;
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const NO_JSON = 'no JSON';

/** What SQLite or the disk said, as a fault of ours with what to do about it. */
export function asStoreFault(error: unknown, file: string): Fault {
  if (error instanceof Fault) return error;
  const code = codeOf(error);
  const [name, hint] = explain(code);
  return new Fault(`cannot use ${file}: ${error instanceof Error ? error.message : String(error)}`, {
    code: name,
    kind: 'prober',
    evidence: { error: code },
    hint,
    cause: error,
  });
}

function codeOf(error: unknown): number | string {
  if (!(error instanceof Error)) return 'unknown';
  // All JSON that is read was written by ourselves: it can only be the disk that has spoilt it.
  if (error instanceof SyntaxError || error.message.includes('malformed JSON')) return NO_JSON;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  return 'code' in error ? String(error.code) : 'unknown';
}

function explain(code: number | string): readonly [code: string, hint: string] {
  switch (code) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case 'ENOSPC':
    case 'EDQUOT':
      return [
        'DISK_FULL',
        'The disk is full or broken: free some space, or choose another data folder with --data.',
      ];
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case NO_JSON:
      return ['STORE_CORRUPT', CORRUPT_HINT];
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'EEXIST':
    case 'ENOTDIR':
    case 'ENOENT':
      return [
        'STORE_NOT_WRITABLE',
        'Give this user the right to write in the data folder, or choose another with --data or PACKPROBE_DATA_DIR.',
      ];
    case SQLITE_BUSY:
      return [
        'STORE_BUSY',
        'Another process holds the database: wait for it, or choose another data folder with --data.',
      ];
    default:
      return ['STORE_FAILED', 'Look at the data folder: does it exist, can this user write there?'];
  }
}
