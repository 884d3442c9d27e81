import { expect, test } from 'vitest';
import clone from '../../../src/steps/dist-git/clone.ts';
import switchBranch from '../../../src/steps/dist-git/switch-branch.ts';
import { type GitWorld, gitWorld, PACKAGE } from '../../support/git-world.ts';
import { recordedCommand } from '../../support/recorded-command.ts';

const cloned = async (world: GitWorld) => (await clone.run({ branch: 'f44' }, world.context())).dir;

test('a clone is switched to what the server has on the branch now', async () => {
  await using world = await gitWorld();
  const dir = await cloned(world);
  const head = await world.pushByOther('rawhide', 'news', 'pushed after the clone\n');
  expect(await switchBranch.run({ dir, branch: 'rawhide' }, world.context())).toEqual({ branch: 'rawhide' });
  expect(await world.git(dir, 'rev-parse', 'HEAD')).toBe(head);
});

test('a branch that is already checked out is brought up to date', async () => {
  await using world = await gitWorld();
  const dir = await cloned(world);
  const head = await world.pushByOther('f44', 'news', 'x\n');
  await switchBranch.run({ dir, branch: 'f44' }, world.context());
  expect(await world.git(dir, 'rev-parse', 'HEAD')).toBe(head);
});

test('the word stable is the branch of the release', async () => {
  await using world = await gitWorld();
  const dir = (await clone.run({ branch: 'rawhide' }, world.context())).dir;
  expect(await switchBranch.run({ dir, branch: 'stable' }, world.context())).toEqual({ branch: 'f44' });
});

test('a folder is taken relative to the work folder too', async () => {
  await using world = await gitWorld();
  await cloned(world);
  const dir = `dist-git/f44/${PACKAGE}`;
  expect(await switchBranch.run({ dir, branch: 'rawhide' }, world.context())).toEqual({ branch: 'rawhide' });
});

test.each([
  ['switch-branch-unknown', 'BRANCH_UNKNOWN', 'rejected'],
  ['switch-branch-dirty', 'WORK_TREE_DIRTY', 'prober'],
])('recorded %s is %s', async (name, code, kind) => {
  await using world = await gitWorld(undefined, {
    fedpkg: async () => recordedCommand(`fedpkg/1.70/${name}`),
  });
  const dir = `${world.dir}/clone`;
  await world.git(world.dir, 'clone', '--quiet', world.remote, dir);
  await expect(switchBranch.run({ dir, branch: 'f99' }, world.context())).rejects.toMatchObject({
    code,
    kind,
  });
});

test('a client that claims success and stays where it was is not believed', async () => {
  const says = recordedCommand('fedpkg/1.70/switch-branch-local');
  await using world = await gitWorld(undefined, { fedpkg: async () => says });
  const dir = `${world.dir}/clone`;
  await world.git(world.dir, 'clone', '--quiet', world.remote, dir);
  await expect(switchBranch.run({ dir, branch: 'f44' }, world.context())).rejects.toMatchObject({
    code: 'SWITCH_WITHOUT_EFFECT',
  });
});
