import { hostname } from 'node:os';
import { parseOptions, UsageError } from '../common/options.ts';
import { Exit, type Run, standIn } from '../common/stand-in.ts';
import { type Cache, cachePath, readCache, ticketGrantingTicket, writeCache } from './cache.ts';
import { initialTicket, KdcRefusal, type Proof, renewedTicket } from './kdc.ts';
import { readKeytab, troubleText } from './keytab.ts';
import { readRealm } from './realm.ts';

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
  const proof = async (): Promise<Proof> => {
    if (typeof keytab === 'string') {
      throw new KdcRefusal(`Pre-authentication failed: ${troubleText(keytab, keytabFile)}`);
    }
    if (keytab !== undefined) return { keys };
    run.print(`Password for ${principal}: `);
    const password = await run.readLine();
    if (password === undefined) throw new KdcRefusal('Cannot read password');
    return { password };
  };
  try {
    const fresh = await initialTicket(run, {
      principal,
      proof,
      ...(options.life === undefined ? {} : { life: seconds(options.life) }),
      ...(options.renewable === undefined ? {} : { renewableLife: seconds(options.renewable) }),
    });
    if (!store(cache, fresh)) throw new KdcRefusal('Failed to store credentials: No credentials cache found');
  } catch (error) {
    if (!(error instanceof KdcRefusal)) throw error;
    return refuse(run, `${error.message} while ${doing}`);
  }
  if (options.verbose === true) run.warn('Authenticated to Kerberos v5');
  return 0;
}

async function renew(run: Run, file: string): Promise<number> {
  const doing = 'renewing credentials';
  const cache = readCache(file);
  const old = ticketGrantingTicket(cache);
  if (cache === undefined || old === undefined) {
    return refuse(run, `No credentials cache found (filename: ${file}) while ${doing}`);
  }
  try {
    store(file, await renewedTicket(run, cache, old));
    return 0;
  } catch (error) {
    if (!(error instanceof KdcRefusal)) throw error;
    return refuse(run, `${error.message} while ${doing}`);
  }
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
