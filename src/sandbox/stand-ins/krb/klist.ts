import { shortTime } from '../common/local-time.ts';
import { parseOptions, UsageError } from '../common/options.ts';
import { Exit, type Run, standIn } from '../common/stand-in.ts';
import { cachePath, hasLiveTicket, readCache } from './cache.ts';
import { readKeytab, troubleText } from './keytab.ts';

const OPTIONS = {
  silent: { names: ['-s'] },
  keytab: { names: ['-k'] },
  cache: { names: ['-c'] },
  types: { names: ['-e'] },
  times: { names: ['-t'] },
  flags: { names: ['-f'] },
} as const;

const ENCTYPES: Readonly<Record<number, string>> = {
  17: 'aes128-cts-hmac-sha1-96',
  18: 'aes256-cts-hmac-sha1-96',
  19: 'aes128-cts-hmac-sha256-128',
  20: 'aes256-cts-hmac-sha384-192',
  23: 'DEPRECATED:arcfour-hmac',
};

/** `klist` of MIT Kerberos: reads files, asks no KDC. */
export const klist = standIn(async (run) => {
  const { options, args } = parse(run);
  if (options.keytab === true)
    return listKeytab(run, args[0], options.times === true, options.types === true);
  const file = cachePath(run, args[0]);
  const cache = readCache(file);
  if (options.silent === true) return hasLiveTicket(cache, Date.now() / 1000) ? 0 : 1;
  if (cache === undefined) {
    run.warn(`klist: No credentials cache found (filename: ${file})`);
    return 1;
  }
  run.print(`Ticket cache: FILE:${file}`);
  run.print(`Default principal: ${cache.principal}`);
  run.print('');
  run.print('Valid starting     Expires            Service principal');
  for (const { starts, ends, server, renewUntil } of cache.tickets) {
    run.print(`${shortTime(starts)}  ${shortTime(ends)}  ${server}`);
    if (renewUntil > 0) run.print(`\trenew until ${shortTime(renewUntil)}`);
  }
  return 0;
});

function parse(run: Run) {
  try {
    return parseOptions(run.argv, OPTIONS, { abbreviations: false });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    run.warn(`klist: invalid option -- '${error.option.replace(/^-+/, '')}'`);
    run.warn(
      'Usage: klist [-e] [-V] [[-c] [-l] [-A] [-d] [-f] [-s] [-a [-n]]] [-k [-i] [-t] [-K]] [-C] [name]',
    );
    throw new Exit(1);
  }
}

function listKeytab(run: Run, argument: string | undefined, times: boolean, types: boolean): number {
  const file = (argument ?? run.env['KRB5_KTNAME'] ?? '/etc/krb5.keytab').replace(/^FILE:/, '');
  run.print(`Keytab name: FILE:${file}`);
  const entries = readKeytab(file);
  if (typeof entries === 'string') {
    run.warn(`klist: ${troubleText(entries, file)} while starting keytab scan`);
    return 1;
  }
  run.print(times ? 'KVNO Timestamp         Principal' : 'KVNO Principal');
  run.print(times ? `---- ----------------- ${'-'.repeat(56)}` : `---- ${'-'.repeat(74)}`);
  for (const { version, timestamp, principal, enctype } of entries) {
    const time = times ? `${shortTime(timestamp)} ` : '';
    const type = types ? ` (${ENCTYPES[enctype] ?? `etype ${enctype}`}) ` : '';
    run.print(`${String(version).padStart(4)} ${time}${principal}${type}`);
  }
  return 0;
}
