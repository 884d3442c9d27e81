import { expect, test } from 'vitest';
import type { Rpc } from './client.ts';
import { commitOf, hubWith, specOf, until } from './hub.ts';

const [FIRST, SECOND] = ['dummy-test-package-gloster', 'dummy-test-package-crested'];
const COMMIT = 'a'.repeat(40);

function source(pkg: string): string {
  return `git+https://src.example.org/rpms/${pkg}.git#${COMMIT}`;
}

async function openHub() {
  const files = { ...commitOf(FIRST, COMMIT, specOf(FIRST)), ...commitOf(SECOND, COMMIT, specOf(SECOND)) };
  const hub = await hubWith({ files });
  const session = await hub.login('packprobe', 'sandbox');
  return { hub, session };
}

test('a chain builds its groups one after the other, with a repo of the tag between them', async () => {
  const { hub, session } = await openHub();
  await using _hub = hub;
  const { name } = (await hub.call('createSideTag', ['f45-build'], session)) as { name: string };
  const task = await hub.call('chainBuild', [[[source(FIRST)], [source(SECOND)]], name], session);
  await until(async () => (await hub.call('taskFinished', [task])) === true || undefined);
  const children = (await hub.call('getTaskChildren', [task])) as Record<string, Rpc>[];
  expect(children.map(({ method }) => method)).toEqual(['build', 'waitrepo', 'build']);
  const [first, waiter, second] = children as [Record<string, Rpc>, Record<string, Rpc>, Record<string, Rpc>];
  expect(Number(waiter['create_ts'])).toBeGreaterThan(Number(first['completion_ts']));
  expect(Number(second['create_ts'])).toBeGreaterThan(Number(waiter['completion_ts']));
  const tagged = (await hub.call('listTagged', [name])) as Record<string, Rpc>[];
  expect(tagged.map((row) => row['package_name'])).toEqual([SECOND, FIRST]);
  expect(hub.troubles).toEqual([]);
});

test('a chain of scratch builds fails, and so does one that is no list', async () => {
  const { hub, session } = await openHub();
  await using _hub = hub;
  const task = await hub.call('chainBuild', [[[source(FIRST)]], 'rawhide', { scratch: true }], session);
  await until(async () => (await hub.call('taskFinished', [task])) === true || undefined);
  await expect(hub.call('getTaskResult', [task])).rejects.toThrow(
    '--scratch is not allowed with chain-builds',
  );
  await expect(hub.call('chainBuild', ['x', 'rawhide'], session)).rejects.toThrow(
    "Invalid type for value 'x': <class 'str'>, expected type <class 'list'>",
  );
});
