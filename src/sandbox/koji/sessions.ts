import { randomInt } from 'node:crypto';
import { FAULT, generic, KojiFault, notAllowed, pythonFault } from './faults.ts';
import { type Hub, hasPerm, type Session, type User } from './hub.ts';
import { Float, isStruct, repr, type Struct, type Value } from './value.ts';

/** Seconds of sandbox time after which a session must be renewed. */
const RENEWAL_S = 1440 * 60;

/** Methods that may be repeated with the number of a write. */
const REPEATABLE = new Set([
  'host.taskWait',
  'host.taskUnwait',
  'host.taskSetWait',
  'host.updateHost',
  'host.setBuildRootState',
  'repoExpire',
  'repoDelete',
  'repoProblem',
]);

/** Who makes a call: nobody, or the user of a living session. */
export interface Caller {
  readonly session: Session | undefined;
  readonly callnum: number | null;
  /** An expired session that only a login may use. */
  readonly expired: Session | undefined;
}

export interface SessionClaim {
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Query of the URL without `?`. */
  readonly query: string;
  readonly method: string | undefined;
}

const NOBODY: Caller = { session: undefined, callnum: null, expired: undefined };

/** Finds the session that a request claims; a bad claim makes even a reading call fail. */
export function findCaller(hub: Hub, claim: SessionClaim): Caller {
  const said = readClaim(hub, claim);
  if (said === undefined) return NOBODY;
  const { id, key, callnum } = said;
  const session = hub.sessions.find((one) => one.id === id && one.key === key && !one.closed);
  if (session === undefined) throw new KojiFault(FAULT.auth, 'Invalid session or bad credentials');
  const isLogin = claim.method === 'login' || claim.method === 'sslLogin';
  if (hub.now() > (session.renew_ts ?? session.start_ts) + RENEWAL_S) {
    if (!isLogin) throw new KojiFault(FAULT.expired, `session "${id}" has expired`);
    return { session: undefined, callnum, expired: session };
  }
  assertInOrder(session, callnum, claim.method);
  const exclusive = hub.sessions.find((one) => one.exclusive && !one.closed && one.user === session.user);
  const mayStay = isLogin || claim.method === 'exclusiveSession' || claim.method === 'logout';
  if (exclusive !== undefined && exclusive !== session && !mayStay) {
    throw new KojiFault(FAULT.locked, 'User locked by another session');
  }
  session.update_ts = hub.now();
  return { session, callnum, expired: undefined };
}

interface Claimed {
  readonly id: number;
  readonly key: string;
  readonly callnum: number | null;
}

function readClaim(hub: Hub, { headers, query }: SessionClaim): Claimed | undefined {
  const header = (name: string) => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const id = header('koji-session-id');
  if (id !== undefined) {
    const key = header('koji-session-key');
    const number = readInt(id);
    if (key === undefined) throw pythonFault('KeyError', "'HTTP_KOJI_SESSION_KEY'");
    const sent =
      header('koji-callnum') ??
      (hub.deps.generation === 'release' ? undefined : header('koji-session-callnum'));
    return { id: number, key, callnum: sent === undefined ? null : readInt(sent) };
  }
  if (query === '') return undefined;
  const bad = query.split('&').find((part) => !part.includes('='));
  if (bad !== undefined) throw pythonFault('ValueError', `bad query field: ${repr(bad)}`);
  const fields = new URLSearchParams(query);
  const missing = ['session-id', 'session-key'].find((name) => !fields.has(name));
  if (missing !== undefined) {
    throw new KojiFault(FAULT.auth, `'${missing}' not specified in session args`);
  }
  const callnum = fields.get('callnum');
  if (callnum !== null && !/^\d+$/.test(callnum)) {
    throw new KojiFault(FAULT.auth, `Invalid callnum: ${repr(callnum)}`);
  }
  return {
    id: readInt(fields.get('session-id') ?? ''),
    key: fields.get('session-key') ?? '',
    callnum: callnum === null ? null : Number(callnum),
  };
}

function readInt(text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) {
    throw pythonFault('ValueError', `invalid literal for int() with base 10: ${repr(text)}`);
  }
  return Number(text);
}

