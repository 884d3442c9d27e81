import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDir, packprobe, startSandbox, type TestSandbox } from '../support/packprobe.ts';

const place = freshDir();
let sandbox: TestSandbox;

beforeAll(async () => {
  const scenario = join(place.dir, 'evening.yaml');
  writeFileSync(
    scenario,
    'name: evening\ndescription: Somebody trips over a cable\nevents: [{ at: 0s, fault: koji:slow }]\n',
  );
  // Where `sandbox` itself puts its folder: found again without an address.
  sandbox = await startSandbox(place.dir, 60, {
    args: ['--scenario', scenario, '--dir', join(place.dir, 'sandbox-1')],
  });
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const fault = (...args: string[]) => packprobe(['sandbox', 'fault', ...args, '--data', place.dir]);

test('a sandbox that runs is broken and mended by name, found by its data folder or its address', async () => {
  expect(await fault('on', 'greenwave:hangs', 'ci:silent')).toMatchObject({
    code: 0,
    stderr: 'greenwave:hangs is on\nci:silent is on\n',
  });
  const { stdout } = await fault('list', '--json', '--url', sandbox.control);
  expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).toEqual([
    'ci:silent',
    'greenwave:hangs',
    'koji:slow',
  ]);
  await fault('off', 'greenwave:hangs', 'koji:slow');
  expect((await fault('list')).stdout).toMatch(
    /^name +outcome +charge +says\nci:silent +failed +ci +CI [^\n]+\n$/,
  );
});

test('one wrong name, and nothing is switched', async () => {
  const { code, stderr } = await fault('on', 'koji:offline', 'koji:ofline');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining('did you mean koji:offline?'),
  });
  expect((await fault('list')).stdout).not.toContain('koji:offline');
});

test('where no sandbox runs, it says how to find one', async () => {
  const nowhere = join(place.dir, 'nowhere');
  const { code, stderr } = await packprobe(['sandbox', 'fault', 'list', '--data', nowhere]);
  expect(code).toBe(2);
  expect(stderr).toContain(`no sandbox runs in ${nowhere}`);
  expect(stderr).toContain('--url http://127.0.0.1:PORT');
  expect((await fault('list', '--url', 'http://127.0.0.1:9')).stderr).toMatch(
    /no sandbox answers at http:\/\/127\.0\.0\.1:9/,
  );
});
