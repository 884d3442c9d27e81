import { hostname } from 'node:os';
import { parseOptions, UsageError } from '../common/options.ts';
import { Exit, type Run, standIn } from '../common/stand-in.ts';
import { splitPrincipal } from './bytes.ts';
import { type Cache, cachePath, readCache, writeCache } from './cache.ts';
import { readKeytab, troubleText } from './keytab.ts';
import { readRealm } from './realm.ts';

/** Real seconds, as the sandbox's tickets are told by the host's clock. */
const LIFE = 24 * 3600;
const RENEWABLE_LIFE = 7 * LIFE;
/** How long after its end a ticket is still renewed. */
const CLOCK_SKEW = 300;
/** How long MIT's kinit tries a KDC that never answers. */
const SILENCE = 27;

const OPTIONS = {
  keytab: { names: ['-k'] },
  file: { names: ['-t'], takes: 'value' },
  cache: { names: ['-c'], takes: 'value' },
  renew: { names: ['-R'] },
  life: { names: ['-l'], takes: 'value' },
  renewable: { names: ['-r'], takes: 'value' },
  verbose: { names: ['-V'] },
  forwardable: { names: ['-f'] },
  not_forwardable: { names: ['-F'] },
  proxiable: { names: ['-p'] },
  not_proxiable: { names: ['-P'] },
  addresses: { names: ['-a'] },
  no_addresses: { names: ['-A'] },
} as const;

/** `kinit` of MIT Kerberos; its KDC is the realm file. */
export const kinit = standIn(async (run) => {
  const { options, args } = parse(run);
  const file = cachePath(run, options.cache);
  return options.renew === true ? renew(run, file) : obtain(run, file, options, args[0]);
});

function parse(run: Run) {
  try {
    return parseOptions(run.argv, OPTIONS, { abbreviations: false });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    run.warn(`kinit: invalid option -- '${error.option.replace(/^-+/, '')}'`);
    run.warn(
      'Usage: kinit [-V] [-l lifetime] [-s start_time] \n\t[-r renewable_life] [-f | -F | --forwardable | --noforwardable] \n\t[-p | -P | --proxiable | --noproxiable] -n [-a | -A | --addresses | --noaddresses] \n\t[--request-pac | --no-request-pac] \n\t[-C | --canonicalize] \n\t[-E | --enterprise] \n\t[-v] [-R] [-k [-i|-t keytab_file]] [-c cachename] \n\t[-S service_name] [-T ticket_armor_cache]\n\t[-X <attribute>[=<value>]] [principal]\n',
    );
    throw new Exit(2);
  }
}

type Options = ReturnType<typeof parse>['options'];

