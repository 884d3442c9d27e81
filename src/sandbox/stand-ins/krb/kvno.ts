import { parseOptions, UsageError } from '../common/options.ts';
import { type Run, standIn } from '../common/stand-in.ts';
import { splitPrincipal } from './bytes.ts';
import { cachePath, readCache, ticketGrantingTicket, writeCache } from './cache.ts';
import { KdcRefusal, serviceTicket } from './kdc.ts';

const OPTIONS = { cache: { names: ['-c'], takes: 'value' }, quiet: { names: ['-q'] } } as const;

/** `kvno` of MIT Kerberos: gets a service ticket by the cached one, and tells the number of the service's key. */
export const kvno = standIn(async (run) => {
  try {
    const { options, args } = parseOptions(run.argv, OPTIONS, { abbreviations: false });
    let exit = 0;
    for (const service of args) {
      if (!(await ask(run, cachePath(run, options.cache), service, options.quiet === true))) exit = 1;
    }
    return exit;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    run.warn(`kvno: invalid option -- '${error.option.replace(/^-+/, '')}'`);
    run.warn('usage: kvno [-c ccache] [-e etype] [-k keytab] [-q] [-u | -S sname] service1 service2 ...');
    return 1;
  }
});

async function ask(run: Run, file: string, argument: string, quiet: boolean): Promise<boolean> {
  const cache = readCache(file);
  const tgt = ticketGrantingTicket(cache);
  if (cache === undefined || tgt === undefined) {
    run.warn(`kvno: No credentials cache found (filename: ${file}) while getting client principal name`);
    return false;
  }
  const { realm } = splitPrincipal(cache.principal);
  const service = argument.includes('@') ? argument : `${argument}@${realm}`;
  try {
    const { ticket, version } = await serviceTicket(run, tgt, service);
    const others = cache.tickets.filter(({ server }) => server !== service);
    writeCache(file, { ...cache, tickets: [...others, ticket] });
    if (!quiet) run.print(`${service}: kvno = ${version}`);
    return true;
  } catch (error) {
    if (!(error instanceof KdcRefusal)) throw error;
    run.warn(`kvno: ${error.message} while getting credentials for ${service}`);
    return false;
  }
}
