import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeCommands } from '../../../src/sandbox/stand-ins/commands.ts';
import { standIns } from '../../../src/sandbox/stand-ins/stand-ins.ts';
import { commitLocally, config, git, makeWorld, removeTemplates } from './fedpkg-world.ts';
import { GIT_ENV } from './git-env.ts';

let dir: string;
let env: Record<string, string | undefined>;
let lookaside: http.Server;
let status: number;
let place: { dir: string; server: string; down: string };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'clone-'));
  status = 200;
  lookaside = http.createServer((_, response) => response.writeHead(status).end());
  await new Promise<void>((resolve) => lookaside.listen(0, '127.0.0.1', resolve));
  place = { dir, server: `127.0.0.1:${(lookaside.address() as AddressInfo).port}`, down: '127.0.0.1:1' };
  await mkdir(join(dir, 'home'));
  await makeWorld(place);
  env = { PATH: `${join(dir, 'bin')}:/usr/bin:/bin`, HOME: join(dir, 'home'), LC_ALL: 'C.UTF-8', ...GIT_ENV };
});

afterEach(async () => {
  lookaside.closeAllConnections();
  await new Promise((resolve) => lookaside.close(resolve));
  await rm(dir, { recursive: true });
});

afterAll(removeTemplates);

const fedpkg = (cwd: string, ...argv: string[]) =>
  standIns.fedpkg(['-C', join(dir, 'fedpkg.conf'), '--user', 'alice', ...argv], cwd, env);

const configure = (more = '') =>
  writeFile(join(dir, 'fedpkg.conf'), config(place, more).replace('skip_hooks = True\n', ''));

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

describe('fedpkg clone', () => {
  test('a clone is made of the branch, with the credential helper and without a word of its own', async () => {
    await writeFile(join(dir, 'fedpkg.conf'), config(place));
    const { exit, stdout, stderr } = await fedpkg(dir, 'clone', '-b', 'f43', 'foo', 'here');
    expect({ exit, stdout, stderr }).toEqual({
      exit: 0,
      stdout: '',
      stderr: "Cloning into 'here'...\ndone.\n",
    });
    expect(await git(join(dir, 'here'), 'symbolic-ref', '--short', 'HEAD')).toBe('f43\n');
    expect(await git(join(dir, 'here'), 'config', 'credential.helper')).toBe(
      `fedpkg -C ${join(dir, 'fedpkg.conf')} gitcred\n`,
    );
    expect(await exists(join(dir, 'here', '.git', 'hooks', 'pre-push'))).toBe(false);
  });

  test("lines for the clone's configuration and for its ignored files are obeyed", async () => {
    await configure(
      'git_excludes =\n    *.src.rpm\n    build.log\nclone_config_rpms =\n    remote.origin.x %(repo)s\n    user.note two words\n',
    );
    expect((await fedpkg(dir, 'clone', 'foo')).exit).toBe(0);
    expect(await git(join(dir, 'foo'), 'config', 'remote.origin.x')).toBe('rpms/foo\n');
    expect(await git(join(dir, 'foo'), 'config', 'user.note')).toBe('two words\n');
    expect(await readFile(join(dir, 'foo', '.git', 'info', 'exclude'), 'utf8')).toContain(
      '*.src.rpm\nbuild.log\n',
    );
  });

  test('an unknown branch ends with the text of git and the refusal of fedpkg', async () => {
    await configure();
    const { exit, stderr } = await fedpkg(dir, 'clone', '-b', 'f99', 'foo');
    expect(exit).toBe(1);
    expect(stderr).toContain('fatal: Remote branch f99 not found in upstream origin\n');
    expect(stderr).toMatch(/Could not execute clone: Failed to execute command\.\n$/);
  });
});

