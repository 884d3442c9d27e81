import { type Environment, systemOf } from '../core/environment.ts';
import { Fault } from '../core/fault.ts';

/** One file of a run's HOME; `path` is relative to it. */
export interface HomeFile {
  readonly path: string;
  readonly content: string;
  readonly mode?: number;
}

const SSH_KEY = '.ssh/packprobe';

/**
 * The whole environment of every command of a run: nothing else is inherited, so that a run never depends on who started it, and nothing
 * here ever asks a question.
 *
 * @param home absolute; the run's own
 * @param path PATH of the host
 */
export function commandEnvironment(
  environment: Environment,
  home: string,
  path: string,
): Record<string, string> {
  const { fas, bodhi } = environment.systems;
  return {
    PATH: [...environment.commands.path, path].filter((part) => part !== '').join(':'),
    HOME: home,
    USER: environment.identity.user,
    LOGNAME: environment.identity.user,
    // The texts that clients match are those of this locale; dates of klist are read as UTC.
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    PYTHONUNBUFFERED: '1',
    NO_COLOR: '1',
    KRB5CCNAME: `FILE:${home}/krb5cc`,
    ...(fas?.krb5_config === undefined ? {} : { KRB5_CONFIG: fas.krb5_config }),
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_GLOBAL: `${home}/.gitconfig`,
    GIT_SSH_COMMAND: sshCommand(environment, home),
    GIT_PAGER: 'cat',
    PAGER: 'cat',
    // An editor that opens is a command that hangs.
    EDITOR: 'false',
    VISUAL: 'false',
    GIT_EDITOR: 'false',
    BROWSER: 'false',
    ...(bodhi === undefined ? {} : { BODHI_URL: bodhi.url }),
    ...(bodhi?.id_provider === undefined ? {} : { BODHI_OPENID_PROVIDER: bodhi.id_provider }),
  };
}

/**
 * What stands in a run's HOME before its first command.
 *
 * @param variable reads an environment variable of packprobe; needed where `identity.ssh_key` is `{env}`
 */
export function homeFiles(
  environment: Environment,
  variable: (name: string) => string | undefined = () => undefined,
): readonly HomeFile[] {
  return [
    { path: '.gitconfig', content: gitConfig(environment) },
    ...(environment.systems.koji === undefined
      ? []
      : [{ path: '.koji/config', content: kojiConfig(environment) }]),
    ...sshKeyFiles(environment, variable),
  ];
}

/** Who the commits and changelog entries of this environment are by. */
export function authorOf(environment: Environment): { readonly name: string; readonly email: string } {
  const { user, principal } = environment.identity;
  const realm = principal.slice(principal.lastIndexOf('@') + 1);
  return { name: user, email: `${user}@${realm.toLowerCase()}` };
}

function sshCommand(environment: Environment, home: string): string {
  const key = environment.identity.ssh_key;
  const options = [
    'ssh',
    '-oBatchMode=yes',
    '-oStrictHostKeyChecking=yes',
    '-oConnectTimeout=20',
    '-oServerAliveInterval=15',
    '-oServerAliveCountMax=4',
  ];
  if (key !== undefined) {
    const file = 'file' in key ? key.file : `${home}/${SSH_KEY}`;
    // IdentitiesOnly: an agent with many keys is thrown out before ours is tried.
    options.push('-oIdentitiesOnly=yes', '-i', shellQuoted(file));
  }
  return options.join(' ');
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function sshKeyFiles(
  environment: Environment,
  variable: (name: string) => string | undefined,
): readonly HomeFile[] {
  const key = environment.identity.ssh_key;
  if (key === undefined || 'file' in key) return [];
  const value = variable(key.env);
  if (value === undefined || value === '') {
    throw new Fault(`the ssh key's variable ${key.env} is not set`, {
      code: 'SECRET_MISSING',
      kind: 'prober',
      evidence: { variable: key.env },
      hint: `Set ${key.env} to the private key, or name a file in identity.ssh_key of the environment file.`,
    });
  }
  const text = value.startsWith('base64:')
    ? Buffer.from(value.slice('base64:'.length), 'base64').toString('utf8')
    : value;
  // ssh refuses a key without a last line feed ("error in libcrypto"), which shells and secret stores like to drop.
  return [{ path: SSH_KEY, content: text.endsWith('\n') ? text : `${text}\n`, mode: 0o600 }];
}

function gitConfig(environment: Environment): string {
  const { name, email } = authorOf(environment);
  return `[user]
\tname = ${gitQuoted(name)}
\temail = ${gitQuoted(email)}
[init]
\tdefaultBranch = main
[push]
\tdefault = simple
[pull]
\tff = only
[commit]
\tgpgSign = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
[http]
\tlowSpeedLimit = 100
\tlowSpeedTime = 60
`;
}

function gitQuoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&').replaceAll(/[\r\n]/g, ' ')}"`;
}

/**
 * Every key that a host's own /etc/koji.conf may set is overridden. The bounds are the point: by its defaults koji 1.36 is silent for ten minutes
 * (30 tries, 20 s apart, also for anonymous calls) before it says that the hub is down.
 */
function kojiConfig(environment: Environment): string {
  const { url, web, profile, auth } = systemOf(environment, 'koji');
  const lines = {
    server: url.replace(/\/+$/, ''),
    weburl: web ?? url.replace(/\/kojihub\/?$/, '/koji'),
    authtype: auth,
    max_retries: '3',
    retry_interval: '5',
    anon_retry: 'false',
    offline_retry: 'false',
    timeout: '60',
    auth_timeout: '60',
  };
  // Python's ConfigParser interpolates: a literal % is written twice.
  const written = Object.entries(lines).map(([key, value]) => `${key} = ${value.replaceAll('%', '%%')}`);
  return `[${profile}]\n${written.join('\n')}\n`;
}
