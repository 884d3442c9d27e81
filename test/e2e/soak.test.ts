import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freshDir } from '../support/packprobe.ts';
import { seeded } from '../support/soak/drive.ts';
import { faultsOf, soak } from '../support/soak/soak.ts';
import { openStage, shippedProbes } from '../support/soak/stage.ts';

const RUNS = 500;
const probe = (file: string) => fileURLToPath(new URL(`../support/soak/${file}`, import.meta.url));

test('500 runs with random faults and kills: none lost, nothing doubled, nothing left behind, what did not pass followed up once, memory as at the start', async () => {
  using place = freshDir();
  await using stage = await openStage({
    dir: join(place.dir, 'stage'),
    // Most of them make nothing: so many that do would take minutes.
    probes: [
      { file: probe('ask.yaml'), packages: 4, every: '1m' },
      { file: probe('ask-koji.yaml'), packages: 5, every: '10m' },
      ...shippedProbes().map((file) => ({ file, packages: 2, every: '15m' })),
    ],
    every: '15m',
    patient: false,
    poll: '60s',
    speed: 300,
    seed: '1',
    // All that is not met by the many.
    confirmed: ['dist-git', 'lookaside', 'koji', 'signing', 'bodhi', 'ci', 'resultsdb', 'greenwave'],
    commands: 'in-process',
  });
  const report = await soak(stage, {
    runs: RUNS,
    kills: 5,
    faults: drawn(await faultsOf(stage)),
    wellMs: 1500,
    random: seeded(3),
    drainedMs: 170_000,
  });
  expect(report.complaints).toEqual([]);
  expect(report.runs).toBeGreaterThanOrEqual(RUNS);
  expect(report.backMs).toHaveLength(5);
  expect(report.outcomes['passed']).toBeGreaterThan(RUNS / 4);
  expect(report.followUps.confirmed).toBeGreaterThan(0);
  expect(report.aimed).toBeGreaterThan(0);
  const { before, after } = report.idle;
  expect(after.children).toBe(0);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  const heaps = report.tenths.map(({ heap }) => heap ?? Number.NaN);
  expect(heaps.at(-1)).toBeLessThan(1.25 * (heaps[1] ?? Number.NaN));
});

/** Every second is one that the runs meet whose failures are confirmed. */
function drawn(all: readonly string[]): readonly string[] {
  const met = all.filter((name) =>
    /^koji:(cut|http-...|rate-limited|refused|truncated|wrong-type)$/.test(name),
  );
  const some = all.filter((name) => /^(koji|bodhi|dist-git|lookaside|fas):/.test(name));
  return some.flatMap((name, index) => [name, met[index % met.length] ?? name]);
}
