import type { Run } from '../common/stand-in.ts';
import { splitPrincipal } from './bytes.ts';
import type { Cache, Ticket } from './cache.ts';
import type { KeytabEntry } from './keytab.ts';
import { type KdcState, type Realm, type RealmPrincipal, readRealm } from './realm.ts';

/** Real seconds, as the sandbox's tickets are told by the host's clock. */
const LIFE = 24 * 3600;
const RENEWABLE_LIFE = 7 * LIFE;
/** How far clocks may differ, and how long after its end a ticket is still renewed. */
const CLOCK_SKEW = 300;

/** Why there is no ticket, in MIT's words. */
export class KdcRefusal extends Error {}

/** Seconds after which MIT's library gives up, having tried each KDC several times. */
const PATIENCE: Readonly<Record<KdcState, number>> = {
  up: 0,
  refused: 0,
  unknown_name: 0,
  none: 0,
  silent: 27,
  silent_udp: 18,
  silent_tcp: 24,
};
/** Each further silent KDC. */
const MORE_PATIENCE = 13;
/** How long a silent KDC is waited for before the next one is tried too. */
const HEAD_START = 2;

/** Waits as the real library does until a KDC of the principal's realm answers. */
export async function reachKdc(run: Run, principal: string): Promise<Realm> {
  const { realm: wanted } = splitPrincipal(principal);
  const realm = readRealm(run);
  const states = [realm?.kdc ?? 'up'].flat();
  if (realm?.realm !== wanted || states.every((state) => state === 'none')) {
    throw new KdcRefusal(`Cannot find KDC for realm "${wanted}"`);
  }
  const first = states.indexOf('up');
  const silent = states.filter((state) => PATIENCE[state] > 0);
  if (first >= 0) {
    const before = states.slice(0, first).filter((state) => PATIENCE[state] > 0);
    if (before.length > 0) await run.sleep(before.length * HEAD_START);
    return realm;
  }
  const longest = Math.max(...states.map((state) => PATIENCE[state]));
  if (longest > 0) await run.sleep(longest + (silent.length - 1) * MORE_PATIENCE);
  throw new KdcRefusal(`Cannot contact any KDC for realm '${wanted}'`);
}

/** The KDC's own time, epoch seconds. */
export function kdcTime({ clock_offset_s: offset = 0 }: Realm): number {
  return Math.floor(Date.now() / 1000) + offset;
}

/** What a client proves itself by: keys of its keytab, or a password. */
export type Proof = { readonly keys: readonly KeytabEntry[] } | { readonly password: string };

export interface Wish {
  readonly principal: string;
  /** Asked for only once the KDC knows the principal, as the real library does. Throws {@link KdcRefusal}. */
  readonly proof: () => Promise<Proof>;
  /** Seconds. */
  readonly life?: number;
  readonly renewableLife?: number;
}

/** A ticket-granting ticket from the KDC. Throws {@link KdcRefusal}. */
export async function initialTicket(run: Run, { principal, proof, ...wish }: Wish): Promise<Cache> {
  const realm = await reachKdc(run, principal);
  const known = knownPrincipal(realm, principal);
  if (known === undefined) throw new KdcRefusal(`Client '${principal}' not found in Kerberos database`);
  refuseByState(known);
  const given = await proof();
  if (!isRight(known, given)) {
    throw new KdcRefusal('keys' in given ? 'Preauthentication failed' : 'Password incorrect');
  }
  const { clock_offset_s: offset = 0 } = realm;
  if (realm.corrects_clock === false && Math.abs(offset) > CLOCK_SKEW) {
    throw new KdcRefusal('Clock skew too great');
  }
  const now = kdcTime(realm);
  const renewable = wish.renewableLife ?? (realm.renewable === false ? 0 : RENEWABLE_LIFE);
  const ticket: Ticket = {
    client: principal,
    server: `krbtgt/${realm.realm}@${realm.realm}`,
    starts: now,
    ends: now + Math.min(LIFE, wish.life ?? LIFE),
    renewUntil: renewable === 0 ? 0 : now + renewable,
  };
  return { principal, tickets: [ticket] };
}

function refuseByState({ state }: RealmPrincipal): void {
  switch (state) {
    case 'locked':
      throw new KdcRefusal("Client's credentials have been revoked");
    case 'expired':
      throw new KdcRefusal("Client's entry in database has expired");
    case 'password_expired':
      throw new KdcRefusal('Password has expired');
    default:
      return;
  }
}

function isRight(known: RealmPrincipal, given: Proof): boolean {
  if ('password' in given) return given.password === known.password;
  return known.state !== 'rekeyed' && given.keys.some(({ key }) => key === known.key);
}

/** The same ticket for longer. Throws {@link KdcRefusal}. */
export async function renewedTicket(run: Run, cache: Cache, old: Ticket): Promise<Cache> {
  if (Math.floor(Date.now() / 1000) > old.ends + CLOCK_SKEW) throw new KdcRefusal('Ticket expired');
  const realm = await reachKdc(run, cache.principal);
  const now = kdcTime(realm);
  if (old.renewUntil <= now) throw new KdcRefusal("KDC can't fulfill requested option");
  const ends = Math.min(now + (old.ends - old.starts), old.renewUntil);
  return { principal: cache.principal, tickets: [{ ...old, starts: now, ends }] };
}

/** A service ticket by a ticket-granting one: that of the service, and the number of its key. Throws {@link KdcRefusal}. */
export async function serviceTicket(
  run: Run,
  tgt: Ticket,
  service: string,
): Promise<{ readonly ticket: Ticket; readonly version: number }> {
  if (tgt.ends <= Date.now() / 1000) throw new KdcRefusal('Ticket expired');
  const realm = await reachKdc(run, tgt.client);
  const known = knownPrincipal(realm, service);
  if (known === undefined) throw new KdcRefusal(`Server ${service} not found in Kerberos database`);
  const starts = kdcTime(realm);
  return { ticket: { ...tgt, server: service, starts }, version: known.version ?? 1 };
}

function knownPrincipal(realm: Realm, name: string): RealmPrincipal | undefined {
  return realm.principals.find((known) => known.name === name);
}
