import { FAULT, generic, KojiFault } from './faults.ts';
import { type Hub, hasPerm } from './hub.ts';
import type { Methods } from './method.ts';
import { buildMethods } from './methods/build-methods.ts';
import { catalogMethods } from './methods/catalog-methods.ts';
import { changeMethods } from './methods/change-methods.ts';
import { closedMethods } from './methods/closed-methods.ts';
import { historyMethods } from './methods/history-methods.ts';
import { hostMethods } from './methods/host-methods.ts';
import { introspectionMethods } from './methods/introspection-methods.ts';
import { listMethods } from './methods/list-methods.ts';
import { notificationMethods } from './methods/notification-methods.ts';
import { repoMethods } from './methods/repo-methods.ts';
import { restMethods } from './methods/rest-methods.ts';
import { rpmMethods } from './methods/rpm-methods.ts';
import { sessionMethods } from './methods/session-methods.ts';
import { staffMethods } from './methods/staff-methods.ts';
import { systemMethods } from './methods/system-methods.ts';
import { tagMethods } from './methods/tag-methods.ts';
import { taskMethods } from './methods/task-methods.ts';
import { type Caller, findCaller, keepCallNumber, type SessionClaim } from './sessions.ts';
import { bind } from './signature.ts';
import { isList, isStruct, typeName, type Value } from './value.ts';
import type { Call } from './xmlrpc.ts';

/** All methods of the hub by the names that clients use. */
export function allMethods(generation: 'release' | 'later'): Methods {
  const methods: Methods = {
    // What the others know better comes behind.
    ...closedMethods,
    ...restMethods,
    ...catalogMethods,
    ...notificationMethods,
    ...sessionMethods,
    ...tagMethods,
    ...taskMethods,
    ...buildMethods(generation),
    ...rpmMethods,
    ...changeMethods,
    ...historyMethods,
    ...hostMethods,
    ...repoMethods,
    ...listMethods,
    ...staffMethods,
    ...systemMethods,
  };
  return { ...methods, ...introspectionMethods(methods) };
}

/** Answers one call; a fault is thrown. The method is looked up before the session, so a bad session hides no wrong name. */
export function dispatch(
  hub: Hub,
  methods: Methods,
  { method, params }: Call,
  claim: Omit<SessionClaim, 'method'>,
): Value {
  assertKnown(methods, method);
  const caller = findCaller(hub, { ...claim, method });
  assertNotLockedOut(hub, method, caller);
  if (isMulticall(method)) return multiCall(hub, methods, params, caller);
  return invoke(hub, methods, { method, params }, caller);
}

/** Methods that a hub under maintenance still answers to everybody. */
const STAY = new Set(['login', 'sslLogin', 'logout']);

function assertNotLockedOut(hub: Hub, method: string | undefined, { session }: Caller): void {
  if (hub.kit.hooks.rule('koji.hub', 'kojihub') !== 'locked') return;
  if (STAY.has(method ?? '') || (session !== undefined && hasPerm(session.user, 'admin'))) return;
  throw new KojiFault(FAULT.offline, 'Server disabled for maintenance');
}

function isMulticall(method: string | undefined): boolean {
  return method === 'multiCall' || method === 'system.multicall';
}

function assertKnown(methods: Methods, method: string | undefined): void {
  if (method !== undefined && (isMulticall(method) || Object.hasOwn(methods, method))) return;
  throw generic(`Invalid method: ${method ?? 'None'}`);
}

function invoke(hub: Hub, methods: Methods, { method = '', params }: Call, caller: Caller): Value {
  assertKnown(methods, method);
  if (isMulticall(method)) return multiCall(hub, methods, params, caller);
  const found = methods[method];
  if (found === undefined) throw generic(`Invalid method: ${method}`);
  const answer = found.answer(bind(found.signature, params), {
    hub,
    caller,
    call: (inner, given) => invoke(hub, methods, { method: inner, params: given }, caller),
  });
  if (found.writes) keepCallNumber(caller);
  return answer;
}

/** Many calls in one; a failing one does not stop the others, unless its query runs only while the answer is written. */
function multiCall(hub: Hub, methods: Methods, params: readonly Value[], caller: Caller): Value {
  const [calls] = params;
  const items = isList(calls) ? calls : [...String(calls)];
  return items.map((item) => {
    try {
      return [invoke(hub, methods, readItem(item), caller)];
    } catch (error) {
      if (!(error instanceof KojiFault) || error.lazy) throw error;
      const fault = { faultCode: error.code, faultString: error.bare };
      return error.relayed ? fault : { ...fault, traceback: traceback(error) };
    }
  });
}

function readItem(item: Value): Call {
  if (!isStruct(item)) {
    throw new KojiFault(
      1,
      `${typeName(item)} indices must be integers, not 'str'`.replace('str i', 'string i'),
    );
  }
  const { methodName, params } = item;
  if (methodName === undefined) throw new KojiFault(1, 'methodName');
  if (params === undefined) throw new KojiFault(1, 'params');
  // Python spreads a text into its letters.
  return { method: String(methodName), params: isList(params) ? params : [...String(params)] };
}

/** Names of the hub's own exceptions by their codes, as the last line of a traceback has them. */
const EXCEPTIONS: Readonly<Record<number, string>> = {
  [FAULT.generic]: 'GenericError',
  [FAULT.auth]: 'AuthError',
  [FAULT.tag]: 'TagError',
  [FAULT.notAllowed]: 'ActionNotAllowed',
  [FAULT.build]: 'BuildError',
  [FAULT.locked]: 'AuthLockError',
  [FAULT.expired]: 'AuthExpired',
  [FAULT.sequence]: 'SequenceError',
  [FAULT.retry]: 'RetryError',
  [FAULT.buildroot]: 'BuildrootError',
  [FAULT.offline]: 'ServerOffline',
  [FAULT.parameter]: 'ParameterError',
};

const FOLDER = '/usr/lib/python3/site-packages';

function frame(file: string, line: number, name: string, code: string): string {
  return `  File "${FOLDER}/${file}", line ${line}, in ${name}\n    ${code}\n`;
}

const IN_MULTICALL = frame(
  'kojihub/kojixmlrpc.py',
  366,
  'multiCall',
  `result = self._dispatch(call['methodName'], call['params'])\n             ${'^'.repeat(50)}`,
);
const IN_DISPATCH = frame(
  'kojihub/kojixmlrpc.py',
  347,
  '_dispatch',
  `ret = koji.util.call_with_argcheck(func, params, opts)\n          ${'^'.repeat(48)}`,
);
const IN_CALL = frame(
  'koji/util.py',
  516,
  'call_with_argcheck',
  `return func(*args, **kwargs)\n           ${'^'.repeat(21)}`,
);

/** The frames that every call has in common; those inside a method are not imitated. */
function traceback(error: KojiFault): readonly string[] {
  const type = /^<class '([^']+)'>/.exec(error.message)?.[1];
  const name = type ?? `koji.${EXCEPTIONS[error.code] ?? 'GenericError'}`;
  return [
    'Traceback (most recent call last):\n',
    IN_MULTICALL,
    IN_DISPATCH,
    IN_CALL,
    `${name}: ${error.bare}\n`,
  ];
}
