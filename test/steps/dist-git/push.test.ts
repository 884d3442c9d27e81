import { describe, expect, test } from 'vitest';
import { KIND } from '../../../src/core/facts.ts';
import { Fault } from '../../../src/core/fault.ts';
import type { Exec } from '../../../src/core/ports.ts';
import bump from '../../../src/steps/dist-git/bump.ts';
import clone from '../../../src/steps/dist-git/clone.ts';
import push from '../../../src/steps/dist-git/push.ts';
import { type GitWorld, gitWorld, PACKAGE, SPEC } from '../../support/git-world.ts';
import { recordedCommand } from '../../support/recorded-command.ts';

const RUN = '019a9000-0000-7000-8000-000000000001';

const missing: Exec = async () => {
  throw new Fault('not found', { code: 'COMMAND_MISSING', kind: 'prober' });
};

const open = () => gitWorld(SPEC, { 'rpmdev-bumpspec': missing });

async function bumped(world: GitWorld): Promise<string> {
  const { dir } = await clone.run({}, world.context());
  await bump.run({ dir }, world.context());
  return dir;
}

/** The world's exec, with one push that does not get through to us: lost before or behind the server. */
function losing(world: GitWorld, when: 'before' | 'after'): Exec {
  let lost = false;
  return async (command, signal) => {
    if (lost || command.args[0] !== 'push') return world.exec(command, signal);
    lost = true;
    if (when === 'after') await world.exec(command, signal);
    return { ...recordedCommand('fedpkg/1.70/push-connection-dropped'), command };
  };
}

/** The context of a second attempt, that knows of the first only what it sought: the head before it. */
const again = (world: GitWorld, before: string, exec: Exec = world.exec) =>
  world.context({ exec, effects: { commit: 'lost' }, sought: { commit: before } });

const headOf = (world: GitWorld, dir: string) => world.git(dir, 'rev-parse', 'HEAD');

const countOf = async (world: GitWorld) =>
  Number(await world.git(world.remote, 'rev-list', '--count', 'f44'));

test('one commit with the run id, by our author at the time of the run, stands on the branch', async () => {
  await using world = await open();
  const dir = await bumped(world);
  const output = await push.run({ dir }, world.context());
  expect(output).toEqual({ commit: await world.git(world.remote, 'rev-parse', 'f44'), branch: 'f44' });
  const shown = await world.git(world.remote, 'log', '-1', '--format=%an <%ae>%n%aI %cI%n%B', 'f44');
  expect(shown).toContain('packprobe <packprobe@test.invalid>\n2025-11-17T04:08:30');
  expect(shown).toContain(
    `\npackprobe run ${RUN}\nprobe single-build\ncontact https://example.org/packprobe`,
  );
  expect(await countOf(world)).toBe(2);
});

test('locks that an earlier attempt has left do not keep the commit from being made', async () => {
  await using world = await open();
  const dir = await bumped(world);
  const { files } = world.context();
  for (const lock of ['index.lock', 'HEAD.lock', 'refs/heads/f44.lock'])
    await files.write(`${dir}/.git/${lock}`, '');
  const { commit } = await push.run({ dir }, world.context());
  expect(commit).toBe(await world.git(world.remote, 'rev-parse', 'f44'));
});

test('the commit is followed, and nothing undoes it', async () => {
  await using world = await open();
  const dir = await bumped(world);
  const context = world.context();
  const { commit } = await push.run({ dir }, context);
  expect(context.followed).toEqual([{ kind: KIND.commit, key: commit }]);
  expect(context.undos).toEqual([]);
});

test('the work tree is not ahead of the remote afterwards', async () => {
  await using world = await open();
  const dir = await bumped(world);
  await push.run({ dir }, world.context());
  expect(await world.git(dir, 'status', '--porcelain=v2', '--branch')).toContain('# branch.ab +0 -0');
});

test.each(['before', 'after'] as const)(
  'a push whose connection is cut %s the server took it is made once',
  async (when) => {
    await using world = await open();
    const dir = await bumped(world);
    const exec = losing(world, when);
    const before = await headOf(world, dir);
    await expect(push.run({ dir }, world.context({ exec }))).rejects.toMatchObject({
      code: 'GIT_UNREACHABLE',
      kind: 'unavailable',
    });
    const first = await world.git(dir, 'rev-parse', 'HEAD');
    const { commit } = await push.run({ dir }, again(world, before, exec));
    expect(commit).toBe(first);
    expect(await world.git(world.remote, 'rev-parse', 'f44')).toBe(first);
    expect(await countOf(world)).toBe(2);
    expect(world.exec.ran.filter(({ args }) => args[0] === 'push')).toHaveLength(1);
  },
);

test('a push that somebody built upon is still found', async () => {
  await using world = await open();
  const dir = await bumped(world);
  const before = await headOf(world, dir);
  const { commit } = await push.run({ dir }, world.context());
  await world.pushByOther('f44', 'news', 'x\n');
  expect(await push.run({ dir }, again(world, before))).toEqual({ commit, branch: 'f44' });
});

