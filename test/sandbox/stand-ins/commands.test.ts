import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeCommands } from '../../../src/sandbox/stand-ins/commands.ts';
import { writeKeytab } from '../../../src/sandbox/stand-ins/krb/keytab.ts';
import { writeRealm } from '../../../src/sandbox/stand-ins/krb/realm.ts';

let dir: string;
let bin: string;
let hub: http.Server;
let calls: string[];

/** An open task for ever, and a login. */
const ANSWERS: Readonly<Record<string, string>> = {
  login:
    '<struct><member><name>session-id</name><value><int>1</int></value></member><member><name>session-key</name><value>k</value></member></struct>',
  getAPIVersion: '<int>1</int>',
  getTaskChildren: '<array><data></data></array>',
  getTaskInfo:
    '<struct><member><name>id</name><value><int>7</int></value></member><member><name>method</name><value>newRepo</value></member><member><name>arch</name><value>noarch</value></member><member><name>state</name><value><int>0</int></value></member><member><name>request</name><value><array><data><value>f44-build</value></data></array></value></member></struct>',
  getLoggedInUser: '<struct><member><name>name</name><value>alice</value></member></struct>',
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'commands-'));
  bin = join(dir, "it's bin");
  calls = [];
  hub = http.createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const method = /<methodName>(\w+)</.exec(body)?.[1] ?? '';
    calls.push(method === 'login' ? body.replaceAll(/(<[^>]*>|\s)+/g, ' ').trim() : method);
    response.setHeader('Koji-Version', '1.35.3');
    const value = ANSWERS[method] ?? '<nil/>';
    response.end(
      `<?xml version='1.0'?><methodResponse><params><param><value>${value}</value></param></params></methodResponse>`,
    );
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  await mkdir(join(dir, '.koji'));
  await writeFile(
    join(dir, '.koji', 'config'),
    `[koji]\nserver = ${url}/kojihub\nweburl = ${url}/koji\nauthtype = password\n`,
  );
  writeRealm(join(dir, 'realm.json'), { realm: 'R', principals: [{ name: 'alice@R', key: 'ab' }] });
  writeKeytab(join(dir, 'keytab'), { principal: 'alice@R', key: 'ab' });
  await writeCommands(bin, {
    user: 'alice',
    password: "se'cret",
    fedpkgConfig: join(dir, 'fedpkg.conf'),
    realmFile: join(dir, 'realm.json'),
  });
});

afterEach(async () => {
  hub.closeAllConnections();
  await new Promise((resolve) => hub.close(resolve));
  await rm(dir, { recursive: true });
});

function start(name: string, argv: readonly string[]): ChildProcess {
  const env = { PATH: '/usr/bin:/bin', HOME: dir, KRB5CCNAME: `FILE:${join(dir, 'cc')}` };
  return spawn(join(bin, name), argv, { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function run(
  name: string,
  ...argv: string[]
): Promise<{ exit: unknown; stdout: string; stderr: string }> {
  const child = start(name, argv);
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (text) => {
    said.stdout += text;
  });
  child.stderr?.on('data', (text) => {
    said.stderr += text;
  });
  const [exit] = await once(child, 'close');
  return { exit, ...said };
}

describe('written commands', () => {
  test('each command is an executable for its owner alone', async () => {
    const names = (await readdir(bin)).filter((name) => !name.startsWith('.'));
    expect(names.sort()).toEqual(['bodhi', 'fedpkg', 'kdestroy', 'kinit', 'klist', 'koji', 'kvno']);
    for (const name of names) expect((await stat(join(bin, name))).mode & 0o777).toBe(0o700);
  });

  test('a ticket goes from kinit to klist to kdestroy', async () => {
    expect((await run('klist', '-s')).exit).toBe(1);
    expect(await run('kinit', '-k', '-t', join(dir, 'keytab'), 'alice@R')).toEqual({
      exit: 0,
      stdout: '',
      stderr: '',
    });
    expect((await run('klist', '-s')).exit).toBe(0);
    expect((await run('klist')).stdout).toContain('Default principal: alice@R\n');
    expect((await run('kdestroy')).exit).toBe(0);
    expect((await run('klist', '-s')).exit).toBe(1);
  });

  test("koji gets the sandbox's user and password, which the caller never passed", async () => {
    const { exit, stdout } = await run('koji', 'hello');
    expect(exit).toBe(0);
    expect(stdout).toMatch(
      /^.+, alice!\n\nYou are using the hub at .+ \(Koji 1\.35\.3\)\nAuthenticated via password\n$/,
    );
    expect(calls).toEqual([
      expect.stringMatching(/^login alice se'cret opts/),
      'getAPIVersion',
      'getLoggedInUser',
      'logout',
    ]);
  });

  test('fedpkg gets its configuration file, which the caller never passed', async () => {
    expect(await run('fedpkg', 'verrel')).toEqual({
      exit: 1,
      stdout: '',
      stderr: `Invalid config file ${join(dir, 'fedpkg.conf')}\n`,
    });
  });

  test('the versions that are imitated are told', async () => {
    expect((await run('bodhi', '--version')).stdout).toBe('26.4.0\n');
    expect((await run('fedpkg', '--version')).stdout).toBe('fedpkg 1.70\n');
  });

  test('a real program runs behind its command with the same added arguments', async () => {
    await writeFile(join(dir, 'real'), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
    await writeCommands(bin, {
      user: 'alice',
      password: 'p',
      fedpkgConfig: '/f.conf',
      names: ['koji'],
      programs: { koji: join(dir, 'real') },
    });
    expect((await run('koji', 'hello', 'a b')).stdout).toBe('--user\nalice\n--password\np\nhello\na b\n');
  });
});

describe('signals', () => {
  /** Watches a task for ever; resolves when the first look was printed. */
  async function watching(): Promise<{ child: ChildProcess; said: () => string }> {
    const child = start('koji', ['watch-task', '7']);
    let text = '';
    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (part) => {
        text += part;
        if (text.includes('free\n')) resolve();
      });
    });
    return { child, said: () => text };
  }

  test('SIGINT ends a watch with exit 1 and the tasks that still run', async () => {
    const { child, said } = await watching();
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(1);
    expect(said()).toBe(
      "Watching tasks (this may be safely interrupted)...\n7 newRepo (f44-build): free\nTasks still running. You can continue to watch with the 'koji watch-task' command.\nRunning Tasks:\n7 newRepo (f44-build): free\n",
    );
  });

  test('SIGTERM kills a watch; what was printed before has been seen', async () => {
    const { child, said } = await watching();
    child.kill('SIGTERM');
    expect((await once(child, 'close'))[1]).toBe('SIGTERM');
    expect(said()).toContain('7 newRepo (f44-build): free\n');
  });
});
