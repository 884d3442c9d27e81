import { expect, test } from 'vitest';
import type { Delay } from '../../src/sandbox/kit/draw.ts';
import type { World } from '../../src/sandbox/kit/world.ts';
import type { Rpc } from '../sandbox/koji/client.ts';
import { hubWith, until } from '../sandbox/koji/hub.ts';
import { bringWorld, exchangesOf, Player, rawOf, recordedFiles, recordedWorld } from './koji-player.ts';

const ARCH_FAILED =
  'error building package (arch aarch64), mock exited with status 1; see build.log or root.log for more information';

async function openPlayer(delays: World['delays'] = {}, { patience = 300, speed = 600 } = {}) {
  const world = recordedWorld();
  const hub = await hubWith({
    files: recordedFiles(),
    world: { ...world, delays: { ...world.delays, ...delays } },
    speed,
    dependencies: { messageOf: async () => 'a commit' },
  });
  const failed = new Set<string>();
  hub.kit.faults.set('recorded', {
    name: 'recorded',
    hooks: {
      rule: (point, subject) => {
        if (point !== 'koji.build-arch' || !/^hello-1-(2|10)\.fc44\.aarch64$/.test(subject)) return undefined;
        // What fails the first time is built by another commit of the same version.
        if (failed.has(subject)) return undefined;
        failed.add(subject);
        return { fail: ARCH_FAILED };
      },
    },
  });
  const player = new Player(hub, patience);
  await bringWorld(player);
  return { hub, player };
}

type Played = Awaited<ReturnType<typeof openPlayer>>;

/** Builds a commit as alice, by default that of forty times the same digit; the task's number. */
async function build(
  { hub, player }: Played,
  pkg: string,
  digit: string,
  opts: Record<string, Rpc> | undefined = { wait_builds: [], custom_user_metadata: {} },
  commit = digit.repeat(40),
): Promise<number> {
  const session = await player.sessionOf({ 'Koji-Session-Id': '(of alice)' });
  const source = `git+https://src.fedoraproject.org/rpms/${pkg}.git#${commit}`;
  const task = await hub.call('build', [source, 'rawhide', opts], session);
  await until(async () => (await hub.call('taskFinished', [task])) === true || undefined);
  return Number(task);
}

async function differences({ player }: Played, file: string) {
  const found: string[] = [];
  for (const exchange of exchangesOf(file)) {
    const difference = await player.play(exchange);
    if (difference !== '') found.push(`${exchange.line} ${exchange.note ?? ''}: ${difference}`);
  }
  return found;
}

test('a task that is ASSIGNED has a host and no start, and cancelled it keeps both so', async () => {
  const never = { least: 1e9, median: 1e9, most: 1e9 };
  const opened = await openPlayer({ 'koji.open': never });
  await using _hub = opened.hub;
  expect(await differences(opened, 'assigned')).toEqual([]);
  expect(opened.hub.troubles).toEqual([]);
});

test('repos are requested, made and given out like the real ones', async () => {
  // Long enough for looks at a repo that is being made.
  const always = (ms: number): Delay => ({ least: ms, median: ms, most: ms });
  const opened = await openPlayer({ 'koji.assign': always(150_000), 'koji.createrepo': always(400_000) });
  await using _hub = opened.hub;
  await build(opened, 'hello', '1');
  await build(opened, 'world', '2');
  // The repo daemon here takes up every change at once, that of the recording waited to be asked.
  opened.hub.kit.faults.set('deaf', {
    name: 'deaf',
    hooks: {
      publish: (message) => (message.topic.endsWith('.buildsys.tag') ? [] : [{ message, delayMs: 0 }]),
    },
  });
  opened.hub.port.tag('world-2-1.fc44', 'f44', 'bodhi');
  expect(await differences(opened, 'repos')).toEqual([]);
  expect(opened.hub.troubles).toEqual([]);
});

test('every call of the real `koji build --wait` is answered alike', async () => {
  // Long enough for a look at a task that no builder has yet.
  const opened = await openPlayer({ 'koji.assign': { least: 90_000, median: 90_000, most: 90_000 } });
  await using _hub = opened.hub;
  await build(opened, 'hello', '1');
  expect(await differences(opened, 'cli-build')).toEqual([]);
  expect(opened.hub.troubles).toEqual([]);
});

