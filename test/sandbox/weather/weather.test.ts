import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSandbox, type SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { rpcClient } from '../koji/client.ts';

const DAY_MS = 86_400_000;

interface BodhiUpdate {
  readonly alias: string;
  readonly status: string;
  readonly test_gating_status: string;
  readonly release: { readonly name: string };
  readonly builds: readonly { readonly nvr: string }[];
}

/** A sandbox whose clock stands at its epoch. */
async function held(options: Partial<SandboxOptions>) {
  const parent = await mkdtemp(join(tmpdir(), 'packprobe-weather-'));
  const troubles: string[] = [];
  const sandbox = await openSandbox({
    dir: join(parent, 'sandbox'),
    held: true,
    trouble: (where, error) =>
      void troubles.push(`${where}: ${error instanceof Error ? error.stack : error}`),
    ...options,
  });
  const koji = rpcClient(sandbox.urls.koji);
  const json = async <Answer>(address: string) => (await (await fetch(address)).json()) as Answer;
  return {
    ...sandbox,
    troubles,
    koji,
    json,
    updates: async () =>
      (await json<{ updates: BodhiUpdate[] }>(`${sandbox.urls.bodhi}/updates/?rows_per_page=100`)).updates,
    tasks: (method: string) =>
      koji.call('listTasks', [{ method }, { order: 'id' }]) as Promise<Record<string, number>[]>,
    async [Symbol.asyncDispose]() {
      await sandbox[Symbol.asyncDispose]();
      await rm(parent, { recursive: true });
    },
  };
}

test('others have a past when the sandbox begins, by the rules of every system, and nobody was troubled', async () => {
  await using world = await held({ packagers: 40 });
  const updates = await world.updates();
  expect(updates.length).toBeGreaterThan(8);
  const rawhide = updates.filter(({ release }) => release.name === 'F45');
  expect(rawhide.filter(({ status }) => status === 'stable').length).toBeGreaterThan(2);
  expect(updates.some(({ status, release }) => status === 'testing' && release.name !== 'F45')).toBe(true);

  const nvr = rawhide.find(({ status }) => status === 'stable')?.builds[0]?.nvr ?? '';
  const tags = (await world.koji.call('listTags', [nvr])) as { name: string }[];
  expect(tags.map(({ name }) => name)).toEqual(['f45']);
  const truth = world.kit.truthOf(nvr);
  for (const middle of ['signed', 'gate'] as const) {
    const way = ['build', 'candidate_tag', 'update', middle, 'final_tag'] as const;
    const times = way.map((event) => truth[event] ?? Number.NaN);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.max(...times)).toBeLessThan(world.clock.epoch);
  }

  const results = await world.json<{ data: { outcome: string; href: string }[] }>(
    `${world.urls.resultsdb}/api/v2.0/results/latest?item=${nvr}&type=koji_build`,
  );
  expect(results.data[0]).toMatchObject({ outcome: expect.stringMatching(/^(PASSED|FAILED)$/) });
  const found = await world.json<{ total: number }>(
    `${world.urls.datagrepper}/v2/search?delta=${3 * 86_400}&package=${nvr.split('-').slice(0, -2).join('-')}`,
  );
  expect(found.total).toBeGreaterThan(5);
  expect(world.troubles).toEqual([]);
});

test('the same seed makes the same past', async () => {
  await using one = await held({ packagers: 6, seed: 'again' });
  await using two = await held({ packagers: 6, seed: 'again' });
  const story = async (world: typeof one) =>
    (await world.updates()).map(({ alias, status, builds }) => [alias, status, builds.map(({ nvr }) => nvr)]);
  expect(await story(two)).toEqual(await story(one));
});

test('what others did goes when it is old, numbers count on, and nothing of an own package goes', async () => {
  await using world = await held({ packagers: 4 });
  world.kit.publish('git.receive', { commit: { repo: 'dummy-test-package-gloster' } });
  const before = await world.tasks('build');
  await world.clock.runTo(world.clock.epoch + 13 * DAY_MS);
  const after = await world.tasks('build');
  const oldest = (world.clock.now() - 3 * DAY_MS) / 1000;
  expect(after.every(({ create_ts = 0 }) => create_ts > oldest)).toBe(true);
  expect(after[0]?.['id'] ?? 0).toBeGreaterThan(before.at(-1)?.['id'] ?? 0);
  const { archive } = world.kit;
  const own = archive.filter(({ body }) => JSON.stringify(body).includes('dummy-test-package-gloster'));
  expect(own).toHaveLength(1);
  const others = archive.filter((message) => !own.includes(message));
  expect(Math.min(...others.map(({ sentAt }) => sentAt))).toBeGreaterThan(world.clock.now() - 3 * DAY_MS);
  const search = `${world.urls.datagrepper}/v2/search?delta=${30 * 86_400}&rows_per_page=1`;
  expect((await world.json<{ total: number }>(search)).total).toBe(archive.length);
  expect((await world.updates()).every(({ status }) => status !== 'unpushed')).toBe(true);
  expect(world.troubles).toEqual([]);
});

test('builders take so much at once: in a mass rebuild the last tasks wait the longest', async () => {
  const scenario = {
    name: 'rebuild',
    description: 'Everything anew',
    packagers: 0,
    events: [{ at: 0, for: 600_000, mass_rebuild: { builds: 60 } }],
  };
  await using world = await held({ scenario });
  await world.clock.runTo(world.clock.epoch + 6 * 3_600_000);
  const tasks = await world.tasks('buildArch');
  expect(tasks.length).toBeGreaterThan(60);
  const waits = tasks.map(({ start_ts = 0, create_ts = 0 }) => start_ts - create_ts);
  expect(Math.max(...waits.slice(0, 4))).toBeLessThan(60);
  expect(Math.max(...waits)).toBeGreaterThan(600);
  expect(world.troubles).toEqual([]);
});