test('a second bump of the same run is not taken for the first', async () => {
  await using world = await open();
  const dir = await bumped(world);
  const first = await push.run({ dir }, world.context());
  await bump.run({ dir }, world.context());
  const second = await push.run({ dir }, again(world, first.commit));
  expect(second.commit).not.toBe(first.commit);
  expect(await countOf(world)).toBe(3);
});

test('files that the packager command wrote anew are in the commit, others are not', async () => {
  await using world = await open();
  const dir = await bumped(world);
  const { files } = world.context();
  await files.write(`${dir}/sources`, 'SHA512 (x) = 00\n');
  await files.write(`${dir}/litter`, 'x');
  await push.run({ dir }, world.context());
  expect(await world.git(world.remote, 'ls-tree', '--name-only', 'f44')).toBe(
    `.gitignore\n${PACKAGE}.spec\nsources`,
  );
});

test('no hook of the clone runs', async () => {
  await using world = await open();
  const dir = await bumped(world);
  for (const hook of ['pre-commit', 'commit-msg', 'pre-push']) {
    await world.context().files.write(`${dir}/.git/hooks/${hook}`, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  }
  await expect(push.run({ dir }, world.context())).resolves.toMatchObject({ branch: 'f44' });
});

test('a work tree without changes is not pushed', async () => {
  await using world = await open();
  const { dir } = await clone.run({}, world.context());
  await expect(push.run({ dir }, world.context())).rejects.toMatchObject({
    code: 'PUSH_NOTHING',
    kind: 'prober',
  });
});

test('somebody who pushed meanwhile is not the fault of dist-git', async () => {
  await using world = await open();
  const dir = await bumped(world);
  await world.pushByOther('f44', 'news', 'x\n');
  await expect(push.run({ dir }, world.context())).rejects.toMatchObject({
    code: 'PUSH_OVERTAKEN',
    kind: 'prober',
  });
});

test('a hook of the server that declines is quoted', async () => {
  await using world = await open();
  const hook = '#!/bin/sh\necho "No commits while frozen" >&2\nexit 1\n';
  await world.context().files.write(`${world.remote}/hooks/pre-receive`, hook, { mode: 0o755 });
  const dir = await bumped(world);
  await expect(push.run({ dir }, world.context())).rejects.toMatchObject({
    code: 'PUSH_DECLINED',
    kind: 'rejected',
    system: 'dist-git',
    evidence: { exit: 1, stderr: expect.stringContaining('remote: No commits while frozen') },
  });
});

test('a push that is acknowledged and not there is told', async () => {
  await using world = await open();
  const dir = await bumped(world);
  const exec: Exec = async (command, signal) =>
    command.args[0] === 'push'
      ? { ...recordedCommand('fedpkg/1.70/push-nothing'), command }
      : world.exec(command, signal);
  await expect(push.run({ dir }, world.context({ exec }))).rejects.toMatchObject({
    code: 'PUSH_NOT_KEPT',
    kind: 'unavailable',
    system: 'dist-git',
  });
});

describe('under rpmautospec', () => {
  const openCounted = () => gitWorld(SPEC.replace('3%{?dist}', '%autorelease'));

  test('an empty commit with the run id is the bump, and a second attempt makes no other', async () => {
    await using world = await openCounted();
    const dir = await bumped(world);
    const before = await headOf(world, dir);
    await expect(push.run({ dir }, world.context({ exec: losing(world, 'before') }))).rejects.toThrow(Fault);
    const { commit } = await push.run({ dir }, again(world, before));
    expect(await world.git(world.remote, 'rev-parse', 'f44')).toBe(commit);
    expect(await world.git(world.remote, 'show', '--format=', '--name-only', 'f44')).toBe('');
    expect(await countOf(world)).toBe(2);
  });

  test.each([
    ['at once', undefined],
    ['after a push that the server did not hear of', 'before'],
    ['after a push whose answer was lost', 'after'],
  ] as const)('a second bump of the same run is a second commit, made once: %s', async (_, when) => {
    await using world = await openCounted();
    const dir = await bumped(world);
    const first = await push.run({ dir }, world.context());
    const { release } = await bump.run({ dir }, world.context());
    if (when !== undefined) {
      const lost = push.run({ dir }, world.context({ exec: losing(world, when) }));
      await expect(lost).rejects.toMatchObject({ code: 'GIT_UNREACHABLE' });
    }
    const context = when === undefined ? world.context() : again(world, first.commit);
    const second = await push.run({ dir }, context);
    expect(second.commit).not.toBe(first.commit);
    expect(await world.git(world.remote, 'rev-parse', 'f44')).toBe(second.commit);
    expect([release, await countOf(world)]).toEqual(['3', 3]);
  });

  test('what was changed is the bump: one commit holds it', async () => {
    await using world = await openCounted();
    const dir = await bumped(world);
    await world.context().files.write(`${dir}/sources`, 'changed\n');
    await push.run({ dir }, world.context());
    expect(await world.git(world.remote, 'show', '--format=', '--name-only', 'f44')).toBe('sources');
    expect(await countOf(world)).toBe(2);
  });
});
