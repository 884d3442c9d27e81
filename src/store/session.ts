import { type Kysely, sql, type Transaction } from 'kysely';
import type { Fault } from '../core/fault.ts';
import { asStoreFault } from './database.ts';
import type { Database } from './schema.ts';

/** What the parts of the store share: its one connection, and faults of ours for what SQLite says. */
export interface Session {
  readonly db: Kysely<Database>;
  asFault(error: unknown): Fault;
  /** Reads, or writes by one statement. */
  run<Result>(act: (db: Kysely<Database>) => Promise<Result>): Promise<Result>;
  /** Several statements, all or none; begun as a writer, so that two processes that do the same see each other. */
  change<Result>(act: (transaction: Transaction<Database>) => Promise<Result>): Promise<Result>;
  /** As `change`, but on disk before it returns: what follows is told to others. */
  changeDurably<Result>(act: (transaction: Transaction<Database>) => Promise<Result>): Promise<Result>;
}

export function openSession(db: Kysely<Database>, file: string): Session {
  const asFault = (error: unknown) => asStoreFault(error, file);

  async function guarded<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      throw asFault(error);
    }
  }

  return {
    db,
    asFault,
    run: (act) => guarded(() => act(db)),
    change: (act) => guarded(() => db.transaction().execute(act)),
    changeDurably: (act) => guarded(() => durably(db, (connection) => connection.transaction().execute(act))),
  };
}

/** What `act` writes through its connection is on disk when this returns, also through a power cut. */
export function durably<Result>(
  db: Kysely<Database>,
  act: (connection: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  return db.connection().execute(async (connection) => {
    await sql`pragma synchronous = full`.execute(connection);
    try {
      return await act(connection);
    } finally {
      await sql`pragma synchronous = normal`.execute(connection);
    }
  });
}
