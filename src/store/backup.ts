import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Kysely, sql } from 'kysely';
import { Fault } from '../core/fault.ts';
import type { BackupReport } from '../core/store.ts';
import { asStoreFault } from './database.ts';
import type { Database } from './schema.ts';

/**
 * Writes a whole, checked copy of the database as it is at this moment; who writes in it goes on. Until it is whole it is called FILE.partial;
 * nothing is overwritten, and nothing is left behind where it fails.
 */
export async function backUp(db: Kysely<Database>, source: string, file: string): Promise<BackupReport> {
  const partial = `${file}.partial`;
  try {
    // Ours alone from its first moment, and nobody else's to read: SQLite fills a file that is there and empty.
    closeSync(openSync(partial, 'wx', 0o600));
  } catch (error) {
    throw asBackupFault(error, source, file);
  }
  try {
    await sql`vacuum into ${partial}`.execute(db);
    const content = contentOf(partial, file);
    // SQLite leaves it to us to bring such a copy to the disk.
    sync(partial);
    nameWithoutOverwriting(partial, file);
    sync(dirname(file));
    return { bytes: statSync(file).size, ...content };
  } catch (error) {
    throw asBackupFault(error, source, file);
  } finally {
    rmSync(partial, { force: true });
    // Where a check of the copy was cut short.
    rmSync(`${partial}-journal`, { force: true });
  }
}

/** Marks the runs that are under way, and tells what is in the copy, after SQLite has found it sound in every page. */
function contentOf(partial: string, file: string): Omit<BackupReport, 'bytes'> {
  const copy = new DatabaseSync(partial);
  try {
    const found = copy.prepare('pragma integrity_check(1)').get()?.['integrity_check'];
    if (found !== 'ok') throw notSound(file, String(found));
    // What they make from now on is not in the copy: nobody must go on with them from there.
    copy.exec(`update runs set restored = 1 where state != 'finished'`);
    const counted = copy
      .prepare(`select count(*) as runs, count(*) filter (where state != 'finished') as unfinished from runs`)
      .get();
    return { runs: Number(counted?.['runs']), unfinished: Number(counted?.['unfinished']) };
  } finally {
    copy.close();
  }
}

/** A rename alone would overwrite what came there meanwhile: the name is taken first. */
function nameWithoutOverwriting(partial: string, file: string): void {
  closeSync(openSync(file, 'wx', 0o600));
  try {
    renameSync(partial, file);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } catch (error) {
    // Some file systems cannot do this for a folder; what they can they have done.
    if (errnoOf(error) !== 'EINVAL') throw error;
  } finally {
    closeSync(handle);
  }
}

/** The disk that is full is most likely that of the backup, and there is where a person should look first. */
function asBackupFault(error: unknown, source: string, file: string): Fault {
  const fault = asStoreFault(error, source);
  const details = { kind: 'prober', evidence: fault.evidence, cause: error } as const;
  const said = error instanceof Error ? error.message : String(error);
  if (fault.code === 'DISK_FULL') {
    return new Fault(`cannot write the backup ${file}: ${said}`, {
      ...details,
      code: 'DISK_FULL',
      hint: 'The disk of the backup is full or broken: free some space there, or write the backup to another disk.',
    });
  }
  if (fault.code !== 'STORE_NOT_WRITABLE') return fault;
  return new Fault(`cannot write the backup ${file}: ${said}`, {
    ...details,
    code: 'FILE_NOT_WRITTEN',
    hint:
      errnoOf(error) === 'EEXIST'
        ? 'A backup overwrites nothing: choose another name, or remove what is there, with `.partial` behind its name, too.'
        : 'Does its folder exist, and can this user write there?',
  });
}

function notSound(file: string, found: string): Fault {
  return new Fault(`the copy for ${file} is not sound: ${found}`, {
    code: 'STORE_CORRUPT',
    kind: 'prober',
    evidence: { found },
    hint: 'The database or a disk is broken: keep the last good backup, and look at both disks.',
  });
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