describe('the pre-push hook', () => {
  const FILE = 'foo-1.0.tar.gz';

  async function cloned(): Promise<string> {
    await configure();
    await writeCommands(join(dir, 'bin'), {
      user: 'alice',
      password: 'x',
      fedpkgConfig: join(dir, 'fedpkg.conf'),
      names: ['fedpkg'],
    });
    expect((await fedpkg(dir, 'clone', '-b', 'f44', 'foo')).exit).toBe(0);
    return join(dir, 'foo');
  }

  async function installSpectool(): Promise<void> {
    await writeFile(join(dir, 'bin', 'spectool'), `#!/bin/sh\necho 'Source0: ${FILE}'\n`);
    await chmod(join(dir, 'bin', 'spectool'), 0o755);
  }

  test('a push is refused where spectool is missing, and passes with --no-verify', async () => {
    const clone = await cloned();
    await commitLocally(clone);
    const refused = await fedpkg(clone, 'push');
    expect(refused.exit).toBe(1);
    expect(refused.stderr).toContain(
      "Could not execute pre_push_check: [Errno 2] No such file or directory: 'spectool'\n",
    );
    expect(refused.stderr).toMatch(/Could not execute push: Failed to execute command\.\n$/);
    expect((await fedpkg(clone, 'push', '--no-verify')).exit).toBe(0);
  });

  test('a source that is neither listed nor tracked refuses the push', async () => {
    const clone = await cloned();
    await installSpectool();
    await writeFile(join(clone, 'sources'), '');
    await git(clone, 'add', 'sources');
    await commitLocally(clone);
    const { exit, stderr } = await fedpkg(clone, 'push');
    expect(exit).toBe(1);
    expect(stderr).toContain(
      `Source file '${FILE}' was neither listed in the 'sources' file nor tracked in git nor listed in additional sources. Push operation was cancelled\nHint: this check`,
    );
  });

  test.each([
    [200, 0],
    [503, 1],
  ])('a source that the lookaside answers with %i ends the push with %i', async (code, exit) => {
    status = code;
    const clone = await cloned();
    await installSpectool();
    await writeFile(join(clone, 'sources'), `SHA512 (${FILE}) = ${'a'.repeat(128)}\n`);
    await git(clone, 'add', 'sources');
    await commitLocally(clone);
    const pushed = await fedpkg(clone, 'push');
    expect(pushed.exit).toBe(exit);
    expect(
      pushed.stderr.includes("wasn't uploaded to the lookaside cache. Push operation was cancelled."),
    ).toBe(exit === 1);
  });
});

describe('fedpkg new-sources and commit', () => {
  test('files that are there already are a success, listed, ignored and staged', async () => {
    lookaside.removeAllListeners('request');
    lookaside.on('request', (request, response) => {
      request.resume();
      request.on('end', () => response.end('Available\n'));
    });
    await configure();
    await fedpkg(dir, 'clone', '-b', 'f44', 'foo');
    const clone = join(dir, 'foo');
    await writeFile(join(clone, 'foo-1.0.tar.gz'), 'x');
    const { exit, stdout } = await fedpkg(clone, 'new-sources', 'foo-1.0.tar.gz');
    expect(exit).toBe(0);
    expect(stdout).toBe(
      `Uploading: foo-1.0.tar.gz to http://${place.server}/repo/pkgs/upload.cgi\nFile already uploaded: foo-1.0.tar.gz\nAll sources were already uploaded.\n`,
    );
    expect(await readFile(join(clone, 'sources'), 'utf8')).toMatch(
      /^SHA512 \(foo-1\.0\.tar\.gz\) = [0-9a-f]{128}\n$/,
    );
    expect(await readFile(join(clone, '.gitignore'), 'utf8')).toBe('/foo-1.0.tar.gz\n');
    expect(await git(clone, 'status', '--porcelain')).toBe('A  .gitignore\nA  sources\n');

    expect(await fedpkg(clone, 'commit')).toMatchObject({
      exit: 1,
      stderr: 'Could not execute commit: Must have a commit message or be on a real tty.\n',
    });
    expect((await fedpkg(clone, 'commit', '-m', 'new sources')).exit).toBe(0);
    expect(await git(clone, 'log', '-1', '--format=%s')).toBe('new sources\n');
  });
});
