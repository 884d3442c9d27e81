import { existsSync } from 'node:fs';
import type { Run } from '../common/stand-in.ts';
import {
  type Cache,
  cachePath,
  hasLiveTicket,
  readCache,
  ticketGrantingTicket,
  writeCache,
} from './cache.ts';
import { initialTicket, KdcRefusal, serviceTicket } from './kdc.ts';
import { readKeytab } from './keytab.ts';

/** Where a client without a ticket gets one by itself. */
export interface ClientKeytab {
  readonly file: string;
  /** Without it the first principal of the keytab. */
  readonly principal?: string | undefined;
}

/**
 * The value of an `Authorization: Negotiate` for the service `HTTP` of a host, as GSSAPI makes it: from the service ticket of the cache, else by asking the
 * KDC, and a new ticket stays in the cache. Undefined for whatever reason there is none: the library tells nobody which. The token only looks like one.
 */
export async function negotiateToken(
  run: Run,
  host: string,
  keytab: ClientKeytab | undefined = environmentKeytab(run),
): Promise<string | undefined> {
  const file = cachePath(run);
  try {
    const cache = await ownCache(run, file, keytab);
    const tgt = ticketGrantingTicket(cache);
    if (cache === undefined || tgt === undefined) return undefined;
    const service = `HTTP/${host}@${tgt.client.slice(tgt.client.lastIndexOf('@') + 1)}`;
    const now = Date.now() / 1000;
    if (!cache.tickets.some(({ server, ends }) => server === service && ends > now)) {
      const { ticket } = await patiently(run, () => serviceTicket(run, tgt, service));
      writeCache(file, { ...cache, tickets: [...cache.tickets, ticket] });
    }
    return `Negotiate ${Buffer.from(`\x60ticket of ${cache.principal} for ${service}`).toString('base64')}`;
  } catch (error) {
    if (error instanceof KdcRefusal) return undefined;
    throw error;
  }
}

async function ownCache(
  run: Run,
  file: string,
  keytab: ClientKeytab | undefined,
): Promise<Cache | undefined> {
  const cache = readCache(file);
  if (hasLiveTicket(cache, Date.now() / 1000) || keytab === undefined) return cache;
  const entries = readKeytab(keytab.file);
  if (typeof entries === 'string') return cache;
  const principal = entries.find(({ principal: name }) => matches(name, keytab.principal))?.principal;
  if (principal === undefined) return cache;
  const keys = entries.filter((entry) => entry.principal === principal);
  const fresh = await initialTicket(run, { principal, proof: async () => ({ keys }) });
  writeCache(file, fresh);
  return fresh;
}

function matches(name: string, wanted: string | undefined): boolean {
  return wanted === undefined || name === wanted || name.slice(0, name.lastIndexOf('@')) === wanted;
}

/** The library asks twice for a service ticket: once for a referral, once plainly. */
async function patiently<T>(run: Run, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof KdcRefusal) || run.signal.aborted) throw error;
    return ask();
  }
}

function environmentKeytab({ env }: Pick<Run, 'env'>): ClientKeytab | undefined {
  const file = env['KRB5_CLIENT_KTNAME']?.replace(/^FILE:/, '');
  return file !== undefined && existsSync(file) ? { file } : undefined;
}
