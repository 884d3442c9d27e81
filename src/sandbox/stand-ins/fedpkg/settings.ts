import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Ini, isTrue, mergeIni, parseIni } from '../common/ini.ts';
import { Exit, home, type Run } from '../common/stand-in.ts';
import { splitPrincipal } from '../krb/bytes.ts';
import { cachePath, readCache } from '../krb/cache.ts';

/** Section of the configuration: the name of the program. */
const SECTION = 'fedpkg';
const REQUIRED = [
  'lookaside',
  'lookasidehash',
  'lookaside_cgi',
  'gitbaseurl',
  'anongiturl',
  'branchre',
  'build_client',
];

/** A reason why a command was not carried out; `Could not execute NAME: TEXT`, exit 1. */
export class Refused extends Error {}

/** Global options that stand before the command. */
export interface GlobalOptions {
  readonly config: string | undefined;
  readonly release: string | undefined;
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly quiet: boolean;
}

/** What the configuration says. */
export interface Settings {
  readonly lookaside: string;
  readonly lookasideCgi: string;
  readonly hashType: string;
  readonly gitBaseUrl: string;
  readonly anonGitUrl: string;
  readonly kojiProfile: string;
  readonly namespaced: boolean;
  readonly namespaces: readonly string[];
  readonly lookasideNamespaced: boolean;
  readonly realms: readonly string[];
  readonly skipHooks: boolean;
  readonly attempts: number;
  readonly delayS: number;
  readonly excludes: readonly string[];
  /** Lines `KEY VALUE` for the clone's git configuration, by namespace. */
  readonly cloneConfig: (namespace: string) => readonly string[];
  /** Without it gating.yaml is not validated. */
  readonly greenwaveUrl: string | undefined;
}

/** A command of `fedpkg` at work. */
export interface Context {
  readonly run: Run;
  readonly settings: Settings;
  readonly globals: GlobalOptions;
  /** Absolute; where the repository is, or where a clone is made. */
  readonly path: string;
  /** What the command's log shows: nothing but warnings with `-q`. */
  say(line: string): void;
}

/** The configuration as a whole; a missing main file ends the command. */
export function readConfig(run: Run, main = '/etc/rpkg/fedpkg.conf', user?: string): Ini {
  if (!existsSync(main)) {
    run.warn(`Invalid config file ${main}`);
    throw new Exit(1);
  }
  const own = user ?? join(home(run), '.config', 'rpkg', 'fedpkg.conf');
  return mergeIni([main, own].filter(existsSync).map((file) => parseIni(readFileSync(file, 'utf8'))));
}

/** Throws {@link Refused} with Python's words for a key that every command needs. */
export function readSettings(config: Ini): Settings {
  const section = config.get(SECTION);
  if (section === undefined) throw new Refused(`No section: '${SECTION}'`);
  for (const key of REQUIRED) if (!section.has(key)) throw new Refused(`'${key}'`);
  const kojiProfile = section.get('kojiprofile');
  if (kojiProfile === undefined) throw new Refused('Missing kojiprofile to load Koji session.');
  const text = (key: string) => section.get(key) ?? '';
  const words = (key: string) =>
    text(key)
      .split(/[\s,]+/)
      .filter((word) => word !== '');
  const lines = (key: string) =>
    text(key)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  return {
    lookaside: text('lookaside'),
    lookasideCgi: text('lookaside_cgi'),
    hashType: text('lookasidehash'),
    gitBaseUrl: text('gitbaseurl'),
    anonGitUrl: text('anongiturl'),
    kojiProfile,
    namespaced: isTrue(text('distgit_namespaced')),
    namespaces: words('distgit_namespaces'),
    lookasideNamespaced: isTrue(text('lookaside_namespaced')),
    realms: words('kerberos_realms'),
    skipHooks: isTrue(text('skip_hooks')),
    attempts: Number(section.get('lookaside_attempts') ?? 1),
    delayS: Number(section.get('lookaside_delay') ?? 15),
    excludes: lines('git_excludes'),
    cloneConfig: (namespace) => lines(`clone_config_${namespace}`),
    greenwaveUrl: config.get(`${SECTION}.greenwave`)?.get('url'),
  };
}

/** Who works: `--user`, else the ticket of a listed realm (also an expired one), else `~/.fedora.upn`, else the login name. */
export function userName({ run, settings, globals }: Context): string {
  if (globals.user !== undefined) return globals.user;
  const ticket = kerberosUser(run, settings);
  if (ticket !== undefined) return ticket;
  const upn = join(home(run), '.fedora.upn');
  return existsSync(upn) ? readFileSync(upn, 'utf8').trim() : userInfo().username;
}

/** The principal without its realm, instance included. */
export function kerberosUser(run: Run, settings: Settings): string | undefined {
  const cache = readCache(cachePath(run));
  if (cache === undefined) return undefined;
  const { components, realm } = splitPrincipal(cache.principal);
  return settings.realms.includes(realm) ? components.join('/') : undefined;
}