function assertInOrder(session: Session, callnum: number | null, method: string | undefined): void {
  if (callnum === null || session.callnum === null) return;
  if (session.callnum > callnum) {
    throw new KojiFault(FAULT.sequence, `${session.callnum} > ${callnum} (session ${session.id})`);
  }
  if (session.callnum === callnum && !REPEATABLE.has(method ?? '')) {
    throw new KojiFault(
      FAULT.retry,
      `unable to retry call ${callnum} (method ${method}) for session ${session.id}`,
    );
  }
}

/** The number is kept only together with a real change, so that reads and failed calls can be repeated. */
export function keepCallNumber({ session, callnum }: Caller): void {
  if (session !== undefined && callnum !== null) session.callnum = callnum;
}

export interface Login {
  readonly user: Value;
  readonly password: Value;
  readonly renew: boolean;
  readonly exclusive: boolean;
}

/** Password login; with `renew` an expired session goes on with a new key. */
export function logIn(hub: Hub, caller: Caller, { user, password, renew, exclusive }: Login): Struct {
  const refused = () => new KojiFault(FAULT.auth, 'invalid username or password');
  if (typeof password !== 'string' || password === '') throw refused();
  if (caller.session !== undefined && !renew) throw new KojiFault(FAULT.auth, 'Already logged in');
  const account = hub.users.find((one) => one.name === user);
  if (account === undefined || account.password !== password) throw refused();
  const old = caller.expired ?? caller.session;
  const session = renew && old !== undefined ? old : openSession(hub, account);
  if (renew && old !== undefined) {
    session.key = newKey(account);
    session.renew_ts = hub.now();
    session.callnum = null;
  }
  if (exclusive) makeExclusive(hub, session, true);
  return { 'session-id': session.id, 'session-key': session.key, 'header-auth': true };
}

export function openSession(hub: Hub, user: User): Session {
  const stamp = hub.now();
  const session: Session = {
    id: hub.sessions.length + 1,
    key: newKey(user),
    user,
    callnum: null,
    exclusive: false,
    closed: false,
    start_ts: stamp,
    renew_ts: null,
    update_ts: stamp,
  };
  hub.sessions.push(session);
  return session;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function newKey(user: User): string {
  const letters = Array.from({ length: 19 }, () => ALPHABET[randomInt(ALPHABET.length)]);
  return `${user.id}-${letters.join('')}`;
}

export function makeExclusive(hub: Hub, session: Session, force: boolean): void {
  const other = hub.sessions.find((one) => one.exclusive && !one.closed && one.user === session.user);
  if (other !== undefined && other !== session) {
    if (!force) throw new KojiFault(FAULT.locked, 'Cannot get exclusive session');
    other.closed = true;
  }
  session.exclusive = true;
}

/** Ends the caller's session, or another one of the same user. */
export function logOut(hub: Hub, { session }: Caller, other: Value): void {
  if (session === undefined) throw new KojiFault(FAULT.auth, 'Not logged in');
  const closing = other === null ? session : hub.sessions.find(({ id }) => id === other);
  if (closing === undefined || (closing.user !== session.user && !hasPerm(session.user, 'admin'))) {
    throw generic('query returned no rows');
  }
  closing.closed = true;
}

/** The caller's account; everything that changes something asks for it. */
export function mustBeUser({ session }: Caller): User {
  if (session === undefined) throw notAllowed('you must be logged in for this operation');
  return session.user;
}

/** The caller's account if it has the permission. */
export function mustHavePerm({ session }: Caller, perm: string): User {
  if (session !== undefined && hasPerm(session.user, perm)) return session.user;
  const who = session === undefined ? 'user not logged in' : `logged in as ${session.user.name}`;
  throw notAllowed(`${perm} permission required (${who})`);
}

/** `{"request": true}` without the marker is an ordinary argument: true when it holds anything. */
export function flag(value: Value | undefined): boolean {
  if (isStruct(value)) return Object.keys(value).length > 0;
  return value instanceof Float ? value.value !== 0 : Boolean(value);
}