async function obtain(
  run: Run,
  cache: string,
  options: Options,
  argument: string | undefined,
): Promise<number> {
  const doing = 'getting initial credentials';
  const realm = readRealm(run);
  const name = argument ?? (options.keytab === true ? `host/${hostname()}` : (run.env['USER'] ?? 'root'));
  if (realm === undefined && !name.includes('@') && argument !== undefined) {
    return refuse(run, `Configuration file does not specify default realm when parsing name ${name}`);
  }
  // A host principal made up by kinit itself has no realm yet.
  const principal = name.includes('@')
    ? name
    : `${name}@${argument === undefined && options.keytab === true ? '' : (realm?.realm ?? '')}`;
  const keytabFile = (options.file ?? run.env['KRB5_KTNAME'] ?? '/etc/krb5.keytab').replace(/^FILE:/, '');
  const keytab = options.keytab === true ? readKeytab(keytabFile) : undefined;

  if (options.verbose === true) {
    run.warn(`Using ${options.cache === undefined ? 'default' : 'specified'} cache: ${cache}`);
    run.warn(`Using principal: ${principal}`);
    if (keytab !== undefined) run.warn(`Using keytab: ${keytabFile}`);
  }
  // Which keys a keytab has is looked up before the KDC is asked, whether it can be read at all only afterwards.
  const keys = Array.isArray(keytab) ? keytab.filter((entry) => entry.principal === principal) : [];
  if (Array.isArray(keytab) && keys.length === 0) {
    return refuse(run, `Keytab contains no suitable keys for ${principal} while ${doing}`);
  }
  await reach(run, principal, doing);
  const known = realm?.principals.find((candidate) => candidate.name === principal);
  if (known === undefined)
    return refuse(run, `Client '${principal}' not found in Kerberos database while ${doing}`);
  switch (known.state) {
    case 'locked':
      return refuse(run, `Client's credentials have been revoked while ${doing}`);
    case 'expired':
      return refuse(run, `Client's entry in database has expired while ${doing}`);
    case 'password-expired':
      return refuse(run, `Password has expired while ${doing}`);
    case undefined:
      break;
  }
  if (keytab === undefined) {
    run.print(`Password for ${principal}: `);
    return refuse(run, `Cannot read password while ${doing}`);
  }
  if (typeof keytab === 'string') {
    return refuse(run, `Pre-authentication failed: ${troubleText(keytab, keytabFile)} while ${doing}`);
  }
  if (!keys.some(({ key }) => key === known.key))
    return refuse(run, `Preauthentication failed while ${doing}`);

  const now = Math.floor(Date.now() / 1000);
  const renewable = options.renewable === undefined ? RENEWABLE_LIFE : seconds(options.renewable);
  const { realm: home } = splitPrincipal(principal);
  const ticket = {
    client: principal,
    server: `krbtgt/${home}@${home}`,
    starts: now,
    ends: now + Math.min(LIFE, options.life === undefined ? LIFE : seconds(options.life)),
    renewUntil: renewable === 0 ? 0 : now + renewable,
  };
  if (!store(cache, { principal, tickets: [ticket] })) {
    return refuse(run, `Failed to store credentials: No credentials cache found while ${doing}`);
  }
  if (options.verbose === true) run.warn('Authenticated to Kerberos v5');
  return 0;
}

async function renew(run: Run, file: string): Promise<number> {
  const doing = 'renewing credentials';
  const cache = readCache(file);
  const old = cache?.tickets[0];
  if (cache === undefined || old === undefined) {
    return refuse(run, `No credentials cache found (filename: ${file}) while ${doing}`);
  }
  const now = Math.floor(Date.now() / 1000);
  if (now > old.ends + CLOCK_SKEW) return refuse(run, `Ticket expired while ${doing}`);
  await reach(run, cache.principal, doing);
  if (old.renewUntil <= now) return refuse(run, `KDC can't fulfill requested option while ${doing}`);
  const ends = Math.min(now + (old.ends - old.starts), old.renewUntil);
  store(file, { principal: cache.principal, tickets: [{ ...old, starts: now, ends }] });
  return 0;
}

/** Ends the command where no KDC of the principal's realm answers. */
async function reach(run: Run, principal: string, doing: string): Promise<void> {
  const { realm: wanted } = splitPrincipal(principal);
  const realm = readRealm(run);
  if (realm?.realm !== wanted || realm.kdc === 'none') {
    throw new Exit(refuse(run, `Cannot find KDC for realm "${wanted}" while ${doing}`));
  }
  if (realm.kdc === undefined || realm.kdc === 'up') return;
  if (realm.kdc === 'silent') await run.sleep(SILENCE);
  throw new Exit(refuse(run, `Cannot contact any KDC for realm '${wanted}' while ${doing}`));
}

function store(file: string, cache: Cache): boolean {
  try {
    writeCache(file, cache);
    return true;
  } catch {
    return false;
  }
}

function refuse(run: Run, text: string): number {
  run.warn(`kinit: ${text}`);
  return 1;
}

/** `2s`, `1m`, `10h`, `1d2h`; a bare number is seconds. */
function seconds(duration: string): number {
  const units: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1, '': 1 };
  return [...duration.matchAll(/(\d+)([dhms]?)/g)].reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (units[unit] ?? 1),
    0,
  );
}
