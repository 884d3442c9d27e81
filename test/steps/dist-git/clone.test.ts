import { expect, test } from 'vitest';
import clone from '../../../src/steps/dist-git/clone.ts';
import { gitWorld, PACKAGE } from '../../support/git-world.ts';
import { recordedCommand, whenRun } from '../../support/recorded-command.ts';
import { cannedExec, testEnvironment } from '../../support/step-context.ts';

test("a clone is of the probe's package, on the branch that the release has", async () => {
  await using world = await gitWorld();
  const output = await clone.run({}, world.context());
  expect(output).toEqual({
    dir: `${world.dir}/dist-git/f44/${PACKAGE}`,
    package: PACKAGE,
    branch: 'f44',
    commit: await world.git(world.remote, 'rev-parse', 'f44'),
  });
  expect(await world.git(output.dir, 'symbolic-ref', '--short', 'HEAD')).toBe('f44');
});

test('package and branch that are given are cloned as they are', async () => {
  await using world = await gitWorld();
  const output = await clone.run({ package: PACKAGE, branch: 'rawhide' }, world.context());
  expect(await world.git(output.dir, 'symbolic-ref', '--short', 'HEAD')).toBe('rawhide');
});

test('a second attempt does not trip over what the first one left', async () => {
  await using world = await gitWorld();
  const context = world.context();
  const { dir } = await clone.run({}, context);
  await context.files.write(`${dir}/left-over`, 'half a clone');
  await clone.run({}, context);
  expect(await context.files.exists(`${dir}/left-over`)).toBe(false);
});

test('two branches of one package are two folders', async () => {
  await using world = await gitWorld();
  const first = await clone.run({ branch: 'f44' }, world.context());
  const second = await clone.run({ branch: 'rawhide' }, world.context());
  expect(second.dir).not.toBe(first.dir);
  expect(await world.context().files.exists(first.dir)).toBe(true);
});

test('an environment without bodhi means the branch that it says', async () => {
  await using world = await gitWorld();
  const { bodhi: _bodhi, ...systems } = testEnvironment().systems;
  const context = { ...world.context({ branch: 'rawhide' }), env: { ...world.env, systems } };
  expect((await clone.run({}, context)).branch).toBe('rawhide');
});

test('a branch that is not there is told as such', async () => {
  await using world = await gitWorld();
  await expect(clone.run({ branch: 'f99' }, world.context())).rejects.toMatchObject({
    code: 'BRANCH_UNKNOWN',
    kind: 'rejected',
    message: `clone of ${PACKAGE}, branch f99: the branch does not exist`,
  });
});

test('a server that is broken is charged to dist-git and may be tried again', async () => {
  await using world = await gitWorld();
  const exec = cannedExec([whenRun(['clone'], recordedCommand('fedpkg/1.70/clone-git-503'))]);
  await expect(clone.run({}, world.context({ exec }))).rejects.toMatchObject({
    code: 'GIT_SERVER_BROKEN',
    kind: 'unavailable',
    system: 'dist-git',
  });
});

test('a client that claims success without a clone is not believed', async () => {
  await using world = await gitWorld();
  const exec = cannedExec([whenRun(['clone'], {})]);
  await expect(clone.run({}, world.context({ exec }))).rejects.toMatchObject({
    code: 'CLONE_ABSENT',
    kind: 'unexpected',
  });
});

test('a retired package is our trouble', async () => {
  await using world = await gitWorld();
  await world.pushByOther('f44', 'dead.package', 'retired\n');
  await expect(clone.run({}, world.context())).rejects.toMatchObject({
    code: 'PACKAGE_RETIRED',
    kind: 'prober',
  });
});

test('the plan leaves open what only Bodhi knows', async () => {
  await using world = await gitWorld();
  const [words] = clone.commands?.({}, world.context()) ?? [];
  expect(words?.slice(0, 6)).toEqual(['fedpkg', '--user', 'packprobe', 'clone', '-b', '<branch of stable>']);
  const [literal] = clone.commands?.({ branch: 'f44' }, world.context()) ?? [];
  expect(literal).toContain(`dist-git/f44/${PACKAGE}`);
});
