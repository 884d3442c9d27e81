import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestSandbox } from '../../support/packprobe.ts';
import type { Bench, Figure } from '../harness.ts';
import { configure, serve, singleBuild } from './serving.ts';

/** Those of the sandbox whose builds and tests are good. */
const PACKAGES = ['dummy-test-package-gloster', 'dummy-test-package-crested', 'dummy-test-package-rubino'];
const ROUNDS = 7;

/** What goes when evidence is pruned, and the run stays. */
const EVIDENCE = ['reports', 'looks', 'commands'] as const;

/** How much the database grows with each run of `single-build`; a webhook is told of every run and step. */
export async function* measureGrowth(bench: Bench, sandbox: TestSandbox): AsyncIterable<Figure> {
  const dir = join(bench.dir, 'growth');
  const data = join(dir, 'data');
  const file = join(data, 'packprobe.db');
  await using receiver = await listening();
  const probes = PACKAGES.map((pkg, index) => [`build-${index}`, pkg] as const);
  const seldom = '{ every: 365d, jitter: 0s, time_zone: UTC }';
  configure(dir, Object.fromEntries(probes.map(([name, pkg]) => [name, singleBuild(name, pkg, seldom)])), {
    receivers: { machines: { kind: 'webhook', url: receiver.url, runs: true } },
  });
  await using serving = await serve(bench, { dir, data, control: sandbox.control });
  await round();
  const first = sizeOf(file);
  bench.say(`${ROUNDS * PACKAGES.length} runs of single-build, a webhook told of each`);
  for (let count = 0; count < ROUNDS; count += 1) await round();
  const runs = ROUNDS * PACKAGES.length;
  const grown = sizeOf(file) - first;
  await serving.stop();
  const evidence = sizeOf(file) - sizeWithout(file, join(dir, 'without.db'));
  const ofEvidence = evidence / (runs + PACKAGES.length);
  const kB = (bytes: number) => (bytes / 1000).toFixed(1);
  yield {
    name: 'growth',
    value: grown / runs / 1000,
    unit: 'kB',
    aim: { atMost: 250 },
    measured: `${kB(grown)} kB of ${runs} runs with all their evidence; ${receiver.count()} notices were taken`,
  };
  yield {
    name: 'growth-without-evidence',
    value: (grown / runs - ofEvidence) / 1000,
    unit: 'kB',
    aim: { atMost: 20 },
    measured: `without the ${kB(ofEvidence)} kB a run of ${EVIDENCE.join(', ')}`,
  };

  /** One run of each, side by side, until nothing of it is under way and all was told. */
  async function round(): Promise<void> {
    const before = (await ended()).length;
    for (const [name] of probes) await serving.start(name);
    while ((await ended()).length < before + PACKAGES.length) {
      await pause(250, undefined, { signal: bench.signal });
    }
    const bad = (await ended()).filter(({ outcome }) => outcome !== 'passed');
    if (bad.length > 0) throw new Error(`a run of single-build ended ${bad[0]?.outcome}`);
    // The last notices follow the end of the run.
    await pause(3000, undefined, { signal: bench.signal });
  }

  async function ended(): Promise<readonly { readonly outcome: string | null }[]> {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      return db
        .prepare(`select outcome from runs where state = 'finished'`)
        .all()
        .map(({ outcome }) => ({ outcome: outcome === null ? null : String(outcome) }));
    } finally {
      db.close();
    }
  }
}

/** Bytes of the database once its log is written into it, without pages that are free. */
function sizeOf(file: string): number {
  const db = new DatabaseSync(file);
  try {
    db.exec('pragma wal_checkpoint(truncate)');
    const [pages, free, size] = ['page_count', 'freelist_count', 'page_size'].map((name) =>
      Number(Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0]),
    );
    return ((pages ?? 0) - (free ?? 0)) * (size ?? 0);
  } finally {
    db.close();
  }
}

/** Bytes of a copy whose evidence is gone. */
function sizeWithout(file: string, copy: string): number {
  const from = new DatabaseSync(file);
  from.prepare('vacuum into ?').run(copy);
  from.close();
  const db = new DatabaseSync(copy);
  for (const table of EVIDENCE) db.exec(`delete from ${table}`);
  db.close();
  return sizeOf(copy);
}

interface Receiver extends AsyncDisposable {
  readonly url: string;
  count(): number;
}

async function listening(): Promise<Receiver> {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    request.resume().once('end', () => response.writeHead(204).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    count: () => count,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
