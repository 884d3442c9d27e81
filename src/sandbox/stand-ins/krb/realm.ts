import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Run } from '../common/stand-in.ts';

/** A principal as the sandbox's KDC knows it: a person, a host or a service (`HTTP/localhost@SANDBOX.INVALID`). */
export interface RealmPrincipal {
  /** With its realm: `packprobe@SANDBOX.INVALID`. */
  readonly name: string;
  /** The current key, hex. */
  readonly key: string;
  /** For a login by words; without it none is right. */
  readonly password?: string;
  /** Number of the key. @defaultValue 1 */
  readonly version?: number;
  /** Why the KDC refuses it, if it does; `rekeyed`: the key was changed, each keytab made before is worth nothing. */
  readonly state?: PrincipalState;
}

const PRINCIPAL_STATES = ['locked', 'expired', 'password_expired', 'rekeyed'] as const;

export type PrincipalState = (typeof PRINCIPAL_STATES)[number];

/**
 * How a KDC is reached. `refused`: nobody listens; `silent`: packets are dropped, connections never answered; `silent_udp`, `silent_tcp`: so by that
 * protocol alone, the other one refuses; `unknown_name`: its name does not resolve; `none`: the configuration names no KDC.
 */
const KDC_STATES = ['up', 'refused', 'silent', 'silent_udp', 'silent_tcp', 'unknown_name', 'none'] as const;

export type KdcState = (typeof KDC_STATES)[number];

/** Whether an answer of the rule point `fas.kdc` is one. */
export function isKdcState(answer: unknown): answer is KdcState {
  return KDC_STATES.some((state) => state === answer);
}

/** The realm that stands in for a KDC: a file that `kinit` reads each time, so that a fault may rewrite it. */
export interface Realm {
  readonly realm: string;
  /** One KDC, or several in the order in which they are tried. @defaultValue up */
  readonly kdc?: KdcState | readonly KdcState[];
  /** Seconds by which the KDC's clock is ahead of the host's. @defaultValue 0 */
  readonly clock_offset_s?: number;
  /** Whether kinit corrects itself by the KDC's clock: `kdc_timesync` of krb5.conf. @defaultValue true */
  readonly corrects_clock?: boolean;
  /** Whether tickets are renewable without being asked for: `renew_lifetime` of krb5.conf. @defaultValue true */
  readonly renewable?: boolean;
  readonly principals: readonly RealmPrincipal[];
}

/** What a rule may say of the realm beyond its KDC: any of this, for the time of a fault. */
export interface RealmFault {
  readonly kdc?: KdcState | readonly KdcState[];
  readonly clock_offset_s?: number;
  readonly corrects_clock?: boolean;
  readonly renewable?: boolean;
  /** State of all principals. */
  readonly principals?: PrincipalState;
}

/** The realm as an answer of the rule point `fas.kdc` makes it; what is no answer leaves it as it is. */
export function faultyRealm(realm: Realm, answer: unknown): Realm {
  if (isKdcState(answer)) return { ...realm, kdc: answer };
  if (typeof answer !== 'object' || answer === null) return realm;
  const { principals: state, ...fault } = answer as RealmFault;
  if (state === undefined) return { ...realm, ...fault };
  return { ...realm, ...fault, principals: realm.principals.map((known) => ({ ...known, state })) };
}

/** Environment variable that names the realm file; the written commands set it. */
export const REALM_VARIABLE = 'SANDBOX_REALM';

/** Replaces the realm file as a whole: a `kinit` at work never sees half of it. */
export function writeRealm(file: string, realm: Realm): void {
  writeFileSync(`${file}.new`, JSON.stringify(realm), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The realm of this command; undefined where none is configured, as with a missing krb5.conf. */
export function readRealm(run: Pick<Run, 'env'>): Realm | undefined {
  const file = run.env[REALM_VARIABLE];
  if (file === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Realm;
  } catch {
    return undefined;
  }
}
