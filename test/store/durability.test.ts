import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Owner } from '../../src/core/run.ts';
import type { RunHeader, Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/store.ts';
import { withTool } from '../support/tools.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'packprobe-durability-'));
  file = join(dir, 'data', 'packprobe.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const owner: Owner = { host: 'here', boot_id: 'boot', pid: 7, start: 42 };
const subject = { kind: 'build', key: 'a-1-1' };

function begin(store: Store, run_id: string) {
  const header: RunHeader = {
    run_id,
    probe: 'single-build',
    environment: 'test',
    scope: 'test@1',
    package: `package-${run_id}`,
    branch: 'stable',
    params: {},
    definition: { file: 'p.yaml', text: `name: p\n# ${run_id} ${'long '.repeat(400)}\n` },
    environment_definition: {},
    started_at: 1000.5,
    deadline_at: 2000,
    packprobe: '0.1.0',
  };
  return store.begin(header, owner, () => true);
}

/** A database with so many runs that it has pages in its middle, closed. */
async function filled(count = 40, at = file): Promise<readonly string[]> {
  await using store = openStore(at);
  for (let index = 10; index < 10 + count; index += 1) await begin(store, `run-${index}`);
  // Awaited here: the store is closed behind this line.
  return await idsIn(store);
}

async function idsIn(store: Store): Promise<readonly string[]> {
  return (await store.list({ limit: 1000 })).map(({ run_id }) => run_id);
}

/** Writes over a part of a file, as a broken disk would. */
function spoil(path: string, from: number, length: number): void {
  const handle = openSync(path, 'r+');
  try {
    writeSync(handle, Buffer.alloc(length, 0xa5), 0, length, from);
  } finally {
    closeSync(handle);
  }
}

/** Whatever is asked of the store first fails with this fault. */
async function refusal(at = file): Promise<unknown> {
  try {
    await using store = openStore(at);
    await idsIn(store);
    for (const { run_id } of await store.list({ limit: 1000 })) await store.find(run_id);
    return 'nothing was refused';
  } catch (error) {
    return error;
  }
}

const PAGE = 4096;

/** All pages but the first ones, where the schema is, and the last. */
function spoilRuns(): void {
  const from = 48;
  spoil(file, from * PAGE, statSync(file).size - (from + 1) * PAGE);
}

describe('a database that is not sound is refused with what to do', () => {
  const corrupt = {
    code: 'STORE_CORRUPT',
    kind: 'prober',
    hint: expect.stringContaining('restore a backup'),
  };

  test('its first page', async () => {
    await filled();
    spoil(file, 0, PAGE);
    expect(await refusal()).toMatchObject(corrupt);
  });

  test('pages in its middle, when they are read', async () => {
    await filled();
    spoilRuns();
    expect(await refusal()).toMatchObject(corrupt);
  });

  test('a document in it that cannot be read any more', async () => {
    await filled(1);
    const content = readFileSync(file);
    spoil(file, content.indexOf('{"run_id":"run-10"'), 8);
    expect(await refusal()).toMatchObject(corrupt);
  });

  test('a folder of its name', async () => {
    mkdirSync(file, { recursive: true });
    expect(await refusal()).toMatchObject({ ...corrupt, message: expect.stringContaining('it is no file') });
  });

  test('a pipe of its name, for which nobody waits', async () => {
    mkdirSync(join(dir, 'data'));
    execFileSync('mkfifo', [file]);
    expect(await refusal()).toMatchObject({ ...corrupt, message: expect.stringContaining('it is no file') });
  });
});

test('an empty file, as a full disk leaves at the first start, becomes a database', async () => {
  mkdirSync(join(dir, 'data'));
  writeFileSync(file, '');
  expect(await filled(1)).toEqual(['run-10']);
});

test('a database of a newer packprobe is left as it is, byte by byte', async () => {
  await filled(1);
  const newer = new DatabaseSync(file);
  newer.exec('pragma user_version = 99');
  newer.close();
  const before = readFileSync(file);
  expect(await refusal()).toMatchObject({ code: 'STORE_TOO_NEW' });
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('the database of another program is left as it is', async () => {
  mkdirSync(join(dir, 'data'));
  const other = new DatabaseSync(file);
  other.exec('create table songs (title text)');
  other.close();
  expect(await refusal()).toMatchObject({ code: 'STORE_FOREIGN' });
  const looked = new DatabaseSync(file, { readOnly: true });
  expect(looked.prepare('select name from sqlite_schema').all()).toEqual([{ name: 'songs' }]);
  looked.close();
});

test('processes that begin at once in a fresh data folder all get in', async () => {
  const opener = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData).then(({ openStore }) => {
      parentPort.on('message', async (file) => {
        try {
          for (let time = 0; time < 3; time += 1) {
            const store = openStore(file);
            await store.noteLooks('test', 'koji', [{ kind: 'build', key: 'a' }], time);
            await store[Symbol.asyncDispose]();
          }
          parentPort.postMessage('in');
        } catch (error) {
          parentPort.postMessage(error.message);
        }
      });
      parentPort.postMessage('ready');
    });`;
  const program = new URL('../../src/store/store.ts', import.meta.url).href;
  const workers = Array.from({ length: 6 }, () => new Worker(opener, { eval: true, workerData: program }));
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    for (let round = 0; round < 25; round += 1) {
      const said = await Promise.all(
        workers.map(async (worker) => {
          const answer = once(worker, 'message');
          worker.postMessage(join(dir, `round-${round}`, 'data', 'packprobe.db'));
          return (await answer)[0];
        }),
      );
      expect(said).toEqual(said.map(() => 'in'));
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
});

test('a restored backup is opened although another process holds it at that moment', async () => {
  await filled(1);
  const restored = join(dir, 'restored.db');
  {
    await using store = openStore(file);
    await store.backup(restored);
  }
  const holder = new Worker(
    `const { DatabaseSync } = require('node:sqlite');
     const { parentPort, workerData } = require('node:worker_threads');
     const db = new DatabaseSync(workerData);
     db.exec('begin immediate');
     parentPort.postMessage('holding');
     setTimeout(() => db.close(), 300);`,
    { eval: true, workerData: restored },
  );
  const ended = once(holder, 'exit');
  await once(holder, 'message');
  await using store = openStore(restored);
  expect(await idsIn(store)).toEqual(['run-10']);
  await ended;
});

describe('where nothing can be written, what is stored can be read', () => {
  function onDisk(body: (disk: string, at: string) => Promise<void>): () => Promise<void> {
    return async () => {
      const disk = join(dir, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
      try {
        await body(disk, join(disk, 'packprobe.db'));
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    };
  }
  const fill = (disk: string) =>
    execFileSync('sh', ['-c', `cat /dev/zero > ${disk}/ballast 2>/dev/null; true`]);

  withTool(
    'mount',
    'a full disk: runs are listed and backed up elsewhere, a write is refused, and with room all is as before',
    onDisk(async (disk, at) => {
      const runs = await filled(40, at);
      fill(disk);
      {
        await using store = openStore(at);
        expect(await idsIn(store)).toEqual(runs);
        expect((await store.find('run-12')).run?.header.package).toBe('package-run-12');
        expect(await store.backup(join(dir, 'backup.db'))).toMatchObject({ runs: 40 });
        await expect(begin(store, 'run-99')).rejects.toMatchObject({
          code: 'DISK_FULL',
          hint: expect.stringContaining('free some space'),
        });
        await expect(store.noteLooks('test', 'koji', [subject], 1)).rejects.toMatchObject({
          code: 'DISK_FULL',
        });
      }
      rmSync(join(disk, 'ballast'));
      await using store = openStore(at);
      await begin(store, 'run-99');
      expect(await idsIn(store)).toEqual(['run-99', ...runs]);
    }),
  );

  withTool(
    'mount',
    'a full disk, and what a killed process wrote last is still in the log of late writes',
    onDisk(async (disk, at) => {
      const runs = await filled(40, at);
      const killed = new Worker(
        `const { DatabaseSync } = require('node:sqlite');
         const { parentPort, workerData } = require('node:worker_threads');
         const db = new DatabaseSync(workerData);
         db.exec("pragma wal_autocheckpoint = 0; update runs set probe = 'late'");
         parentPort.postMessage('written');
         setInterval(() => {}, 1000);`,
        { eval: true, workerData: at },
      );
      await once(killed, 'message');
      // A copy of both files while they are in use is what a kill leaves.
      const left = join(disk, 'left.db');
      copyFileSync(at, left);
      copyFileSync(`${at}-wal`, `${left}-wal`);
      await killed.terminate();
      fill(disk);
      await using store = openStore(left);
      expect(await idsIn(store)).toEqual(runs);
      expect(new Set((await store.list({ limit: 1000 })).map((run) => run.probe))).toEqual(new Set(['late']));
      await expect(begin(store, 'run-99')).rejects.toMatchObject({ code: 'DISK_FULL' });
    }),
  );

  withTool(
    'mount',
    'a read-only file system: runs are listed, a write is refused',
    onDisk(async (disk, at) => {
      const runs = await filled(40, at);
      execFileSync('mount', ['-o', 'remount,ro', disk]);
      await using store = openStore(at);
      expect(await idsIn(store)).toEqual(runs);
      await expect(begin(store, 'run-99')).rejects.toMatchObject({
        code: 'STORE_NOT_WRITABLE',
        hint: expect.stringContaining('the right to write'),
      });
    }),
  );

  withTool(
    'mount',
    'a read-only file: runs are listed, a write is refused',
    onDisk(async (_, at) => {
      const runs = await filled(40, at);
      execFileSync('mount', ['--bind', at, at]);
      try {
        execFileSync('mount', ['-o', 'remount,ro,bind', at]);
        await using store = openStore(at);
        expect(await idsIn(store)).toEqual(runs);
        await expect(begin(store, 'run-99')).rejects.toMatchObject({ code: 'STORE_NOT_WRITABLE' });
      } finally {
        execFileSync('umount', [at]);
      }
    }),
  );
});

describe('a backup', () => {
  const backup = () => join(dir, 'backup.db');
  const leftIn = () => readdirSync(dir).filter((name) => name.startsWith('backup'));

  test('holds all that was committed before it, is sound, and opens as a store', async () => {
    const runs = await filled();
    await using store = openStore(file);
    expect(await store.backup(backup())).toEqual({
      bytes: statSync(backup()).size,
      runs: 40,
      unfinished: 40,
    });
    expect(leftIn()).toEqual(['backup.db']);
    await using copy = openStore(backup());
    expect(await idsIn(copy)).toEqual(runs);
    for (const id of runs) {
      const { run, candidates } = await store.find(id);
      // What it makes from now on is not in the copy: nobody must go on with it from there.
      expect(await copy.find(id)).toEqual({ run: { ...run, restored: true }, candidates });
    }
    await begin(copy, 'run-99');
  });

  test('is whole while another process writes without a pause, and does not stop it', async () => {
    await filled();
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const writer = new Worker(
      `const { DatabaseSync } = require('node:sqlite');
       const { parentPort, workerData: { shared, file } } = require('node:worker_threads');
       const db = new DatabaseSync(file, { timeout: 5000 });
       while (Atomics.load(shared, 0) === 0) {
         const turn = Atomics.add(shared, 1, 1);
         // Two statements, one transaction: what is torn shows it.
         db.exec('begin immediate; update runs set started_at = ' + turn + '; update runs set fence = ' + turn + '; commit');
         if (turn === 0) parentPort.postMessage('writing');
       }
       db.close();`,
      { eval: true, workerData: { file, shared } },
    );
    const ended = once(writer, 'exit');
    try {
      await once(writer, 'message');
      await using store = openStore(file);
      for (let copy = 0; copy < 10; copy += 1) {
        const before = Atomics.load(shared, 1);
        await store.backup(join(dir, `backup-${copy}.db`));
        const after = Atomics.load(shared, 1);
        const db = new DatabaseSync(join(dir, `backup-${copy}.db`), { readOnly: true });
        const turns = db.prepare('select distinct started_at, fence from runs').all();
        db.close();
        expect(turns).toHaveLength(1);
        const turn = Number(turns[0]?.['fence']);
        expect(turns[0]?.['started_at']).toBe(turn);
        // The last one may have been counted and not yet committed.
        expect(turn).toBeGreaterThanOrEqual(before - 2);
        expect(turn).toBeLessThan(after + 1);
      }
    } finally {
      Atomics.store(shared, 0, 1);
      await ended;
    }
  });

  test('is nobody else’s to read', async () => {
    await filled(1);
    await using store = openStore(file);
    await store.backup(backup());
    expect(statSync(backup()).mode & 0o777).toBe(0o600);
  });

  test.each(['backup.db', 'backup.db.partial'])('overwrites nothing: %s stays as it is', async (name) => {
    await filled(1);
    writeFileSync(join(dir, name), 'mine');
    await using store = openStore(file);
    await expect(store.backup(backup())).rejects.toMatchObject({
      code: 'FILE_NOT_WRITTEN',
      hint: expect.stringContaining('overwrites nothing'),
    });
    expect(leftIn()).toEqual([name]);
    expect(readFileSync(join(dir, name), 'utf8')).toBe('mine');
  });

  test('into a folder that is not there says so', async () => {
    await filled(1);
    await using store = openStore(file);
    await expect(store.backup(join(dir, 'nowhere', 'backup.db'))).rejects.toMatchObject({
      code: 'FILE_NOT_WRITTEN',
      message: expect.stringContaining('no such file or directory'),
    });
    expect(existsSync(join(dir, 'nowhere'))).toBe(false);
  });

  test('of a database that is not sound is refused, and leaves nothing', async () => {
    await filled();
    spoilRuns();
    await using store = openStore(file);
    await expect(store.backup(backup())).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(leftIn()).toEqual([]);
  });

  withTool('mount', 'for which the disk has no room leaves nothing, and the store goes on', async () => {
    await filled();
    const disk = join(dir, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    try {
      await using store = openStore(file);
      await expect(store.backup(join(disk, 'backup.db'))).rejects.toMatchObject({
        code: 'DISK_FULL',
        hint: expect.stringContaining('another disk'),
      });
      expect(readdirSync(disk)).toEqual([]);
      await begin(store, 'run-99');
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });
});
