import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunRecord } from '../../src/core/run.ts';
import { freshDir, packprobe, startSandbox, type TestSandbox } from '../support/packprobe.ts';

const PACKAGE = 'dummy-test-package-autospec';
const place = freshDir();
let sandbox: TestSandbox;

beforeAll(async () => {
  sandbox = await startSandbox(place.dir, 300);
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

async function run(probe: string) {
  const data = join(place.dir, 'data');
  const args = ['run', probe, '--url', sandbox.control, '--package', PACKAGE, '--json', '--data', data];
  const { stdout } = await packprobe(args);
  const record = JSON.parse(stdout) as RunRecord;
  expect(record).toMatchObject({ outcome: 'passed' });
  return Object.fromEntries(record.steps.map(({ id, outputs }) => [id, outputs]));
}

// The first run commits a tarball, the second nothing at all.
test('each run of a package of rpmautospec raises its release by one, and all count alike', async () => {
  const first = await run('single-build');
  expect(first['bump']).toMatchObject({ release: '2', counted: true });
  expect(first['build']).toMatchObject({ nvr: `${PACKAGE}-1.0-2.fc44` });

  const probe = join(place.dir, 'counted.yaml');
  writeFileSync(
    probe,
    `name: counted
steps:
  - uses: fas/login
  - uses: dist-git/clone
  - uses: dist-git/bump
  - uses: dist-git/push
  - { id: verrel, uses: command/run, system: dist-git, with: { command: [fedpkg, verrel] } }
  - { uses: koji/build, timeout: 1h }
`,
  );
  const second = await run(probe);
  const nvr = `${PACKAGE}-1.0-3.fc44`;
  expect(second).toMatchObject({ bump: { release: '3' }, verrel: { stdout: nvr }, build: { nvr } });
});