test('every call of the real `koji build` with a file is answered alike', async () => {
  const opened = await openPlayer();
  await using _hub = opened.hub;
  expect(await differences(opened, 'cli-upload')).toEqual([]);
  expect(opened.hub.troubles).toEqual([]);
});

test('every call of the commands that only read is answered alike', async () => {
  const opened = await openPlayer(
    { 'koji.notice': { least: 0, median: 1, most: 2 } },
    { patience: 30, speed: 4000 },
  );
  await using _hub = opened.hub;
  const { hub, player } = opened;
  await build(opened, 'hello', '1');
  player.tasks.set(13, await build(opened, 'world', '2'));
  player.tasks.set(17, await build(opened, 'hello', '3', {}));
  await build(opened, 'hello', '3', {}, '3333333333333333333333333333333333333334');
  await build(opened, 'hello', 'c');
  await build(opened, 'hello', 'c', {}, 'ccccccccccccccccccccccccccccccccccccccc1');
  hub.port.sign('world-2-1.fc44', 'a1267362');
  hub.port.tag('world-2-1.fc44', 'f44', 'bodhi');
  const session = await player.sessionOf({ 'Koji-Session-Id': '(of kojiadmin)' });
  await hub.call('addChannel', ['heavybuilder', 'big packages'], session);
  await hub.call('addHostToChannel', ['buildvm-x86-02.example.org', 'heavybuilder'], session);
  expect(await differences(opened, 'cli-reads')).toEqual([]);
  expect(hub.troubles).toEqual([]);
});

test('a hub that is shut, locked or without its database refuses like the real one', async () => {
  const opened = await openPlayer({}, { patience: 1 });
  await using _hub = opened.hub;
  const { hub, player } = opened;
  let state: string | undefined;
  hub.kit.faults.set('state', {
    name: 'state',
    hooks: { rule: (point) => (point === 'koji.hub' ? state : undefined) },
  });
  await player.sessionOf({ 'Koji-Session-Id': '(of kojiadmin)' });
  const found: string[] = [];
  for (const exchange of exchangesOf('offline')) {
    state = [
      ['ServerOffline', 'offline'],
      ['LockOut', 'locked'],
      ['database', 'no-database'],
    ].find(([beginning = '']) => exchange.note?.startsWith(beginning))?.[1];
    expect(state, exchange.note).toBeDefined();
    const difference = await player.play(exchange);
    if (difference !== '') found.push(`${exchange.note}: ${difference}`);
  }
  expect(found).toEqual([]);
  expect(hub.troubles).toEqual([]);
});

test.each(['fault', 'struct'])('the very bytes of an answer are those of the real hub: %s', async (name) => {
  const opened = await openPlayer();
  await using _hub = opened.hub;
  const { text } = await opened.hub.send(rawOf(`raw-${name}-request`), {
    headers: { 'content-type': 'text/xml' },
  });
  // Tags and targets count for themselves.
  const plain = (xml: string) =>
    xml.replace(
      /<int>\d+<\/int>(?=<\/value>\n<\/member>\n<member>\n<name>(?:build_tag_name|dest_tag_name|name)<)/g,
      '<int/>',
    );
  expect(plain(text)).toBe(plain(rawOf(`raw-${name}-response`)));
});

test('the bytes of a multicall differ from those of the real hub in numbers, times and hashes only', async () => {
  const opened = await openPlayer({ 'koji.notice': { least: 0, median: 1, most: 2 } }, { speed: 4000 });
  await using _hub = opened.hub;
  await build(opened, 'world', '2');
  const { text } = await opened.hub.send(rawOf('raw-multicall-request'), {
    headers: { 'content-type': 'text/xml' },
  });
  const plain = (xml: string) =>
    xml
      .replace(/[\d-]{10} [\d:]{8}\.\d{6}/g, '<time>')
      .replace(/<(int|double)>[\d.]+</g, '<$1><')
      // The frames inside the method.
      .replace(/<value><string> {2}File "[^<]*kojihub\/kojihub.py"[^<]*<\/string><\/value>\n/g, '');
  expect(plain(text)).toBe(plain(rawOf('raw-multicall-response')));
});
