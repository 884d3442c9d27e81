import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Run } from '../common/stand-in.ts';

/** A principal as the sandbox's KDC knows it. */
export interface RealmPrincipal {
  /** With its realm: `packprobe@SANDBOX.INVALID`. */
  readonly name: string;
  /** The current key, hex. */
  readonly key: string;
  /** Why the KDC refuses it, if it does. */
  readonly state?: 'locked' | 'expired' | 'password-expired';
}

/** `silent` answers nothing: kinit then waits its 27 s; `none`: the configuration names no KDC. */
const KDC_STATES = ['up', 'refused', 'silent', 'none'] as const;

export type KdcState = (typeof KDC_STATES)[number];

/** Whether an answer of the rule point `fas.kdc` is one. */
export function isKdcState(answer: unknown): answer is KdcState {
  return KDC_STATES.some((state) => state === answer);
}

/** The realm that stands in for a KDC: a file that `kinit` reads each time, so that a fault may rewrite it. */
export interface Realm {
  readonly realm: string;
  /** @defaultValue up */
  readonly kdc?: KdcState;
  readonly principals: readonly RealmPrincipal[];
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
