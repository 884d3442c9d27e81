import { FAULT, KojiFault } from '../faults.ts';
import { mustFindUser, type Session, type User } from '../hub.ts';
import { type Methods, read, session } from '../method.ts';
import { type Caller, flag, keepCallNumber, logIn, logOut, makeExclusive, openSession } from '../sessions.ts';
import { datetimeRepr, floatOrNil, timeOrNil, timeText } from '../stamps.ts';
import { Float, repr, type Struct } from '../value.ts';

/** The hub's release; it stands in every answer as a header. */
export const KOJI_VERSION = '1.35.3';

/** The account as `getUser` gives it. */
export function userStruct(user: User): Struct {
  return { id: user.id, name: user.name, status: user.status, usertype: user.usertype, krb_principals: [] };
}

function sessionStruct(caller: Caller, details: boolean): Struct | null {
  const { session: living } = caller;
  if (living === undefined) return null;
  return {
    authtype: 0,
    callnum: living.callnum,
    exclusive: living.exclusive ? true : null,
    expired: false,
    master: null,
    renew_time: timeOrNil(living.renew_ts),
    renew_ts: floatOrNil(living.renew_ts),
    start_time: timeText(living.start_ts),
    start_ts: new Float(living.start_ts),
    update_time: timeText(living.update_ts),
    update_ts: new Float(living.update_ts),
    user_id: living.user.id,
    ...(details ? { hostip: '-', id: living.id } : {}),
  };
}

/** The row of the session as Python shows it. */
function sessionRepr(living: Session): string {
  const { callnum, exclusive, renew_ts, start_ts, update_ts, user } = living;
  return [
    `'authtype': 0, 'callnum': ${repr(callnum)}, 'exclusive': ${repr(exclusive ? true : null)}`,
    `'expired': False, 'master': None, 'renew_time': ${datetimeRepr(renew_ts)}`,
    `'renew_ts': ${repr(floatOrNil(renew_ts))}, 'start_time': ${datetimeRepr(start_ts)}`,
    `'start_ts': ${start_ts}, 'update_time': ${datetimeRepr(update_ts)}, 'update_ts': ${update_ts}`,
    `'user_id': ${user.id}`,
  ].join(', ');
}

/** Greeting, login and everything about who is calling. */
export const sessionMethods: Methods = {
  getAPIVersion: read('RootExports.getAPIVersion()', () => 1),
  getKojiVersion: read('RootExports.getKojiVersion()', () => KOJI_VERSION),
  hello: read('RootExports.hello(*args)', () => 'Hello World'),
  echo: read('RootExports.echo(*args)', ({ rest }) => rest ?? []),
  login: session(
    'Session.login(user, password, opts=None, renew=False, exclusive=False)',
    ({ user = null, password = null, renew, exclusive }, { hub, caller }) =>
      logIn(hub, caller, { user, password, renew: flag(renew), exclusive: flag(exclusive) }),
  ),
  sslLogin: session(
    'Session.sslLogin(proxyuser=None, proxyauthtype=None, renew=False, exclusive=None)',
    (_args, { caller }) => {
      if (caller.session !== undefined) throw new KojiFault(FAULT.auth, 'Already logged in');
      throw new KojiFault(FAULT.auth, 'could not verify client: None');
    },
  ),
  logout: session('Session.logout(session_id=None)', ({ session_id = null }, { hub, caller }) => {
    logOut(hub, caller, session_id);
    return null;
  }),
  subsession: session('Session.subsession()', (_args, { hub, caller }) => {
    if (caller.session === undefined) throw new KojiFault(FAULT.auth, 'Not logged in');
    const child = openSession(hub, caller.session.user);
    return { 'session-id': child.id, 'session-key': child.key, 'header-auth': true };
  }),
  exclusiveSession: session('Session.exclusiveSession(force=False)', ({ force }, { hub, caller }) => {
    if (caller.session === undefined) throw new KojiFault(FAULT.auth, 'Not logged in');
    makeExclusive(hub, caller.session, flag(force));
    keepCallNumber(caller);
    return null;
  }),
  sharedSession: session('Session.sharedSession()', (_args, { caller }) => {
    if (caller.session === undefined) throw new KojiFault(FAULT.auth, 'Not logged in');
    caller.session.exclusive = false;
    keepCallNumber(caller);
    return null;
  }),
  showSession: read('RootExports.showSession()', (_args, { caller }) => {
    const living = caller.session;
    if (living === undefined) return 'session: not logged in (no session header or session args)';
    const { user } = living;
    const named = { name: user.name, status: user.status, usertype: user.usertype };
    const shown = [
      `'logged_in': True, 'id': ${living.id}, 'master': None, 'key': ${repr(living.key)}, 'user_id': ${user.id}`,
      `'authtype': 0, 'hostip': '-', 'user_data': ${repr(named)}, 'message': ''`,
      `'exclusive': ${repr(living.exclusive)}, 'lockerror': None, 'callnum': ${repr(caller.callnum)}`,
      `'_perms': None, '_groups': None, '_host_id': '', 'session_data': {${sessionRepr(living)}}`,
    ];
    return `session ${living.id}: {${shown.join(', ')}}`;
  }),
  getSessionInfo: read('RootExports.getSessionInfo(details=False, user_id=None)', ({ details }, { caller }) =>
    sessionStruct(caller, flag(details)),
  ),
  getLoggedInUser: read('RootExports.getLoggedInUser()', (_args, { caller }) =>
    caller.session === undefined
      ? null
      : { ...userStruct(caller.session.user), authtype: 0, krb_principal: null },
  ),
  hasPerm: read('RootExports.hasPerm(perm, strict=False)', ({ perm }, { caller }) => {
    const perms = caller.session?.user.perms ?? [];
    return perms.includes(String(perm)) || perms.includes('admin');
  }),
  getPerms: read('RootExports.getPerms()', (_args, { caller }) => [...(caller.session?.user.perms ?? [])]),
  getUserPerms: read(
    'RootExports.getUserPerms(userID=None, with_groups=True)',
    ({ userID = null }, { hub }) => [...mustFindUser(hub, userID).perms],
  ),
};
