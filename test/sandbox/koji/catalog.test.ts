import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Rpc } from './client.ts';
import { hubWith } from './hub.ts';

type Row = Record<string, Rpc>;

let hub: Awaited<ReturnType<typeof hubWith>>;
let session: Awaited<ReturnType<typeof hub.login>>;

beforeAll(async () => {
  hub = await hubWith({ speed: 60 });
  session = await hub.login('packprobe', 'sandbox');
});
afterAll(() => hub[Symbol.asyncDispose]());

describe('what a hub lists', () => {
  test('a build tag has the groups that mock installs, a side tag inherits them, a release has none', async () => {
    const groups = (await hub.call('getTagGroups', ['f44-build'])) as Row[];
    expect(groups.map(({ name }) => name)).toEqual(['build', 'srpm-build']);
    const packages = groups.flatMap(({ packagelist }) => packagelist as Row[]);
    expect(packages.map((one) => one['package'])).toContain('rpm-build');
    const sideTag = (await hub.call('createSideTag', ['f44-build'], session)) as Row;
    expect(await hub.call('getTagGroups', [sideTag['name'] ?? null])).toEqual(groups);
    expect(await hub.call('getTagGroups', [sideTag['name'] ?? null, null, false])).toEqual([]);
    expect(await hub.call('getTagGroups', ['f44'])).toEqual([]);
  });

  test.each([
    ['listVolumes', [], [{ id: 0, name: 'DEFAULT' }]],
    ['getVolume', ['DEFAULT'], { id: 0, name: 'DEFAULT' }],
    ['getVolume', ['nope'], null],
    ['listExternalRepos', [], []],
    ['getTagExternalRepos', ['f44-build'], []],
    ['getUserPermsInheritance', ['packprobe'], {}],
    ['getUserPermsInheritance', ['autopen'], { autosign: [null], sign: [null] }],
    ['untaggedBuilds', [], []],
    ['mavenEnabled', [], false],
    ['search', ['*', 'rpm', 'glob'], []],
    ['checkUpload', ['cli-import/1795289750.5/x', 'a.src.rpm'], null],
  ] as const)('%s(%j) is %j', async (method, params, answer) => {
    expect(await hub.call(method, [...params])).toEqual(answer);
  });
});

test.each(['../x', '/etc', 'a/../../b'])('an upload to %s leaves the folder of uploads', async (folder) => {
  await expect(hub.call('checkUpload', [folder, 'x'])).rejects.toThrow(`Invalid upload directory: ${folder}`);
});

test.each([
  ['freeTask', [1], 'admin permission required (logged in as packprobe)'],
  ['setInheritanceData', ['f44', []], 'tag permission required (logged in as packprobe)'],
  ['disableChannel', ['default'], 'host permission required (logged in as packprobe)'],
  ['mavenBuild', ['url', 'f44'], 'Maven support not enabled'],
  ['editChannel', ['default', { comment: 'x', __starstar: true }], 'admin permission required'],
] as const)('%s is a closed door to packagers', async (method, params, text) => {
  await expect(hub.call(method, params as unknown as Rpc[], session)).rejects.toThrow(text);
});

describe('notifications', () => {
  test('one is made once, listed, changed and removed by its owner', async () => {
    const me = ((await hub.call('getLoggedInUser', [], session)) as Row)['id'] ?? null;
    expect(await hub.call('createNotification', [me, 1, null, true], session)).toBeNull();
    await expect(hub.call('createNotification', [me, 1, null, true], session)).rejects.toThrow(
      'notification already exists',
    );
    await hub.call('updateNotification', [1, 2, null, false], session);
    expect(await hub.call('getBuildNotifications', [], session)).toEqual([
      expect.objectContaining({ id: 1, user_id: me, package_id: 2, tag_id: null, success_only: false }),
    ]);
    await hub.call('deleteNotification', [1], session);
    expect(await hub.call('getBuildNotifications', [me])).toEqual([]);
    await expect(hub.call('deleteNotification', [1], session)).rejects.toThrow('No notification with ID 1');
  });

  test('a block is another thing, and those of others are left alone', async () => {
    const me = ((await hub.call('getLoggedInUser', [], session)) as Row)['id'] ?? null;
    await hub.call('createNotificationBlock', [me, 1], session);
    expect(await hub.call('getBuildNotificationBlocks', [me])).toHaveLength(1);
    expect(await hub.call('getBuildNotifications', [me])).toEqual([]);
    await expect(hub.call('createNotification', [1, 1, null, true], session)).rejects.toThrow(
      'cannot create notifications for user 1',
    );
  });
});

test.each(['build_target', 'xkey'])(
  'history by %s leaves out the tables that do not have it',
  async (key) => {
    const history = (await hub.call('queryHistory', [{ [key]: 'f44', __starstar: true }])) as Row;
    expect(Object.values(history).flat()).toEqual([]);
  },
);
