import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Delay } from '../../src/sandbox/kit/draw.ts';
import { hubWith, until } from '../sandbox/koji/hub.ts';
import { exchangesOf, Player, type Row, recordedFiles, recordedWorld } from './koji-player.ts';

/** Recorded things that this world has not, each with its reason. */
const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/f42-frozen|"retired"/, 'no tag of the sandbox is locked, no package blocked'],
  [
    /s390x|"ready":false|"(?:getLastHostUpdate|getHost)","params":\[4|"listHosts","?.?"?.*"-id"/,
    'the sandbox has no builder that never reported',
  ],
  [
    /"(?:after|before|createdAfter|createdBefore|completeAfter|completeBefore|startedAfter|completedAfter)": ?[\d.]{12}/,
    'a bound that is a time of the recording',
  ],
  [/system\.listMethods|_listapi|methodHelp|showSession|listUsers/, 'the texts of the hub for people'],
  [/getRPMHeaders|getChangelogEntries|editSideTag/, 'headers of RPMs, which are none'],
  [/<value>5<\/value>/, 'a task of the recording by its number'],
  [/"(?:created|complete)After":"2026/, 'a bound that is a time of the recording'],
  [/"order":"name","limit":3/, 'a page that begins with the locked tag'],
  [/downloadTaskOutput/, 'the text of a log, which a script made up'],
  [
    /"order":"id","offset":1|"state":\[3\],"decode"|"parent":null,"state":\[2\]|"arch":\["i386"\]/,
    'the oldest tasks of the recorded hub',
  ],
  [/"createTag"|"grantPermission"/, 'the world is made otherwise'],
];

let player: Player;
let buildersRest = false;
let close: () => Promise<void>;

beforeAll(async () => {
  const hub = await hubWith({
    files: recordedFiles(),
    world: recordedWorld(),
    speed: 800,
    dependencies: { messageOf: async () => 'a commit' },
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
        if (point !== 'koji.build-arch' || subject !== 'hello-1-2.fc44.aarch64') return undefined;
        failures += 1;
        return failures === 1 ? { fail } : undefined;
      },
    },
  });
  player = new Player(hub);
  player.tasks.set(1, await buildHello('1'));
});

/** Builds the commit that is this digit forty times, as alice. */
async function buildHello(digit: string, more: Row = {}): Promise<number> {
  const { hub } = player;
  const session = await player.sessionOf({ 'Koji-Session-Id': '(of alice)' });
  const source = `git+https://src.fedoraproject.org/rpms/hello.git#${digit.repeat(40)}`;
  const opts = { wait_builds: [], custom_user_metadata: {}, ...more };
  const task = await hub.call('build', [source, 'rawhide', opts], session);
  await until(async () => (await hub.call('taskFinished', [task])) === true || undefined);
  return Number(task);
}

afterAll(() => close());

const LONG_TURNS = ['koji.notice', 'koji.build-srpm', 'koji.build-arch', 'koji.import', 'koji.tag'];
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
])(
  'the hub answers like the real one: %s',
  async (file) => {
    const differences: string[] = [];
    buildersRest = file === 'tasks-query';
    // What is asked in the middle of a build must still find it there, however busy this machine is: two real seconds for each turn.
    const { delays } = player.hub.kit.world as { readonly delays: Record<string, Delay> };
    for (const point of LONG_TURNS) {
      if (file === 'build-ok') delays[point] = { least: 1_600_000, median: 1_600_000, most: 1_600_000 };
      else delete delays[point];
    }
    if (file !== 'build-ok') delays['koji.notice'] = NOTICE;
    // Builds of recordings that are not here.
    if (file === 'tagging') {
      await buildHello('8', { skip_tag: true });
      await buildHello('6');
    }
    for (const [index, exchange] of exchangesOf(file).entries()) {
      const text = JSON.stringify(exchange.request);
      if (LEFT_OUT.some(([pattern]) => pattern.test(text))) continue;
      const difference = await player.play(exchange);
      if (difference !== '') differences.push(`${index + 2} ${exchange.note ?? ''}: ${difference}`);
    }
    expect(differences).toEqual([]);
  },
  90_000,
);

test('the release of 1.35.3 sees no call number, and answers what it cannot read with a fault', async () => {
  await using hub = await hubWith({ world: recordedWorld(), dependencies: { generation: 'release' } });
  const other = new Player(hub);
  const differences: string[] = [];
  for (const [index, exchange] of exchangesOf('release-1.35.3').entries()) {
    const text = JSON.stringify(exchange.request);
    // Bodies that the recording only describes.
    if (/\(bytes|\(byte|\(gzip|bytes in all|<value>5</.test(text)) continue;
    const difference = await other.play(exchange);
    if (difference !== '') differences.push(`${index + 2} ${exchange.note ?? ''}: ${difference}`);
  }
  expect(differences).toEqual([]);
});
