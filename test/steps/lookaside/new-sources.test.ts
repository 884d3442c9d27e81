import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Command, CommandResult } from '../../../src/core/ports.ts';
import newSources from '../../../src/steps/lookaside/new-sources.ts';
import { PACKAGE, SPEC } from '../../support/git-world.ts';
import { recordedCommand, whenRun } from '../../support/recorded-command.ts';
import { type CannedCommand, cannedExec, stepContext } from '../../support/step-context.ts';

const FILE = `${PACKAGE}-1.0.tar.gz`;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(`${tmpdir()}/packprobe-sources-`);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function context(answers: readonly CannedCommand[], spec = SPEC) {
  const exec = cannedExec(answers);
  const ctx = stepContext({ dir, exec });
  await ctx.files.write(`clone/${PACKAGE}.spec`, spec);
  return { ctx, exec };
}

/** `fedpkg new-sources` as it leaves the work tree. */
async function uploads(command: Command): Promise<Partial<CommandResult>> {
  const file = `${command.cwd}/${command.args.at(-1)}`;
  const hash = createHash('sha512')
    .update(await readFile(file))
    .digest('hex');
  await stepContext({ dir }).files.write(`${command.cwd}/sources`, `SHA512 (${basename(file)}) = ${hash}\n`);
  const { stdout } = recordedCommand('fedpkg/1.70/new-sources');
  return { stdout };
}

const refused = (name: string) => whenRun(['new-sources'], recordedCommand(`fedpkg/1.70/${name}`));

test('a small tarball with the name of Source0 is uploaded', async () => {
  const { ctx, exec } = await context([whenRun(['new-sources'], uploads)]);
  const output = await newSources.run({ dir: 'clone' }, ctx);
  const bytes = await readFile(`${dir}/clone/${FILE}`);
  expect(output).toEqual({
    file: FILE,
    bytes: bytes.length,
    sha512: createHash('sha512').update(bytes).digest('hex'),
  });
  expect(bytes.length).toBeLessThan(1000);
  expect(exec.ran[0]).toMatchObject({
    file: 'fedpkg',
    cwd: `${dir}/clone`,
    args: expect.arrayContaining([FILE]),
  });
});

test('a second attempt uploads the same bytes, which the lookaside then has', async () => {
  const { ctx } = await context([whenRun(['new-sources'], uploads)]);
  const first = await newSources.run({ dir: 'clone' }, ctx);
  expect(await newSources.run({ dir: 'clone' }, ctx)).toEqual(first);
});

test('another run uploads other bytes', async () => {
  const { ctx } = await context([whenRun(['new-sources'], uploads)]);
  const first = await newSources.run({ dir: 'clone' }, ctx);
  const other = { ...ctx, run: { ...ctx.run, id: '019a9000-0000-7000-8000-000000000002' } };
  expect((await newSources.run({ dir: 'clone' }, other)).sha512).not.toBe(first.sha512);
});

test('success on the lips of the command alone does not count', async () => {
  const { ctx } = await context([refused('new-sources')]);
  await expect(newSources.run({ dir: 'clone' }, ctx)).rejects.toMatchObject({
    code: 'SOURCES_NOT_WRITTEN',
    kind: 'unexpected',
  });
  await ctx.files.write('clone/sources', `SHA512 (${FILE}) = 00ff\n`);
  await expect(newSources.run({ dir: 'clone' }, ctx)).rejects.toMatchObject({ code: 'SOURCES_NOT_WRITTEN' });
});

test.each([
  ['new-sources-lookaside-503', 'LOOKASIDE_BROKEN', 'lookaside'],
  ['new-sources-lookaside-403', 'LOOKASIDE_FORBIDDEN', 'fas'],
])('recorded %s is charged as its reader says', async (name, code, system) => {
  const { ctx } = await context([refused(name)]);
  await expect(newSources.run({ dir: 'clone' }, ctx)).rejects.toMatchObject({ code, system });
});

test.each([
  ['an expired ticket', 's-expired-20m', 'keytab-good', 'KERBEROS_TICKET_EXPIRED', 'own'],
  ['a dead KDC', 's-good', 'kdc-refused-two', 'KDC_UNREACHABLE', 'fas'],
  ['a good ticket', 's-good', 'keytab-good', 'LOOKASIDE_UNAUTHORIZED', 'lookaside'],
])('a 401 with %s is charged to who is to blame', async (_name, klist, kinit, code, system) => {
  const { ctx } = await context([
    refused('new-sources-negotiate-expired-ticket'),
    whenRun(['klist'], recordedCommand(`klist/1.20.1/${klist}`)),
    whenRun(['kinit'], recordedCommand(`kinit/1.20.1/${kinit}`)),
  ]);
  await expect(newSources.run({ dir: 'clone' }, ctx)).rejects.toMatchObject({ code, system });
});

test('a source that is no tarball is refused before it is uploaded', async () => {
  const { ctx, exec } = await context([], SPEC.replace(/^Source0:.*$/m, 'Source0: payload.zip'));
  await expect(newSources.run({ dir: 'clone' }, ctx)).rejects.toMatchObject({
    code: 'SOURCE_NOT_TARBALL',
    kind: 'prober',
  });
  expect(exec.ran).toEqual([]);
});

test('the plan names the packager command', async () => {
  const { ctx } = await context([]);
  expect(newSources.commands?.({ dir: 'clone' }, ctx)).toEqual([
    ['fedpkg', '--user', 'packprobe', 'new-sources', '<file of Source0>'],
  ]);
});
