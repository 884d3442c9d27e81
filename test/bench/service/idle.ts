import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestSandbox } from '../../support/packprobe.ts';
import type { Bench, Figure } from '../harness.ts';
import { memoryOf, processorMsOf } from './proc.ts';
import { configure, serve, singleBuild, untilReady, withBareNode } from './serving.ts';

const PROBES = 50;
const WARM_MS = 20_000;
const WATCHED_MS = 60_000;

/** What a `serve` costs that has nothing to do: each of its probes is due at eight in the evening, and it is eight in the morning. */
export async function* measureIdle(bench: Bench, sandbox: TestSandbox): AsyncIterable<Figure> {
  const dir = join(bench.dir, 'idle');
  const data = join(dir, 'data');
  const names = Array.from({ length: PROBES }, (_, index) => `build-${index + 1}`);
  const schedule = '{ cron: "0 20 * * *", time_zone: UTC }';
  configure(
    dir,
    Object.fromEntries(names.map((name) => [name, singleBuild(name, `package-of-${name}`, schedule)])),
  );
  // To be joined to a sandbox is to ask every second whether it is still there: as a file it is an environment like any other.
  mkdirSync(join(dir, 'config/environments'));
  const environment = JSON.stringify(await sandbox.environment());
  writeFileSync(join(dir, 'config/environments/sandbox.yaml'), environment);
  await using serving = await serve(bench, { dir, data });
  await untilReady(serving, bench.signal);
  bench.say(`${PROBES} probes that wait, for ${(WARM_MS + WATCHED_MS) / 1000} s`);
  await pause(WARM_MS, undefined, { signal: bench.signal });
  using writes = writesOf(join(data, 'packprobe.db'));
  const before = { cpu: processorMsOf(serving.pid), at: performance.now() };
  for (let left = WATCHED_MS; left > 0; left -= 100) {
    await pause(100, undefined, { signal: bench.signal });
    writes.look();
  }
  const seconds = (performance.now() - before.at) / 1000;
  const cpu = processorMsOf(serving.pid) - before.cpu;
  const held = memoryOf(serving.pid);
  const bare = await withBareNode(async (pid) => {
    await pause(2000);
    return memoryOf(pid);
  });
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  yield {
    name: 'idle-memory',
    value: (held.rss - bare.rss) / 1e6,
    unit: 'MB',
    aim: { atMost: 40 },
    measured: `${mb(held.rss)} MB resident against ${mb(bare.rss)} MB of a Node with a timer; its own alone ${mb(held.anonymous)} against ${mb(bare.anonymous)}`,
  };
  yield {
    name: 'idle-processor',
    value: cpu / seconds,
    unit: 'ms/s',
    aim: { atMost: 1 },
    measured: `${cpu} ms in ${seconds.toFixed(0)} s, all threads, of the user and of the system`,
  };
  yield {
    name: 'idle-writes',
    value: writes.seen() / seconds,
    unit: 'a second',
    aim: { atMost: 0.5 },
    measured: `at least ${writes.seen()} transactions in ${seconds.toFixed(0)} s, looked for ten times a second`,
  };
}

interface Writes extends Disposable {
  look(): void;
  seen(): number;
}

/** `data_version` moves with every commit of another process. */
function writesOf(file: string): Writes {
  const db = new DatabaseSync(file, { readOnly: true });
  const read = () => Number(db.prepare('pragma data_version').get()?.['data_version']);
  let last = read();
  let seen = 0;
  return {
    look() {
      const now = read();
      if (now !== last) seen += 1;
      last = now;
    },
    seen: () => seen,
    [Symbol.dispose]: () => db.close(),
  };
}
