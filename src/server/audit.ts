import type { AuditEntry } from '../core/audit.ts';
import type { Caller } from './route.ts';
import type { ServerOptions } from './server.ts';

/**
 * Writes down who asks for what, before it is done: whoever is killed in between leaves a word too many, never a deed without one.
 * @param detail what the subject does not say; the address is added
 */
export async function writeDown(
  { store, clock, log }: Pick<ServerOptions, 'store' | 'clock' | 'log'>,
  { name, address }: Caller,
  { action, subject, detail }: Pick<AuditEntry, 'action' | 'subject' | 'detail'>,
): Promise<void> {
  const from = `from ${address}`;
  await store.audit.add({
    at: clock.now(),
    who: name,
    through: 'api',
    action,
    subject,
    detail: detail === '' ? from : `${detail} (${from})`,
  });
  log.info({ who: name, address, action, subject }, 'asked over HTTP');
}
