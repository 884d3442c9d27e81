import { expect, test } from 'vitest';
import { openSigning } from '../../../src/sandbox/signing/signing.ts';
import type { Rpc } from '../koji/client.ts';
import { commitOf, hubWith, specOf, until } from '../koji/hub.ts';

const PKG = 'dummy-test-package-gloster';
const COMMIT = '1'.repeat(40);
const NVR = `${PKG}-1.0-1.fc44`;

async function builtHub(speed = 4000) {
  const hub = await hubWith({ files: commitOf(PKG, COMMIT, specOf(PKG)), speed });
  openSigning(hub.kit, hub.port);
  const session = await hub.login('packprobe', 'sandbox');
  const source = `git+http://127.0.0.1:1/rpms/${PKG}.git#${COMMIT}`;
  const id = await hub.call('build', [source, 'f44-candidate', {}], session);
  await until(async () => ((await hub.call('taskFinished', [id])) === true ? true : undefined));
  return hub;
}

const inTag = (hub: Awaited<ReturnType<typeof builtHub>>, tag: string) =>
  until(async () => hub.port.build(NVR)?.tags.includes(tag) || undefined);

test('a build that waits for its signature is signed and moved within three minutes', async () => {
  await using hub = await builtHub(600);
  hub.port.tag(NVR, 'f44-signing-pending', 'bodhi');
  await inTag(hub, 'f44-updates-testing-pending');
  expect(hub.port.build(NVR)?.tags).toEqual(['f44-updates-candidate', 'f44-updates-testing-pending']);
  const { signing_tag = 0, signed = 0 } = hub.kit.truthOf(NVR);
  expect(signed - signing_tag).toBeGreaterThanOrEqual(60_000);
  // A timer of the host may be late by milliseconds, each of which is more than half a second here.
  expect(signed - signing_tag).toBeLessThan(200_000);
  const key = hub.kit.world.releases.find(({ name }) => name === 'F44')?.signing_key ?? '';
  const rpms = (await hub.call('listBuildRPMs', [NVR])) as Record<string, Rpc>[];
  const signatures = (await hub.call('queryRPMSigs', [{ sigkey: key, __starstar: true }])) as Rpc[];
  expect(signatures).toHaveLength(rpms.length);
  const tail = hub.kit.archive
    .slice(-rpms.length - 2)
    .map(({ topic }) => topic.split('.').slice(4).join('.'));
  expect(tail).toEqual([...rpms.map(() => 'rpm.sign'), 'untag', 'tag']);
  expect(hub.kit.archive.at(-1)?.body).toMatchObject({ user: 'autopen', tag: 'f44-updates-testing-pending' });
});

test('a message that is lost leaves the build where it is until it is tagged again', async () => {
  await using hub = await builtHub();
  hub.kit.faults.set('lost', {
    name: 'lost',
    hooks: { rule: (point) => (point === 'signing.sign' ? 'never' : undefined) },
  });
  hub.port.tag(NVR, 'f44-signing-pending', 'bodhi');
  await hub.kit.settled();
  expect(hub.port.build(NVR)?.tags).toContain('f44-signing-pending');
  hub.kit.faults.clear();
  hub.port.untag(NVR, 'f44-signing-pending', 'bodhi');
  hub.port.tag(NVR, 'f44-signing-pending', 'bodhi');
  await inTag(hub, 'f44-updates-testing-pending');
  expect(hub.port.build(NVR)?.tags).not.toContain('f44-signing-pending');
});

test('a build that was taken out meanwhile is not moved', async () => {
  await using hub = await builtHub();
  hub.port.tag(NVR, 'f44-signing-pending', 'bodhi');
  hub.port.untag(NVR, 'f44-signing-pending', 'bodhi');
  await hub.kit.settled();
  expect(hub.port.build(NVR)?.tags).toEqual(['f44-updates-candidate']);
});

test('a side tag is signed for Bodhi alone', async () => {
  await using hub = await builtHub();
  const session = await hub.login('packprobe', 'sandbox');
  const { name } = (await hub.call('createSideTag', ['f44-build'], session)) as { name: string };
  hub.port.tag(NVR, `${name}-signing-pending`, 'packprobe');
  await hub.kit.settled();
  expect(hub.port.build(NVR)?.tags).toContain(`${name}-signing-pending`);
  hub.port.untag(NVR, `${name}-signing-pending`, 'packprobe');
  hub.port.tag(NVR, `${name}-signing-pending`, 'bodhi');
  await inTag(hub, `${name}-testing-pending`);
  expect(hub.port.build(NVR)?.tags).not.toContain(`${name}-signing-pending`);
});
