import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Fault } from '../../../src/core/fault.ts';
import type { Exec } from '../../../src/core/ports.ts';
import bump from '../../../src/steps/dist-git/bump.ts';
import clone from '../../../src/steps/dist-git/clone.ts';
import { type GitWorld, gitWorld, PACKAGE, SPEC } from '../../support/git-world.ts';
import { commandResult } from '../../support/recorded-command.ts';

const missing: Exec = async () => {
  throw new Fault('not found', { code: 'COMMAND_MISSING', kind: 'prober' });
};

/** As rpmdev-bumpspec 1.0.13 writes it: today's date with a time, whatever today is. */
function tool(today: string): Exec {
  return async (command) => {
    const spec = `${command.cwd}/${command.args.at(-1)}`;
    const [, author, , comment] = command.args;
    const text = await readFile(spec, 'utf8');
    const entry = `%changelog\n* ${today} ${author} - 1.0-4\n- ${comment}\n\n`;
    await writeFile(spec, text.replace('3%{?dist}', '4%{?dist}').replace('%changelog\n', entry));
    return commandResult({ command, exit: 0 });
  };
}

async function bumped(world: GitWorld) {
  const { dir } = await clone.run({}, world.context());
  const path = `${dir}/${PACKAGE}.spec`;
  return { dir, path, output: await bump.run({ dir }, world.context()), text: await readFile(path, 'utf8') };
}

test('the next release and an entry that names the run are written, and nothing is committed', async () => {
  await using world = await gitWorld(SPEC, { 'rpmdev-bumpspec': missing });
  const { dir, output, text } = await bumped(world);
  expect(output).toEqual({
    name: PACKAGE,
    version: '1.0',
    release: '4',
    spec: `${PACKAGE}.spec`,
    counted: false,
  });
  expect(text).toContain('Release:        4%{?dist}');
  expect(text).toContain('- packprobe run 019a9000-0000-7000-8000-000000000001\n');
  expect(await world.git(dir, 'rev-parse', 'HEAD')).toBe(await world.git(world.remote, 'rev-parse', 'f44'));
});

test('a second call writes the same bytes', async () => {
  await using world = await gitWorld(SPEC, { 'rpmdev-bumpspec': missing });
  const { dir, path, text } = await bumped(world);
  expect((await bump.run({ dir }, world.context())).release).toBe('4');
  expect(await readFile(path, 'utf8')).toBe(text);
});

test('a spec that an attempt left half written and staged is begun afresh', async () => {
  await using world = await gitWorld(SPEC, { 'rpmdev-bumpspec': missing });
  const { dir, path, text } = await bumped(world);
  await writeFile(path, 'Name: ga');
  await world.git(dir, 'add', '--all');
  await bump.run({ dir }, world.context());
  expect(await readFile(path, 'utf8')).toBe(text);
});

test('rpmdev-bumpspec is used where there is one, and its date is not the day of the call', async () => {
  const texts: string[] = [];
  for (const today of ['Sat Nov 21 23:59:59 UTC 2026', 'Sun Nov 22 00:00:01 UTC 2026']) {
    await using world = await gitWorld(SPEC, { 'rpmdev-bumpspec': tool(today) });
    const { text, output } = await bumped(world);
    expect(output.release).toBe('4');
    expect(world.exec.ran.map(({ file }) => file)).toContain('rpmdev-bumpspec');
    texts.push(text);
  }
  expect(texts[0]).toBe(texts[1]);
  expect(texts[0]).not.toContain('UTC 2026');
});

test('both ways of bumping write the same spec', async () => {
  await using byTool = await gitWorld(SPEC, { 'rpmdev-bumpspec': tool('Sat Nov 21 10:00:00 UTC 2026') });
  await using byUs = await gitWorld(SPEC, { 'rpmdev-bumpspec': missing });
  expect((await bumped(byTool)).text).toBe((await bumped(byUs)).text);
});

test('a tool that leaves the spec alone does not pass for a bump', async () => {
  const idle: Exec = async (command) =>
    commandResult({ command, exit: 0, stdout: 'RPMAutoSpec usage detected' });
  await using world = await gitWorld(SPEC, { 'rpmdev-bumpspec': idle });
  expect((await bumped(world)).output.release).toBe('4');
});

test('a tool that fails is our trouble', async () => {
  const failing: Exec = async (command) =>
    commandResult({ command, stdout: 'ERROR: No release value matched' });
  await using world = await gitWorld(SPEC, { 'rpmdev-bumpspec': failing });
  await expect(bumped(world)).rejects.toMatchObject({ code: 'BUMPSPEC_FAILED', kind: 'prober' });
});

test.each([
  ['%autorelease', '2'],
  ['%autorelease -b 10', '11'],
  ['%autorelease -p -e rc1', '0.2.rc1'],
  ['%{?autorelease}%{!?autorelease:1%{?dist}}', '2'],
])('a release %s is told as the next commit will have it, and nothing is changed', async (release, told) => {
  const spec = SPEC.replace('3%{?dist}', release);
  await using world = await gitWorld(spec, { 'rpmdev-bumpspec': missing });
  const { dir, output, text } = await bumped(world);
  expect(output).toEqual({
    name: PACKAGE,
    version: '1.0',
    release: told,
    spec: `${PACKAGE}.spec`,
    counted: true,
  });
  expect(text).toBe(spec);
  expect(await world.git(dir, 'status', '--porcelain')).toBe('');
  expect(world.exec.ran.map(({ file }) => file)).not.toContain('rpmdev-bumpspec');
});

test('a generated changelog gets no entry, and no tool near it', async () => {
  const spec = SPEC.replace(/%changelog\n[\s\S]*$/, '%changelog\n%autochangelog\n');
  await using world = await gitWorld(spec, { 'rpmdev-bumpspec': missing });
  const { text } = await bumped(world);
  expect(text).toBe(spec.replace('3%{?dist}', '4%{?dist}'));
  expect(world.exec.ran.map(({ file }) => file)).not.toContain('rpmdev-bumpspec');
});
