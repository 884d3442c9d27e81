import { expect, test } from 'vitest';
import type { World } from '../../src/sandbox/kit/world.ts';
import type { Rpc } from '../sandbox/koji/client.ts';
import { hubWith, until } from '../sandbox/koji/hub.ts';
import { exchangesOf, Player, recordedFiles, recordedWorld } from './koji-player.ts';

async function openPlayer(delays: World['delays'] = {}, patience = 300) {
  const world = recordedWorld();
  const hub = await hubWith({
    files: recordedFiles(),
    world: { ...world, delays: { ...world.delays, ...delays } },
    speed: 400,
    dependencies: { messageOf: async () => 'a commit' },
  });
  hub.kit.faults.set('recorded', {
    name: 'recorded',
    hooks: {
      rule: (point, subject) =>
        point === 'koji.build-arch' && subject === 'hello-1-2.fc44.aarch64'
          ? {
              fail: 'error building package (arch aarch64), mock exited with status 1; see build.log or root.log for more information',
            }
          : undefined,
    },
  });
  return { hub, player: new Player(hub, patience) };
}

type Played = Awaited<ReturnType<typeof openPlayer>>;

/** Builds a commit of forty times the same digit as alice; the task's number. */
async function build({ hub, player }: Played, pkg: string, digit: string, opts: Record<string, Rpc> = {}) {
  const session = await player.sessionOf({ 'Koji-Session-Id': '(of alice)' });
  const source = `git+https://src.fedoraproject.org/rpms/${pkg}.git#${digit.repeat(40)}`;
  const task = await hub.call('build', [source, 'rawhide', { wait_builds: [], custom_user_metadata: {}, ...opts }], session);
  await until(async () => (await hub.call('taskFinished', [task])) === true || undefined);
  return Number(task);
}

async function differences({ player }: Played, file: string, leftOut: (line: number, text: string) => boolean = () => false) {
  const found: string[] = [];
  for (const [index, exchange] of exchangesOf(file).entries()) {
    if (exchange.request === undefined || leftOut(index + 2, JSON.stringify(exchange.request))) continue;
    const difference = await player.play(exchange);
    if (difference !== '') found.push(`${index + 2} ${exchange.note ?? ''}: ${difference}`);
  }
  return found;
}

test('a task that is ASSIGNED has a host and no start, and cancelled it keeps both so', async () => {
  const never = { least: 1e9, median: 1e9, most: 1e9 };
  const opened = await openPlayer({ 'koji.open': never });
  await using _hub = opened.hub;
  // The times of task 12 were set by a hand in the database.
  const own = (line: number, text: string) => text.includes('"params":[12]') || line === 8;
  expect(await differences(opened, 'assigned', own)).toEqual([]);
  expect(opened.hub.troubles).toEqual([]);
});

test('repos', async () => {
  const opened = await openPlayer();
  await using _hub = opened.hub;
  await build(opened, 'hello', '1');
  await build(opened, 'world', '2');
  opened.hub.kit.faults.set('deaf', {
    name: 'deaf',
    hooks: { publish: (message) => (message.topic.endsWith('.buildsys.tag') ? [] : [{ message, delayMs: 0 }]) },
  });
  opened.hub.port.tag('world-2-1.fc44', 'f44', 'bodhi');
  const first = (line: number) => [3, 6, 56].includes(line);
  expect(await differences(opened, 'repos', first)).toEqual([]);
});

test('cli-build', async () => {
  const opened = await openPlayer();
  await using _hub = opened.hub;
  await build(opened, 'hello', '1');
  expect(await differences(opened, 'cli-build', (line) => line === 18)).toEqual([]);
});

test('cli-upload', async () => {
  const opened = await openPlayer();
  await using _hub = opened.hub;
  expect(await differences(opened, 'cli-upload')).toEqual([]);
});

test('cli-reads', async () => {
  const opened = await openPlayer({}, 60);
  await using _hub = opened.hub;
  await build(opened, 'hello', '1');
  const world = await build(opened, 'world', '2');
  const failed = await build(opened, 'hello', '3');
  opened.player.tasks.set(13, world);
  opened.player.tasks.set(17, failed);
  expect(await differences(opened, 'cli-reads')).toEqual([]);
});
