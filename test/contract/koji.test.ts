import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Delay } from '../../src/sandbox/kit/draw.ts';
import { hubWith, until } from '../sandbox/koji/hub.ts';
import {
  bringWorld,
  exchangesOf,
  Player,
  RAWHIDE,
  type Row,
  recordedFiles,
  recordedWorld,
} from './koji-player.ts';

let player: Player;
let buildersRest = false;
let close: () => Promise<void>;

beforeAll(async () => {
  const hub = await hubWith({
    files: recordedFiles(),
    world: recordedWorld(),
    speed: 800,
    dependencies: { messageOf: async () => 'a commit', resolve: async () => RAWHIDE },
  });
  close = () => hub[Symbol.asyncDispose]();
  let failures = 0;
  const fail =
    'error building package (arch aarch64), mock exited with status 1; see build.log or root.log for more information';
  hub.kit.faults.set('recorded', {
    name: 'recorded',
    hooks: {
      rule: (point, subject) => {
        if (point === 'koji.schedule' && buildersRest) return 'never';
        if (point === 'koji.build-srpm' && subject === 'hello-1-3.fc44') return { fail: 'no source package' };
        if (point !== 'koji.build-arch' || subject !== 'hello-1-2.fc44.aarch64') return undefined;
        failures += 1;
        return failures === 1 ? { fail } : undefined;
      },
    },
  });
  player = new Player(hub);
  await bringWorld(player);
  player.tasks.set(1, await buildHello('1'));
});

/** Builds the commit that is this digit forty times, as alice. */
async function buildHello(digit: string, more: Row = {}, by = player): Promise<number> {
  const { hub } = by;
  const session = await by.sessionOf({ 'Koji-Session-Id': '(of alice)' });
  const source = `git+https://src.fedoraproject.org/rpms/hello.git#${digit.repeat(40)}`;
  const opts = { wait_builds: [], custom_user_metadata: {}, ...more };
  const task = await hub.call('build', [source, 'rawhide', opts], session);
  await until(async () => (await hub.call('taskFinished', [task])) === true || undefined);
  return Number(task);
}

/** Six builds that fail, of a recording that is not here; the first of them is its task 30. */
async function buildBadly(): Promise<void> {
  const { hub } = player;
  const session = await player.sessionOf({ 'Koji-Session-Id': '(of alice)' });
  const [again, failing, good] = [`${'3'.repeat(39)}4`, '4'.repeat(40), '2'.repeat(40)];
  const orders = [
    [`hello.git#${again}`, 'rawhide'],
    [`hello.git#${failing}`, 'rawhide'],
    [`hello.git#${good}`, 'nope'],
    [`newpkg.git#${'7'.repeat(40)}`, 'rawhide'],
    [`retired.git#${'9'.repeat(40)}`, 'rawhide'],
  ] as const;
  const place = 'git+https://src.fedoraproject.org/rpms';
  const calls = [
    ...orders.map(([source, target]) => [`${place}/${source}`, target]),
    // No package that was uploaded may be built for good.
    ['cli-build/1.a/hello-1-7.fc44.src.rpm', 'rawhide'],
  ];
  for (const [index, call] of calls.entries()) {
    player.tasks.set(30 + index, Number(await hub.call('build', call, session)));
  }
  for (const task of [30, 31, 32, 33, 34, 35]) {
    await until(async () => (await hub.call('taskFinished', [player.task(task)])) === true || undefined);
  }
  // Their source packages.
  const children: Row[] = [];
  for (const task of [30, 33, 31, 34]) {
    const [child] = (await hub.call('getTaskChildren', [player.task(task)])) as Row[];
    if (child !== undefined) children.push(child);
  }
  for (const [index, child] of children.entries()) player.tasks.set(36 + index, Number(child['id']));
}

afterAll(() => close());

const LONG_TURNS = [
  'koji.assign',
  'koji.notice',
  'koji.build-srpm',
  'koji.build-arch',
  'koji.import',
  'koji.tag',
];
const TURN: Delay = { least: 960_000, median: 960_000, most: 960_000 };
const NOTICE: Delay = { least: 40_000, median: 50_000, most: 60_000 };

test.each([
  'session',
  'http',
  'lookups',
  'argument-faults',
  'build-ok',
  'build-fail-arch',
  'build-cancel',
  'tagging',
  'history',
  'signatures',
  'builds-query',
  'tasks-query',
  'multicall',
  'paging',
  'hosts',
  'sidetags',
])(
  'the hub answers like the real one: %s',
  async (file) => {
    const differences: string[] = [];
    buildersRest = file === 'tasks-query';
    // What is asked in the middle of a build must still find it there, however busy this machine is: more than a real second for each turn.
    const { delays } = player.hub.kit.world as { readonly delays: Record<string, Delay> };
    for (const point of LONG_TURNS) {
      if (file === 'build-ok') delays[point] = TURN;
      else delete delays[point];
    }
    // What is cancelled at once was given to no builder yet.
    if (file === 'session') delays['koji.assign'] = TURN;
    if (file !== 'build-ok') delays['koji.notice'] = NOTICE;
    // A side tag's repo that is out of date must still be there when it is asked for.
    if (file === 'sidetags') delays['koji.createrepo'] = TURN;
    // Builds of recordings that are not here.
    if (file === 'build-cancel') await buildBadly();
    if (file === 'tagging') {
      await buildHello('8', { skip_tag: true });
      await buildHello('6');
    }
    for (const exchange of exchangesOf(file)) {
      const difference = await player.play(exchange);
      if (difference !== '') differences.push(`${exchange.line} ${exchange.note ?? ''}: ${difference}`);
    }
    expect(differences).toEqual([]);
  },
  90_000,
);

test('the release of 1.35.3 sees no call number, and answers what it cannot read with a fault', async () => {
  await using hub = await hubWith({
    files: recordedFiles(),
    world: recordedWorld(),
    dependencies: { generation: 'release', messageOf: async () => 'a commit' },
  });
  const other = new Player(hub);
  await bringWorld(other);
  await buildHello('1', {}, other);
  const differences: string[] = [];
  for (const exchange of exchangesOf('release-1.35.3')) {
    const difference = await other.play(exchange);
    if (difference !== '') differences.push(`${exchange.line} ${exchange.note ?? ''}: ${difference}`);
  }
  expect(differences).toEqual([]);
});
