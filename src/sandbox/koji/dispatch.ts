import { generic, KojiFault } from './faults.ts';
import type { Hub } from './hub.ts';
import type { Methods } from './method.ts';
import { buildMethods } from './methods/build-methods.ts';
import { changeMethods } from './methods/change-methods.ts';
import { historyMethods } from './methods/history-methods.ts';
import { hostMethods } from './methods/host-methods.ts';
import { repoMethods } from './methods/repo-methods.ts';
import { rpmMethods } from './methods/rpm-methods.ts';
import { sessionMethods } from './methods/session-methods.ts';
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
    ...sessionMethods,
    ...tagMethods,
    ...taskMethods,
    ...buildMethods(generation),
    ...rpmMethods,
    ...changeMethods,
    ...historyMethods,
    ...hostMethods,
    ...repoMethods,
  };
  return { ...methods, ...systemMethods(methods) };
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
  if (isMulticall(method)) return multiCall(hub, methods, params, caller);
  return invoke(hub, methods, { method, params }, caller);
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

function traceback(error: KojiFault): readonly string[] {
  return [
    'Traceback (most recent call last):\n',
    "  File \"/usr/lib/python3/site-packages/kojihub/kojixmlrpc.py\", line 366, in multiCall\n    result = self._dispatch(call['methodName'], call['params'])\n             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
    `koji.GenericError: ${error.message}\n`,
  ];
}
