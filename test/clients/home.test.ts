import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { authorOf, commandEnvironment, homeFiles } from '../../src/clients/home.ts';
import { type Environment, environmentSchema } from '../../src/core/environment.ts';
import { Fault } from '../../src/core/fault.ts';
import { testEnvironment } from '../support/step-context.ts';

function withIdentity(identity: object, systems: object = {}): Environment {
  const base = testEnvironment(systems);
  return environmentSchema.parse({
    ...base,
    systems: { koji: { url: 'http://koji.test/kojihub' }, ...systems },
    identity: { user: 'packprobe', principal: 'packprobe@TEST.INVALID', keytab: { file: '/k' }, ...identity },
  });
}

test("the environment's command folders are searched before PATH", () => {
  const base = testEnvironment();
  const environment = { ...base, commands: { path: ['/opt/a', '/opt/b'] } };
  expect(commandEnvironment(environment, '/run/home', '/usr/bin')['PATH']).toBe('/opt/a:/opt/b:/usr/bin');
});

test('commands see the home of the run, UTC, the C locale and a cache of their own', () => {
  expect(commandEnvironment(testEnvironment(), '/run/home', '/usr/bin')).toMatchObject({
    HOME: '/run/home',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    KRB5CCNAME: 'FILE:/run/home/krb5cc',
    GIT_TERMINAL_PROMPT: '0',
    BODHI_URL: 'http://bodhi.test',
    BODHI_OPENID_PROVIDER: 'http://idp.test/openidc',
    EDITOR: 'false',
  });
});

test('what the environment does not configure is not set', () => {
  const environment = commandEnvironment(withIdentity({}), '/run/home', '/usr/bin');
  expect(Object.keys(environment)).not.toContain('KRB5_CONFIG');
  expect(Object.keys(environment)).not.toContain('BODHI_URL');
});

test('a krb5.conf of the environment reaches the commands', () => {
  const environment = testEnvironment({ fas: { krb5_config: '/etc/packprobe/krb5.conf' } });
  expect(commandEnvironment(environment, '/h', '')).toMatchObject({
    KRB5_CONFIG: '/etc/packprobe/krb5.conf',
  });
});

test('ssh never asks, never waits for ever and uses only our key', () => {
  const environment = withIdentity({ ssh_key: { file: "/run/sec rets/o'key" } });
  const command = commandEnvironment(environment, '/h', '')['GIT_SSH_COMMAND'] ?? '';
  const words = execFileSync('sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(words).toEqual(
    expect.arrayContaining(['-oBatchMode=yes', '-oStrictHostKeyChecking=yes', '-oConnectTimeout=20']),
  );
  expect(words.slice(-3)).toEqual(['-oIdentitiesOnly=yes', '-i', "/run/sec rets/o'key"]);
});

test.each([
  ['as it stands', 'KEY TEXT\n'],
  ['without its last line feed', 'KEY TEXT'],
  ['in base64', `base64:${Buffer.from('KEY TEXT\n').toString('base64')}`],
])('an ssh key in a variable, %s, becomes a private file that ssh is told of', (_name, value) => {
  const environment = withIdentity({ ssh_key: { env: 'SSH_KEY' } });
  const file = homeFiles(environment, (name) => (name === 'SSH_KEY' ? value : undefined)).find(({ path }) =>
    path.startsWith('.ssh/'),
  );
  expect(file).toMatchObject({ content: 'KEY TEXT\n', mode: 0o600 });
  expect(commandEnvironment(environment, '/h', '')['GIT_SSH_COMMAND']).toContain(`'/h/${file?.path}'`);
});

test('an ssh key whose variable is not set is told before any command runs', () => {
  const environment = withIdentity({ ssh_key: { env: 'SSH_KEY' } });
  expect(() => homeFiles(environment)).toThrow(
    expect.objectContaining({
      code: 'SECRET_MISSING',
      kind: 'prober',
      hint: expect.stringContaining('SSH_KEY'),
    }),
  );
  expect(() => homeFiles(environment)).toThrow(Fault);
});

test('the koji profile bounds its retries and doubles %', () => {
  const environment = withIdentity(
    {},
    {
      koji: {
        url: 'https://koji.test/kojihub',
        web: 'https://koji.test/k%20oji',
        profile: 'stg',
        auth: 'password',
      },
    },
  );
  const config = homeFiles(environment)
    .find(({ path }) => path === '.koji/config')
    ?.content.split('\n');
  expect(config?.[0]).toBe('[stg]');
  expect(config).toEqual(
    expect.arrayContaining([
      'server = https://koji.test/kojihub',
      'weburl = https://koji.test/k%%20oji',
      'authtype = password',
      'max_retries = 3',
      'retry_interval = 5',
      'offline_retry = false',
    ]),
  );
});

test('an environment without koji has no koji profile', () => {
  const environment = testEnvironment();
  const { koji: _koji, ...systems } = environment.systems;
  expect(homeFiles({ ...environment, systems }).map(({ path }) => path)).toEqual(['.gitconfig']);
});

test('the author is the account at its realm, also for the principal of a service', () => {
  expect(authorOf(withIdentity({ principal: 'packprobe/host.example.org@FEDORAPROJECT.ORG' }))).toEqual({
    name: 'packprobe',
    email: 'packprobe@fedoraproject.org',
  });
});

test('git reads the written configuration', () => {
  const content = homeFiles(withIdentity({ user: 'a "b" \\c' })).find(
    ({ path }) => path === '.gitconfig',
  )?.content;
  const read = (key: string) =>
    execFileSync('git', ['config', '--file', '-', key], { input: content, encoding: 'utf8' }).trim();
  expect(read('user.name')).toBe('a "b" \\c');
  expect(read('gc.auto')).toBe('0');
});
