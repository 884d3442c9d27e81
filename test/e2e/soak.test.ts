import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freshDir } from '../support/packprobe.ts';
import { seeded } from '../support/soak/drive.ts';
import { faultsOf, soak } from '../support/soak/soak.ts';
import { openStage, shippedProbes } from '../support/soak/stage.ts';

const RUNS = 500;
const ASK = fileURLToPath(new URL('../support/soak/ask.yaml', import.meta.url));

test('500 runs with random faults and kills: none lost, nothing doubled, nothing left behind, memory as at the start', async () => {
  using place = freshDir();
  await using stage = await openStage({
    dir: join(place.dir, 'stage'),
    // Most of them make nothing: so many that do would take minutes.
    probes: [
      { file: ASK, packages: 4, every: '1m' },
      ...shippedProbes().map((file) => ({ file, packages: 2, every: '15m' })),
    ],
    every: '15m',
    patient: false,
    poll: '60s',
    speed: 300,
    seed: '1',
    commands: 'in-process',
  });
  const report = await soak(stage, {
    runs: RUNS,
    kills: 5,
    faults: (await faultsOf(stage)).filter((name) => /^(koji|bodhi|dist-git|lookaside|fas):/.test(name)),
    random: seeded(3),
    drainedMs: 170_000,
  });
  expect(report.complaints).toEqual([]);
  expect(report.runs).toBeGreaterThanOrEqual(RUNS);
  expect(report.backMs).toHaveLength(5);
  expect(report.outcomes['passed']).toBeGreaterThan(RUNS / 2);
  const { before, after } = report.idle;
  expect(after.children).toBe(0);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  const heaps = report.tenths.map(({ heap }) => heap ?? Number.NaN);
  expect(heaps.at(-1)).toBeLessThan(1.25 * (heaps[1] ?? Number.NaN));
});
