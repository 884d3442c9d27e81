import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Owner } from '../../src/core/run.ts';
import type { RunHeader } from '../../src/core/store.ts';
import { openStore } from '../../src/store/store.ts';
import { HOUR_MS, IncidentWorld } from '../support/incident-world.ts';
import { freshDir, packprobe } from '../support/packprobe.ts';

const place = freshDir();
afterAll(() => place[Symbol.dispose]());
const data = join(place.dir, 'data');
const rules = join(place.dir, 'rules.yaml');

/** Two days ago Koji failed for three hours, and once by chance. */
beforeAll(async () => {
  mkdirSync(data);
  writeFileSync(rules, 'open: { when: in_a_row, count: 1 }\n');
  const world = new IncidentWorld();
  const owner: Owner = { host: 'here', boot_id: 'boot', pid: 7, start: 42 };
  await using store = openStore(join(data, 'packprobe.db'));
  const start = Date.now() - 48 * HOUR_MS;
  for (const [index, fails] of [false, true, true, true, false, true, false].entries()) {
    const at = start + index * HOUR_MS;
    const digest = await world.run({
      probe: 'scratch-build',
      at,
      trouble: fails ? { step: 'build' } : undefined,
    });
    const record = world.ended[0]?.record;
    if (record == null) throw new Error('nothing was recorded');
    const header: RunHeader = {
      run_id: digest.run_id,
      probe: 'scratch-build',
      environment: 'fedora',
      scope: 'fedora',
      package: `p${index}`,
      branch: 'stable',
      params: {},
      definition: { file: 'p.yaml', text: 'name: p' },
      environment_definition: {},
      started_at: at,
      deadline_at: at + HOUR_MS,
      packprobe: '0.1.0',
    };
    const journal = await store.begin(header, owner, () => true);
    await journal.finish(record);
    await journal.letGo();
    await store.digests.digest(digest);
  }
});

test('says which incidents other rules would have opened, against what happened', async () => {
  const asked = ['replay', '--rules', rules, '--data', data, '--since', '3d'];
  const { code, stdout, stderr } = await packprobe(asked);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^fedora: 7 runs within 3d 00h 00m\n/);
  expect(stdout).toMatch(/ {2}same {2}koji .* 3 failed +told 1h 00m 00s earlier\n/);
  expect(stdout).toMatch(/ {2}new {3}koji .* 1 failed\n/);
  expect(stdout).toContain('1 told by both, 0 missed by these rules, 1 told by these rules alone\n');
  expect(stdout).toMatch(/incidents on fedora, 1 in a row: would cry wolf about \d+\.\d times in 90 days/);

  const json = await packprobe([...asked, '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject([
    { environment: 'fedora', runs: 7, incidents: [{ verdict: 'same' }, { verdict: 'new' }] },
  ]);
});

test.each([
  [['--since', 'never'], '--since never is no duration'],
  [['--env', 'nowhere'], 'there is no evidence of nowhere to replay'],
])('%j is refused', async (more, expected) => {
  const { code, stderr } = await packprobe(['replay', '--rules', rules, '--data', data, ...more]);
  expect(code).toBe(2);
  expect(stderr).toContain(expected);
});
