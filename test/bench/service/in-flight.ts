import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestSandbox } from '../../support/packprobe.ts';
import { type Bench, type Figure, median } from '../harness.ts';
import { memoryOf, processorMsOf } from './proc.ts';
import { configure, serve } from './serving.ts';

const RUNS = 50;
const HOURS = 8;

/** Real milliseconds between two looks at its memory. */
const LOOK_MS = 500;

/** A run that is in what runs are in for hours: logged in, and waiting for a build to come into its tag, which never comes. */
const probeOf = (name: string) => `name: ${name}
description: Waits for a build that never comes
package: package-of-${name}
branch: stable
timeout: 24h
schedule: { every: 365d, jitter: 0s, time_zone: UTC }
steps:
  - uses: fas/login
  - uses: koji/wait-tag
    timeout: 20h
    with: { nvr: "package-of-${name}-1-1.fc44" }
`;

/** What eight hours with 50 runs under way cost. */
export async function* measureInFlight(
  bench: Bench,
  sandbox: TestSandbox,
  speed: number,
): AsyncIterable<Figure> {
  const dir = join(bench.dir, 'in-flight');
  const names = Array.from({ length: RUNS }, (_, index) => `waits-${index + 1}`);
  configure(dir, Object.fromEntries(names.map((name) => [name, probeOf(name)])));
  await using serving = await serve(bench, { dir, data: join(dir, 'data'), control: sandbox.control });
  for (const name of names) await serving.start(name);
  while ((await waiting()) < RUNS) await pause(LOOK_MS, undefined, { signal: bench.signal });
  const realMs = (HOURS * 3_600_000) / speed;
  bench.say(`${RUNS} runs that wait, for ${Math.round(realMs / 1000)} s`);

  const before = processorMsOf(serving.pid);
  const samples: number[] = [];
  const end = performance.now() + realMs;
  while (performance.now() < end) {
    await pause(LOOK_MS, undefined, { signal: bench.signal });
    samples.push(memoryOf(serving.pid).rss);
  }
  const cpuMs = processorMsOf(serving.pid) - before;
  const still = await waiting();
  const quarter = Math.floor(samples.length / 4);
  const [second, last] = [median(samples.slice(quarter, 2 * quarter)), median(samples.slice(-quarter))];
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  yield {
    name: 'in-flight-growth',
    value: still === RUNS ? 100 * (last / second - 1) : Number.NaN,
    unit: '%',
    aim: { atMost: 3 },
    measured: `${mb(last)} MB resident in the last two of ${HOURS} hours against ${mb(second)} MB in the third and fourth (medians of ${quarter}), ${still} of ${RUNS} runs wait on`,
  };
  yield {
    name: 'in-flight-processor',
    value: still === RUNS ? (100 * cpuMs) / (HOURS * 3_600_000) : Number.NaN,
    unit: '%',
    aim: { atMost: 2 },
    measured: `${(cpuMs / 1000).toFixed(1)} s of processor time for ${HOURS} h of the environment's clock, polls of 10 s; they went by in ${Math.round(realMs / 1000)} s`,
  };

  async function waiting(): Promise<number> {
    const { items } = await serving.json<{ items: readonly { readonly under_way: readonly string[] }[] }>(
      '/api/v1/probes?limit=100',
    );
    return items.filter(({ under_way }) => under_way.length > 0).length;
  }
}
